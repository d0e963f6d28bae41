"""What a step may do beside one request and one answer: read a stream, talk over a WebSocket, call gRPC."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Count, Declared, SecretText
from outgrow.quantity import Duration

_METHOD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/[A-Za-z_][A-Za-z0-9_]*")
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class TokenPrices(Declared):
    """What a million tokens cost, in the plan's own money."""

    input: Price = 0.0
    """Of what is asked."""
    output: Price = 0.0
    """Of what is answered."""


class Stream(Declared):
    """An answer that comes piece by piece, as a language model's does; the times between pieces are measured."""

    format: Literal["openai", "sse", "lines"] = "sse"
    """`sse`: server-sent events, each one piece. `openai`: events of the chat completions API, whose pieces are those
    with text, until `[DONE]`. `lines`: each line is one piece."""
    events: Annotated[Count, Field(ge=1)] | None = None
    """Hang up after so many pieces: for streams that never end."""
    prices: TokenPrices | None = None
    """What a million tokens cost; the cost of a request is then measured."""
    input_tokens: Annotated[Count, Field(ge=0)] = 0
    """How many tokens a request has, where the answer does not say (`usage`)."""


class Turn(Declared):
    """One turn of a talk: something is sent, something is waited for, or both."""

    send: SecretText = ""
    """The message to send; `{user}`, `{arrival}`, `{name}` and `${NAME}` as in a body."""
    expect: str | None = None
    """Wait for a message that holds this text; others that come meanwhile are counted and passed over. An empty text
    waits for any message."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.send and self.expect is None:
            raise PydanticCustomError("turn", "a turn sends or waits; write {{send: text}}, {{expect: text}} or both")
        return self


class WebSocketTalk(Declared):
    """A session over a WebSocket: connect to the step's path, take the turns, close."""

    turns: tuple[Turn, ...] = ()
    """What is said and waited for, in order."""
    repeat: Annotated[Count, Field(ge=1, le=1_000_000)] = 1
    """How often all turns are taken."""
    pause: Duration = Duration.parse("0")
    """How long the user rests after each turn."""
    stay: Duration = Duration.parse("0")
    """How long the connection stays open after the last turn; messages that come are counted."""


def _method(text: str) -> str:
    if not _METHOD.fullmatch(text):
        raise PydanticCustomError("grpc", '"{text}" is no gRPC method; write package.Service/Method', {"text": text})
    return text


class GrpcCall(Declared):
    """A gRPC call with the step's body, as JSON, for its message.

    The server describes its messages by reflection, unless a file is named that does.
    """

    method: Annotated[str, AfterValidator(_method)]
    """Which: `package.Service/Method`, unary or with a stream of answers."""
    proto: str | None = None
    """A file that describes the messages, relative to the plan: a `.proto` file, which needs `protoc` on the PATH, or
    the descriptor set that `protoc --include_imports --descriptor_set_out=FILE` writes."""
    import_paths: tuple[str, ...] = ()
    """Further folders in which what a `.proto` file imports is looked for, relative to the plan; its own is."""

    @model_validator(mode="after")
    def _imports_belong_to_a_file(self) -> Self:
        if self.import_paths and not (self.proto or "").endswith(".proto"):
            raise PydanticCustomError("grpc", "import_paths belong to a .proto file; write proto: FILE.proto too")
        return self
