"""Signals: what they stand on, and what makes two of them the same series."""

from itertools import pairwise

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


def test_a_derived_signal_knows_what_it_is():
    signals = parse_plan(PLAN.format(derived="{delta: calls, over: 1h}"), "p").plan.signals
    derived = signals["derived"]
    assert not isinstance(derived, QuerySignal)
    assert derivation_of(derived) == "delta"


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
