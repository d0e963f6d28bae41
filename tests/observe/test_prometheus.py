"""Prometheus: expressions now and in the past, on a real server; its errors, on servers that answer as it does."""

import json
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import Failure
from outgrow.facts.samples import Absence, Measured, Missing, labels_of
from outgrow.observe.prometheus import PrometheusSignals
from outgrow.observe.prometheus.ranges import MAX_POINTS, Range, ranges
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import PrometheusSource, PromQuery
from outgrow.quantity import Duration
from tests.observe.reads import failure_of, missing_of, sample_of, signal, value_of, value_or_absence, values_by_labels
from tests.observe.targets import Behaviour, answer, target
from tests.servers.prometheus import PrometheusServer

REGIONS = {"kr": 1, "id": 10}
HOURS = 9


def query(expression: str, **options: Any) -> QuerySignal:
    return signal(PromQuery(query=expression), **options)


def adapter(url: str, timeout: str = "5s") -> PrometheusSignals:
    return PrometheusSignals(PrometheusSource(kind="prometheus", url=url, timeout=Duration.parse(timeout)), {}, Path())


@pytest.fixture(scope="module")
def begin() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)


@pytest.fixture(scope="module")
def loaded(prometheus_server: PrometheusServer, begin: datetime) -> PrometheusServer:
    """Two series, one sample a minute for nine hours: the minute times 1 in kr, times 10 in id."""
    samples = [
        f'load{{region="{region}",host="a"}} {minute * times} {begin.timestamp() + 60 * minute}'
        for region, times in REGIONS.items()
        for minute in range(HOURS * 60)
    ]
    prometheus_server.load("\n".join(["# TYPE load gauge", *samples, "# EOF"]) + "\n")
    return prometheus_server


@pytest.fixture
async def source(loaded: PrometheusServer) -> AsyncGenerator[PrometheusSignals]:
    opened = adapter(loaded.url)
    yield opened
    await opened.aclose()


@given(st.lists(st.integers(0, 3_000_000), unique=True, max_size=200).map(sorted))
def test_the_ranges_of_any_moments_contain_each_of_them_once_on_their_grids(moments: list[int]):
    found = list(ranges(moments))

    covered = [
        moment
        for each in found
        for moment in moments
        if each.start <= moment <= each.end and (each.step == 0 or (moment - each.start) % each.step == 0)
    ]
    assert covered == moments
    assert all(before.end < after.start for before, after in pairwise(found))


@given(st.integers(1, 100_000), st.integers(1, 40_000))
def test_an_even_grid_becomes_as_few_ranges_as_the_limit_on_points_allows(step: int, count: int):
    found = list(ranges(range(0, step * count, step)))

    assert len(found) == -(-count // MAX_POINTS)
    assert all((each.end - each.start) // max(each.step, 1) < MAX_POINTS for each in found)


def test_a_coarse_history_before_a_fine_present_takes_two_ranges():
    coarse, fine = range(0, 86_400_000, 900_000), range(86_400_000, 90_000_000, 60_000)

    assert list(ranges([*coarse, *fine])) == [Range(0, 86_400_000, 900_000), Range(86_460_000, 89_940_000, 60_000)]


async def test_many_instants_are_read_in_chunks_of_ranges(source: PrometheusSignals, begin: datetime):
    # given 12,960 instants, more than one range query may give
    instants = [begin + timedelta(seconds=2.5) * index for index in range(HOURS * 60 * 24)]

    # when
    observed = await source.past(query('load{region="kr"}'), instants, datetime.now(UTC))

    # then each has the sample of its minute
    assert [each.sample.at for each in observed] == instants
    assert [value_or_absence(each.sample) for each in observed] == [index // 24 for index in range(len(instants))]


async def test_many_instants_of_many_series_are_read_in_smaller_chunks(source: PrometheusSignals, begin: datetime):
    instants = [begin + timedelta(seconds=10) * index for index in range(HOURS * 60 * 6)]

    observed = await source.past(query("load", by=("region",)), instants, datetime.now(UTC))

    found = {(each.sample.at, each.labels): value_or_absence(each.sample) for each in observed}
    assert found == {
        (instant, labels_of({"region": region})): index // 6 * times
        for index, instant in enumerate(instants)
        for region, times in REGIONS.items()
    }


async def test_a_server_that_was_restarted_meanwhile_is_read_as_if_nothing_had_been(
    source: PrometheusSignals, loaded: PrometheusServer
):
    assert await value_of(source, query("vector(1)")) == 1

    loaded.process.stop()
    loaded.process.start()

    assert await value_of(source, query("vector(1)")) == 1


async def test_uneven_instants_give_what_even_ones_give(source: PrometheusSignals, begin: datetime):
    now, signal_ = datetime.now(UTC), query("load", by=("region",))
    uneven = [begin + timedelta(seconds=each) for each in (1, 2, 60, 181.001, 182, 3600, 3660, 3720, 3780, 4200, 9999)]

    together = await source.past(signal_, uneven, now)
    one_by_one = [each for instant in uneven for each in await source.past(signal_, [instant], now)]

    assert sorted(together, key=repr) == sorted(one_by_one, key=repr)
    assert len(together) == len(uneven) * len(REGIONS)


async def test_a_moment_before_the_oldest_sample_says_so(source: PrometheusSignals, begin: datetime):
    early, gap = begin - timedelta(days=3), begin + timedelta(hours=HOURS + 1)

    before, between = await source.past(query('load{region="kr"}'), [early, gap], datetime.now(UTC))

    assert isinstance(before.sample, Missing)
    assert isinstance(between.sample, Missing)
    assert before.sample.absence is between.sample.absence is Absence.EMPTY_WINDOW
    assert f"nothing before {begin:%Y-%m-%d %H:%M}" in before.sample.detail
    assert between.sample.detail == "the expression gives no series at this moment"


async def test_a_scalar_and_a_vector_of_one_are_numbers(source: PrometheusSignals):
    assert await value_of(source, query("scalar(vector(3)) * 2")) == 6
    assert await value_of(source, query("vector(2.5)")) == 2.5


@pytest.mark.parametrize("expression", ["vector(0) / 0", "vector(1) / 0", "scalar(no_such_metric)"])
async def test_what_is_no_finite_number_is_missing(source: PrometheusSignals, expression: str):
    absence, _ = await missing_of(source, query(expression))

    assert absence is Absence.NOT_A_NUMBER


async def test_a_delay_evaluates_an_earlier_moment(source: PrometheusSignals):
    now = datetime.now(UTC)

    sample = await sample_of(source, query("time()", delay=Duration.parse("1h")), now)

    assert isinstance(sample, Measured)
    assert sample.at == now - timedelta(hours=1)
    assert sample.value == pytest.approx(sample.at.timestamp(), abs=0.001)


async def test_series_are_told_apart_by_the_labels_asked_for(source: PrometheusSignals):
    wanted = query("max_over_time(load[3d])", by=("region",))

    assert await values_by_labels(source, wanted) == {
        labels_of({"region": region}): (HOURS * 60 - 1) * times for region, times in REGIONS.items()
    }


async def test_nothing_to_tell_apart_is_no_observation(source: PrometheusSignals):
    assert await values_by_labels(source, query("no_such_metric", by=("region",))) == {}


async def test_several_series_without_labels_are_listed_with_the_way_out(source: PrometheusSignals):
    told = await failure_of(source, query("last_over_time(load[3d])"), Failure.BAD_ANSWER)

    assert 'gives 2 series where one is wanted: {__name__="load", host="a", region="id"}, {' in told
    assert "sum (...)" in told
    assert "by: [region]" in told


async def test_labels_that_do_not_tell_apart_are_refused(source: PrometheusSignals):
    told = await failure_of(source, query("last_over_time(load[3d])", by=("host",)), Failure.BAD_ANSWER)

    assert "sum by (host) (...)" in told
    assert "by: [host, region]" in told


async def test_a_label_that_no_series_has_is_refused(source: PrometheusSignals):
    told = await failure_of(source, query("last_over_time(load[3d])", by=("regoin",)), Failure.NO_SUCH_THING)

    assert "no series has the label regoin; there is __name__, host, region" in told


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("sum(", "unclosed left parenthesis"),
        ("last_over_time(load[3d]) / on() last_over_time(load[3d])", "many-to-many matching not allowed"),
        ("load[5m]", "rate(...)"),
        ("rate(load)", "expected type range vector"),
    ],
)
async def test_a_wrong_expression_is_told_in_prometheus_own_words(
    source: PrometheusSignals, expression: str, words: str
):
    assert words in await failure_of(source, query(expression), Failure.BAD_QUERY)


async def test_the_version_and_the_clock_are_told(source: PrometheusSignals, loaded: PrometheusServer):
    inspection = await source.inspect()

    assert inspection.version == f"Prometheus {loaded.query('/api/v1/status/buildinfo')['version']}"
    assert inspection.clock_skew == timedelta(0)
    assert inspection.warnings == ()


def api(status: int, body: Any) -> Behaviour:
    return answer(status, body if isinstance(body, str) else json.dumps(body))


def vector(value: float | str, **more: Any) -> dict[str, Any]:
    result = [{"metric": {}, "value": [0, str(value)]}]
    return {"status": "success", "data": {"resultType": "vector", "result": result}, **more}


@pytest.mark.parametrize(
    ("status", "body", "failure", "words"),
    [
        (503, {"status": "error", "errorType": "timeout", "error": "query timed out"}, Failure.TIMED_OUT, "timed out"),
        (422, {"status": "error", "errorType": "execution", "error": "too many samples"}, Failure.BAD_QUERY, "step"),
        (500, {"status": "error", "errorType": "internal", "error": "disk"}, Failure.OTHER, "disk"),
        (503, "Service Unavailable", Failure.OTHER, "not ready"),
        (401, "Unauthorized", Failure.WRONG_PASSWORD, "Authorization"),
        (403, "Forbidden", Failure.NOT_PERMITTED, "403"),
        (429, "slow down", Failure.TOO_MANY_CONNECTIONS, "429"),
        (502, "<html>Bad Gateway</html>", Failure.UNREACHABLE, "gateway"),
        (200, "<html>Please log in</html>", Failure.BAD_ANSWER, "/api/v1/query"),
        (200, {"status": "success", "data": {"resultType": "vector"}}, Failure.BAD_ANSWER, "/api/v1/query"),
        (200, {"status": "success", "data": None}, Failure.BAD_ANSWER, "/api/v1/query"),
        (200, {"hello": "world"}, Failure.BAD_ANSWER, "/api/v1/query"),
        (
            200,
            {"status": "success", "data": {"resultType": "string", "result": [0, "x"]}},
            Failure.BAD_ANSWER,
            "string",
        ),
    ],
)
async def test_each_kind_of_error_is_told_apart(status: int, body: Any, failure: Failure, words: str):
    async with target({"/prefix/api/v1/query": api(status, body)}) as server:
        told = await failure_of(adapter(f"{server.url}/prefix"), query("up"), failure)

    assert words in told


async def test_a_native_histogram_is_refused_with_the_function_to_use():
    result = [{"metric": {}, "histogram": [0, {"count": "1"}]}]
    async with target({"/api/v1/query": only_up({"resultType": "vector", "result": result})}) as server:
        told = await failure_of(adapter(server.url), query("up"), Failure.BAD_ANSWER)

    assert "histogram_quantile" in told


def only_up(data: Any) -> Behaviour:
    """Answer `time()` with our clock, and anything else with `data`."""
    return clocked(timedelta(0), lambda: {"status": "success", "data": data})


def clocked(ahead: timedelta, then: Callable[[], Any]) -> Behaviour:
    async def behave(reader: Any, writer: Any) -> None:
        asked = await reader.read(1000)
        clock = (datetime.now(UTC) + ahead).timestamp()
        body = vector(clock) if b"query=time" in asked else then()
        await answer(200, json.dumps(body))(reader, writer)

    return behave


async def test_a_clock_that_is_ahead_is_told_and_judged_by():
    now, ahead = datetime.now(UTC), timedelta(hours=1)
    async with target({"/api/v1/query": clocked(ahead, lambda: vector(1))}) as server:
        source = adapter(server.url)

        sample = await sample_of(source, query("up"), now)
        inspection = await source.inspect()
        await source.aclose()

    assert abs(sample.at - now - ahead) < timedelta(seconds=5)
    assert inspection.clock_skew is not None
    assert abs(inspection.clock_skew - ahead) < timedelta(seconds=5)


async def test_warnings_of_the_server_are_kept_for_the_inspection():
    warning = "No StoreAPIs matched for this query"
    async with target({"/api/v1/query": clocked(timedelta(0), lambda: vector(1, warnings=[warning]))}) as server:
        source = adapter(server.url)

        await value_of(source, query("up"))
        inspection = await source.inspect()
        await source.aclose()

    assert inspection.warnings == (warning,)


async def test_headers_carry_the_secret():
    async with target({"/api/v1/query": only_up(vector(1)["data"])}) as server:
        options = PrometheusSource(kind="prometheus", url=server.url, headers={"Authorization": "Bearer ${TOKEN}"})
        source = PrometheusSignals(options, {"TOKEN": "t0p-s3cret"}, Path())

        await value_of(source, query("up"))
        await source.aclose()

    assert all("Authorization: Bearer t0p-s3cret" in head for head in server.requests)


async def test_the_server_is_told_to_give_up_before_we_do():
    bodies: list[bytes] = []

    async def remember(reader: Any, writer: Any) -> None:
        bodies.append(await reader.read(1000))
        await answer(200, json.dumps(vector(datetime.now(UTC).timestamp())))(reader, writer)

    async with target({"/api/v1/query": remember}) as server:
        source = adapter(server.url, "10s")
        await value_of(source, query("up"))
        await source.aclose()

    (limit,) = parse_qs(bodies[-1].decode())["timeout"]
    assert 5 < float(limit) < 10
