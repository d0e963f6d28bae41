"""A form of the market as processes of its own, started by the demo and ended with it."""

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pamtalk.servers import Processes, ServerError, log_tail

SERVE = Path(__file__).parent.parent / "serve.py"
START_SECONDS = 60.0
# What a form still has to do when it is stopped is nobody's business any more.
PATIENCE_SECONDS = 2.0


@contextmanager
def served(processes: Processes, folder: Path, words: Sequence[str], environment: Mapping[str, str]) -> Generator[str]:
    """Serve a form (the words of serve.py) as long as the block lasts; give its address.

    Raises:
        ServerError: it did not start; the message holds the end of its log.
    """
    log = folder / f"{words[0]}.log"
    log.unlink(missing_ok=True)
    try:
        process = processes.start([sys.executable, str(SERVE), *words], folder, log, signal.SIGTERM, environment)
        yield _address_when_ready(process, log)
    finally:
        processes.stop_all(PATIENCE_SECONDS)


def _address_when_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        address = next(iter(log.read_text(encoding="utf-8").splitlines()), "")
        if address.startswith("http") and _answers(address):
            return address
        time.sleep(0.05)
    raise ServerError(f"{SERVE.name} did not start; the end of its log: {log_tail(log)}")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False
