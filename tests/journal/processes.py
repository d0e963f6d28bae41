"""Child processes that start in some 10 ms, because their parent has imported everything."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.journal.writer", "anyio._backends._asyncio", "importlib.resources.readers"])


@dataclass
class Child:
    """A child process and the pipe to it."""

    process: ForkServerProcess
    pipe: Connection

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.process.kill()
        self.process.join()

    def said(self) -> list[Any]:
        """Give what it has said so far, also when it is dead."""
        words: list[Any] = []
        try:
            while self.pipe.poll():
                words.append(self.pipe.recv())
        except EOFError:
            pass
        return words


@contextmanager
def child(target: Callable[..., None], *arguments: Any) -> Generator[Child]:
    """Run `target(*arguments, pipe)` in a process of its own, and kill it at the end if it still runs."""
    ours, theirs = _context.Pipe()
    process = _context.Process(target=target, args=(*arguments, theirs))
    process.start()
    theirs.close()
    try:
        yield Child(process, ours)
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def wait(seconds: float) -> None:
    """Let other processes go on for a while."""
    time.sleep(seconds)
