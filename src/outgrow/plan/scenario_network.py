"""How a scenario's connections are made: TLS, and through which proxy."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Declared, Flag, SecretText


class Tls(Declared):
    """TLS of an https:// target. Files are PEM, relative to the plan."""

    ca: str | None = None
    """A file of certificate authorities to trust instead of the system's."""
    certificate: str | None = None
    """A certificate that the generator shows, with its chain."""
    key: str | None = None
    """The certificate's key, where it is not in the same file."""
    server_name: str | None = None
    """The name that the target's certificate must bear; the target's host unless given."""
    insecure: Flag = False
    """Trust any certificate. Only for tests against something that you know to be yours."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.key is not None and self.certificate is None:
            raise PydanticCustomError("tls", "a key belongs to a certificate; write certificate: FILE too")
        if self.insecure and self.ca is not None:
            raise PydanticCustomError("tls", "insecure trusts everyone, so ca says nothing; remove one of them")
        return self


def _proxy(text: str) -> str:
    if text.startswith("${"):
        return text
    try:
        parts = urlsplit(text)
        fits = parts.scheme == "http" and bool(parts.hostname) and parts.path in {"", "/"} and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise PydanticCustomError("proxy", "is no proxy; write http://HOST:PORT, or http://USER:${PASSWORD}@HOST:PORT")
    return text


Proxy = Annotated[SecretText, AfterValidator(_proxy)]


class Upload(Declared):
    """A file that a request uploads, as a browser's form does."""

    field: str
    """The name of the form's field."""
    file: str
    """The file, relative to the plan."""
    filename: str | None = None
    """The name that the server is told; the file's own unless given."""
    type: str = "application/octet-stream"
    """The media type that the server is told."""
