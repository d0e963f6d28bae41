"""The starter plan is a plan without errors and without doubts, whatever the system was found to have."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.plan.file import LoadedPlan, parse_plan
from outgrow.plan.findings import (
    Column,
    DatabaseFindings,
    Findings,
    Latency,
    RedisFindings,
    Table,
    TimedTable,
    worth_measuring,
)
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import SqlQuery
from outgrow.plan.starter import starter_plan

CALLS = Table(
    "public",
    "calls",
    120_000,
    (
        Column("id", "number", leads_index=True),
        Column("created_at", "time", leads_index=True),
        Column("updated_at", "time"),
        Column("latency_ms", "number"),
        Column("amount", "number"),
    ),
)


def without_a_word(text: str) -> LoadedPlan:
    loaded = parse_plan(text, "plan.yaml")
    assert loaded.warnings == ()
    return loaded


def query_of(loaded: LoadedPlan, signal: str) -> str:
    found = loaded.plan.signals[signal]
    assert isinstance(found, QuerySignal)
    assert isinstance(found.read, SqlQuery)
    return found.read.query


def test_without_findings_it_is_a_plan_for_some_postgresql():
    loaded = without_a_word(starter_plan())
    assert loaded.plan.sources["database"].kind == "postgres"
    assert set(loaded.plan.checkpoints) == {"grow-database"}


def test_a_table_with_a_latency_becomes_signals_a_level_and_conditions():
    text = starter_plan([DatabaseFindings("postgres", "15.3", 100, 123_456_789, worth_measuring([CALLS]))], "My Shop")
    loaded = without_a_word(text)
    assert loaded.plan.name == "my-shop"
    assert query_of(loaded, "calls-latency_ms-p95").split("\n")[2] == 'FROM "public"."calls"'
    assert loaded.plan.levels["calls-latency_ms-p95"].rising
    assert "slow-calls" in loaded.plan.checkpoints["grow-database"].conditions
    assert "# Out of 100." in text
    assert "117.7 MiB now" in text


def test_thresholds_begin_near_what_is_typical():
    found = TimedTable(CALLS, CALLS.columns[1], [Latency("latency_ms", "ms", typical=417.3)])
    loaded = without_a_word(starter_plan([DatabaseFindings("postgres", tables=[found])]))
    level = loaded.plan.levels["calls-latency_ms-p95"]
    assert (str(level.target), str(level.warning), str(level.danger)) == ("510 ms", "630 ms", "840 ms")


def test_identifiers_are_quoted_as_each_database_does():
    table = Table('we"ird', "rows` of", 10, (Column("select", "time"), Column("latency ms", "other")))
    found = worth_measuring([table])
    postgres = without_a_word(starter_plan([DatabaseFindings("postgres", tables=found)]))
    mysql = without_a_word(starter_plan([DatabaseFindings("mysql", tables=found)]))
    assert 'FROM "we""ird"."rows` of"\nWHERE "select" > :now' in query_of(postgres, "rows-of-per-hour")
    assert 'FROM `we"ird`.`rows`` of`\nWHERE `select` > :now' in query_of(mysql, "rows-of-per-hour")


def test_a_large_table_without_an_index_on_its_time_is_only_told_of():
    columns = (Column("created_at", "time"), Column("latency_ms", "number"))
    found = worth_measuring([Table("public", "events", 50_000_000, columns)])
    text = starter_plan([DatabaseFindings("postgres", tables=found)])
    assert "events-per-hour" not in without_a_word(text).plan.signals
    assert "public.events has about 50,000,000 rows and no index" in text


def test_a_redis_without_a_limit_has_no_share_to_measure():
    limited = without_a_word(starter_plan([RedisFindings("7.0", 512 * 2**20, "noeviction", 5)])).plan
    unlimited = without_a_word(starter_plan([RedisFindings("7.0", 0)])).plan
    assert limited.signals["redis-memory"].unit == "ratio"
    assert unlimited.signals["redis-memory"].unit == "MiB"
    assert set(unlimited.checkpoints["grow-redis"].conditions) == {"multiplying"}


def test_several_systems_get_a_name_and_a_variable_each():
    text = starter_plan(
        [
            DatabaseFindings("postgres", tables=worth_measuring([CALLS])),
            DatabaseFindings("mariadb", tables=worth_measuring([CALLS]), variable="SHOP_URL"),
            RedisFindings(),
            RedisFindings(maxmemory_bytes=0),
        ]
    )
    urls = {name: getattr(source, "url", "") for name, source in without_a_word(text).plan.sources.items()}
    assert urls == {
        "database": "${DATABASE_URL}",
        "database-2": "${SHOP_URL}",
        "redis": "${REDIS_URL}",
        "redis-2": "${REDIS_2_URL}",
    }


@pytest.mark.parametrize(
    ("column", "latency"),
    [
        (Column("latency_ms", "number"), Latency("latency_ms", "ms")),
        (Column("durationMs", "number"), Latency("durationMs", "ms")),
        (Column("response_time_us", "number"), Latency("response_time_us", "us")),
        (Column("elapsed_seconds", "number"), Latency("elapsed_seconds", "s")),
        (Column("took", "interval"), Latency("took", "ms", is_interval=True)),
        (Column("latency", "number"), None),
        (Column("latency_ms", "other"), None),
        (Column("size_ms", "number"), None),
        (Column("booked", "interval"), None),
    ],
)
def test_a_latency_is_recognised_by_a_name_that_says_its_unit(column, latency):
    (found,) = worth_measuring([Table("public", "t", 1, (Column("at", "time"), column))])
    assert found.latencies == ((latency,) if latency else ())


def test_the_time_of_a_row_is_when_it_came_to_be_and_rather_one_with_an_index():
    def time_of(*columns: Column) -> str:
        return worth_measuring([Table("public", "t", 1, columns)])[0].time.name

    assert time_of(Column("updated_at", "time"), Column("created_at", "time")) == "created_at"
    assert time_of(Column("created_at", "time"), Column("logged", "time", leads_index=True)) == "logged"
    assert worth_measuring([Table("public", "t", 1, (Column("id", "number"),))]) == ()


names = st.text(min_size=1, max_size=70) | st.sampled_from(
    ["<<name>>", "a: b", "'", '"', "${X}", "# x", "- x", ":now", "주문", "a\nb", "`", "%s", "{x}", "a" * 63]
)
columns = st.builds(
    Column,
    names | st.sampled_from(["created_at", "latency_ms", "duration_s"]),
    st.sampled_from(["time", "zoneless time", "number", "interval", "other"]),
    st.booleans(),
)
tables = st.builds(Table, names, names, st.integers(0, 10**12), st.lists(columns, max_size=6))
found_tables = st.lists(tables, max_size=6).map(worth_measuring)
databases = st.builds(
    DatabaseFindings,
    st.sampled_from(["postgres", "mysql", "mariadb"]),
    st.sampled_from(["", "15.3"]),
    st.none() | st.integers(1, 10_000),
    st.none() | st.integers(0, 10**15),
    found_tables,
    st.sampled_from(["", "MY_URL"]),
)
caches = st.builds(
    RedisFindings, st.just("7.0"), st.none() | st.integers(0, 10**12), st.just("x"), st.none() | st.integers(0, 10**9)
)


@given(st.lists(databases | caches, max_size=3), names)
def test_whatever_was_found_makes_a_plan_without_errors_and_without_doubts(findings: list[Findings], name: str):
    loaded = without_a_word(starter_plan(findings, name))
    assert loaded.plan.checkpoints
    assert all(not re.search(r"<<\w+>>", line) for line in loaded.plan.description.splitlines())


@given(st.floats(1e-6, 1e9))
def test_any_typical_latency_makes_figures_that_rise(typical: float):
    found = TimedTable(CALLS, CALLS.columns[1], [Latency("latency_ms", "ms", typical=typical)])
    level = without_a_word(starter_plan([DatabaseFindings("postgres", tables=[found])])).plan.levels
    figures = level["calls-latency_ms-p95"]
    assert typical < figures.target.value <= figures.warning.value < figures.danger.value
