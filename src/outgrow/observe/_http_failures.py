"""Why an HTTP exchange failed: httpx2's exceptions told apart, each with its remedy."""

import ssl

import httpx2

from outgrow.errors import Failure, SourceError
from outgrow.observe._network import behind, connect_failure, tls_failure


def failure_of(error: Exception, where: str) -> SourceError:
    """Say why an exchange with `where` failed.

    Args:
        error: what httpx2 raised.
        where: the address for people, without secrets.
    """
    tls = behind(error, ssl.SSLError)
    match error:
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return SourceError(
                Failure.NOT_CONFIGURED,
                f"{where}: the url, path or a header holds what HTTP cannot carry",
                "look for spaces and line ends in them",
            )
        case httpx2.ProxyError():
            return SourceError(
                Failure.UNREACHABLE, f"{where}: the proxy failed: {error}", "look at HTTP_PROXY and NO_PROXY"
            )
        case httpx2.TimeoutException():
            return SourceError(Failure.TIMED_OUT, f"{where}: no answer in time", "look whether it hangs")
        case _ if tls is not None:
            return tls_failure(tls, where)
        case httpx2.ConnectError():
            return connect_failure(error, where)
        case httpx2.RemoteProtocolError() if "closed connection" not in str(error) and "disconnected" not in str(error):
            return SourceError(Failure.BAD_ANSWER, f"{where} does not answer in HTTP: {error}", "look at the port")
        case httpx2.DecodingError():
            return SourceError(
                Failure.BAD_ANSWER, f"{where}: the answer's encoding is broken: {error}", "look at what stands between"
            )
        case _:
            # A server that misses a client's certificate hangs up only after the handshake (TLS 1.3).
            wants = ", or it wants a client's certificate (tls_certificate)" if where.startswith("https") else ""
            return SourceError(
                Failure.CONNECTION_LOST,
                f"{where} closed the connection before its answer was whole",
                f"look at its log: it may have crashed, what stands between may have cut the line{wants}",
            )
