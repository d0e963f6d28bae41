"""What went wrong on the way to a server, told apart with its remedy; TLS has words of its own in `_network`."""

import errno
import re
import socket
from collections.abc import Iterator

from outgrow.errors import Failure, SourceError

_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL}
# asyncio words several tried addresses as one OSError without a number: "Multiple exceptions: [Errno 111] ...".
_NUMBER = re.compile(r"\[Errno (\d+)\]")


def network_failure(error: BaseException, where: str) -> SourceError | None:
    """Word a failure to reach or keep a server; none when the error is of another kind.

    Args:
        error: as raised by a driver; what caused it is looked at too.
        where: the server's address for people, without a password, such as `db.internal:5432`.
    """
    for cause in _causes(error):
        found = _one(cause, where)
        if found is not None:
            return found
    return None


def _one(error: BaseException, where: str) -> SourceError | None:
    match error:
        case socket.gaierror():
            return SourceError(
                Failure.UNREACHABLE,
                f"the name of {where} is not known ({error.strerror})",
                "check the host in the url, and the name service (DNS) of this machine",
            )
        case TimeoutError():
            return SourceError(
                Failure.TIMED_OUT, f"{where} does not answer", "look whether a firewall drops packets on the way"
            )
        case EOFError():
            return _lost(where)
        case OSError():
            return _by_number(error, where)
        case _:
            return None


def _by_number(error: OSError, where: str) -> SourceError | None:
    numbers = {error.errno} if error.errno else {int(number) for number in _NUMBER.findall(str(error))}
    if numbers & {errno.ECONNREFUSED, errno.ENOENT}:
        return SourceError(
            Failure.REFUSED,
            f"connection refused at {where}",
            "look whether the server runs and listens there, and whether a firewall refuses",
        )
    if numbers & _UNREACHABLE:
        return SourceError(
            Failure.UNREACHABLE, f"no route to {where}", "check the host in the url and this machine's network"
        )
    if errno.ETIMEDOUT in numbers:
        return SourceError(
            Failure.TIMED_OUT, f"{where} does not answer", "look whether a firewall drops packets on the way"
        )
    if isinstance(error, ConnectionError) or numbers & {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}:
        return _lost(where)
    return None


def _lost(where: str) -> SourceError:
    return SourceError(
        Failure.CONNECTION_LOST,
        f"the connection to {where} was lost",
        "look whether the server was restarted or something on the way cut the connection",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
