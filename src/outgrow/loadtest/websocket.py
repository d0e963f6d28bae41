"""Sessions over WebSockets (RFC 6455): connect, take the turns, close; messages are counted, replies timed."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from time import perf_counter
from typing import Any, Final, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from outgrow.loadtest.contents import PARTED, read_content
from outgrow.loadtest.exchanges import Heard, Line
from outgrow.loadtest.flights import Flight
from outgrow.loadtest.http1 import KEPT_BODY, GarbledError
from outgrow.loadtest.notes import Notes
from outgrow.plan.step_protocols import Turn, WebSocketTalk

_SWITCHING: Final = 101
_WAITING_MESSAGES: Final = 1_024
"""How many messages wait while the user rests, before the server is held back."""
_CLOSING_SECONDS: Final = 2.0
_BROKEN: Final = frozenset({CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA})
_MOST_OWED: Final = 4 * KEPT_BODY
"""How much may wait to be sent while the server goes on, beside the talk's own messages."""


class TalkMeter:
    """What is measured of a session; moments are those of `perf_counter`."""

    __slots__ = ("connected", "ended", "is_whole", "received", "replies", "sent", "started")

    def __init__(self, started: float) -> None:
        """Begin before the handshake."""
        self.started = self.connected = self.ended = started
        self.replies = list[float]()
        self.sent = self.received = 0
        self.is_whole = False

    @property
    def is_enough(self) -> bool:
        """A session ends by its turns alone."""
        return False

    def trends(self) -> Iterator[tuple[str, float]]:
        """Give the handshake, the replies, how long the session was, and its messages."""
        if self.connected > self.started:
            yield "connect_seconds", self.connected - self.started
        for seconds in self.replies:
            yield "reply_seconds", seconds
        if self.is_whole:
            length = self.ended - self.started
            yield "session_seconds", length
            yield "messages_sent", float(self.sent)
            yield "messages_received", float(self.received)
            yield "messages_per_second", (self.sent + self.received) / max(length, 1e-9)


class WebSocketTalks:
    """Holds the talks of a scenario's WebSocket steps, each over a connection of its own."""

    def __init__(self, line: Line) -> None:
        """Know where to connect."""
        self.notes = Notes()
        self._line = line

    async def prepare(self) -> None:
        """Need nothing before the run."""

    async def aclose(self) -> None:
        """Hold nothing beyond a talk."""

    async def carry(self, flight: Flight) -> Heard:
        """Hold one session from its handshake to its close.

        Raises:
            OSError: there is no connection.
            EOFError: the server closed it before the talk was over.
            GarbledError: it does not speak WebSocket.
        """
        talk = flight.step.websocket
        assert talk is not None  # noqa: S101 (only such steps come here)
        meter = flight.meter = TalkMeter(flight.sent)
        request = read_content(flight.content)
        kept = _Kept() if flight.step.looks else None
        door = self._line.door
        try:
            async with _Straight(
                f"{'ws' if door.bare is None else 'wss'}://{request.host}{request.path}",
                ssl=door.bare,
                server_hostname=None if door.bare is None else door.server_name,
                **await self._place(),
                create_connection=_Bounded,
                additional_headers=request.headers,
                user_agent_header=None,
                compression=None,
                proxy=None,
                open_timeout=self._line.connect_seconds,
                close_timeout=_CLOSING_SECONDS,
                ping_interval=None,
                max_size=KEPT_BODY,
                max_queue=_WAITING_MESSAGES,
            ) as socket:
                meter.connected = perf_counter()
                cast("_Bounded", socket).own_bytes = len(request.body)
                await _hold(
                    _Heard(socket, meter, flight, kept), talk, [each.decode() for each in request.body.split(PARTED)]
                )
                meter.ended = perf_counter()
        except InvalidStatus as refused:
            return Heard(refused.response.status_code)
        except OSError as error:
            if note := door.trouble(error):
                self.notes.say(note)
            raise
        except ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code in _BROKEN and not closed.rcvd_then_sent:
                raise GarbledError("what came is no WebSocket") from closed
            raise EOFError("the server closed the WebSocket") from closed
        except WebSocketException as error:
            if isinstance(error.__cause__, EOFError):
                raise error.__cause__ from None  # the connection ended during the handshake
            raise GarbledError("what came is no WebSocket") from error
        meter.is_whole = True
        return Heard(_SWITCHING, b"", b"" if kept is None else bytes(kept.content))

    async def _place(self) -> dict[str, Any]:
        """Give where to connect, as the library wants it: an address, or a socket through a proxy."""
        door = self._line.door
        if not door.connect:
            return {"host": door.address.ip, "port": door.address.port}
        async with asyncio.timeout(self._line.connect_seconds):
            return {"sock": await door.dialled()}


class _Straight(connect):
    """A connection to where load may go and nowhere else: an answer that sends us elsewhere is an answer."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _Bounded(ClientConnection):
    """A connection that owes little, and ends soon after its last frame.

    A server that asks for an answer to every ping, and reads none, is left; so is one that says goodbye, or talks
    nonsense, and does not hang up: the library waits for that until someone closes. `own_bytes` are those of the talk's
    own messages, for which a server may take its time.
    """

    own_bytes = 0
    _leaving: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        if self.transport.get_write_buffer_size() > _MOST_OWED + self.own_bytes:
            self.transport.abort()
            return
        super().data_received(data)
        if self._leaving is None and self.protocol.close_expected():
            self._leaving = asyncio.get_running_loop().call_later(_CLOSING_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
        super().connection_lost(exc)


class _Kept:
    """The first MiB of what came, for checks and captures: a message a line."""

    __slots__ = ("content",)

    def __init__(self) -> None:
        self.content = bytearray()

    def add(self, message: bytes) -> None:
        self.content += (message + b"\n")[: max(0, KEPT_BODY - len(self.content))]


class _Heard:
    """A socket whose messages are counted."""

    def __init__(self, socket: ClientConnection, meter: TalkMeter, flight: Flight, kept: _Kept | None) -> None:
        self._socket = socket
        self._meter = meter
        self._flight = flight
        self._kept = kept

    async def send(self, text: str) -> None:
        await self._socket.send(text)
        self._meter.sent += 1

    async def wait_for(self, wanted: bytes) -> None:
        """Wait for a message that holds a text, and time it."""
        asked = perf_counter()
        while wanted not in await self.next():
            pass
        self._meter.replies.append(perf_counter() - asked)

    async def next(self) -> bytes:
        message = await self._socket.recv(decode=False)
        self._meter.received += 1
        self._flight.received += len(message)
        if self._kept is not None:
            self._kept.add(message)
        return message


async def _hold(heard: _Heard, talk: WebSocketTalk, texts: list[str]) -> None:
    rest = talk.pause.total_seconds()
    for _ in range(talk.repeat):
        for turn, text in zip(talk.turns, texts, strict=False):
            await _take(heard, turn, text)
            if rest:
                await asyncio.sleep(rest)
    if stay := talk.stay.total_seconds():
        with suppress(TimeoutError):
            async with asyncio.timeout(stay):
                while True:
                    await heard.next()


async def _take(heard: _Heard, turn: Turn, text: str) -> None:
    if text:
        await heard.send(text)
    if turn.expect is not None:
        await heard.wait_for(turn.expect.encode())
