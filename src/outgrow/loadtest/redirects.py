"""Where a redirect leads, and whether load may follow it there: on the target only."""

from typing import Final
from urllib.parse import quote, urljoin, urlsplit

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST: Final = 10
_USUAL_PORTS: Final = {"http": ":80", "https": ":443"}
_OF_PATHS: Final = "".join(map(chr, range(0x80)))
"""What is left as it is: blanks and control characters are refused below."""


def followed(asked: str, location: str | None, origin: str, hops: int) -> tuple[str, str]:
    """Give the path to ask next, or else why it is not asked.

    Args:
        asked: the path, or the address, that was redirected.
        location: the answer's `Location`.
        origin: the target's scheme and host; a redirect elsewhere is not followed.
        hops: how many redirects led here.
    """
    if location is None:
        return "", "a redirect says nowhere to go"
    if hops >= _MOST:
        return "", f"more than {_MOST} redirects, one after another"
    try:
        to = urlsplit(urljoin(urljoin(origin, asked), location))
    except ValueError:
        return "", "a redirect leads to no address"
    if _place(to.scheme, to.netloc) != _place(*origin.lower().split("://", 1)):
        return "", f"a redirect to {to.scheme}://{to.netloc} was not followed: load goes to the target alone"
    path = (to.path or "/") + (f"?{to.query}" if to.query else "")
    # Browsers take the bytes of a text beyond ASCII for UTF-8, and write them as %20 and the like; so do we.
    path = quote(path.encode("latin-1", "replace"), safe=_OF_PATHS)
    if not (path.isascii() and path.isprintable() and " " not in path):
        return "", "a redirect leads to no path"
    return path, ""


def _place(scheme: str, netloc: str) -> str:
    """Write a scheme and a host in one way: small letters, and no port where it is the usual one."""
    usual = _USUAL_PORTS.get(scheme.lower(), "")
    return f"{scheme}://{netloc.removesuffix(usual)}".lower()
