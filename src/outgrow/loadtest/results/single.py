"""Single answers of another generator, counted as our own are: by step, and second by second."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from math import isfinite
from typing import Final

from outgrow.errors import UsageError
from outgrow.facts.buckets import together
from outgrow.facts.loads import (
    FAILURES,
    FlowLoad,
    FlowSecond,
    GeneratorHealth,
    LoadFacts,
    LoadSecond,
    Model,
    Outcome,
    StepSecond,
)
from outgrow.loadtest.record import NO_STATUS, FlowTally, StepSecondTally, StepTally, flow_load, step_load
from outgrow.loadtest.results.steps import Named, Step, steps_of

UNKNOWN_HEALTH = GeneratorHealth(0.0, 0.0, 0, None, ())
"""No generator but ours says how well it kept its own schedule."""
NO_STEP: Final = "not told by step"
"""Holds what a generator says of a run and of none of its requests: what was dropped, checks, bytes."""
_LONGEST_SECONDS: Final = 7 * 86_400
"""A run is kept second by second."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One request as another generator saw it: when it was sent (seconds since 1970), and what came of it.

    `waiting` is how long it waited for a connection, where the generator says so.
    """

    step: Step
    sent: float
    seconds: float
    outcome: Outcome
    status: int
    url: str = ""
    waiting: float | None = None
    bytes_sent: int = 0
    bytes_received: int = 0


@dataclass(frozen=True, slots=True)
class Beside:
    """What else a generator says, each with its moment in seconds since 1970.

    `dropped` are arrivals that were never started for want of users; `checks` have a title, whether they passed, and
    the step, if one was named; `iterations` the scenario and the seconds that they took; `users` how many there were;
    `sent` and `received` bytes.
    """

    dropped: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    checks: list[tuple[float, str, bool, Step]] = field(default_factory=list[tuple[float, str, bool, Step]])
    iterations: list[tuple[float, str, float]] = field(default_factory=list[tuple[float, str, float]])
    users: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    sent: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    received: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])


class _Second:
    """What happened within one second; only steps and flows in which something did."""

    __slots__ = ("flows", "steps", "under_way", "users", "went")

    def __init__(self) -> None:
        self.steps: defaultdict[str, StepSecondTally] = defaultdict(StepSecondTally)
        self.flows: defaultdict[str, FlowTally] = defaultdict(FlowTally)
        self.went = self.under_way = 0
        self.users: int | None = None


def facts_of(
    answers: Iterable[Answer],
    scenario: str,
    generator: str,
    beside: Beside | None = None,
    *,
    times_are_service: bool = False,
    notes: tuple[str, ...] = (),
) -> LoadFacts | None:
    """Count answers; none where there are none.

    Args:
        answers: in any order.
        scenario: the name of the run.
        generator: the tool that sent the load.
        beside: what it says beside its requests.
        times_are_service: whether its times count from when a request was sent over an open connection.
        notes: what is to be known of the figures.

    Raises:
        UsageError: a time is none, or the requests lie too far apart to be of one run.
    """
    ordered, told = sorted(answers, key=lambda each: each.sent), beside or Beside()
    if not ordered:
        return None
    _refuse_odd_times(ordered, told, generator)
    named = steps_of(chain((each.step for each in ordered), (step for *_, step in told.checks)))
    began = ordered[0].sent
    length = max(each.sent + each.seconds for each in ordered) - began
    seconds = [_Second() for _ in range(int(length) + 1)]
    for each in ordered:
        _count(seconds, began, each, named.names[each.step], times_are_service=times_are_service)
    _count_beside(seconds, began, told, named)
    whole, flows = StepTally(), defaultdict[str, FlowTally](FlowTally)
    steps = {name: StepTally() for name in named.tags}
    for second in seconds:
        for name, step in second.steps.items():
            steps.setdefault(name, StepTally()).take(step)
            whole.take(step)
        for name, flow in second.flows.items():
            flows[name].take(flow)
    found = step_load(scenario, whole.counts())
    iterations, dropped = FlowTally(), found.outcomes.get(Outcome.DROPPED, 0)
    for flow in flows.values():
        iterations.take(flow)
    iterations.outcomes[Outcome.DROPPED] += dropped
    return LoadFacts(
        scenario=scenario,
        target=_host(ordered),
        started_at=datetime.fromtimestamp(began, UTC),
        seconds=length,
        planned_seconds=length,
        interrupted=False,
        whole=found,
        steps=tuple(step_load(name, tally.counts(), named.tags.get(name)) for name, tally in steps.items()),
        timeline=_timeline(seconds),
        connections_highest=0,
        connections_opened=0,
        retried=0,
        health=UNKNOWN_HEALTH,
        iterations=flow_load("", iterations.counts()) if flows else FlowLoad("", found.outcomes),
        flows=tuple(flow_load(name, tally.counts()) for name, tally in flows.items()),
        # Only users who do not wait for answers leave arrivals out and say how many.
        model=Model.OPEN if generator == "vegeta" or dropped else Model.CLOSED,
        notes=notes,
        generator=generator,
    )


def _host(answers: Iterable[Answer]) -> str:
    """Give where the first request went whose URL is told: k6 tells the name instead, where a request has one."""
    urls = (each.url.partition("://") for each in answers)
    return next((f"{scheme}://{rest.partition('/')[0]}" for scheme, _, rest in urls if rest), "")


def _refuse_odd_times(ordered: Sequence[Answer], told: Beside, generator: str) -> None:
    lengths = chain(
        (each.seconds for each in ordered),
        (each.waiting or 0.0 for each in ordered),
        (took for *_, took in told.iterations),
    )
    counts = (count for _, count in (*told.dropped, *told.users, *told.sent, *told.received))
    moments = chain((each.sent for each in ordered), (each[0] for each in (*told.dropped, *told.checks)))
    if not (
        all(isfinite(each) for each in moments)
        and all(0 <= each <= _LONGEST_SECONDS for each in lengths)
        and all(count >= 0 for count in counts)
    ):
        raise UsageError(f"the result of {generator} has a request whose time is no number of seconds, or below 0")
    length = max(each.sent + each.seconds for each in ordered) - ordered[0].sent
    if length > _LONGEST_SECONDS:
        raise UsageError(
            f"the requests of {generator} lie {length / 86_400:,.0f} days apart; give the result of one run alone"
        )


def _count(seconds: Sequence[_Second], began: float, answer: Answer, name: str, *, times_are_service: bool) -> None:
    start, end = int(answer.sent - began), int(answer.sent + answer.seconds - began)
    seconds[start].went += 1
    seconds[start].under_way += 1
    seconds[end].under_way -= 1
    step = seconds[end].steps[name]
    step.outcomes[answer.outcome] += 1
    if answer.status or answer.outcome is Outcome.TIMED_OUT:
        step.answer(answer.status or NO_STATUS, answer.outcome, answer.seconds)
    if answer.status and times_are_service:
        step.service.record(answer.seconds)
    if answer.status and answer.waiting is not None:
        step.waiting.record(answer.waiting)
    step.sent += answer.bytes_sent
    step.received += answer.bytes_received


def _count_beside(seconds: Sequence[_Second], began: float, told: Beside, named: Named) -> None:
    last = len(seconds) - 1

    def second_of(at: float) -> _Second:
        return seconds[min(max(int(at - began), 0), last)]

    for at, count in told.dropped:
        second_of(at).steps[NO_STEP].outcomes[Outcome.DROPPED] += count
    for at, title, passed, step in told.checks:
        second_of(at).steps[named.names[step]].check(title, passed=passed)
    for at, scenario, took in told.iterations:
        flow = second_of(at).flows[scenario]
        flow.outcomes[Outcome.DONE] += 1
        flow.duration.record(took)
    for at, count in told.users:
        second_of(at).users = count
    for at, count in told.sent:
        second_of(at).steps[NO_STEP].sent += count
    for at, count in told.received:
        second_of(at).steps[NO_STEP].received += count


def _timeline(seconds: Sequence[_Second]) -> tuple[LoadSecond, ...]:
    """Give every second from the start: what was sent within it, and what ended within it."""
    told: list[LoadSecond] = []
    under_way = users = 0
    for place, second in enumerate(seconds):
        under_way += second.under_way
        users = users if second.users is None else second.users  # said about once a second, perhaps in none
        told.append(_second(second, place + 1.0, under_way, users))
    return tuple(told)


def _second(second: _Second, at_seconds: float, in_flight: int, users: int) -> LoadSecond:
    steps = {name: step.facts() for name, step in second.steps.items()}
    dropped = _ended(steps, {Outcome.DROPPED})
    response = together(step.response for step in steps.values())
    return LoadSecond(
        at_seconds=at_seconds,
        due=second.went + dropped,
        started=second.went,
        done=_ended(steps, {Outcome.DONE}),
        failed=_ended(steps, FAILURES),
        dropped=dropped,
        in_flight=in_flight,
        connections=0,
        cpu_share=0.0,
        p50_seconds=response.quantile(0.5),
        p95_seconds=response.quantile(0.95),
        greatest_seconds=response.quantile(1),
        steps=steps,
        vus=users,
        flows={name: FlowSecond(dict(flow.outcomes), flow.duration.facts()) for name, flow in second.flows.items()},
        in_flight_highest=max(in_flight, 0),
    )


def _ended(steps: Mapping[str, StepSecond], outcomes: Iterable[Outcome]) -> int:
    return sum(step.outcomes.get(each, 0) for step in steps.values() for each in outcomes)
