"""A plan is read as a whole, from one file or several, with every error at its own place."""

from collections.abc import Mapping
from typing import Literal

import pytest
from pydantic import BaseModel

from outgrow.errors import Place, PlanError
from outgrow.plan.file import LoadedPlan, parse_plan
from outgrow.plan.model import Declared
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import BUILTIN_KINDS, SourceKind, SourceOptions, SqlQuery

ROOT = """\
outgrow: 1
name: shop
include: [parts/signals.yaml, parts/alerts.yaml]
sources:
  db: {kind: postgres, url: "${DATABASE_URL}"}
signals:
  latency: {source: db, unit: ms, query: SELECT 1}
alerts:
  slow: {condition: {signal: latency, above: 1 s}}
"""
PARTS = {
    "parts/signals.yaml": "signals:\n  calls: {source: db, unit: calls, query: SELECT 2}\n",
    "parts/alerts.yaml": "\ufeffalerts:\r\n  many: {condition: {signal: calls, above: 10_000 calls}}\r\n",
}


def messages(text: str, parts: Mapping[str, str | bytes] = {}, kinds: Mapping[str, SourceKind] = BUILTIN_KINDS) -> list:
    with pytest.raises(PlanError) as caught:
        parse_plan(text, "plan.yaml", parts.__getitem__, kinds)
    return [str(problem) for problem in caught.value.problems]


def test_the_nouns_of_included_files_belong_to_the_plan():
    loaded = parse_plan(ROOT, "plans/plan.yaml", PARTS.__getitem__)
    assert loaded.warnings == ()
    assert list(loaded.plan.signals) == ["latency", "calls"]
    assert list(loaded.plan.alerts) == ["slow", "many"]
    assert loaded.tree.place(("signals", "calls", "unit")) == Place("plans/parts/signals.yaml", 2, 29)


def test_errors_in_included_files_stand_there_behind_those_of_the_root():
    parts = {
        "parts/signals.yaml": "signals:\n  calls: {source: bd, unit: calls, query: SELECT 2}\n",
        "parts/alerts.yaml": "alerts:\n  many: {condition: {signal: calls, above: 5 ms}}\n",
    }
    assert messages(ROOT.replace("name: shop", "nmae: shop"), parts) == [
        'plan.yaml:2:1 nmae: unknown option; did you mean "name"?',
        'parts/signals.yaml:2:19 signals.calls.source: no source is called "bd"; did you mean "db"?',
        (
            'parts/alerts.yaml:2:44 alerts.many.condition.above: 5 ms is compared with "calls", which is measured in '
            "calls; write it in calls, or correct the signal's unit"
        ),
    ]


def test_a_name_that_may_stand_in_a_file_that_cannot_be_read_is_not_called_wrong():
    with pytest.raises(PlanError) as caught:
        parse_plan(ROOT.replace("signal: latency", "signal: calls"), "plan.yaml")
    assert [problem.path for problem in caught.value.problems] == ["include[0]", "include[1]"]


def test_an_empty_included_file_is_a_doubt():
    loaded = parse_plan(ROOT, "plan.yaml", {**PARTS, "parts/alerts.yaml": "# none yet\n"}.__getitem__)
    assert [str(warning) for warning in loaded.warnings if "nothing" in warning.what] == [
        "parts/alerts.yaml:1:1 warning: holds nothing; remove it from include, or write entries"
    ]


def test_windows_line_ends_byte_order_mark_and_bytes_are_read_alike():
    text = ROOT.replace("include: [parts/signals.yaml, parts/alerts.yaml]\n", "")
    plans = [parse_plan(each, "p").plan for each in (text, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())]
    assert plans[0] == plans[1]


def test_the_shorthand_query_is_read():
    loaded: LoadedPlan = parse_plan(ROOT, "plan.yaml", PARTS.__getitem__)
    signal = loaded.plan.signals["latency"]
    assert isinstance(signal, QuerySignal)
    assert signal.read == SqlQuery(query="SELECT 1")


def test_a_plan_comes_back_from_its_own_data():
    loaded = parse_plan(ROOT, "plan.yaml", PARTS.__getitem__).plan
    data = loaded.model_dump(by_alias=True, exclude={"include"})
    data["sources"]["db"]["url"] = str(data["sources"]["db"]["url"])
    import json

    again = parse_plan(json.dumps(data, default=str), "plan.json").plan
    assert again.model_dump(exclude={"include"}) == loaded.model_dump(exclude={"include"})


class ByName(BaseModel):
    model_config = {"extra": "forbid"}
    name: str
    depth: int = 0


class ByPattern(BaseModel):
    model_config = {"extra": "forbid"}
    pattern: str


class QueueSource(SourceOptions):
    kind: Literal["queue"]  # pyright: ignore[reportIncompatibleVariableOverride]
    broker: str
    queues: tuple[ByName | ByPattern | str, ...]


class QueueRead(Declared):
    metric: Literal["length"]


KINDS = {**BUILTIN_KINDS, "queue": SourceKind(QueueSource, QueueRead)}
QUEUES = """\
outgrow: 1
name: shop
sources:
  q:
    kind: queue
    broker: "amqp://mq"
    queues:
      - {name: mails, depth: many}
      - {pattern: 5}
      - mails
      - 5
signals:
  waiting: {source: q, read: {metric: lenght}}
"""


def test_of_the_branches_of_a_third_partys_union_only_the_meant_one_speaks():
    assert messages(QUEUES, kinds=KINDS) == [
        "plan.yaml:8:30 sources.q.queues[0].depth: expected a whole number; write digits only, such as 20",
        "plan.yaml:9:19 sources.q.queues[1].pattern: expected text; put it in quotes",
        "plan.yaml:11:9 sources.q.queues[3]: expected text; put it in quotes",
        'plan.yaml:13:39 signals.waiting.read.metric: expected length, not "lenght"; did you mean "length"?',
    ]


def test_a_kind_of_a_third_party_is_read_with_its_options():
    text = QUEUES.replace("depth: many", "depth: 3").replace("pattern: 5", "pattern: x").replace("      - 5\n", "")
    loaded = parse_plan(text.replace("lenght", "length"), "plan.yaml", kinds=KINDS)
    source = loaded.plan.sources["q"]
    assert isinstance(source, QueueSource)
    assert source.queues == (ByName(name="mails", depth=3), ByPattern(pattern="x"), "mails")


def test_a_validation_error_that_a_third_party_raises_as_plain_value_error_is_worded_too():
    class Picky(SourceOptions):
        kind: Literal["picky"]  # pyright: ignore[reportIncompatibleVariableOverride]

        def model_post_init(self, context: object, /) -> None:
            raise ValueError("the moon is not full; wait")

    kinds = {"picky": SourceKind(Picky, QueueRead)}
    assert messages("outgrow: 1\nname: x\nsources: {p: {kind: picky}}\n", kinds=kinds) == [
        "plan.yaml:3:11 sources.p: the moon is not full; wait"
    ]
