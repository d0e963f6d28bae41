"""HTTP/2 (RFC 9113) over the library h2: many requests at a time on each connection."""

import asyncio
from collections import deque
from time import perf_counter
from typing import Any, Final, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes
from hyperframe.frame import Frame, GoAwayFrame

from outgrow.facts.loads import Outcome
from outgrow.loadtest.connections import Traffic
from outgrow.loadtest.contents import Content, read_content
from outgrow.loadtest.doors import Door
from outgrow.loadtest.exchanges import outcome_of
from outgrow.loadtest.flights import Flight
from outgrow.loadtest.http1 import KEPT_BODY
from outgrow.loadtest.notes import Notes
from outgrow.loadtest.streams import StreamMeter

_STREAMS_AT_ONCE: Final = 100
"""How many requests are sent at a time over one connection, where the server allows more (RFC 9113 6.5.2 asks for at
least so many)."""
_CANCEL: Final = 8
_REFUSED_STREAM: Final = 7
"""The server has not looked at the request (RFC 9113 8.7)."""
_MOST_TIMES_AGAIN: Final = 5
"""A server that closes after a few requests may leave the same request unseen on several connections."""
_DIGITS: Final = 3
_FRAME_HEAD: Final = 9
_SETTINGS: Final = 4
_WINDOW: Final = 1 << 24
"""How much a server may send before we confirm: large, so that our confirming holds nobody up."""
_OPENING_AT_ONCE: Final = 16
_LARGEST_TABLE: Final = 4_096
"""How much of our headers is remembered for compression, where the server allows more (RFC 9113 6.5.2): it is searched
for each."""
_MOST_REPLIES: Final = 1 << 20
"""How much of what we owe a server that does not read, acknowledgements for the most part, may wait."""


class _Connection(H2Connection):
    """h2's connection, but for one point: it takes a GOAWAY for the end, and what follows it for a fault.

    The requests that the server has seen are still answered after it (RFC 9113 6.8): nginx says GOAWAY after every
    1,000 requests, with answers under way.
    """

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[Event]]:
        event = ConnectionTerminated()
        event.last_stream_id = frame.last_stream_id
        return [], [event]


class _Stream:
    """One request under way on a link."""

    __slots__ = ("body", "flight", "head", "link", "number", "rest", "status")

    def __init__(self, link: "_Link", number: int, flight: Flight, rest: bytes) -> None:
        self.link = link
        self.number = number
        self.flight = flight
        self.rest = memoryview(rest)
        self.status = 0
        self.head = b""
        self.body = bytearray()

    def abandon(self) -> None:
        """Break off this request; the connection and its other requests stay."""
        self.link.reset(self)


class _Link(asyncio.Protocol):
    """One connection with its requests."""

    def __init__(self, pool: "Http2Connections") -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        # What is sent is ours and known to be well formed; what comes is checked.
        settings = H2Configuration(
            client_side=True, header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self._h2 = _Connection(settings)
        self._streams: dict[int, _Stream] = {}
        self.is_open = False
        self.is_leaving = False
        self.used = False
        self._first = b""
        self._owed = 0
        self.fault = Outcome.CUT_OFF

    @property
    def room(self) -> int:
        """How many more requests it takes now."""
        if not self.is_open or self.is_leaving:
            return 0
        return min(_STREAMS_AT_ONCE, self._h2.remote_settings.max_concurrent_streams) - len(self._streams)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with the preface."""
        self._transport = cast("asyncio.Transport", transport)
        self._h2.local_settings[SettingCodes.ENABLE_PUSH] = 0  # answers that nobody asked for would be kept for nobody
        self._h2.local_settings.acknowledge()
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_WINDOW)
        self._transport.write(self._h2.data_to_send())
        self.is_open = True

    def send(self, flight: Flight) -> None:
        """Send a request; what the server's window does not take yet follows when it does."""
        content = read_content(flight.content)
        number = self._h2.get_next_available_stream_id()
        stream = _Stream(self, number, flight, content.body)
        self._streams[number] = stream
        self.used = True
        flight.connection, flight.sent = stream, perf_counter()
        if flight.step.stream is not None:
            flight.meter = StreamMeter(flight.step.stream, flight.due)
        self._h2.send_headers(number, _headers(content, self._pool.scheme), end_stream=not content.body)
        self._send_rest(stream)
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if len(self._first) < _FRAME_HEAD:
            self._first += data[: _FRAME_HEAD - len(self._first)]
            if len(self._first) == _FRAME_HEAD and not _are_settings(self._first):
                self.end(Outcome.GARBLED)
                return
        try:
            events = self._h2.receive_data(data)
        except H2Error:
            self.flush()
            self.end(Outcome.GARBLED)
            return
        self._h2.encoder.header_table_size = min(self._h2.encoder.header_table_size, _LARGEST_TABLE)
        for event in events:
            self._take(event)
        if self._owes_too_much():
            self.end(Outcome.GARBLED)
            return
        for stream in tuple(self._streams.values()):
            if stream.rest:
                self._send_rest(stream)
        self.flush()
        self._end_if_left()
        self._pool.serve()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say what the end means for the requests."""
        self.end(Outcome.CUT_OFF)

    def end(self, outcome: Outcome) -> None:
        """Close, and end every request on it; may be called twice."""
        was_open, self.is_open = self.is_open, False
        self.fault = outcome
        if self._transport is not None:
            self._transport.abort()
        streams, self._streams = self._streams, {}
        if was_open:
            self._pool.closed(self)
        for stream in streams.values():
            self._pool.traffic.failed(stream.flight, outcome)

    def reset(self, stream: _Stream) -> None:
        """Break off one request."""
        if self._streams.pop(stream.number, None) is not None and self.is_open:
            self._reset(stream.number)
            self._end_if_left()
            self._pool.serve()

    def _end_if_left(self) -> None:
        if self.is_leaving and not self._streams:
            self.end(Outcome.CUT_OFF)

    def _owes_too_much(self) -> bool:
        """Send what we owe, and say whether a server that asks and asks does not read our replies."""
        transport, replies = self._transport, self._h2.data_to_send()
        if transport is None or not replies:
            return False
        self._owed = self._owed + len(replies) if transport.get_write_buffer_size() else 0
        transport.write(replies)
        return self._owed > _MOST_REPLIES

    def flush(self) -> None:
        """Write what waits to be written."""
        if self._transport is not None and (data := self._h2.data_to_send()):
            self._transport.write(data)

    def _reset(self, number: int) -> None:
        try:
            self._h2.reset_stream(number, error_code=_CANCEL)
        except H2Error:
            return  # it was over already
        self.flush()

    def _send_rest(self, stream: _Stream) -> None:
        while stream.rest:
            size = min(
                self._h2.local_flow_control_window(stream.number), self._h2.max_outbound_frame_size, len(stream.rest)
            )
            if size <= 0:
                return
            sent, stream.rest = stream.rest[:size], stream.rest[size:]
            self._h2.send_data(stream.number, bytes(sent), end_stream=not stream.rest)

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived() | InformationalResponseReceived():
                if (stream := self._streams.get(event.stream_id)) is not None and isinstance(event, ResponseReceived):
                    self._begin_answer(stream, cast("list[tuple[bytes, bytes]]", event.headers))
            case DataReceived():
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if (stream := self._streams.get(event.stream_id)) is not None:
                    self._take_data(stream, event.data)
            case StreamEnded():
                if (stream := self._streams.pop(event.stream_id, None)) is not None:
                    self._answered(stream)
            case StreamReset():
                if (stream := self._streams.pop(event.stream_id, None)) is not None:
                    if event.error_code == _REFUSED_STREAM:
                        self._pool.again(stream.flight)
                    else:
                        self._pool.traffic.failed(stream.flight, Outcome.CUT_OFF)
            case ConnectionTerminated():
                self._leave(event.last_stream_id or 0)
            case _:
                pass

    def _begin_answer(self, stream: _Stream, headers: list[tuple[bytes, bytes]]) -> None:
        """Take the head; it counts by its lines, for what it took in the table of names is nobody's own."""
        status = dict(headers).get(b":status", b"")
        if not (status.isdigit() and len(status) == _DIGITS):
            del self._streams[stream.number]
            self._reset(stream.number)
            self._pool.traffic.failed(stream.flight, Outcome.GARBLED)
            return
        stream.status = int(status)
        lines = [name + b": " + value for name, value in headers if not name.startswith(b":")]
        stream.flight.received += sum(map(len, lines))
        if stream.flight.step.looks:
            stream.head = b"\r\n".join([b"HTTP/2 %d" % stream.status, *lines])

    def _take_data(self, stream: _Stream, data: bytes) -> None:
        flight = stream.flight
        flight.received += len(data)
        if flight.step.looks and len(stream.body) < KEPT_BODY:
            stream.body += data[: KEPT_BODY - len(stream.body)]
        meter = flight.meter
        if isinstance(meter, StreamMeter):
            meter.feed(data)
            if meter.is_enough:
                del self._streams[stream.number]
                self._reset(stream.number)
                self._answered(stream)

    def _answered(self, stream: _Stream) -> None:
        now = perf_counter()
        if stream.rest:
            self._reset(stream.number)  # the answer came first: the server need not hear the rest, and must not wait
        self._pool.traffic.answered(stream.flight, now, stream.status, stream.head, bytes(stream.body))

    def _leave(self, last: int) -> None:
        """Take no more requests; those that the server says it never saw are sent again elsewhere (RFC 9113 6.8)."""
        self.is_leaving = True
        for number in [each for each in self._streams if each > last]:
            self._pool.again(self._streams.pop(number).flight)


class Http2Connections:
    """All connections of a run; `count` never exceeds the limit, and each carries many requests at a time."""

    def __init__(self, door: Door, limit: int, traffic: Traffic, connect_seconds: float) -> None:
        """Open nothing yet."""
        self.traffic = traffic
        self.count = self.highest = self.opened = self.retried = 0
        self.notes = Notes()
        self.scheme = b"http" if door.context is None else b"https"
        self._door = door
        self._limit = limit
        self._connect_seconds = connect_seconds
        self._links: list[_Link] = []
        self._waiting: deque[Flight] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def take(self, flight: Flight) -> None:
        """Send a request over a connection with room, or as soon as there is one."""
        self._waiting.append(flight)
        self.serve()

    def serve(self) -> None:
        """Send what waits, as far as there is room; open another connection for the rest."""
        for link in self._links:
            for _ in range(link.room if self._waiting else 0):
                if (flight := self._next_waiting()) is None:
                    return
                link.send(flight)
        self.forget_ended()
        wanted = -(-len(self._waiting) // _STREAMS_AT_ONCE)
        while len(self._opening) < min(wanted, _OPENING_AT_ONCE) and self.count < self._limit and not self._is_closed:
            self.count += 1
            self.highest = max(self.highest, self.count)
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._attempted)

    def again(self, flight: Flight) -> None:
        """Send a request again that the server has not seen; not for ever, for one may never look at any."""
        if flight.retried >= _MOST_TIMES_AGAIN or self._is_closed:
            self.traffic.failed(flight, Outcome.CUT_OFF)
            return
        flight.retried, flight.connection, flight.received = flight.retried + 1, None, 0
        self.retried += 1
        self._waiting.appendleft(flight)

    def closed(self, link: _Link) -> None:
        """Take note that a connection has ended."""
        if link in self._links:
            self._links.remove(link)
            self._lost(link)
            asyncio.get_running_loop().call_soon(self.serve)

    def _lost(self, link: _Link) -> None:
        """Let the request that has waited longest fail where a connection ended unused: or we would try for ever."""
        self.count -= 1
        if not link.used and not self._is_closed and (flight := self._next_waiting()) is not None:
            self.traffic.failed(flight, link.fault)

    def forget_ended(self) -> None:
        """Drop requests from the head of the queue that have ended while they waited."""
        while self._waiting and self._waiting[0].ended:
            self._waiting.popleft()

    async def prepare(self) -> None:
        """Need nothing before the run."""

    async def aclose(self) -> None:
        """End every connection and every attempt."""
        self._is_closed = True
        self._waiting.clear()
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        for link in tuple(self._links):
            link.end(Outcome.INTERRUPTED)
        await asyncio.sleep(0.001)  # the loop closes sockets at its next turn

    def _attempted(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        self.serve()

    def _next_waiting(self) -> Flight | None:
        self.forget_ended()
        return self._waiting.popleft() if self._waiting else None

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(self._connect_seconds):
                link = await self._door.open(lambda: _Link(self))
        except asyncio.CancelledError:
            self.count -= 1
            raise
        except OSError as error:
            self.count -= 1
            if note := self._door.trouble(error):
                self.notes.say(note)
            if (flight := self._next_waiting()) is not None:
                self.traffic.failed(flight, outcome_of(error))
            return
        self.opened += 1
        if link.is_open:
            self._links.append(link)
        else:
            self._lost(link)  # accepted and closed at once


def _are_settings(head: bytes) -> bool:
    """Say whether a frame holds settings, as a server's first must (RFC 9113 3.4); h2 waits for all of any frame."""
    return head[3] == _SETTINGS and head[5:] == b"\0\0\0\0"


def _headers(content: Content, scheme: bytes) -> list[Any]:
    return [
        (b":method", content.method.encode()),
        (b":scheme", scheme),
        (b":authority", content.host.encode()),
        (b":path", content.path.encode()),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in content.headers),
    ]
