"""Why no connection came about where TLS or a socket file may be the reason, each with its remedy."""

import ssl
from collections.abc import Iterator
from typing import Final, TypeVar

from outgrow.errors import Failure, SourceError
from outgrow.observe._network_failures import network_failure

E = TypeVar("E", bound=BaseException)

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_SELF_SIGNED: Final = (18, 19)
_UNKNOWN_ISSUER: Final = (20, 21)
_WRONG_NAME: Final = (62, 64)


def connect_failure(error: BaseException, where: str) -> SourceError:
    """Say why no connection to `where` came about.

    Args:
        error: what was raised; the system's own error may stand behind it.
        where: the address for people, without secrets.
    """
    if tls := behind(error, ssl.SSLError):
        return tls_failure(tls, where)
    if behind(error, PermissionError):
        return SourceError(Failure.NOT_PERMITTED, f"{where} may not be opened by this user", "look at its rights")
    if behind(error, FileNotFoundError):
        return SourceError(Failure.UNREACHABLE, f"{where} does not exist", "look whether the server runs")
    told_apart = (network_failure(each, where) for each in _chain(error))
    return next((each for each in told_apart if each is not None), None) or SourceError(
        Failure.UNREACHABLE, f"{where}: {error or 'no connection'}", "look at the address and the network between"
    )


def tls_failure(error: ssl.SSLError, where: str) -> SourceError:
    """Say why TLS with `where` failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what, remedy = _why_not_trusted(error)
        return SourceError(Failure.UNREACHABLE, f"the TLS certificate of {where} {what}", remedy)
    if error.reason == "WRONG_VERSION_NUMBER":
        return SourceError(
            Failure.UNREACHABLE, f"{where} does not speak TLS", "use the address without it (http://, redis://)"
        )
    if "CERTIFICATE_REQUIRED" in (error.reason or ""):
        return SourceError(
            Failure.NOT_PERMITTED, f"{where} wants a client's certificate", "give tls_certificate and tls_key"
        )
    return SourceError(
        Failure.UNREACHABLE, f"TLS with {where} failed: {error.reason or error}", "try it with: openssl s_client"
    )


def _why_not_trusted(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    code = error.verify_code
    if code == _EXPIRED:
        return "has expired", "renew it on the server"
    if code == _NOT_YET_VALID:
        return "is not valid yet", "compare the clocks of both machines"
    if code in _SELF_SIGNED:
        return "is self-signed", "to trust it name it, or the authority that it carries along, in tls_ca"
    if code in _UNKNOWN_ISSUER:
        return "was issued by an unknown authority", "name that authority in tls_ca"
    if code in _WRONG_NAME:
        return f"is for another host: {error.verify_message}", "use the host name that it was made for"
    return f"is not trusted: {error.verify_message}", "look at it with: openssl s_client"


def behind(error: BaseException, kind: type[E]) -> E | None:
    """Find the system's own error behind those that a client wrapped around it."""
    return next((each for each in _chain(error) if isinstance(each, kind)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):  # one per address that a name stands for
            for each in error.exceptions:  # pyright: ignore[reportUnknownVariableType]
                yield from _chain(each)  # pyright: ignore[reportUnknownArgumentType]
        error = error.__cause__ or error.__context__
