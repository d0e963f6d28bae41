"""A derived signal's unit is one in which its arithmetic can come out."""

import pytest

from outgrow.errors import PlanError
from outgrow.plan.file import parse_plan
from outgrow.plan.units import derived_unit
from outgrow.quantity import parse_unit

PLAN = """
outgrow: 1
name: shop
sources: {{db: {{kind: postgres, url: "${{X}}"}}}}
signals:
  bytes: {{source: db, unit: B, query: "SELECT :now"}}
  size: {{source: db, unit: GB, query: "SELECT :now"}}
  wait: {{source: db, unit: ms, query: "SELECT :now"}}
  turn: {{source: db, unit: s, query: "SELECT :now"}}
  calls: {{source: db, unit: calls, query: "SELECT :now"}}
  errors: {{source: db, unit: errors, query: "SELECT :now"}}
  cost: {{source: db, unit: USD, query: "SELECT :now"}}
  plain: {{source: db, query: "SELECT :now"}}
  percent: {{source: db, unit: percent, query: "SELECT :now"}}
  derived: {derived}
"""


@pytest.mark.parametrize(
    "derived",
    [
        "{unit: GB per day, rate: bytes}",
        "{unit: calls per minute, rate: calls}",
        "{rate: calls}",
        "{rate: plain, unit: per minute}",
        "{unit: percent, ratio: [wait, turn]}",
        "{unit: percent, ratio: [errors, calls]}",
        "{unit: calls, ratio: [calls, errors]}",
        "{unit: USD, ratio: [cost, calls]}",
        "{unit: MB per second, ratio: [size, turn]}",
        "{unit: percent, growth_per_day: calls}",
        "{unit: percent per day, growth_per_day: calls}",
        "{unit: MB, delta: bytes, over: 1h}",
        "{unit: ratio, delta: percent, over: 1h}",
        "{ratio: [cost, wait]}",
        "{unit: points, ratio: [cost, wait]}",
    ],
)
def test_units_that_can_be(derived: str):
    parse_plan(PLAN.format(derived=derived), "plan.yaml")


@pytest.mark.parametrize(
    ("derived", "what"),
    [
        ("{unit: GB, rate: bytes}", 'rate of "bytes" comes out in B per second, which is no GB'),
        ("{unit: ms, rate: calls}", 'rate of "calls" comes out in calls per second, which is no ms'),
        ("{unit: ratio, ratio: [wait, bytes]}", '"wait" (ms) divided by "bytes" (B) is no ratio'),
        ("{unit: percent, ratio: [cost, bytes]}", '"cost" (USD) divided by "bytes" (B) is no percent'),
        ("{unit: percent, ratio: [cost, calls]}", 'ratio of "cost" and "calls" comes out in USD, which is no percent'),
        ("{unit: ms, ratio: [wait, turn]}", 'ratio of "wait" and "turn" comes out in ratio, which is no ms'),
        ("{unit: users, growth_per_day: calls}", 'growth_per_day of "calls" comes out in ratio, which is no users'),
        ("{unit: ms, delta: bytes, over: 1h}", 'delta of "bytes" comes out in B, which is no ms'),
    ],
)
def test_units_that_cannot_be(derived: str, what: str):
    with pytest.raises(PlanError) as caught:
        parse_plan(PLAN.format(derived=derived), "plan.yaml")
    assert [problem.what for problem in caught.value.problems] == [what]


@pytest.mark.parametrize(
    ("option", "inputs", "unit"),
    [
        ("ratio", ["ms", "s"], "ratio"),
        ("ratio", ["GB", "min"], "GB per min"),
        ("ratio", ["USD", "users"], "USD"),
        ("rate", ["B"], "B per second"),
        ("delta", ["ms"], "ms"),
        ("growth_per_day", ["GB"], "ratio"),
    ],
)
def test_arithmetic_comes_out_in_a_unit(option: str, inputs: list[str], unit: str):
    found = derived_unit(option, [parse_unit(each) for each in inputs])
    assert found is not None
    assert found.dimension == parse_unit(unit).dimension


def test_some_arithmetic_has_no_unit_of_its_own():
    assert derived_unit("ratio", [parse_unit("USD"), parse_unit("B")]) is None
    assert derived_unit("rate", [parse_unit("rps")]) is None
