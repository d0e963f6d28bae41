"""Summaries of another generator as facts: what a step's requests met in all, and nothing second by second."""

from datetime import datetime

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
    """Give a summary as the facts of a load test without seconds."""
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
        model=Model.OPEN if generator == "vegeta" else Model.CLOSED,
        generator=generator,
    )
