"""What requests carry: texts, forms, files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote_plus

from outgrow.errors import UsageError
from outgrow.loadtest.contents import PARTED
from outgrow.loadtest.json_texts import json_template
from outgrow.loadtest.templates import Template, Value, as_it_is, in_file_name, template
from outgrow.plan.scenario_steps import ScenarioStep
from outgrow.plan.secrets import resolve

_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """A body made ready: texts with places, and bytes; `media_type` is empty where the step says its own."""

    parts: tuple[Template | bytes, ...] = ()
    media_type: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The values that it needs."""
        return frozenset(name for part in self.parts if isinstance(part, Template) for name in part.names)

    def content(self, values: Mapping[str, Value]) -> bytes:
        """Give the bytes.

        Raises:
            KeyError: a value is missing.
            UnfitValueError: one cannot stand in its place.
        """
        return b"".join([part if isinstance(part, bytes) else part.fill(values).encode() for part in self.parts])


def body_of(step: ScenarioStep, known: Collection[str], environment: Mapping[str, str], base: Path, place: str) -> Body:
    """Make a step's body ready.

    Raises:
        SourceError: an environment variable that it names is not set.
        UsageError: a file cannot be read.
    """
    if step.files:
        return _multipart(step, known, environment, base, place)
    if step.form:
        return _urlencoded(step, known, environment)
    if step.body_file is not None:
        return Body((_content(base / step.body_file, f"{place}.body_file"),))
    if step.websocket is not None:
        said = [_text(turn.send, known, environment, may_be_json=True) for turn in step.websocket.turns]
        return Body(_plain([each for text in said for each in (text, PARTED)][:-1]))
    if not step.body:
        return Body()
    return Body(_plain([_text(step.body, known, environment, may_be_json=_may_be_json(step))]))


def _may_be_json(step: ScenarioStep) -> bool:
    """Say whether a body is JSON if it looks so: unless its media type says otherwise."""
    said = next((value for name, value in step.headers.items() if name.lower() == "content-type"), "json")
    return "json" in said.lower() or step.grpc is not None


def _text(text: str, known: Collection[str], environment: Mapping[str, str], *, may_be_json: bool) -> Template:
    found = json_template(text, known, environment) if may_be_json else None
    return found or template([(resolve(text, environment), as_it_is)], known)


def _urlencoded(step: ScenarioStep, known: Collection[str], environment: Mapping[str, str]) -> Body:
    texts = list[tuple[str, bool]]()
    for index, (name, value) in enumerate(step.form.items()):
        texts += [("&" * bool(index) + quote_plus(name) + "=", False), (resolve(value, environment), True)]
    made = template([(text, _in_form if is_value else as_it_is) for text, is_value in texts], known, _in_form_text)
    return Body(_plain([made]), "application/x-www-form-urlencoded")


def _in_form(value: Value) -> Value:
    return value if isinstance(value, int) else quote_plus(value)


def _in_form_text(text: str, filled: object) -> str:
    return quote_plus(text) if filled is _in_form else text


def _multipart(
    step: ScenarioStep, known: Collection[str], environment: Mapping[str, str], base: Path, place: str
) -> Body:
    """Write a form with files (RFC 7578); the boundary follows from the files, so that it cannot stand in them."""
    contents = [_content(base / upload.file, f"{place}.files[{index}].file") for index, upload in enumerate(step.files)]
    boundary = f"outgrow-{sha256(b''.join(contents)).hexdigest()[:32]}"
    parts = list[Template | bytes]()
    for name, value in step.form.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
        parts += [head.encode(), template([(resolve(value, environment), as_it_is)], known), b"\r\n"]
    for upload, content in zip(step.files, contents, strict=True):
        shown = _quoted(upload.filename or Path(upload.file).name)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(upload.field)}"; filename="'
        named = template([(shown, in_file_name)], known)
        parts += [head.encode(), named, f'"\r\nContent-Type: {upload.type}\r\n\r\n'.encode(), content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return Body(_plain(parts), f"multipart/form-data; boundary={boundary}")


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _plain(parts: Sequence[Template | bytes]) -> tuple[Template | bytes, ...]:
    """Turn texts without places into bytes."""
    return tuple(part.pattern.encode() if isinstance(part, Template) and not part.slots else part for part in parts)


def _content(path: Path, place: str) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f'{place}: "{path}" has more than {_LARGEST // 1024**2} MiB; take a smaller one')
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f'{place}: "{path}" does not exist; its path is relative to the plan') from error
    except OSError as error:
        raise UsageError(f'{place}: "{path}" cannot be read: {error.strerror}') from error
