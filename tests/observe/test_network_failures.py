"""Failures on the way to a server, as the operating system words them."""

import errno
import socket

import pytest

from outgrow.errors import Failure
from outgrow.observe._network_failures import network_failure


def caused(error: BaseException, by: BaseException) -> BaseException:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), Failure.REFUSED),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1'), [Errno 111] ..."), Failure.REFUSED),
        (FileNotFoundError(errno.ENOENT, "no such socket"), Failure.REFUSED),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Failure.UNREACHABLE),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Failure.UNREACHABLE),
        (TimeoutError(), Failure.TIMED_OUT),
        (OSError(errno.ETIMEDOUT, "timed out"), Failure.TIMED_OUT),
        (ConnectionResetError(errno.ECONNRESET, "reset"), Failure.CONNECTION_LOST),
        (BrokenPipeError(errno.EPIPE, "broken pipe"), Failure.CONNECTION_LOST),
        (EOFError(), Failure.CONNECTION_LOST),
        (caused(RuntimeError("the driver's own"), by=ConnectionResetError()), Failure.CONNECTION_LOST),
    ],
)
def test_each_way_to_fail_has_its_name_and_its_remedy(error: BaseException, failure: Failure) -> None:
    found = network_failure(error, "db.internal:5432")

    assert found is not None
    assert found.failure is failure
    assert "db.internal:5432" in found.what
    assert found.remedy


def test_what_is_no_failure_of_the_network_is_left_to_others() -> None:
    assert network_failure(ValueError("x"), "db") is None
    assert network_failure(OSError(errno.EACCES, "x"), "db") is None
