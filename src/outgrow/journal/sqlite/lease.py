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
    """A lock that this process holds on a file; children do not inherit it."""

    file: Path
    lock: int | None

    async def still_held(self) -> bool:
        """Say whether nobody else can take it; a file that was deleted by hand is made and locked anew."""
        if self.lock is None:
            return False
        if _is_of(self.lock, self.file):
            return True
        try:
            again = _locked(self.file)
        except OSError:
            return False
        if again is None:
            return False  # another process has locked the new file
        os.close(self.lock)
        self.lock = again
        return True

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
        lock = _locked(file)
    except OSError as error:
        raise JournalError(f"journal {journal}: {file.name} cannot be made beside it: {error.strerror}") from error
    return None if lock is None else FileLease(file, lock)


def _locked(file: Path) -> int | None:
    """Open and lock a file; none where another process has locked it."""
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _is_of(lock: int, file: Path) -> bool:
    """Say whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(lock), file.stat())
    except OSError:
        return False
