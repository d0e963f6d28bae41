"""Whether a load test kept its thresholds: followed second by second, judged at the end; silence never passes."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Final

from outgrow.decide.gates import Gate
from outgrow.decide.load_parts import STEP_TAGS, StepTags, is_chosen, part_of
from outgrow.decide.load_windows import Window, share_of
from outgrow.facts.buckets import rank_of
from outgrow.facts.loads import LoadFacts, LoadSecond, Model, Outcome, Resource, StepLoad
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.plan.load_metrics import SYSTEM_TAGS
from outgrow.quantity import counted

_PEAK_SECONDS: Final = 10.0
"""A rate counts as reached when it was held for so long, or for a third of a run shorter than three times it."""
_WORST_FIRST: Final = (ThresholdVerdict.FAILED, ThresholdVerdict.NO_DATA, ThresholdVerdict.PASSED)
_FIGURES: Final[Mapping[str, str]] = {
    "avg": "mean_seconds",
    "min": "least_seconds",
    "max": "greatest_seconds",
    "med": "p50_seconds",
    "p0": "least_seconds",
    "p50": "p50_seconds",
    "p90": "p90_seconds",
    "p95": "p95_seconds",
    "p99": "p99_seconds",
    "p100": "greatest_seconds",
}
"""The figures of a summary."""
_USERS: Final = "concurrent_users"
_HALF_A_SECOND: Final = 0.5
"""Seconds are never quite a second long, so windows of them are not quite as long as they are asked for."""
_FEWEST_READINGS: Final = 3
"""Of a signal; one reading of a resource says nothing of a run."""
_BLIND_SHARE: Final = 0.1
_BLIND_READINGS: Final = 3
"""A signal that was not read for a tenth of the run, and for three readings, may have been anywhere meanwhile."""


class Following:
    """One threshold on a metric of the run, followed second by second."""

    def __init__(self, gate: Gate, planned_seconds: float, steps: StepTags) -> None:
        """Begin before the first second of a run of `steps` that is to take `planned_seconds`."""
        self._gate = gate
        self._steps = steps
        self._is_peak = gate.method == "peak"
        self._rises = gate.operator in {">", ">="}
        self._is_to_be_reached = self._is_peak and self._rises
        self._over = gate.over_seconds
        if self._is_peak and self._over is None:
            self._over = min(_PEAK_SECONDS, max(1.0, planned_seconds / 3))
        self._window = Window(gate, self._over)
        self._at = 0.0
        self._in_flight = False
        self._worst: float | None = None
        self._holds: bool | None = None
        self._first_failed: float | None = None
        self._silent: tuple[float, float] | None = None
        self._coarsest = 1

    def told(self, second: LoadSecond) -> bool:
        """Take the next second; say whether the threshold is broken now."""
        self._window.add(part_of(self._gate, self._at, second, self._steps, was_in_flight=self._in_flight))
        self._at, self._in_flight = second.at_seconds, second.in_flight > 0
        if not self._window.is_complete:
            return False
        value = self._window.value()
        if value is None:
            if self._over is not None and self._silent is None and self._window.is_asked:
                self._silent = self._window.start, self._at
            return False
        holds = self._is_held(value)
        if self._says_nothing(holds=holds):
            return False
        self._remember(value, holds=holds)
        return not holds

    def _says_nothing(self, *, holds: bool) -> bool:
        """Say whether the window is one of a long run's joined seconds that settles nothing.

        There are windows between it and the next that nobody can look at any more, so that it holds says nothing; that
        it is broken says something where it is as long as it ought to be. A rate is to be reached but once.
        """
        joined = self._window.seconds_joined
        if self._over is None or joined == 1:
            return False
        self._coarsest = max(self._coarsest, joined)
        is_whole = abs(self._window.length_seconds - self._over) < _HALF_A_SECOND
        return not is_whole or holds is not self._is_to_be_reached

    def _is_held(self, value: float) -> bool:
        if self._gate.holds(value):
            return True
        if not self._is_to_be_reached:
            return False
        # The edges of a window cut one request off: 50 a second are 499 in some ten seconds.
        return self._gate.holds((self._window.count + 1) / self._window.length_seconds)

    def _remember(self, value: float, *, holds: bool) -> None:
        if not holds and self._first_failed is None:
            self._first_failed = self._at
        if self._over is None:
            self._worst, self._holds = value, holds
        elif self._is_peak:
            if self._worst is None or value > self._worst:
                self._worst = value
            # A rate to be reached is reached in one window; one to be kept is judged by the highest.
            self._holds = bool(self._holds) or holds if self._rises else self._gate.holds(self._worst)
        else:
            if self._worst is None or (self._holds and not holds) or self._is_worse(value, self._worst):
                self._worst = value
            self._holds = (self._holds is None or self._holds) and holds

    def _is_worse(self, value: float, than: float) -> bool:
        if self._gate.operator in {"<", "<="}:
            return value > than
        return value < than if self._gate.operator in {">", ">="} else False

    def result(self, *, aborted: bool = False) -> ThresholdResult:
        """Give the verdict over all seconds so far; one that ended the run has failed, whatever came after."""
        verdict, why = ThresholdVerdict.PASSED, ""
        if aborted or (self._holds is False and not (self._is_to_be_reached and self._coarsest > 1)):
            verdict = ThresholdVerdict.FAILED
        elif self._holds is None and self._coarsest == 1:
            verdict, why = ThresholdVerdict.NO_DATA, self._why_nothing()
        elif self._coarsest > 1 and not (self._is_to_be_reached and self._holds):
            verdict, why = ThresholdVerdict.NO_DATA, self._why_coarse()
        elif self._silent is not None and not self._is_peak:
            verdict = ThresholdVerdict.NO_DATA
            why = f"nothing was measured from {self._silent[0]:.0f} s to {self._silent[1]:.0f} s"
        failed = self._first_failed if verdict is ThresholdVerdict.FAILED and not self._is_peak else None
        return _result(self._gate, self._worst, verdict, over=self._over, failed=failed, aborted=aborted, why=why)

    def _why_coarse(self) -> str:
        return (
            f"the run is kept in intervals of up to {self._coarsest} s, too coarse for a window of {self._over:g} s; "
            "it is judged while the run goes on"
        )

    def _why_nothing(self) -> str:
        if self._over is not None and not self._window.is_complete:
            return f"the run took {self._at:.3g} s, its window is {self._over:g} s"
        return "nothing was measured"


class Watch:
    """The thresholds on what a run tells, followed while it goes on, and which of them ended it."""

    def __init__(self, gates: Sequence[Gate], steps: StepTags, planned_seconds: float = 0.0) -> None:
        """Begin before the first second of a run of these steps that is to take `planned_seconds`."""
        self._followed = {
            gate: Following(gate, planned_seconds, steps) for gate in gates if not gate.is_signal and gate.of != _USERS
        }
        self.ended_by = ""

    def told(self, second: LoadSecond) -> bool:
        """Take the next second; say whether the run must end now.

        As in k6, a broken threshold ends the run only when more than its delay has passed.
        """
        for gate, following in self._followed.items():
            is_broken = following.told(second)
            is_ending = gate.abort_on_fail and second.at_seconds > gate.delay_seconds
            if is_broken and is_ending and not self.ended_by:
                self.ended_by = gate.text
        return bool(self.ended_by)

    def of(self, gate: Gate) -> Following | None:
        """Give what became of a threshold; none where it is not on what a run tells second by second."""
        return self._followed.get(gate)


def judged(
    gates: Sequence[Gate], facts: LoadFacts, users: int, watch: Watch | None = None
) -> tuple[ThresholdResult, ...]:
    """Hold a run against its thresholds, in their order.

    Args:
        gates: from `gates_of`.
        facts: the run.
        users: how many sessions the scenario has, of a closed model users.
        watch: what followed them while the run went on; without it they follow the run as it was kept, and of a long
            one windows may be too short for that.
    """
    return tuple(_judged(gate, facts, users, watch) for gate in gates)


def _judged(gate: Gate, facts: LoadFacts, users: int, watch: Watch | None) -> ThresholdResult:
    if not gate.judges(facts.scenario):
        return _result(gate, None, ThresholdVerdict.NO_DATA, why=f"it is set on another scenario than {facts.scenario}")
    if gate.is_signal:
        return _of_signal(gate, facts)
    if gate.of == _USERS:
        return _of_users(gate, facts, users)
    if facts.generator and not facts.timeline:
        return _of_summary(gate, facts)
    if _names_steps(gate) and facts.steps and not _chosen(gate, facts):
        # A counter would count none, as if there had been something to count.
        return _result(gate, None, ThresholdVerdict.NO_DATA, why=f"no step of {facts.scenario} has these tags")
    following = None if watch is None else watch.of(gate)
    if following is None:
        following = Following(gate, facts.planned_seconds, {step.name: step.tags for step in facts.steps})
        for second in facts.timeline:
            following.told(second)
    if (missed := _missed(gate, facts)) is not None:
        following = deepcopy(following)  # a goal may be the same as a threshold, and be followed once
        following.told(missed)
    return following.result(aborted=gate.abort_on_fail and facts.ended_by == gate.text)


def _missed(gate: Gate, facts: LoadFacts) -> LoadSecond | None:
    """Give the iterations that a run's time did not suffice for, dropped at its end as in k6; none of other gates."""
    outcomes = (facts.iterations if facts.iterations.outcomes else facts.whole).outcomes
    missed = outcomes.get(Outcome.NEVER_STARTED, 0)
    if gate.of != "dropped_iterations" or facts.interrupted or not (missed and facts.timeline):
        return None
    last = facts.timeline[-1]
    return LoadSecond(last.at_seconds, 0, 0, 0, 0, missed, 0, 0, last.cpu_share, None, None, None)


def _of_summary(gate: Gate, facts: LoadFacts) -> ThresholdResult:
    """Judge what another generator's summary says; what it does not say is no data."""
    value = None if gate.over_seconds is not None else _summed_up(gate, facts)
    if value is None:
        why = f"the summary of {facts.generator} does not say it; read its single requests instead"
        return _result(gate, None, ThresholdVerdict.NO_DATA, over=gate.over_seconds, why=why)
    return _result(gate, value, ThresholdVerdict.PASSED if gate.holds(value) else ThresholdVerdict.FAILED)


def _summed_up(gate: Gate, facts: LoadFacts) -> float | None:
    steps = _chosen(gate, facts)
    chosen = facts.whole if not _names_steps(gate) else steps[0] if len(steps) == 1 else None
    if chosen is None or any(tag in {"status", "check"} for tag, _ in gate.tags):
        return None
    expected = dict(gate.tags).get("expected_response")
    if expected is not None and gate.of != "http_reqs" and (chosen.failed or expected == "false"):
        return None  # a summary does not tell the times of what failed apart
    return _figure_of(chosen, gate, facts)


def _figure_of(chosen: StepLoad, gate: Gate, facts: LoadFacts) -> float | None:
    done, checks = chosen.outcomes.get(Outcome.DONE, 0), chosen.checks.values()
    expected = dict(gate.tags).get("expected_response", "")
    match gate.of, gate.method:
        case "http_req_duration" | "service_time" | "http_req_blocked" as metric, method:
            times = {"http_req_duration": chosen.response, "service_time": chosen.service}.get(metric, chosen.waiting)
            name = _FIGURES.get(f"p{gate.percent:g}" if method == "p" and gate.percent is not None else method)
            return None if times is None or name is None else float(getattr(times, name))
        case "http_req_failed", _:
            return chosen.failed_share
        case "availability", _:
            return None if chosen.failed_share is None else 1 - chosen.failed_share
        case "http_reqs", method:
            count = float({"true": done, "false": chosen.failed}.get(expected, done + chosen.failed))
            return count if method == "count" else count / facts.seconds if facts.seconds else None
        case "checks", _ if checks:
            passed = sum(each[0] for each in checks)
            return passed / max(1, passed + sum(each[1] for each in checks))
        case "dropped_iterations", "count":
            return float(facts.whole.outcomes.get(Outcome.DROPPED, 0))
        case _:
            return None


def _chosen(gate: Gate, facts: LoadFacts) -> list[StepLoad]:
    return [step for step in facts.steps if is_chosen(step.name, step.tags, gate.tags)]


def _names_steps(gate: Gate) -> bool:
    return any(tag in STEP_TAGS or tag not in SYSTEM_TAGS for tag, _ in gate.tags)


def _of_users(gate: Gate, facts: LoadFacts, users: int) -> ThresholdResult:
    """Judge how many sessions took part: arrivals rotate over them, so as many as there are of the fewer.

    Of a closed model they are its users, as many as it had at once; another generator's too, if it says so.
    """
    if facts.generator:
        users = max((second.vus for second in facts.timeline), default=0)
        if not users:
            return _result(
                gate, None, ThresholdVerdict.NO_DATA, why=f"{facts.generator} does not say how many users it had"
            )
    elif facts.model is Model.CLOSED:
        # More may have been counted as under way: a user's next arrival begins before the last is counted as ended.
        users = min(users, max((max(second.vus, second.in_flight_highest) for second in facts.timeline), default=0))
    value = float(min(users, sum(second.started for second in facts.timeline)))
    verdict = ThresholdVerdict.PASSED if gate.holds(value) else ThresholdVerdict.FAILED
    return _result(gate, value if facts.timeline else None, verdict if facts.timeline else ThresholdVerdict.NO_DATA)


def _of_signal(gate: Gate, facts: LoadFacts) -> ThresholdResult:
    """Judge the readings of a signal; where it has several series, the one that is worst off."""
    found = [_of_resource(gate, each, facts.seconds) for each in facts.resources.values() if each.signal == gate.of]
    if not found:
        return _result(gate, None, ThresholdVerdict.NO_DATA, why=f"{gate.of} was not watched")
    return min(found, key=lambda each: standing_of(gate, each))


def standing_of(gate: Gate, result: ThresholdResult) -> tuple[int, float]:
    """Give what results of one gate are ordered by, the worst first."""
    value = result.value or 0.0
    return _WORST_FIRST.index(result.verdict), -value if gate.operator in {"<", "<="} else value


def _of_resource(gate: Gate, resource: Resource, run_seconds: float) -> ThresholdResult:
    values = [point.value for point in resource.points if point.value is not None]
    if len(values) < _FEWEST_READINGS:
        why = resource.failure or f"{counted(len(values), 'reading')}, at least {_FEWEST_READINGS} are needed"
        return _result(gate, None, ThresholdVerdict.NO_DATA, why=why)
    blind = _longest_gap([point.at_seconds for point in resource.points if point.value is not None], run_seconds)
    if blind is not None:
        why = f"nothing was read from {blind[0]:.0f} s to {blind[1]:.0f} s"
        return _result(gate, None, ThresholdVerdict.NO_DATA, why=why)
    value = _statistic(gate, values)
    verdict = ThresholdVerdict.PASSED if gate.holds(value) else ThresholdVerdict.FAILED
    broken = (point.at_seconds for point in resource.points if point.value is not None and not gate.holds(point.value))
    return _result(gate, value, verdict, failed=next(broken, None) if verdict is ThresholdVerdict.FAILED else None)


def _longest_gap(read: Sequence[float], run_seconds: float) -> tuple[float, float] | None:
    """Give the longest stretch of a run without a reading; none where it is short beside the run, or a usual one."""
    between = list(pairwise(read))
    usual = sorted(end - start for start, end in between)[len(between) // 2]
    start, end = max([(0.0, read[0]), *between, (read[-1], run_seconds)], key=lambda each: each[1] - each[0])
    return (start, end) if end - start > max(_BLIND_SHARE * run_seconds, _BLIND_READINGS * usual) else None


def _statistic(gate: Gate, values: Sequence[float]) -> float:
    ordered = sorted(values)
    match gate.method:
        case "avg":
            return sum(values) / len(values)
        case "min":
            return ordered[0]
        case "max":
            return ordered[-1]
        case "value":
            return values[-1]
        case _:
            share = 0.5 if gate.method == "med" or gate.percent is None else share_of(gate.percent)
            return ordered[rank_of(share, len(values)) - 1]


def _result(
    gate: Gate,
    value: float | None,
    verdict: ThresholdVerdict,
    *,
    over: float | None = None,
    failed: float | None = None,
    aborted: bool = False,
    why: str = "",
) -> ThresholdResult:
    return ThresholdResult(
        text=gate.text,
        value=value,
        operator=gate.operator,
        limit=gate.limit,
        unit=gate.unit,
        verdict=verdict,
        window_seconds=over,
        first_failed_seconds=failed,
        aborted=aborted,
        why=why,
    )
