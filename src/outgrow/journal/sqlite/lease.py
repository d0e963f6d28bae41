"""The right to be the only one, beside a journal file: a lock on a small file, which the kernel gives back."""

import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outgrow.errors import JournalError

_PLAIN: Final = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(slots=True)
class FileLease:
    """A lock that this process holds; children do not inherit it."""

    lock: int | None

    async def still_held(self) -> bool:
        """Nobody can take a lock away."""
        return self.lock is not None

    async def release(self) -> None:
        """Give it back."""
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None


def take_lease(journal: Path, name: str) -> FileLease | None:
    """Take the lease of a name beside the journal's file; none where another holds it.

    Raises:
        JournalError: no file can be made there.
    """
    file = journal.with_name(f"{journal.name}.{_PLAIN.sub('_', name)}.lease")
    try:
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalError(f"journal {journal}: {file.name} cannot be made beside it: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return FileLease(lock)
