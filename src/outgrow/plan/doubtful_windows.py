"""Doubts about thresholds and goals whose window is longer than the run that they judge: it never fills."""

from collections.abc import Iterator, Mapping, Sequence

from outgrow.plan import Plan
from outgrow.plan.asked_load import longest_course
from outgrow.plan.doubt import Doubt
from outgrow.plan.load_thresholds import LoadThreshold
from outgrow.plan.roadmap import Verify
from outgrow.quantity import Duration

_REMEDY = "shorten the window, or let the scenario run longer"


def window_doubts(plan: Plan) -> Iterator[Doubt]:
    """Give a doubt for every window that never fills, which is no data, and so never kept."""
    for name, scenario in plan.scenarios.items():
        length = longest_course(scenario)
        for key, over in _windows(scenario.thresholds):
            if length is not None and over > length:
                what = f"never has data: its window of {over} is longer than the run, which takes {length}"
                yield Doubt(("scenarios", name, "thresholds", key), what, _REMEDY)
    for index, phase in enumerate(plan.roadmap.phases if plan.roadmap is not None else ()):
        if phase.verify is not None:
            for key, what in _of_goals(plan, phase.verify):
                yield Doubt(("roadmap", "phases", index, "verify", "goals", key), what, _REMEDY)


def _of_goals(plan: Plan, verify: Verify) -> Iterator[tuple[str, str]]:
    """Give each goal that can never be proven: one to be reached in no scenario, one to be kept in one of them."""
    for key, several in verify.goals.items():
        for each in several:
            if each.over is None:
                continue
            of = [value for tag, value in each.reading.tags if tag == "scenario"]
            judged = [name for name in verify.scenarios if not of or name in of]
            shorter = {name: length for name in judged if _is_shorter(length := _length(plan, name), each.over)}
            if shorter and (each.reading.method != "peak" or len(shorter) == len(judged)):
                runs = ", ".join(f"{name}, which takes {length}" for name, length in shorter.items())
                yield key, f"can never be proven: its window of {each.over} is longer than the run of {runs}"


def _length(plan: Plan, name: str) -> Duration | None:
    return longest_course(plan.scenarios[name])


def _is_shorter(length: Duration | None, window: Duration) -> bool:
    return length is not None and length < window


def _windows(thresholds: Mapping[str, Sequence[LoadThreshold]]) -> Iterator[tuple[str, Duration]]:
    return ((key, each.over) for key, several in thresholds.items() for each in several if each.over is not None)
