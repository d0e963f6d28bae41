"""A rate that was held, out of a load test's facts: its seconds without the first ones, in which the target settles."""

from outgrow.facts.buckets import together
from outgrow.facts.knees import KneeLevel
from outgrow.facts.loads import FAILURES, LoadFacts, Model, Outcome


def held_rate(facts: LoadFacts, rate: float, settle_seconds: float, *, is_repeat: bool = False) -> KneeLevel:
    """Sum up what a target did while a rate was held; whether the objective was kept is left open (`broken` is empty).

    Concurrency is by Little's law, L = lambda W: the response times of all answers of the stretch over its length.

    Args:
        facts: a run at one rate.
        rate: arrivals a second that were asked, or users of a closed model.
        settle_seconds: what is left out at the beginning.
        is_repeat: whether the rate was held before.
    """
    begin = min(settle_seconds, facts.planned_seconds / 2)
    edges = [0.0, *(each.at_seconds for each in facts.timeline)]
    # A second belongs to the hold when most of it does: ticks come a little after the whole second.
    within = [
        (start, second)
        for start, second in zip(edges, facts.timeline, strict=False)
        if begin <= (start + second.at_seconds) / 2 < facts.planned_seconds
    ]
    seconds = [second for _, second in within]
    # The last arrival may end long before the next would have been due: the rate was held to the end all the same.
    length = max(seconds[-1].at_seconds, facts.planned_seconds) - within[0][0] if within else 1.0
    steps = [step for second in seconds for step in second.steps.values()]
    answers = together(step.response for step in steps)
    done = sum(step.outcomes.get(Outcome.DONE, 0) for step in steps)
    failed = sum(count for step in steps for outcome, count in step.outcomes.items() if outcome in FAILURES)
    return KneeLevel(
        rate=rate,
        carried=done / length,
        concurrency=answers.total_seconds / length,
        p50_seconds=answers.quantile(0.50),
        p95_seconds=answers.quantile(0.95),
        p99_seconds=answers.quantile(0.99),
        failed_share=failed / (done + failed) if done + failed else 0.0,
        broken=(),
        too_weak=facts.health.too_weak,
        saturated=facts.saturated[0].resource if facts.saturated else "",
        is_repeat=is_repeat,
        by_users=facts.model is Model.CLOSED,
    )
