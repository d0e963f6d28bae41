"""Summaries of another generator as facts: what a step's requests met in all, and nothing second by second."""

from dataclasses import astuple
from datetime import datetime
from math import isfinite

from outgrow.errors import UsageError
from outgrow.facts.loads import FlowLoad, Latency, LoadFacts, Model, Outcome, StepLoad
from outgrow.loadtest.results.single import UNKNOWN_HEALTH


def step_of(name: str, done: int, failed: int, latency: Latency | None, *, dropped: int = 0) -> StepLoad:
    """Give one step of a summary; what failed is not told apart there and counts as an unexpected answer."""
    counts = {Outcome.DONE: done, Outcome.UNEXPECTED: failed, Outcome.DROPPED: dropped}
    return StepLoad(name, {outcome: count for outcome, count in counts.items() if count}, {}, latency, None, None)


def facts_of_summary(
    generator: str,
    scenario: str,
    target: str,
    started_at: datetime,
    seconds: float,
    whole: StepLoad,
    steps: tuple[StepLoad, ...],
) -> LoadFacts:
    """Give a summary as the facts of a load test without seconds.

    Raises:
        UsageError: a figure is no number, or below 0.
    """
    if not (isfinite(seconds) and seconds >= 0 and all(map(_can_be, (whole, *steps)))):
        raise UsageError(f"the summary of {generator} has a figure that is no number, or below 0; was it damaged?")
    return LoadFacts(
        scenario=scenario,
        target=target,
        started_at=started_at,
        seconds=seconds,
        planned_seconds=seconds,
        interrupted=False,
        whole=whole,
        steps=steps,
        timeline=(),
        connections_highest=0,
        connections_opened=0,
        retried=0,
        health=UNKNOWN_HEALTH,
        iterations=FlowLoad("", whole.outcomes),
        model=Model.OPEN if generator == "vegeta" or whole.outcomes.get(Outcome.DROPPED) else Model.CLOSED,
        generator=generator,
    )


def _can_be(step: StepLoad) -> bool:
    times = () if step.response is None else astuple(step.response)
    waits = () if step.waiting is None else astuple(step.waiting)
    checks = (count for counts in step.checks.values() for count in counts)
    figures = (*times, *waits, *checks, *step.outcomes.values(), step.bytes_sent, step.bytes_received)
    return all(isfinite(each) and each >= 0 for each in figures)
