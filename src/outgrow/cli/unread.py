"""Output that nobody reads any more: a reader like `head` went away, or a terminal was closed."""

import os
import sys
from contextlib import contextmanager
from errno import EIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TextIO


@contextmanager
def heard_or_not(to: "TextIO | None" = None) -> "Generator[None]":
    """Print a result: the exit code says what came of it though its reader or its terminal (EIO) has gone away.

    Args:
        to: where it is printed; standard output unless given. What it holds back is written in the end.
    """
    stream = sys.stdout if to is None else to
    try:
        yield
        stream.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and error.errno != EIO:
            raise
        let_go(stream)


def let_go(stream: "TextIO") -> None:
    """Send to nowhere what is still to be written: else Python fails to write it at exit, and ends with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
