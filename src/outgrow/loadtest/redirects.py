"""Where a redirect leads, and whether load may follow it there: on the target only."""

from typing import Final
from urllib.parse import urljoin, urlsplit

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST: Final = 10


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
    if f"{to.scheme}://{to.netloc}".lower() != origin.lower():
        return "", f"a redirect to {to.scheme}://{to.netloc} was not followed: load goes to the target alone"
    path = (to.path or "/") + (f"?{to.query}" if to.query else "")
    if not (path.isascii() and path.isprintable() and " " not in path):
        return "", "a redirect leads to no path"
    return path, ""
