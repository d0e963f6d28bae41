"""How answers are packed (RFC 9110 8.4.1), and unpacked again: a bounded part of it, whatever comes."""

import sys
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Final

LARGEST: Final = 1_048_576
"""How much of an answer is unpacked: a small one must not become a large one."""
_MOST: Final = 4
"""Nobody packs more often; each time costs as much as the first."""
_ZSTD: Final = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_LARGEST_WINDOW_BITS: Final = 23
"""8 MiB, the most that an answer may ask a reader to hold (RFC 9659 3)."""

_Unpack = Callable[[bytes], bytes]
"""Packages are imported at their first use: most runs need none."""


class NotUnpackedError(Exception):
    """What came cannot be unpacked."""


def unpacked(content: bytes, codings: str) -> bytes:
    """Undo codings, the last first; of what they give, the first MiB.

    Args:
        content: what came, perhaps only its begin.
        codings: the header, such as `gzip` or `deflate, br`.

    Raises:
        NotUnpackedError: a coding is unknown, its package is not installed, or the bytes are none of it.
    """
    names = [name for each in codings.lower().split(",") if (name := each.strip()) not in {"", "identity"}]
    if len(names) > _MOST:
        why = f"answers are packed more than {_MOST} times over"
        raise NotUnpackedError(why)
    for name in reversed(names):
        content = _unpacked(content, name)
    return content


def _unpacked(content: bytes, name: str) -> bytes:
    ways = _WAYS.get(name)
    if ways is None:
        coding = name[:40]
        why = f"answers come as {coding}, which is not unpacked; let Accept-Encoding ask for gzip, deflate, br or zstd"
        raise NotUnpackedError(why)
    for way in ways:
        try:
            return way(content)
        except ImportError as error:
            why = (
                f"answers come as {name}, which needs a package that is missing; install outgrow[compression], or "
                "let Accept-Encoding ask for gzip or deflate"
            )
            raise NotUnpackedError(why) from error
        except (zlib.error, _error_of("brotli", "error"), _error_of(_ZSTD, "ZstdError")):
            continue
    why = f"answers say that they are {name}, and are not"
    raise NotUnpackedError(why)


def _zlib(window: int) -> _Unpack:
    return lambda content: zlib.decompressobj(window).decompress(content, LARGEST)


def _brotli(content: bytes) -> bytes:
    brotli = import_module("brotli")
    unpacker = brotli.Decompressor()
    found: bytes = unpacker.process(content, output_buffer_limit=LARGEST)
    if content and not found and not unpacker.is_finished():
        raise brotli.error  # what is no Brotli seems to have only begun
    return found[:LARGEST]


def _zstd(content: bytes) -> bytes:
    zstd = import_module(_ZSTD)
    options = {zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW_BITS}
    return zstd.ZstdDecompressor(options=options).decompress(content, LARGEST)


def _error_of(module: str, name: str) -> type[Exception]:
    """Give a package's error; where the package was not used, it cannot have raised any."""
    return getattr(sys.modules.get(module), name, zlib.error)


_GZIP: Final = (_zlib(zlib.MAX_WBITS | 16),)
_WAYS: Final[dict[str, tuple[_Unpack, ...]]] = {
    "gzip": _GZIP,
    "x-gzip": _GZIP,
    # With a heading, as it should be, or without, as some send it.
    "deflate": (_zlib(zlib.MAX_WBITS), _zlib(-zlib.MAX_WBITS)),
    "br": (_brotli,),
    "zstd": (_zstd,),
}
