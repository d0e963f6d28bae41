"""Answers that come piece by piece: when the first piece came, how the others followed, tokens and their cost.

A piece of a language model's stream is taken for a token unless the answer says how many there were (`usage`).
"""

import json
from array import array
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, Final, cast

from outgrow.plan.step_protocols import Stream

_LONGEST_EVENT: Final = 1 << 20
"""What of an event without an end is kept."""
_MOST_LINES: Final = 4_096
"""What of an event of many lines is kept."""
_MILLION: Final = 1_000_000
_THOUSAND: Final = 1_000


class StreamMeter:
    """Reads a stream as it comes. Moments are those of the clock; times count from when the request was due."""

    def __init__(self, stream: Stream, due: float, clock: Callable[[], float] = perf_counter) -> None:
        """Begin before the first byte."""
        self._stream = stream
        self._due = due
        self._clock = clock
        self._rest = bytearray()
        self._event = list[str]()
        self._moments = array("d")  # a stream may be long
        self._ended = False
        self._input_tokens = stream.input_tokens
        self._output_tokens: int | None = None

    @property
    def is_enough(self) -> bool:
        """Whether as many pieces have come as were wanted."""
        return self._stream.events is not None and len(self._moments) >= self._stream.events

    @property
    def is_whole(self) -> bool:
        """Whether pieces have come, and the stream said that it ends where its format does that."""
        if self.is_enough:
            return True
        if self._stream.events is not None:
            return False
        return bool(self._moments) and (self._ended or self._stream.format != "openai")

    def feed(self, data: bytes) -> None:
        """Take what came of the body."""
        self._rest += data
        while (end := self._rest.find(b"\n")) >= 0:
            line = bytes(self._rest[:end]).rstrip(b"\r").decode("utf-8", "replace")
            del self._rest[: end + 1]
            self._read(line)
            if self.is_enough:
                return
        del self._rest[_LONGEST_EVENT:]

    def trends(self) -> Iterator[tuple[str, float]]:
        """Give the time to the first piece, those between pieces, tokens, tokens a second, and the cost."""
        if not self._moments:
            return
        first, last = self._moments[0], self._moments[-1]
        tokens = len(self._moments) if self._output_tokens is None else self._output_tokens
        yield "first_token_seconds", first - self._due
        for before, after in zip(self._moments, self._moments[1:], strict=False):
            yield "between_tokens_seconds", after - before
        yield "tokens", float(tokens)
        if last > first:
            # The first is left out: what came before it is the time to it.
            yield "tokens_per_second", (tokens - 1) / (last - first)
        if (prices := self._stream.prices) is not None:
            cost = (self._input_tokens * prices.input + tokens * prices.output) / _MILLION
            yield "cost_per_1000_requests", cost * _THOUSAND

    def _read(self, line: str) -> None:
        """Read a line; an event of server-sent events ends with an empty one (WHATWG HTML 9.2.6)."""
        if self._stream.format == "lines":
            if line.strip():
                self._moments.append(self._clock())
        elif line.startswith("data:") and len(self._event) < _MOST_LINES:
            self._event.append(line[5:].removeprefix(" "))
        elif not line and self._event:
            event, self._event = "\n".join(self._event), []
            self._take(event)

    def _take(self, event: str) -> None:
        if self._stream.format == "sse" or self._has_text(event):
            self._moments.append(self._clock())

    def _has_text(self, event: str) -> bool:
        """Say whether an event of the chat completions API brings text; take note of its end and of its usage."""
        if event.strip() == "[DONE]":
            self._ended = True
            return False
        try:
            chunk = json.loads(event)
        except ValueError:
            return False
        if not isinstance(chunk, dict):
            return False
        found = cast("dict[str, Any]", chunk)
        match found.get("usage"):
            case {"prompt_tokens": int(asked), "completion_tokens": int(answered)}:
                self._input_tokens, self._output_tokens = asked, answered
            case _:
                pass
        match found.get("choices"):
            case [{"delta": {"content": str(text)}}, *_] | [{"text": str(text)}, *_]:
                return bool(text)
            case [{"delta": {"tool_calls": [*_]}}, *_]:
                return True
            case _:
                return False
