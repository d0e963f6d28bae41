"""Signals read from Redis: INFO, CONFIG and DBSIZE, each a number in the signal's unit."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Missing, Observation, Sample
from outgrow.observe._counters import Restarts
from outgrow.observe._samples import in_unit_of, no_past, refuse_labels, sample_of
from outgrow.observe.redis.fields import is_counter, is_secret, number_of, unit_of, value_of
from outgrow.observe.redis.server import Info, RedisServer
from outgrow.plan.secrets import resolve
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import RedisRead, RedisSource
from outgrow.ports import Inspection
from outgrow.quantity import RATIO, format_duration, format_in, parse_unit

_NO_HISTORY: Final = "Redis keeps no history: the journal fills from now on"
_NO_LIMIT: Final = "maxmemory is 0: no limit is set"
_BYTES: Final = parse_unit("bytes")


class RedisSignals:
    """Reads the facts of one server."""

    def __init__(self, options: RedisSource, environment: Mapping[str, str], base: Path) -> None:
        """Point at the server; nothing is connected yet."""
        authorities = None if options.tls_ca is None else base / options.tls_ca
        self._server = RedisServer(resolve(options.url, environment), options.timeout, authorities)
        self._restarts = Restarts()

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Read one fact."""
        refuse_labels(signal, "Redis")
        read = cast("RedisRead", signal.read)
        match read.metric:
            case "info":
                sample = self._field(signal, str(read.field), await self._server.info(), now)
            case "config":
                name = str(read.field)
                sample = _parameter(signal, name, await self._server.parameter(name), now)
            case "dbsize":
                sample = sample_of(await self._server.dbsize(), now, now)
            case "memory_share":
                sample = _memory_share(signal, await self._server.info(), now)
        return (Observation((), sample),)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Refuse: Redis keeps no history."""
        raise no_past(_NO_HISTORY)

    def answers_past(self, signal: QuerySignal) -> str:
        """Say that it cannot be asked."""
        return _NO_HISTORY

    async def inspect(self) -> Inspection:
        """Ask for the version, the memory limit with its policy, and the clock."""
        info = await self._server.info()
        skew = None
        if "server_time_usec" in info:  # since Redis 7
            skew = datetime.fromtimestamp(int(info["server_time_usec"]) / 1e6, UTC) - datetime.now(UTC)
        limited = int(info.get("maxmemory", 0)) > 0
        warnings = () if limited else (f"{_NO_LIMIT}, so memory_share cannot be measured; set maxmemory",)
        return Inspection(f"Redis {info.get('redis_version', 'of no stated version')}", skew, warnings, _notes(info))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._server.aclose()

    def _field(self, signal: QuerySignal, field: str, info: Info, now: datetime) -> Sample:
        raw = number_of(value_of(info, field), f"INFO {field}")
        if field == "maxmemory" and raw == 0:
            return Missing(now, Absence.UNLIMITED, _NO_LIMIT, now)
        if is_counter(field) and self._restarts.noticed(field, str(info.get("run_id")), raw):
            up = format_duration(timedelta(seconds=int(info.get("uptime_in_seconds", 0))))
            detail = f"the counter started again since it was last read (Redis has been up for {up})"
            return Missing(now, Absence.COUNTER_RESTARTED, detail, now)
        native = unit_of(field)
        if native is not None and signal.unit:
            raw = in_unit_of(signal, raw, native, f"INFO {field}")
        return sample_of(raw, now, now)


def _parameter(signal: QuerySignal, name: str, value: str | None, now: datetime) -> Sample:
    if value is None:
        raise SourceError(
            Failure.NO_SUCH_THING, f'CONFIG has no parameter "{name}"', "see them with: redis-cli CONFIG GET '*'"
        )
    raw = number_of(value, f"CONFIG {name}", shown=not is_secret(name))
    if name == "maxmemory" and raw == 0:
        return Missing(now, Absence.UNLIMITED, _NO_LIMIT, now)
    if name == "maxmemory" and signal.unit:
        raw = in_unit_of(signal, raw, _BYTES, f"CONFIG {name}")
    return sample_of(raw, now, now)


def _memory_share(signal: QuerySignal, info: Info, now: datetime) -> Sample:
    limit = number_of(value_of(info, "maxmemory"), "INFO maxmemory")
    if limit == 0:
        return Missing(now, Absence.UNLIMITED, _NO_LIMIT, now)
    used = number_of(value_of(info, "used_memory"), "INFO used_memory")
    return sample_of(in_unit_of(signal, used / limit, RATIO, "memory_share"), now, now)


def _notes(info: Info) -> tuple[str, ...]:
    limit = int(info.get("maxmemory", 0))
    memory = f"maxmemory {format_in(limit, _BYTES)}" if limit else "maxmemory 0 (no limit)"
    notes = [f"{memory}, policy {info.get('maxmemory_policy', 'unknown')}"]
    if info.get("role") not in {None, "master"}:
        notes.append(f"a replica of {info.get('master_host')}:{info.get('master_port')}")
    if info.get("cluster_enabled"):
        notes.append("one node of a cluster: its figures are this node's alone")
    return tuple(notes)
