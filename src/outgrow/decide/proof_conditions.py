"""What a proof asks beside its goals: that the load came, and that it was answered. Fast failures prove nothing.

Each condition gives way to a threshold or goal of one's own on the same thing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from outgrow.decide.gates import Gate
from outgrow.facts.loads import LoadFacts, Outcome, StepLoad
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.plan.load_metrics import METRICS, SHORT_NAMES
from outgrow.quantity import RATIO, counted

LEAST_SHARE: Final = 0.99
"""Of the arrivals that were due, sent; of the requests, answered as expected; of the checks, passed."""
_LEFT_OUT: Final = (Outcome.DROPPED, Outcome.WITHOUT_DATA, Outcome.INTERRUPTED, Outcome.NEVER_STARTED)
"""Of a run that nobody ended early, iterations that its time did not suffice for were never started."""
_DROPPED: Final = frozenset({"dropped_iterations"})
_FAILED: Final = frozenset({"http_req_failed", "availability"})
_CHECKS: Final = frozenset({"checks"})


def conditions(facts: LoadFacts, goals: Sequence[Gate], scale: float = 1.0) -> Iterator[ThresholdResult]:
    """Give each condition that a run did not keep, as a threshold with its reason.

    Args:
        facts: a run with its thresholds judged.
        goals: of the phase; together with the run's thresholds empty for a baseline, which only asks for an answer.
        scale: below 1 a rehearsal, whose few arrivals need not come to every step.
    """
    if not goals and not facts.thresholds:
        if not facts.whole.outcomes.get(Outcome.DONE) and not facts.whole.statuses:
            yield _broken("requests answered > 0", 0.0, ">", 0.0, "nothing was answered")
        return
    own = [gate for gate in goals if gate.judges(facts.scenario)]
    yield from _sent(facts, is_own=_names(facts, own, _DROPPED))
    if not _names(facts, own, _FAILED):
        yield from _answered(facts)
    if not _names(facts, own, _CHECKS, tagged=True):
        yield from _checked(facts)
    if scale >= 1:
        yield from _taken(facts)


def _names(facts: LoadFacts, goals: Sequence[Gate], metrics: frozenset[str], *, tagged: bool = False) -> bool:
    """Say whether a threshold or goal of one's own is on one of these metrics; on a part of it only where `tagged`."""
    if any(gate.of in metrics and (tagged or all(tag == "scenario" for tag, _ in gate.tags)) for gate in goals):
        return True
    for each in facts.thresholds:
        name, brace, _ = each.text.partition(" ")[0].partition("{")
        metric = name if name in METRICS else getattr(SHORT_NAMES.get(name), "metric", "")
        if metric in metrics and (tagged or not brace):
            return True
    return False


def _sent(facts: LoadFacts, *, is_own: bool) -> Iterator[ThresholdResult]:
    """Fail a run that left a part of its load out, or gave up waiting for it: the rest says nothing of the whole.

    A threshold of one's own speaks for dropped arrivals, and for no others.
    """
    outcomes: Mapping[Outcome, int] = (facts.iterations if facts.iterations.outcomes else facts.whole).outcomes
    passed_over = {Outcome.NEVER_STARTED} if facts.interrupted else set[Outcome]()
    due = sum(count for outcome, count in outcomes.items() if outcome not in passed_over)
    own = {Outcome.DROPPED} if is_own else set[Outcome]()
    asked = [each for each in _LEFT_OUT if each not in passed_over | own]
    left_out = {each: outcomes[each] for each in asked if outcomes.get(each)}
    share = 1 - sum(left_out.values()) / due if due else 1.0
    if share < LEAST_SHARE:
        told = ", ".join(f"{count:,} of {counted(due, 'arrival')} {outcome}" for outcome, count in left_out.items())
        why = f"{told}; the load was lighter than the scenario asks"
        yield _broken(f"arrivals sent >= {LEAST_SHARE:.0%}", share, ">=", LEAST_SHARE, why)


def _answered(facts: LoadFacts) -> Iterator[ThresholdResult]:
    failed = facts.whole.failed_share
    text = f"requests answered as expected >= {LEAST_SHARE:.0%}"
    if failed is None:
        yield _broken(text, None, ">=", LEAST_SHARE, "nothing was asked of the target")
    elif 1 - failed < LEAST_SHARE:
        why = f"{facts.whole.failed:,} failed; set a goal on errors to allow more"
        yield _broken(text, 1 - failed, ">=", LEAST_SHARE, why)


def _checked(facts: LoadFacts) -> Iterator[ThresholdResult]:
    counts = [each for step in facts.steps for each in step.checks.values()]
    passed, failed = (sum(each[side] for each in counts) for side in (0, 1))
    if failed and passed / (passed + failed) < LEAST_SHARE:
        why = f"{failed:,} of {passed + failed:,} failed; set a threshold on checks to allow more"
        yield _broken(f"checks passed >= {LEAST_SHARE:.0%}", passed / (passed + failed), ">=", LEAST_SHARE, why)


def _taken(facts: LoadFacts) -> Iterator[ThresholdResult]:
    """Fail a run in which a step of the scenario was never taken: of that step nothing was shown."""
    untold = {step.name for step in facts.steps if facts.generator and _is_of_no_step(step)}
    steps = [step for step in facts.steps if step.name not in untold]
    missing = [step.name for step in steps if not step.failed and not step.outcomes.get(Outcome.DONE)]
    if missing and facts.whole.failed_share is not None:
        text, taken = "steps taken == 100%", 1 - len(missing) / len(steps)
        yield _broken(text, taken, "==", 1.0, f"never asked of the target: {', '.join(missing)}")


def _is_of_no_step(step: StepLoad) -> bool:
    """Say whether a step holds what another generator says of no one step: checks, bytes, what was dropped."""
    is_asked = step.failed or step.outcomes.get(Outcome.DONE)
    return not is_asked and bool(step.outcomes or step.checks or step.bytes_sent or step.bytes_received)


def _broken(text: str, value: float | None, operator: str, limit: float, why: str) -> ThresholdResult:
    verdict = ThresholdVerdict.NO_DATA if value is None else ThresholdVerdict.FAILED
    return ThresholdResult(text, value, operator, limit, RATIO.name, verdict, why=why)
