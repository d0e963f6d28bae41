"""Whether load tests may be compared at all: the same load, from the same machine, at the same target."""

from collections.abc import Iterator, Sequence

from outgrow.facts.loads import LoadFacts, Outcome


def names_of(run: LoadFacts) -> set[str]:
    """Name the steps of a run."""
    return {step.name for step in run.steps}


def doubts(a: Sequence[LoadFacts], b: Sequence[LoadFacts], skip: float) -> Iterator[str]:
    """Say why runs may not be comparable: what differs between them beside the target's own state.

    Args:
        a: the runs of one side.
        b: the runs of the other.
        skip: how many seconds of each run's beginning do not count.
    """
    runs = [*a, *b]
    for what, of in (("scenarios", "scenario"), ("targets", "target"), ("machines", "machine"), ("models", "model")):
        found = list(dict.fromkeys(str(getattr(run, of, "")) for run in runs))
        if len(found) > 1:
            yield f"the {what} differ: {', '.join(each or 'unknown' for each in found)}"
    steps = {frozenset(names_of(run)) for run in runs}
    if len(steps) > 1:
        every = {name for names in steps for name in names}
        left = sorted(name for name in every if not all(name in names for names in steps))
        yield f"the steps differ: {', '.join(left)} are not in all runs"
    rates = [sum(second.due for second in run.timeline) / max(run.course_seconds, 1e-9) for run in runs]
    if max(rates) > 1.02 * min(rates):
        yield f"the rates differ: from {min(rates):,.1f} to {max(rates):,.1f} arrivals a second were due"
    lengths = [run.course_seconds for run in runs]
    if max(lengths) > 1.1 * min(lengths):
        yield f"the lengths differ: from {min(lengths):,.0f} to {max(lengths):,.0f} s"
    for side, chosen in (("A", a), ("B", b)):
        for number, run in enumerate(chosen, 1):
            named = f"{side}" if len(chosen) == 1 else f"{side}, run {number}"
            yield from _own_doubts(named, run, skip)


def _own_doubts(named: str, run: LoadFacts, skip: float) -> Iterator[str]:
    if run.health.too_weak:
        yield f"{named}: the generator was too weak, its times say nothing of the target"
    if run.interrupted:
        yield f"{named}: the run was ended early"
    kept = sum(1 for second in run.timeline if second.at_seconds > skip)
    if not kept:
        yield f"{named}: nothing is left after {skip:g} s"
    arrivals = run.whole.arrivals
    dropped = run.whole.outcomes.get(Outcome.DROPPED, 0)
    if arrivals and dropped > 0.01 * arrivals:
        yield f"{named}: {dropped / arrivals:.1%} of the requests were dropped, so less was asked than planned"
