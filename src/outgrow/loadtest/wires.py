"""Plain TCP connections without transports: one epoll for all, which the loop watches as a single file.

A transport of the loop takes 4 KB and a turn of the loop for every write: what is written in a timer's callback leaves
only once something else wakes the loop. Here a write is one call into the kernel, at once, and a connection takes a few
hundred bytes. Where there is no epoll, and for TLS, the loop's transports serve.
"""

import asyncio
import os
import select
import socket
import sys
from collections.abc import Callable
from errno import EALREADY, EINPROGRESS, EISCONN
from typing import Final, Protocol

from outgrow.loadtest.address import Address

HAS_WIRES: Final = sys.platform == "linux"
_AT_ONCE: Final = 65_536
"""How many bytes are read at a time."""
_EVENTS: Final = 512
_UNDER_WAY: Final = frozenset({EINPROGRESS, EALREADY})
_CONNECTED: Final = frozenset({0, EISCONN})


Opened = Callable[["Attempt", "Wire"], None]
Failed = Callable[["Attempt | None", OSError], None]
"""Told of the attempt; none where there was not even a socket to try with."""


class Heard(Protocol):
    """Who hears what comes over a wire, as an `asyncio.Protocol` does."""

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        ...

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end."""
        ...


class _Watched(Protocol):
    def ready(self) -> None:
        """Do what the kernel says can be done."""
        ...


class Wires:
    """The wires of one run, all with the same other end."""

    def __init__(self, address: Address) -> None:
        """Watch nothing yet."""
        self._place = (address.ip, address.port)
        self._family = socket.AF_INET6 if ":" in address.ip else socket.AF_INET
        self._epoll = select.epoll()
        self._watched: dict[int, _Watched] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._epoll.fileno(), self._turn)

    def open(self, opened: Opened, failed: Failed) -> "Attempt | None":
        """Begin to connect.

        Args:
            opened: told of the wire, perhaps before this returns.
            failed: told why there is none, never before this returns.

        Returns:
            What is still under way; none where it is decided, as it mostly is on loopback.
        """
        try:
            made = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        except OSError as error:
            self.soon(failed, None, error)
            return None
        attempt = Attempt(self, made, self._place, opened, failed)
        return attempt if attempt.begin() else None

    def close(self) -> None:
        """Watch nothing any more; wires and attempts are ended before."""
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    # For wires and attempts.

    def watch(self, descriptor: int, watched: _Watched, events: int) -> None:
        """Tell what is watched when something can be done."""
        self._watched[descriptor] = watched
        self._epoll.register(descriptor, events)

    def change(self, descriptor: int, events: int) -> None:
        """Watch for something else."""
        self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Watch no more; the descriptor is still open."""
        if self._watched.pop(descriptor, None) is not None and not self._epoll.closed:
            self._epoll.unregister(descriptor)

    def soon(self, told: Callable[..., None], *arguments: object) -> None:
        """Call at the loop's next turn."""
        self._loop.call_soon(self._told, told, *arguments)

    def _told(self, told: Callable[..., None], *arguments: object) -> None:
        """Call, and say of a fault of ours what the loop says of one met in a protocol: it must not only be logged."""
        try:
            told(*arguments)
        except Exception as error:  # noqa: BLE001 (handed on)
            message = "fault in a connection"
            self._loop.call_exception_handler({"message": message, "exception": error, "protocol": told})

    def _turn(self) -> None:
        watched = self._watched
        for descriptor, _ in self._epoll.poll(0, _EVENTS):
            # One that ended in this turn may stand here still, or another have taken its number: both are harmless.
            if (found := watched.get(descriptor)) is not None:
                self._told(found.ready)


class Attempt:
    """A connection that is being opened."""

    __slots__ = ("_failed", "_opened", "_place", "_socket", "_wires")

    def __init__(
        self,
        wires: Wires,
        made: socket.socket,
        place: tuple[str, int],
        opened: Opened,
        failed: Failed,
    ) -> None:
        """Connect nothing yet."""
        self._wires = wires
        self._socket: socket.socket | None = made
        self._place = place
        self._opened = opened
        self._failed = failed

    def begin(self) -> bool:
        """Begin; say whether it is still under way."""
        made, place = self._socket, self._place
        assert made is not None  # noqa: S101 (it has not ended)
        result = made.connect_ex(place)
        if result in _UNDER_WAY:
            result = made.connect_ex(place)  # on loopback the other side has answered meanwhile
        if result in _UNDER_WAY:
            self._wires.watch(made.fileno(), self, select.EPOLLOUT)
            return True
        self._end(made, result)
        return False

    def ready(self) -> None:
        """Look how it went."""
        made = self._socket
        if made is not None and (result := made.connect_ex(self._place)) not in _UNDER_WAY:
            self._wires.forget(made.fileno())
            self._end(made, result)

    def give_up(self) -> None:
        """End it; nobody is told."""
        made, self._socket = self._socket, None
        if made is not None:
            self._wires.forget(made.fileno())
            made.close()

    def _end(self, made: socket.socket, result: int) -> None:
        self._socket = None
        if result not in _CONNECTED:
            made.close()
            self._wires.soon(self._failed, self, OSError(result, os.strerror(result)))
            return
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._opened(self, Wire(self._wires, made.detach()))


class Wire:
    """An open connection; `heard` is set by who takes it, before anything can come."""

    __slots__ = ("_descriptor", "_unsent", "_wires", "heard")

    def __init__(self, wires: Wires, descriptor: int) -> None:
        """Own a connected descriptor."""
        self._wires = wires
        self._descriptor = descriptor
        self._unsent: bytearray | None = None
        self.heard: Heard
        wires.watch(descriptor, self, select.EPOLLIN)

    def write(self, data: bytes) -> None:
        """Send, as much as goes at once, the rest when it goes; an error is told at the loop's next turn."""
        if self._unsent is not None:
            self._unsent += data
            return
        try:
            sent = os.write(self._descriptor, data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._end(error)
            return
        if sent < len(data):
            self._unsent = bytearray(data[sent:])
            self._wires.change(self._descriptor, select.EPOLLIN | select.EPOLLOUT)

    def get_write_buffer_size(self) -> int:
        """Give how many bytes wait to be sent, as a transport does."""
        return 0 if self._unsent is None else len(self._unsent)

    def abort(self) -> None:
        """Close at once; the end is told at the loop's next turn."""
        self._end(None)

    def ready(self) -> None:
        """Take what came, and send on: an answer is heard even where no more of the request can be sent."""
        try:
            data = os.read(self._descriptor, _AT_ONCE)
        except BlockingIOError:
            pass
        except OSError as error:
            self._end(error)
        else:
            if data:
                self.heard.data_received(data)
            else:
                self._end(None)
        if self._unsent is not None and self._descriptor >= 0:
            self._write_on(self._unsent)

    def _write_on(self, unsent: bytearray) -> None:
        try:
            del unsent[: os.write(self._descriptor, unsent)]
        except BlockingIOError:
            return
        except OSError:
            # Reading tells why, after what came before. What is unsent stays, so that nobody takes it for sent.
            self._wires.change(self._descriptor, select.EPOLLIN)
            return
        if not unsent:
            self._unsent = None
            self._wires.change(self._descriptor, select.EPOLLIN)

    def _end(self, error: Exception | None) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._wires.forget(descriptor)
            os.close(descriptor)
            self._wires.soon(self.heard.connection_lost, error)
