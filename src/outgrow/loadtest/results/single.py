"""Single answers of another generator, counted as our own are: by step, and second by second."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from outgrow.errors import UsageError
from outgrow.facts.loads import FlowLoad, GeneratorHealth, LoadFacts, LoadSecond, Model, Outcome
from outgrow.loadtest.record import NO_STATUS, SecondTally, StepTally, step_load

UNKNOWN_HEALTH = GeneratorHealth(0.0, 0.0, 0, None, ())
"""No generator but ours says how well it kept its own schedule."""
_MOST_NAMES: Final = 200
_OTHERS: Final = "other requests"
_LONGEST_SECONDS: Final = 7 * 86_400
"""A run is kept second by second."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One request as another generator saw it: when it was sent (seconds since 1970), and what came of it."""

    step: str
    sent: float
    seconds: float
    outcome: Outcome
    status: int
    url: str = ""


def facts_of(
    answers: Iterable[Answer],
    scenario: str,
    generator: str,
    *,
    dropped: int = 0,
    checks: Mapping[str, tuple[int, int]] | None = None,
) -> LoadFacts | None:
    """Count answers; none where there are none.

    Args:
        answers: in any order.
        scenario: the name of the run.
        generator: the tool that sent the load.
        dropped: arrivals that were never started for want of users.
        checks: how often each passed and failed, over all answers.

    Raises:
        UsageError: a time is none, or the requests lie too far apart to be of one run.
    """
    ordered = sorted(_with_few_names(list(answers)), key=lambda each: each.sent)
    if not ordered:
        return None
    _refuse_odd_times(ordered, generator)
    names = tuple(dict.fromkeys(each.step for each in ordered))
    tallies = {name: StepTally() for name in names}
    whole = StepTally()
    for each in ordered:
        _count(tallies[each.step], each)
        _count(whole, each)
    whole.outcomes[Outcome.DROPPED] += dropped
    for title, (passed, failed) in (checks or {}).items():
        whole.checks[title] = [failed, passed]
    began = ordered[0].sent
    seconds = max(each.sent + each.seconds for each in ordered) - began
    return LoadFacts(
        scenario=scenario,
        target=ordered[0].url,
        started_at=datetime.fromtimestamp(began, UTC),
        seconds=seconds,
        planned_seconds=seconds,
        interrupted=False,
        whole=step_load(scenario, whole.counts()),
        steps=tuple(step_load(name, tally.counts()) for name, tally in tallies.items()),
        timeline=_timeline(ordered, names, began),
        connections_highest=0,
        connections_opened=0,
        retried=0,
        health=UNKNOWN_HEALTH,
        iterations=FlowLoad("", step_load(scenario, whole.counts()).outcomes),
        model=Model.OPEN if generator == "vegeta" else Model.CLOSED,
        generator=generator,
    )


def _with_few_names(answers: list[Answer]) -> list[Answer]:
    """Count the rarer names together: k6 names a request by its URL unless told otherwise, and there may be many."""
    known = Counter(each.step for each in answers)
    if len(known) <= _MOST_NAMES:
        return answers
    kept = {name for name, _ in known.most_common(_MOST_NAMES)}
    return [each if each.step in kept else replace(each, step=_OTHERS) for each in answers]


def _refuse_odd_times(ordered: Sequence[Answer], generator: str) -> None:
    if not all(isfinite(each.sent) and 0 <= each.seconds <= _LONGEST_SECONDS for each in ordered):
        raise UsageError(f"the result of {generator} has a request whose time is no number of seconds, or below 0")
    length = max(each.sent + each.seconds for each in ordered) - ordered[0].sent
    if length > _LONGEST_SECONDS:
        raise UsageError(
            f"the requests of {generator} lie {length / 86_400:,.0f} days apart; give the result of one run alone"
        )


def _count(tally: StepTally, answer: Answer) -> None:
    tally.outcomes[answer.outcome] += 1
    if answer.status:
        tally.statuses[answer.status] += 1
    if answer.status or answer.outcome is Outcome.TIMED_OUT:
        tally.response.record(answer.seconds)


def _timeline(answers: list[Answer], names: tuple[str, ...], began: float) -> tuple[LoadSecond, ...]:
    """Give every second from the start: what was sent within it, and what ended within it."""
    length = int(max(each.sent + each.seconds for each in answers) - began) + 1
    seconds = [SecondTally(len(names)) for _ in range(length)]
    in_flight = [0] * (length + 1)
    index = {name: place for place, name in enumerate(names)}
    for each in answers:
        start, end = int(each.sent - began), int(each.sent + each.seconds - began)
        seconds[start].due += 1
        seconds[start].started += 1
        in_flight[start] += 1
        in_flight[end] -= 1
        step = seconds[end].steps[index[each.step]]
        step.outcomes[each.outcome] += 1
        if each.status or each.outcome is Outcome.TIMED_OUT:
            step.answer(each.status or NO_STATUS, each.outcome, each.seconds)
    told: list[LoadSecond] = []
    under_way = 0
    for place, second in enumerate(seconds):
        under_way += in_flight[place]
        told.append(second.facts(names, place + 1.0, in_flight=under_way, connections=0, cpu_share=0.0))
    return tuple(told)
