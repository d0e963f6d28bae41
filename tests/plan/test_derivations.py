"""What is derived from other signals comes out in the unit that the plan declares."""

from itertools import pairwise

import pytest

from outgrow.plan.derivations import in_declared_unit
from outgrow.plan.file import parse_plan
from outgrow.plan.signals import QuerySignal, derivation_of, origins_of, signal_hash

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
    ("derived", "plain_value", "declared_value"),
    [
        ("{unit: GB per day, rate: bytes}", 1_000_000, 86.4),
        ("{unit: MB per second, rate: size}", 0.5, 500),
        ("{unit: calls per minute, rate: calls}", 2, 120),
        ("{rate: calls}", 2, 2),
        ("{unit: ratio, ratio: [wait, turn]}", 250, 0.25),
        ("{unit: percent, ratio: [wait, turn]}", 250, 25),
        ("{ratio: [wait, turn]}", 250, 0.25),
        ("{unit: percent, ratio: [errors, calls]}", 0.01, 1),
        ("{unit: calls, ratio: [calls, errors]}", 7, 7),
        ("{unit: USD, ratio: [cost, calls]}", 0.002, 0.002),
        ("{unit: s, ratio: [wait, calls]}", 1500, 1.5),
        ("{unit: MB per second, ratio: [size, turn]}", 0.002, 2),
        ("{unit: percent, growth_per_day: calls}", 0.2, 20),
        ("{unit: ratio, growth_per_day: calls}", 0.2, 0.2),
        ("{growth_per_day: calls}", 0.2, 0.2),
        ("{unit: MB, delta: bytes, over: 1h}", 3_000_000, 3),
        ("{unit: ratio, delta: percent, over: 1h}", 5, 0.05),
        ("{ratio: [cost, wait]}", 3, 3),
    ],
)
def test_plain_arithmetic_is_turned_into_the_declared_unit(derived, plain_value, declared_value):
    signals = parse_plan(PLAN.format(derived=derived), "plan.yaml").plan.signals
    signal = signals["derived"]
    assert not isinstance(signal, QuerySignal)
    assert derivation_of(signal) in derived
    assert in_declared_unit(plain_value, signal, signals) == declared_value


def test_the_origins_of_a_signal_are_what_is_read_for_it():
    plan = parse_plan(
        PLAN.format(derived="{unit: GB per day, rate: bytes}\n  twice: {ratio: [derived, calls]}"), "p"
    ).plan
    assert set(origins_of("twice", plan.signals)) == {"bytes", "calls"}
    assert set(origins_of("calls", plan.signals)) == {"calls"}


def test_the_hash_of_a_signal_follows_what_gives_its_values_their_meaning():
    derived = "{unit: GB per day, rate: bytes}"
    text = PLAN.format(derived=derived)
    signals = parse_plan(text, "p").plan.signals
    before = signal_hash("derived", signals)
    same = parse_plan(text.replace("unit: B, ", "unit: B, title: Bytes, every: 5m, "), "p").plan.signals
    other = parse_plan(
        text.replace('unit: B, query: "SELECT :now"', 'unit: B, query: "SELECT :now, 1"'), "p"
    ).plan.signals
    assert signal_hash("derived", same) == before
    assert signal_hash("derived", other) != before


def test_a_derivation_of_many_paths_is_hashed_at_once():
    names = ["derived", *(f"d{index}" for index in range(29))]
    chain = [f"{above}: {{ratio: [{below}, {below}]}}" for below, above in pairwise(names)]
    chain = "\n  ".join(["{ratio: [calls, errors]}", *chain])
    signals = parse_plan(PLAN.format(derived=chain), "p").plan.signals
    # 2^30 paths lead down to the two signals that are read.
    assert len(signal_hash("d28", signals)) == 16
