"""A command that was run to its end: what it printed, and what it cost by the kernel's own account."""

import os
import subprocess
import tempfile
import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ran:
    """What a command printed; its processor and wall time; its highest resident memory, in MB of 10^6 bytes.

    `complaints` is what it wrote as errors.
    """

    told: str
    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    complaints: str = ""


def run(
    command: Sequence[str],
    given: str = "",
    environment: Mapping[str, str] | None = None,
    expected: Container[int] = frozenset({0}),
) -> Ran:
    """Run a command (with `given` as its input) to its end; `expected` are the exit codes of a run that went well.

    Raises:
        RuntimeError: it failed; the message holds the end of what it printed.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as source:
        source.write(given.encode())
        source.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=source, stdout=output, stderr=errors, env={**os.environ, **(environment or {})}
        )
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        told, complaints = output.read().decode(errors="replace"), errors.read().decode(errors="replace")
    if process.returncode not in expected:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {(told + complaints)[-800:]}")
    return Ran(told, used.ru_utime + used.ru_stime, wall, used.ru_maxrss * 1024 / 1e6, complaints)
