"""Who carries which requests: a driver for each protocol that a scenario speaks, behind one door."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Protocol

from outgrow.loadtest.connections import Connections, Traffic
from outgrow.loadtest.exchanges import Exchanges, Line
from outgrow.loadtest.flights import Flight
from outgrow.loadtest.flows import ReadyFlows

Spoken = Literal["http", "websocket", "grpc"]
"""What a step speaks."""


class LoadDriver(Protocol):
    """Carries the requests of one protocol: told of each with `take`, it tells the traffic once what became of it.

    A request that ended meanwhile (timed out, cut) is abandoned through `flight.connection`, and nothing is told of it.
    `count` is how many connections are open or being opened, `highest` the most that were; `retried` counts requests
    that were sent again over another.
    """

    @property
    def count(self) -> int:
        """Connections open now."""
        ...

    @property
    def highest(self) -> int:
        """The most that were open."""
        ...

    @property
    def opened(self) -> int:
        """How many were opened."""
        ...

    @property
    def retried(self) -> int:
        """How many requests were sent again."""
        ...

    @property
    def notes(self) -> Iterable[str]:
        """What kept going wrong, each said once."""
        ...

    def take(self, flight: Flight) -> None:
        """Send a request, as soon as that is possible."""
        ...

    def forget_ended(self) -> None:
        """Drop requests that have ended while they waited."""
        ...

    async def prepare(self) -> None:
        """Learn what must be known before the first request.

        Raises:
            SourceError: the target does not tell it, or a package is missing.
        """
        ...

    async def aclose(self) -> None:
        """End every connection."""
        ...


def driver_for(line: Line, flows: ReadyFlows, traffic: Traffic, base: Path) -> LoadDriver:
    """Give the driver of a scenario: of one protocol, or of several behind one door.

    Args:
        line: where requests go.
        flows: what is asked.
        traffic: who is told what became of requests.
        base: what files are relative to.

    Raises:
        SourceError: the package of a protocol is not installed.
    """
    wanted: list[Spoken] = sorted({step.speaks for flow in flows.flows for step in flow.steps})
    drivers: dict[Spoken, LoadDriver] = {each: _driver(each, line, flows, traffic, base) for each in wanted}
    return drivers[wanted[0]] if len(wanted) == 1 else _Several(drivers)


def _driver(speaks: Spoken, line: Line, flows: ReadyFlows, traffic: Traffic, base: Path) -> LoadDriver:
    """Make a driver. The modules of protocols are imported when one is spoken: most runs need none of them."""
    match speaks:
        case "websocket":
            from outgrow.loadtest.websocket import WebSocketTalks  # noqa: PLC0415

            return Exchanges(line.connections, traffic, WebSocketTalks(line))
        case "grpc":
            from outgrow.loadtest.grpc_calls import GrpcCalls, calls_of  # noqa: PLC0415

            return Exchanges(line.connections, traffic, GrpcCalls(line, calls_of(flows), base))
        case "http" if line.http == "2":
            from outgrow.loadtest.http2 import Http2Connections  # noqa: PLC0415

            return Http2Connections(line.door, line.connections, traffic, line.connect_seconds)
        case "http":
            return Connections(line.door, line.connections, traffic, line.connect_seconds)


class _Several:
    """Drivers behind one door; each request goes to that of its step's protocol."""

    def __init__(self, drivers: Mapping[Spoken, LoadDriver]) -> None:
        self._drivers = drivers

    @property
    def count(self) -> int:
        return sum(each.count for each in self._drivers.values())

    @property
    def highest(self) -> int:
        return sum(each.highest for each in self._drivers.values())

    @property
    def opened(self) -> int:
        return sum(each.opened for each in self._drivers.values())

    @property
    def retried(self) -> int:
        return sum(each.retried for each in self._drivers.values())

    @property
    def notes(self) -> Iterable[str]:
        return [note for each in self._drivers.values() for note in each.notes]

    def take(self, flight: Flight) -> None:
        self._drivers[flight.step.speaks].take(flight)

    def forget_ended(self) -> None:
        for each in self._drivers.values():
            each.forget_ended()

    async def prepare(self) -> None:
        for each in self._drivers.values():
            await each.prepare()

    async def aclose(self) -> None:
        for each in self._drivers.values():
            await each.aclose()
