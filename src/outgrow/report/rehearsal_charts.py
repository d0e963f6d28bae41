"""The charts of a rehearsal: replicas needed, ready and ordered over time, and every policy by cost and shortage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import floor, log10
from typing import Final

import numpy as np

from outgrow.facts.scaling import ScalingDecision
from outgrow.quantity import format_number
from outgrow.report.axes import Tick, time_ticks, value_ticks
from outgrow.report.chart import Chart, Line, value_axis
from outgrow.report.columns import Stretch, thinned
from outgrow.report.rehearsal_view import ordered_by_cost, policy_name, share
from outgrow.report.scaling_words import rule_word
from outgrow.report.words import Words
from outgrow.simulate.rehearsal import Part, Rehearsal, Rehearsed
from outgrow.simulate.timeline import Timeline

_COLUMNS: Final = 700
_MOST_NOTES: Final = 1500
_CORNER: Final = 1
"""Seconds before a change at which its step ends: charts know whole seconds."""
_CLOSE_UP: Final = timedelta(hours=6)
_HIDDEN: Final = 1.0
"""Dots that are less than one percent of the field apart look like one."""
_LEAST_SHOWN: Final = 1e-6
"""Unserved demand below one in a million stands at the foot of the chart, with none at all."""


# --- over time ---


def replicas_chart(found: Rehearsal, row: Rehearsed, words: Words, title: str = "") -> Chart:
    """Draw a row over the whole trace, the warm-up included; hovering tells the decisions where they were kept."""
    title = title or words("rehearsal.replicas", policy=policy_name(row.name, words))
    return _replicas(found, row, words, title, 0, len(found.totals))


def worst_chart(found: Rehearsal, words: Words) -> Chart | None:
    """Draw the hours around the policy's longest shortage; None where it has none, or the trace is that short."""
    timeline = found.policy.timeline
    skipped = -(-found.setting.terms.warm_up_seconds // timeline.step_seconds)
    spans = [span for span in breaches(timeline) if span[1] > skipped]
    width = int(_CLOSE_UP.total_seconds()) // timeline.step_seconds
    if not spans or len(found.totals) <= 2 * width:
        return None
    lacking = np.maximum(np.asarray(timeline.needed) - np.asarray(timeline.ready), 0)
    start, end = max(spans, key=lambda span: int(lacking[span[0] : span[1]].sum()))
    first = min(max(0, (start + end - width) // 2), len(found.totals) - width)
    return _replicas(found, found.policy, words, words("rehearsal.replicas_worst"), first, first + width)


def breaches(timeline: Timeline) -> list[tuple[int, int]]:
    """Give the runs of steps with fewer replicas ready than needed, from the first to behind the last."""
    short = np.asarray(timeline.ready) < np.asarray(timeline.needed)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], short.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _replicas(found: Rehearsal, row: Rehearsed, words: Words, title: str, first: int, last: int) -> Chart:
    timeline, trace = row.timeline, found.setting.trace
    step = timeline.step_seconds
    start, end = (trace.moment(each * step).timestamp() for each in (first, last))

    courses = [timeline.needed[first:last], timeline.ready[first:last]]
    if row.part is Part.POLICY:
        courses.append(timeline.ordered[first:last])
    needed, ready, *ordered = staircases(courses, start, step)
    lines = [Line(words("rehearsal.needed"), needed, accent=True), Line(words("rehearsal.ready"), ready)]
    lines += [Line(words("rehearsal.ordered"), each, quiet=True) for each in ordered]
    low, high, ticks = value_axis(lines, (), (0.0,), whole=True)
    shown = tuple(
        (trace.moment(since * step).timestamp(), trace.moment(until * step).timestamp())
        for since, until in breaches(timeline)
        if until > first and since < last
    )
    under = sum(timeline.ready[each] < timeline.needed[each] for each in range(first, last)) / (last - first)
    most = {"needed": max(timeline.needed[first:last]), "ready": max(timeline.ready[first:last])}
    key = "rehearsal.replicas_sentence" if under else "rehearsal.replicas_enough"
    return Chart(
        title=title,
        sentence=words(key, policy=policy_name(row.name, words), under=share(under), **most),
        unit=words("rehearsal.replicas_unit"),
        start=start,
        end=end,
        now=end,
        low=low,
        high=high,
        value_ticks=ticks,
        time_ticks=tuple(time_ticks(start, end, words)),
        lines=tuple(lines),
        held=_clipped(shown, start, end),
        notes=_notes(timeline.decisions[first:last], words),
    )


def staircases(
    courses: Sequence[Sequence[int]], start: float, step_seconds: int
) -> list[tuple[tuple[float, float | None], ...]]:
    """Give courses of replicas as points: level within a step, and all at the same times, so that one look tells all.

    Where there are more steps than pixels the lowest and the highest of every column are left.
    """
    end = start + len(courses[0]) * step_seconds
    kept: set[int] = set()
    for course in courses:
        points = [(start + index * step_seconds, float(value)) for index, value in enumerate(course)]
        kept |= {round((at - start) / step_seconds) for at, _ in thinned(points, start, end, _COLUMNS)}
    # A step ends where the next begins: just before every change stands what was until then.
    changes = {index for index in kept if index and any(course[index] != course[index - 1] for course in courses)}
    times = sorted([(float(index * step_seconds), index) for index in kept])
    if len(kept) == len(courses[0]) and step_seconds > _CORNER:
        times = sorted([*times, *((index * step_seconds - _CORNER, index - 1) for index in changes)])
    times.append((float(len(courses[0]) * step_seconds), len(courses[0]) - 1))
    return [tuple((start + at, float(course[index])) for at, index in times) for course in courses]


def _clipped(stretches: Sequence[Stretch], start: float, end: float) -> tuple[Stretch, ...]:
    return tuple((max(start, since), min(end, until)) for since, until in stretches)


def _notes(decisions: Sequence[ScalingDecision], words: Words) -> tuple[tuple[float, str], ...]:
    """Give the changes with what made them; where there are too many, the newest of each stretch."""
    changes = [each for each in decisions if each.changes]
    every = -(-len(changes) // _MOST_NOTES) or 1
    return tuple((each.at.timestamp(), _note(each, words)) for each in changes[::every])


def _note(decision: ScalingDecision, words: Words) -> str:
    rule = rule_word(decision.rule, words)
    change = words("rehearsal.change", current=decision.current, desired=decision.desired, rule=rule)
    others = (
        words("rehearsal.decision.without", rule=rule_word(each.without, words), replicas=each.replicas)
        for each in decision.counterfactuals
    )
    return "; ".join((change, *others))


# --- cost and shortage ---


@dataclass(frozen=True, slots=True)
class Dot:
    """One policy: its place in percent from the left and from above, what it is, and its label, empty without one.

    Of policies at one place one is labelled, with the names of all.
    """

    left: float
    top: float
    name: str
    part: Part
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """Policies by cost and unserved demand: dots, and ticks as percent with their texts.

    `front` is a line through the dots that no other beats, as points of a box of 100 by 100.
    """

    dots: tuple[Dot, ...]
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]
    front: str
    sentence: str


def scatter(found: Rehearsal, words: Words, *, with_curve: bool = True) -> Scatter:
    """Place every row by its regret and, on a logarithmic scale, by its unserved demand."""
    # What is drawn last lies on top: the policy that it is all about.
    curve = ordered_by_cost(found.of(Part.CURVE)) if with_curve else []
    rows = [*curve, found.feasible, found.budget, *found.of(Part.COMPARED), found.policy]
    ends = (curve[0], curve[-1]) if curve else ()
    costs = [found.regret(row) for row in rows]
    shares = [max(row.appraisal.score.unserved, 0.0) for row in rows]
    low, high = min(costs), max(costs)
    air = (high - low) * 0.06 or 0.1
    low, high = low - air, high + air
    shown = [each for each in shares if each > _LEAST_SHOWN]
    bottom = floor(log10(min(shown))) - 1 if shown else -4
    top = log10(max(shown)) + 0.3 if shown else -1
    places = [
        ((cost - low) / (high - low) * 100, _height(each, bottom, top))
        for cost, each in zip(costs, shares, strict=True)
    ]
    dots = tuple(
        Dot(
            round(left, 2),
            round(height, 2),
            policy_name(row.name, words),
            row.part,
            words("rehearsal.dot", name=policy_name(row.name, words), regret=f"{cost:.3f}", unserved=share(each)),
            policy_name(row.name, words) if row.part is not Part.CURVE or row in ends else "",
        )
        for row, cost, each, (left, height) in zip(rows, costs, shares, places, strict=True)
    )
    ticks = [(value, text) for value, text in value_ticks(low, high) if low <= value <= high]
    return Scatter(
        _labelled_once(dots),
        tuple(((value - low) / (high - low) * 100, text) for value, text in ticks),
        (
            *((_height(10.0**power, bottom, top), _percent(power)) for power in range(bottom + 1, floor(top) + 1)),
            (100.0, "0"),
        ),
        _front(dots),
        words("rehearsal.pareto_sentence"),
    )


def _labelled_once(dots: Sequence[Dot]) -> tuple[Dot, ...]:
    """Join the labels of dots that hide one another: the one on top, which is drawn last, has them all."""
    found: list[Dot] = []
    for index, dot in enumerate(dots):
        together = [each for each in dots if each.label and _is_at(each, dot)]
        is_top = bool(dot.label) and not any(each.label and _is_at(each, dot) for each in dots[index + 1 :])
        names = dict.fromkeys(each.label for each in reversed(together))
        found.append(replace(dot, label=", ".join(names) if is_top else ""))
    return tuple(found)


def _is_at(one: Dot, other: Dot) -> bool:
    return abs(one.left - other.left) < _HIDDEN and abs(one.top - other.top) < _HIDDEN


def _height(value: float, bottom: float, top: float) -> float:
    if value <= _LEAST_SHOWN:
        return 100.0
    return (top - max(log10(value), bottom)) / (top - bottom) * 100


def _percent(power: int) -> str:
    return f"{format_number(10.0 ** (power + 2))} %"


def _front(dots: Sequence[Dot]) -> str:
    """Connect the policies (not the oracles, which cannot be had) that no other beats on both counts."""
    real = sorted((each for each in dots if each.part is not Part.ORACLE), key=lambda each: (each.left, -each.top))
    best = -1.0
    points: list[str] = []
    for each in real:
        if each.top > best:
            points.append(f"{each.left:g} {each.top:g}")
            best = each.top
    return f"M{'L'.join(points)}" if points else ""
