"""Prometheus' HTTP query API: expressions in, points out; its clock, its version and how far back it remembers."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from outgrow.errors import SourceError
from outgrow.observe._http import Endpoint, Request
from outgrow.observe.prometheus.answers import Point, data_of, not_the_api, points_of, refuse_range_vector
from outgrow.observe.prometheus.ranges import Range, seconds_text

# Prometheus gives up a little before we do, so that its own words reach us.
_SHARE_OF_LIMIT: Final = 0.9
_LOWEST_TIMESTAMP: Final = re.compile(rb"^prometheus_tsdb_lowest_timestamp_seconds (\S+)", re.MULTILINE)


class PrometheusApi:
    """One server behind one address; every call is bounded by the `limit` given."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Ask through `endpoint`, which connects on first use."""
        self._endpoint = endpoint
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the server warned of so far, each once (a partial answer of a Thanos, say)."""
        return tuple(self._warnings)

    async def evaluate(self, expression: str, asked: Range, limit: timedelta) -> Sequence[Point]:
        """Evaluate an expression over a range, or at its start where that is a single moment.

        Raises:
            SourceError: it cannot be evaluated, or gives no numbers.
        """
        if asked.step == 0:
            return await self._query("query", limit, query=expression, time=seconds_text(asked.start))
        return await self._query(
            "query_range",
            limit,
            query=expression,
            start=seconds_text(asked.start),
            end=seconds_text(asked.end),
            step=seconds_text(asked.step),
        )

    async def clock(self, limit: timedelta) -> datetime:
        """Ask for the server's present moment."""
        (point,) = await self._query("query", limit, query="time()")
        return datetime.fromtimestamp(point.value, UTC)

    async def version(self, limit: timedelta) -> str:
        """Ask for the server's version; not everything that speaks this API tells one."""
        try:
            build = await self._ask(Request("/api/v1/status/buildinfo"), limit)
            return f"Prometheus {build['version']}"
        except (SourceError, KeyError, TypeError):
            return "a server of Prometheus' query API that tells no version"

    async def oldest_sample(self, limit: timedelta) -> datetime | None:
        """Ask how far back the server holds samples; nothing where it does not tell."""
        try:
            answer = await self._endpoint.ask(Request("/metrics"), limit)
        except SourceError:
            return None
        found = _LOWEST_TIMESTAMP.search(answer.body)
        try:
            return None if found is None else datetime.fromtimestamp(float(found.group(1)), UTC)
        except (ValueError, OverflowError):  # an empty database: the largest number there is
            return None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._endpoint.aclose()

    async def _query(self, path: str, limit: timedelta, **form: str) -> Sequence[Point]:
        form["timeout"] = f"{limit.total_seconds() * _SHARE_OF_LIMIT:.3f}"
        data = await self._ask(Request(f"/api/v1/{path}", "POST", form=form), limit)
        try:
            if path == "query":
                refuse_range_vector(data)
            return tuple(points_of(data))
        except (KeyError, TypeError, ValueError) as error:
            raise not_the_api(200, self._endpoint.shown) from error

    async def _ask(self, request: Request, limit: timedelta) -> Any:
        where = self._endpoint.shown
        answer = await self._endpoint.ask(request, limit)
        try:
            body = answer.json(where)
        except SourceError as error:
            raise not_the_api(answer.status, where) from error
        data, warnings = data_of(answer.status, body, where)
        self._warnings |= dict.fromkeys(warnings)
        return data
