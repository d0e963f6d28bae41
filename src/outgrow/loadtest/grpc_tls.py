"""The way to a gRPC server: its address, and TLS as grpcio wants it."""

import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final

import grpc

from outgrow.errors import Failure, SourceError
from outgrow.loadtest.doors import Door, Papers
from outgrow.loadtest.exchanges import Line

_NAME_OF_THE_TARGET: Final = "grpc.ssl_target_name_override"


@dataclass(frozen=True, slots=True)
class Way:
    """Where channels lead; `credentials` are none without TLS, and `name` is what a certificate must bear."""

    address: str
    credentials: Any = None
    name: str = ""

    @property
    def is_secure(self) -> bool:
        """Whether it leads over TLS."""
        return self.credentials is not None

    def channel(self, library: Any) -> Any:
        """Open a channel of `grpc` or of `grpc.aio`."""
        if self.credentials is None:
            return library.insecure_channel(self.address)
        return library.secure_channel(self.address, self.credentials, options=((_NAME_OF_THE_TARGET, self.name),))


def way_through(line: Line) -> Way:
    """Find the way through a door; over TLS a first handshake is made, so that what is wrong can be said.

    Where any certificate is to be trusted, the one that the server shows is, for grpcio cannot leave it unlooked at.

    Raises:
        SourceError: nobody answers, or no handshake comes about.
    """
    door = line.door
    ip, port = door.address.ip, door.address.port
    address = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    if door.bare is None or door.papers is None:
        return Way(address)
    papers = door.papers
    shown = _shown(door, door.bare, line.connect_seconds, address)
    if not papers.insecure:
        return Way(address, _credentials(papers, papers.authorities), door.server_name)
    trusted = ssl.DER_cert_to_PEM_cert(shown)
    return Way(address, _credentials(papers, trusted.encode()), _name_in(trusted, door, line.connect_seconds, address))


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
    try:
        plain = socket.create_connection((door.address.ip, door.address.port), timeout=seconds)
        try:
            return context.wrap_socket(plain, server_hostname=door.server_name)
        except BaseException:
            plain.close()
            raise
    except ssl.SSLError as error:
        raise SourceError(Failure.UNREACHABLE, f"gRPC over TLS: {door.trouble(error)}", "no load was sent") from error
    except OSError as error:
        raise SourceError(
            Failure.UNREACHABLE, f"no gRPC server answers at {address}: {error}", "start it, or correct the target"
        ) from error
