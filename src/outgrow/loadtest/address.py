"""Where load may go: loopback and private addresses, and hosts that the plan allows by name."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from outgrow.errors import Failure, RefusedError, SourceError

# Not `ip_address.is_private`: that holds the cloud's metadata address and the documentation ranges too.
_NEAR: Final = tuple(
    ip_network(text)  # RFC 1122, 1918, 4193, 4291
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where connections go: an address that was looked up once and found allowed."""

    ip: str
    port: int


def is_near(address: str) -> bool:
    """Say whether an IP address is loopback or private."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in _NEAR)


async def address_of(target: str, allowed_hosts: Sequence[str]) -> Address:
    """Look up a target and make sure that load may go there; the answer is used for the whole run.

    Raises:
        RefusedError: the host is neither loopback nor private, and not allowed by name.
        SourceError: the host has no address.
    """
    parts = urlsplit(target)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceError(
            Failure.UNREACHABLE, f"{host} has no address: {error}", "check the target's name, or write its IP address"
        ) from error
    addresses = [str(each[4][0]) for each in found]
    if host.lower() not in {name.lower() for name in allowed_hosts}:
        far = next((each for each in addresses if not is_near(each)), None)
        if far is not None:
            raise RefusedError(
                f"{host} ({far}) is neither a loopback nor a private address, so no load is sent there; "
                f"if it is yours to load, add allow_hosts: [{host}] to the scenario"
            )
    return Address(addresses[0], port)
