"""What sources measure in, whatever unit a signal gives it: by the kind of source and its metric."""

from collections.abc import Mapping
from typing import Final

from outgrow.quantity import RATIO, Unit, parse_unit

_CORES: Final = parse_unit("cores")
_BYTES: Final = parse_unit("bytes")
_SECONDS: Final = parse_unit("s")
_PROCESSES: Final = parse_unit("processes")

NATIVE_UNITS: Final[Mapping[str, Mapping[str, Unit]]] = {
    "process": {
        "cpu": RATIO,
        "cpu_cores": _CORES,
        "memory": _BYTES,
        "count": _PROCESSES,
        "threads": parse_unit("threads"),
        "open_files": parse_unit("files"),
    },
    "docker": {
        "cpu": RATIO,
        "cpu_cores": _CORES,
        "cpu_limit": _CORES,
        "cpu_seconds": _SECONDS,
        "memory": _BYTES,
        "memory_share": RATIO,
        "network_rx": _BYTES,
        "network_tx": _BYTES,
        "block_read": _BYTES,
        "block_write": _BYTES,
        "pids": _PROCESSES,
    },
    "http": {"latency": _SECONDS},
}
"""A signal's unit must be comparable with it; metrics that are plain numbers are left out."""
