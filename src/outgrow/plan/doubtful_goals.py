"""Doubts about the goals of phases: what no scenario of theirs asks for cannot be proven."""

from collections.abc import Iterator, Sequence

from outgrow.plan import Plan
from outgrow.plan.asked_load import highest_rate, most_users
from outgrow.plan.doubt import Doubt
from outgrow.plan.load_thresholds import Reading
from outgrow.plan.roadmap import Verify
from outgrow.quantity import Quantity


def goal_doubts(plan: Plan) -> Iterator[Doubt]:
    """Give a doubt for every phase that asks nothing, and for every goal above all that its scenarios ask for."""
    for index, phase in enumerate(plan.roadmap.phases if plan.roadmap is not None else ()):
        if phase.verify is None:
            continue
        if not phase.verify.goals and not any(plan.scenarios[name].thresholds for name in phase.verify.scenarios):
            what = "asks nothing: no goals, and its scenarios have no thresholds; so it can never be proven"
            yield Doubt(("roadmap", "phases", index, "verify"), what, "add goals: {p95: 2 s, errors: 1 %}")
        for key, several in phase.verify.goals.items():
            for each in several:
                asked = _asked(plan, phase.verify, each.reading)
                figure = _figure(plan, each.reading)
                if asked is not None and figure is not None and figure > asked:
                    what = f"can never be proven: its scenarios ask for {asked:,g} at most, the goal is {figure:,g}"
                    path = ("roadmap", "phases", index, "verify", "goals", key)
                    yield Doubt(path, what, "let a scenario ask for more, or lower the goal")


def _asked(plan: Plan, verify: Verify, reading: Reading) -> float | None:
    scenarios = [plan.scenarios[name] for name in verify.scenarios]
    if reading.of == "concurrent_users":
        return max(most_users(each) for each in scenarios)
    if reading.method != "peak":
        return None
    rates: Sequence[float | None] = [highest_rate(each) for each in scenarios]
    return None if any(rate is None for rate in rates) else max(rate for rate in rates if rate is not None)


def _figure(plan: Plan, reading: Reading) -> float | None:
    if isinstance(reading.limit, Quantity):
        return reading.limit.value
    if reading.of == "concurrent_users":
        return plan.targets.concurrent_users
    return getattr(plan.targets.rps, reading.limit, None) if reading.method == "peak" else None
