"""The way to a gRPC server: its address, a proxy before it, and TLS, as grpcio wants them."""

import socket
import ssl
from dataclasses import dataclass, replace
from typing import Any, Final

import grpc

from outgrow.errors import Failure, SourceError
from outgrow.loadtest.doors import Door, Papers, ProxyRefusedError
from outgrow.loadtest.exchanges import Line

# Options of channels, https://github.com/grpc/grpc, include/grpc/impl/channel_arg_names.h and
# src/core/handshaker/http_connect/http_connect_handshaker.h.
_NAME_OF_THE_TARGET: Final = "grpc.ssl_target_name_override"
_AUTHORITY: Final = "grpc.default_authority"
_NO_PROXY_OF_THE_ENVIRONMENT: Final = ("grpc.enable_http_proxy", 0)
"""Load goes the way that the plan says, whatever `http_proxy` and `no_proxy` hold."""
_TUNNEL_TO: Final = "grpc.http_connect_server"
_TUNNEL_HEADERS: Final = "grpc.http_connect_headers"


@dataclass(frozen=True, slots=True)
class Way:
    """Where channels lead; `credentials` are none without TLS, and `name` is what a certificate must bear.

    `through` are the options of channels through a proxy.
    """

    address: str
    place: str
    credentials: Any = None
    name: str = ""
    through: tuple[tuple[str, str], ...] = ()

    @property
    def is_secure(self) -> bool:
        """Whether it leads over TLS."""
        return self.credentials is not None

    def channel(self, library: Any) -> Any:
        """Open a channel of `grpc` or of `grpc.aio`."""
        options = (_NO_PROXY_OF_THE_ENVIRONMENT, *self.through)
        if self.credentials is None:
            return library.insecure_channel(self.address, options=(*options, (_AUTHORITY, self.place)))
        return library.secure_channel(
            self.address, self.credentials, options=(*options, (_NAME_OF_THE_TARGET, self.name))
        )


def way_through(line: Line) -> Way:
    """Find the way through a door; over TLS a first handshake is made, so that what is wrong can be said.

    Where any certificate is to be trusted, the one that the server shows is, for grpcio cannot leave it unlooked at.

    Raises:
        SourceError: nobody answers, or no handshake comes about.
    """
    door = line.door
    ip, port = door.address.ip, door.address.port
    address = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    way = Way(address, door.place, through=_through(door))
    if door.bare is None or door.papers is None:
        if door.connect:
            _dialled(door, line.connect_seconds, address).close()  # grpcio would not say that the proxy refuses
        return way
    papers = door.papers
    shown = _shown(door, door.bare, line.connect_seconds, address)
    if not papers.insecure:
        return replace(way, credentials=_credentials(papers, papers.authorities), name=door.server_name)
    trusted = ssl.DER_cert_to_PEM_cert(shown)
    name = _name_in(trusted, door, line.connect_seconds, address)
    return replace(way, credentials=_credentials(papers, trusted.encode()), name=name)


def _through(door: Door) -> tuple[tuple[str, str], ...]:
    if not door.connect:
        return ()
    return (_TUNNEL_TO, door.place), *(((_TUNNEL_HEADERS, door.proxy),) if door.proxy else ())


def _credentials(papers: Papers, authorities: bytes | None) -> Any:
    return grpc.ssl_channel_credentials(authorities, papers.key, papers.certificate)


def _shown(door: Door, context: ssl.SSLContext, seconds: float, address: str) -> bytes:
    """Give the certificate that the server shows."""
    with _handshake(door, context, seconds, address) as secured:
        return secured.getpeercert(binary_form=True) or b""


def _name_in(trusted: str, door: Door, seconds: float, address: str) -> str:
    """Give a name that a certificate bears, whichever it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=trusted)
    with _handshake(door, context, seconds, address) as secured:
        said: Any = secured.getpeercert() or {}
    names = [value for kind, value in said.get("subjectAltName", ()) if kind in {"DNS", "IP Address"}]
    names += [value for part in said.get("subject", ()) for kind, value in part if kind == "commonName"]
    return names[0].replace("*", "any", 1) if names else door.server_name


def _handshake(door: Door, context: ssl.SSLContext, seconds: float, address: str) -> ssl.SSLSocket:
    plain = _dialled(door, seconds, address)
    try:
        return context.wrap_socket(plain, server_hostname=door.server_name)
    except ssl.SSLError as error:
        plain.close()
        raise SourceError(Failure.UNREACHABLE, f"gRPC over TLS: {door.trouble(error)}", "no load was sent") from error
    except OSError as error:
        plain.close()
        raise _silent(door.place, error) from error


def _dialled(door: Door, seconds: float, address: str) -> socket.socket:
    try:
        return door.dialled_within(seconds)
    except ProxyRefusedError as error:
        raise SourceError(Failure.UNREACHABLE, f"gRPC: {door.trouble(error)}", "no load was sent") from error
    except OSError as error:
        if not door.connect:
            raise _silent(address, error) from error
        what = f"no proxy answers at {address}: {error}"
        raise SourceError(Failure.UNREACHABLE, what, "start it, or correct the scenario's proxy") from error


def _silent(address: str, error: OSError) -> SourceError:
    return SourceError(
        Failure.UNREACHABLE, f"no gRPC server answers at {address}: {error}", "start it, or correct the target"
    )
