"""A plan is read as a whole, from one file or several, with every error at its own place."""

from collections.abc import Mapping
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from outgrow.errors import Place, PlanError
from outgrow.plan.file import LoadedPlan, ReadText, parse_plan
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


def raising(error: Exception) -> ReadText:
    def read(_: str) -> str:
        raise error

    return read


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "is not UTF-8 text"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
        (ValueError("embedded null byte"), "cannot be read: embedded null byte"),
    ],
)
def test_whatever_keeps_an_included_file_from_being_read_is_told(error: Exception, what: str):
    with pytest.raises(PlanError) as caught:
        parse_plan("outgrow: 1\nname: x\ninclude: [a.yaml]\n", "plan.yaml", raising(error))
    assert [problem.what for problem in caught.value.problems] == [f'"a.yaml" {what}']


def test_included_nouns_join_a_root_that_has_none_of_them():
    parts = {"a.yaml": "sources: {cache: {kind: redis, url: redis://x}}\nlevels:\n", "b.yaml": "signals: [x]\n"}
    assert messages("outgrow: 1\nname: x\ninclude: [a.yaml, b.yaml]\nlevels: 5\n", parts) == [
        "plan.yaml:4:9 levels: expected options, not 5; write them below it as name: value",
        "b.yaml:1:10 signals: expected a mapping of names to what they stand for; write signals: {name: ...}",
    ]


def test_an_included_entry_cannot_join_a_root_noun_of_another_form():
    parts = {"a.yaml": "levels: {l: {signal: s, target: 1, warning: 2, danger: 3}}\n"}
    assert messages("outgrow: 1\nname: x\ninclude: [a.yaml]\nlevels: 5\n", parts) == [
        "plan.yaml:4:9 levels: expected options, not 5; write them below it as name: value"
    ]


def test_a_chain_of_derivations_has_an_end():
    chain = "".join(f"  d{index}: {{rate: d{index - 1}}}\n" for index in range(1, 40))
    above = (
        "outgrow: 1\nname: x\nsources: {db: {kind: sqlite, path: x}}\nsignals:\n  d0: {source: db, query: SELECT 1}\n"
    )
    assert messages(above + chain) == [
        "plan.yaml:37:3 signals.d32: is derived over more than 32 signals; let the source compute some of it"
    ]


@pytest.mark.parametrize("zone", ["localtime", "posix/Asia/Seoul", "asia/seoul", "../UTC", "Asia", "Seoul", "", "한국"])
def test_a_zone_is_one_that_every_machine_knows(zone: str):
    (message,) = messages(f"outgrow: 1\nname: x\ntimezone: '{zone}'\n")
    assert message.startswith(f'plan.yaml:3:11 timezone: "{zone}" is not a time zone; ')


class Formed(SourceOptions):
    kind: Literal["formed"]  # pyright: ignore[reportIncompatibleVariableOverride]
    code: Annotated[str, Field(pattern="^[a-z]{2}$")] = "aa"
    words: Annotated[tuple[str, ...], Field(min_length=2, max_length=3)] = ("a", "b")
    text: Annotated[str, Field(min_length=3, max_length=4)] = "abc"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    colour: Literal["red"] = "red"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("code: abc", "code: does not have the form ^[a-z]{2}$; write it in that form"),
        ("words: [a]", "words: needs at least 2 entries; write more"),
        ("words: [a, b, c, d]", "words: has more than 3 entries; shorten it"),
        ("text: ab", "text: needs at least 3 characters; write more"),
        ("text: abcde", "text: has more than 4 characters; shorten it"),
        ("share: 0", "share: must be more than 0; choose another value"),
        ("share: 1.5", "share: must be less than 1; choose another value"),
        ("share: much", "share: expected a number; write for example 0.9"),
        ("colour: blue", "colour: expected red; write red"),
    ],
)
def test_what_third_parties_ask_of_their_options_is_worded_too(option: str, message: str):
    kinds = {"formed": SourceKind(Formed, QueueRead)}
    (found,) = messages(f"outgrow: 1\nname: x\nsources: {{p: {{kind: formed, {option}}}}}\n", kinds=kinds)
    assert found.partition(" sources.p.")[2] == message
