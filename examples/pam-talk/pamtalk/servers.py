"""The PostgreSQL and the Redis of the demo: those of the example beside this one."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "korean-together"))

from koto.interruption import InterruptedBySignal
from koto.processes import Processes, ServerError, log_tail
from koto.servers import Servers, servers

__all__ = ["InterruptedBySignal", "Processes", "ServerError", "Servers", "log_tail", "servers"]
