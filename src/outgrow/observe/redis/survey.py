"""What a Redis has that is worth measuring, for a starter plan; INFO tells all of it."""

from collections.abc import Mapping
from pathlib import Path

from outgrow.observe.redis.server import RedisServer
from outgrow.plan.findings import RedisFindings
from outgrow.plan.secrets import resolve
from outgrow.plan.sources import RedisSource


async def survey(options: RedisSource, environment: Mapping[str, str], base: Path) -> RedisFindings:
    """Ask a Redis for its version, its limit of memory, and the number of keys in the url's database.

    Raises:
        SourceError: it cannot be reached or read.
    """
    authorities = base / options.tls_ca if options.tls_ca else None
    server = RedisServer(resolve(options.url, environment), options.timeout, authorities)
    try:
        info = await server.info()
        keys = await server.dbsize()
    finally:
        await server.aclose()
    limit = info.get("maxmemory")
    return RedisFindings(
        version=str(info.get("redis_version", "")),
        maxmemory_bytes=None if limit is None else int(limit),
        policy=str(info.get("maxmemory_policy", "")),
        keys=keys,
    )
