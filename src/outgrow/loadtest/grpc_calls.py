"""gRPC calls over grpcio (the extra `grpc`), plain or over TLS."""

import asyncio
import json
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from outgrow.errors import Failure, SourceError
from outgrow.loadtest.contents import read_content
from outgrow.loadtest.exchanges import Heard, Line
from outgrow.loadtest.flights import Flight
from outgrow.loadtest.flows import ReadyFlows
from outgrow.loadtest.http1 import KEPT_BODY
from outgrow.loadtest.notes import Notes
from outgrow.plan.step_protocols import GrpcCall

try:
    import grpc
    from google.protobuf import json_format
    from google.protobuf.descriptor import MethodDescriptor
    from google.protobuf.message import Message
    from google.protobuf.message_factory import GetMessageClass

    from outgrow.loadtest.grpc_messages import described
    from outgrow.loadtest.grpc_tls import Way, way_through
except ImportError as missing:
    raise SourceError(
        Failure.NOT_INSTALLED, f"gRPC needs a package that is missing ({missing.name})", "install outgrow[grpc]"
    ) from missing

_OURS: Final = frozenset({"user-agent", "cookie"})
"""Headers of HTTP that a call has no use for."""
_OK: Final = 200
_REFUSED: Final = 400
_NAME: Final = re.compile(r"(?!.*-bin$)[0-9a-z_.-]+")
_VALUE: Final = re.compile(r"[ -~]*")
_ODD: Final = "the header {} is none that gRPC can send: names of letters, digits and _.-, values of plain ASCII"
"""https://github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md, Custom-Metadata."""
# What other codes are in HTTP: https://github.com/googleapis/googleapis, google/rpc/code.proto.
_STATUSES: Final[Mapping[grpc.StatusCode, int]] = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


def calls_of(flows: ReadyFlows) -> tuple[GrpcCall, ...]:
    """Give the calls that a scenario makes, each method once."""
    calls = [step.grpc for flow in flows.flows for step in flow.steps if step.grpc is not None]
    return tuple({call.method: call for call in calls}.values())


class CallMeter:
    """What is measured of a call whose answers are a stream; moments are those of `perf_counter`."""

    __slots__ = ("_due", "_moments", "is_whole")

    def __init__(self, due: float) -> None:
        """Begin before the first answer."""
        self._due = due
        self._moments = array("d")  # a stream may be long
        self.is_whole = False

    @property
    def is_enough(self) -> bool:
        """A call ends by itself."""
        return False

    def came(self) -> None:
        """Take note of a message."""
        self._moments.append(perf_counter())

    def trends(self) -> Iterator[tuple[str, float]]:
        """Give the time to the first message, those between messages, and how many came."""
        if self._moments:
            yield "first_message_seconds", self._moments[0] - self._due
            for before, after in zip(self._moments, self._moments[1:], strict=False):
                yield "between_messages_seconds", after - before
        yield "messages_received", float(len(self._moments))


@dataclass(frozen=True, slots=True)
class _Method:
    """A method of the target, ready to be called: with and from bytes."""

    call: Callable[..., Any]
    written: Callable[[bytes], bytes]
    answer: type[Message]
    streams: bool


class GrpcCalls:
    """Makes the calls of a scenario's gRPC steps over one channel, which carries many at a time."""

    def __init__(self, line: Line, calls: Sequence[GrpcCall], base: Path) -> None:
        """Know where to connect; the methods are looked up by `prepare`."""
        self.notes = Notes()
        self._line = line
        self._base = base
        self._calls = calls
        self._methods: Mapping[str, _Method] = {}
        self._channel: Any = None

    async def prepare(self) -> None:
        """Learn the messages of every method: from files, or from the server.

        Raises:
            SourceError: the server does not answer, has no reflection, or has no such method.
            UsageError: a file describes no such method.
        """
        way, found = await asyncio.to_thread(self._described)
        self._channel = way.channel(grpc.aio)
        self._methods = {name: self._ready(name, method) for name, method in found.items()}

    async def carry(self, flight: Flight) -> Heard:
        """Make one call.

        Raises:
            OSError: there is no connection.
            EOFError: it ended before the answer did.
        """
        assert flight.step.grpc is not None  # noqa: S101 (only such steps come here)
        method, content = self._methods[flight.step.grpc.method], read_content(flight.content)
        metadata = [(name.lower(), value) for name, value in content.headers if name.lower() not in _OURS]
        odd = next((name for name, value in metadata if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value))), None)
        if odd is not None:
            self.notes.say(f"the step {flight.step.name}: {_ODD.format(odd)}")
            return Heard(_REFUSED, b"", _ODD.format(odd).encode())
        try:
            message = method.written(content.body)
        except ValueError as error:
            return Heard(_REFUSED, b"", f"the body is no message of the method: {error}".encode())
        try:
            call = method.call(message, metadata=metadata)
            answers = [await call] if not method.streams else await self._stream(flight, call)
        except grpc.aio.AioRpcError as error:
            return self._failed(error)
        flight.received += sum(map(len, answers))
        body = b"\n".join(_json(method.answer, each) for each in answers) if flight.step.looks else b""
        return Heard(_OK, b"gRPC 0", body)

    async def aclose(self) -> None:
        """Close the channel."""
        if self._channel is not None:
            await self._channel.close()

    @staticmethod
    async def _stream(flight: Flight, call: Any) -> list[bytes]:
        meter = flight.meter = CallMeter(flight.due)
        answers, kept = list[bytes](), 0
        async for answer in call:
            meter.came()
            if flight.step.looks and kept + len(answer) <= KEPT_BODY:
                kept += len(answer)
                answers.append(answer)
            else:
                flight.received += len(answer)
        meter.is_whole = True
        return answers

    @staticmethod
    def _failed(error: Any) -> Heard:
        details = error.details() or ""
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            if "refused" in details:
                raise ConnectionRefusedError(details)
            if "onnect" in details:  # "failed to connect to all addresses"
                raise OSError(details)
            raise EOFError(details)
        return Heard(_STATUSES.get(error.code(), 500), b"gRPC %d" % error.code().value[0], details.encode())

    def _ready(self, name: str, method: MethodDescriptor) -> _Method:
        question, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)

        @lru_cache(maxsize=256)
        def written(body: bytes) -> bytes:
            try:
                return json_format.ParseDict(json.loads(body or b"{}"), question()).SerializeToString()
            except json_format.Error as error:
                raise ValueError(str(error)) from error

        kind = self._channel.unary_stream if method.server_streaming else self._channel.unary_unary
        return _Method(kind(f"/{name}"), written, answer, bool(method.server_streaming))

    def _described(self) -> tuple[Way, Mapping[str, MethodDescriptor]]:
        """Connect once, and look every method up."""
        way = way_through(self._line)
        where = f"{way.place}, through the proxy at {way.address}" if way.through else way.address
        with way.channel(grpc) as channel:
            try:
                grpc.channel_ready_future(channel).result(timeout=self._line.connect_seconds)
            except grpc.FutureTimeoutError as error:
                raise SourceError(
                    Failure.UNREACHABLE,
                    f"no gRPC server answers at {where}" + (" over TLS" if way.is_secure else ""),
                    "start it, or correct the target"
                    + ("; it may want a client's certificate, tls: {certificate: FILE}" if way.is_secure else ""),
                ) from error
            return way, described(self._calls, channel, self._base)


def _json(answer: type[Message], content: bytes) -> bytes:
    message = json_format.MessageToDict(answer.FromString(content), preserving_proto_field_name=True)
    return json.dumps(message, ensure_ascii=False).encode()
