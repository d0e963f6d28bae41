"""What becomes of each arrival between its release and its end: steps sent, answers judged, pauses kept."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import count
from time import perf_counter, time
from typing import Final, Protocol
from urllib.parse import urlsplit

from outgrow.facts.loads import Outcome
from outgrow.loadtest.answers import Answer
from outgrow.loadtest.chance import drawn
from outgrow.loadtest.course import Rotation
from outgrow.loadtest.feeders import Feeder
from outgrow.loadtest.flights import Flight, Meter, Visit
from outgrow.loadtest.flows import ReadyFlow, ReadyFlows, ReadyStep
from outgrow.loadtest.notes import Notes
from outgrow.loadtest.record import NO_STATUS, FlowTally, Lateness, SecondTally, StepSecondTally, StepTally
from outgrow.loadtest.redirects import REDIRECTS, followed
from outgrow.loadtest.sessions import Session, Sessions
from outgrow.loadtest.templates import UnfitValueError, Value
from outgrow.loadtest.travels import Travel

_DONE: Final = Outcome.DONE
"""Bound once: to look a member of an enum up takes a call, and every request asks several times."""
_UNEXPECTED: Final = Outcome.UNEXPECTED
_LONGEST_SEEN: Final = 1_024
"""How long a head may be that a session remembers."""


class Carriage(Protocol):
    """Who carries requests."""

    def take(self, flight: Flight) -> None:
        """Send a request, as soon as that is possible."""
        ...


Fed = tuple[Feeder, Sequence[tuple[str, Sequence[str]]]]
"""Data that a flow uses: who gives the rows, and the places with their columns' values."""


class Visits:
    """The arrivals that are under way, and the counts of what became of all. `busy` includes users that think.

    Each arrival that begins ends once, in one class: by `leave`. `feeds` is the data that flows use, by their index.
    """

    def __init__(self, flows: ReadyFlows, rotation: Rotation, lateness: Lateness, shared: Mapping[str, Value]) -> None:
        """Begin with nobody under way; `shared` are values that every session has."""
        self.on_leave: Callable[[Visit, Outcome, float], None] | None = None
        self.feeds: Mapping[int, Sequence[Fed]] = {}
        self._lateness = lateness
        self.steps = [StepTally() for _ in flows.names]
        self.flows = [FlowTally() for _ in flows.flows]
        self.names = list(flows.names)
        self.flow_names = [flow.name for flow in flows.flows]
        self.notes = Notes()
        self.fault: Exception | None = None
        self._led: set[asyncio.Task[None]] = set()
        self.busy = 0
        self.in_flight: dict[Flight, None] = {}
        self.second = self._new_second(flows)
        self.carriage: Carriage
        self._ready = flows
        self._keeps_cookies = flows.keeps_cookies
        self._rotation, self._flow_of = rotation, rotation.flow
        self._sessions = Sessions(shared)
        self._thinking: list[tuple[float, int, Visit]] = []
        self._turn = count()

    @staticmethod
    def _new_second(flows: ReadyFlows) -> SecondTally:
        return SecondTally(len(flows.names), len(flows.flows) if flows.counted else 0)

    def next_second(self) -> SecondTally:
        """Close the second that is going on: its counts join those of the run, and are given."""
        closed, self.second = self.second, self._new_second(self._ready)
        self.second.in_flight = self.busy
        for whole, part in zip(self.steps, closed.steps, strict=True):
            whole.take(part)
        for flow, ended in zip(self.flows, closed.flows, strict=False):
            flow.take(ended)
        return closed

    def session(self, user: int) -> Session:
        """Give a user's session."""
        return self._sessions.of(user)

    # Beginnings.

    def flow(self, number: int) -> ReadyFlow:
        """Give the flow that an arrival takes."""
        return self._ready.flows[self._flow_of(number)]

    def begin(self, number: int, due: float, released: float, user: int | None = None) -> None:
        """Send an arrival on its way, in the session of its user: by its number, unless given."""
        flow = self._ready.flows[self._flow_of(number)]
        self.busy += 1
        if self.busy > self.second.in_flight:  # noqa: PLR1730 (`max` costs three times as much, on every request)
            self.second.in_flight = self.busy
        if flow.is_lone:
            step = flow.steps[0]
            request = step.request
            content = request.ready
            if content is None:
                content = request.content({"user": self._rotation.user(number), "arrival": number})
            flight = Flight(content, flow, step, due, released, None)
            self.in_flight[flight] = None
            self.carriage.take(flight)
        else:
            user = self._rotation.user(number) if user is None else user
            visit = Visit(number, flow, due, user, self._sessions.of(user))
            if self.feeds and not self._feed(visit):
                self._without_data(visit, released)
            elif flow.written is None:
                self.send(visit, due, released)
            else:
                travel = visit.travel = Travel(visit, self, due, self._break)
                task = asyncio.get_running_loop().create_task(travel.run(flow.written))
                self._led.add(task)
                task.add_done_callback(partial(self._let_go, visit))

    def _let_go(self, visit: Visit, task: asyncio.Task[None]) -> None:
        """Take note that the code of an arrival has ended; one that was cut before it began could not say so itself."""
        self._led.discard(task)
        if task.cancelled():
            self.leave(visit, Outcome.INTERRUPTED, perf_counter())

    def turn_away(self, number: int, outcome: Outcome) -> None:
        """Count an arrival that does not begin: at its flow's first step, and as one of its flow."""
        flow, second = self._ready.flows[self._flow_of(number)], self.second
        second.steps[flow.steps[0].index].outcomes[outcome] += 1
        if second.flows:
            second.flows[flow.index].outcomes[outcome] += 1

    def send(self, visit: Visit, due: float, released: float) -> None:
        """Send the step that an arrival stands at."""
        step = visit.flow.steps[visit.position]
        try:
            content = step.request.content(visit.values, self._cookies(visit, step))
        except KeyError:
            self._without_data(visit, released)
            return
        except UnfitValueError as unfit:
            self.notes.say(f"the step {step.name}: {unfit}; such arrivals were not sent")
            self._without_data(visit, released)
            return
        flight = Flight(content, visit.flow, step, due, released, visit)
        self.in_flight[flight] = None
        self.carriage.take(flight)

    def _feed(self, visit: Visit) -> bool:
        """Give an arrival its rows of data; say whether there were any left."""
        for feeder, columns in self.feeds.get(visit.flow.index, ()):
            row = feeder.row(visit.number, visit.user)
            if row is None:
                self.notes.say(feeder.used_up)
                return False
            for place, values in columns:
                visit.values[place] = values[row]
        return True

    def _without_data(self, visit: Visit, now: float) -> None:
        self.second.steps[visit.flow.steps[visit.position].index].outcomes[Outcome.WITHOUT_DATA] += 1
        if visit.travel is None:
            self.leave(visit, Outcome.WITHOUT_DATA, now)
        else:
            visit.travel.tell(Outcome.WITHOUT_DATA, None)

    def _cookies(self, visit: Visit, step: ReadyStep, path: str = "") -> str:
        """Give the cookies of a step's request; to a redirect's path, if given."""
        if not self._keeps_cookies:
            return ""
        jar = visit.session.jar
        if jar.everywhere is not None:
            return jar.everywhere
        return jar.header(path or step.request.path.fill(visit.values), secure=self._ready.place.is_secure, now=time())

    # What connections tell.

    def answered(self, flight: Flight, now: float, status: int, head: bytes, body: bytes) -> None:
        """Count a whole answer, and let the arrival go on."""
        step, visit = flight.step, flight.visit
        if (
            step.follows
            and status in REDIRECTS
            and visit is not None
            and self._follow(flight, visit, status, head, now)
        ):
            return
        second = self.second.steps[step.index]
        second.sent += len(flight.content)
        second.received += flight.received
        second.service.record(now - flight.sent)
        second.waiting.record(flight.sent - flight.released)
        seconds = now - flight.due
        answer = None
        if step.looks:
            answer = Answer(status, head, body, seconds)
            outcome = self._judged(answer, flight, second)
            if answer.unread:
                self.notes.say(f"the step {step.name} looks at its answers: {answer.unread}")
        else:
            outcome = _DONE if step.accepts(status, body) else _UNEXPECTED
        if (meter := flight.meter) is not None:
            outcome = outcome if meter.is_whole else _UNEXPECTED
            if outcome is _DONE:
                self._measured(flight, meter)
        # `StepSecondTally.answer` written out: a call costs half as much again, on every request.
        (second.expected if outcome is _DONE else second.unexpected)[status].record(seconds)
        self._end(flight, outcome, now, answer)

    def _follow(self, flight: Flight, visit: Visit, status: int, head: bytes, now: float) -> bool:
        """Send a request on where it is redirected to; say whether that may be."""
        step, place = flight.step, self._ready.place
        answer = Answer(status, head, b"", now - flight.due)
        if self._keeps_cookies:
            self._take_cookies(answer, flight, visit)
        path, why = followed(_asked(flight), answer.header("location"), place.origin, flight.hops)
        if why:
            self.notes.say(f"{step.name}: {why}")
            return False
        flight.hops += 1
        flight.content = step.request.redirected(path, status, visit.values, self._cookies(visit, step, path))
        flight.released, flight.connection, flight.retried = now, None, 0
        self.carriage.take(flight)
        return True

    def _take_cookies(self, answer: Answer, flight: Flight, visit: Visit) -> None:
        head, jar = answer.head, visit.session.jar
        if head == jar.seen:
            return
        lines = answer.header_bytes(b"set-cookie")
        if lines and lines != jar.taken:
            jar.take(lines, host=self._ready.place.name, path=urlsplit(_asked(flight)).path, now=time())
        is_known = len(head) <= _LONGEST_SEEN and (not lines or lines == jar.taken)
        jar.seen = head if is_known else b""

    def _measured(self, flight: Flight, meter: Meter) -> None:
        trends = self.second.steps[flight.step.index].trends
        for name, value in meter.trends():
            trends[name].record(value)

    def failed(self, flight: Flight, outcome: Outcome) -> None:
        """Count a failure; one that timed out had waited so long, and that counts among the response times."""
        now = perf_counter()
        if outcome is Outcome.TIMED_OUT:
            self.second.steps[flight.step.index].answer(NO_STATUS, outcome, now - flight.due)
            if flight.meter is not None:
                self._measured(flight, flight.meter)  # what had come by then
        self._end(flight, outcome, now)

    def _judged(self, answer: Answer, flight: Flight, second: StepSecondTally) -> Outcome:
        """Look at an answer: keep its cookies, check it, take what later steps need."""
        step, visit = flight.step, flight.visit
        if visit is not None and self._keeps_cookies:
            self._take_cookies(answer, flight, visit)
        outcome = _DONE if step.takes(answer) else _UNEXPECTED
        checks = second.checks
        for title, judge, required in step.checks:
            passed = judge(answer)
            counts = checks.get(title)
            if counts is None:
                counts = checks[title] = [0, 0]
            counts[passed] += 1
            if required and not passed:
                outcome = _UNEXPECTED
        if step.filled_checks and visit is not None:
            for title, filled, required in step.filled_checks:
                passed = filled(answer, visit.values)
                checks.setdefault(title, [0, 0])[passed] += 1
                if required and not passed:
                    outcome = _UNEXPECTED
        if outcome is _DONE and visit is not None:
            for name, take, default in step.captures:
                value = take(answer, visit.session.jar)
                value = default if value is None else value
                if value is None:
                    return _UNEXPECTED
                visit.values[name] = visit.session.values[name] = value
        return outcome

    def _end(self, flight: Flight, outcome: Outcome, now: float, answer: Answer | None = None) -> None:
        """End a request; the arrival goes on to its next step, or ends too."""
        flight.ended = True
        flight.connection = None
        del self.in_flight[flight]
        self.second.steps[flight.step.index].outcomes[outcome] += 1
        visit = flight.visit
        if visit is None:
            self.busy -= 1
            return
        if visit.travel is not None:
            visit.travel.tell(outcome, answer)
            return
        visit.position += 1
        pause, most = flight.step.think_seconds
        if most > pause:
            pause += (most - pause) * drawn(self._ready.seed, visit.number, visit.position)
        if outcome is not _DONE or visit.position == len(visit.flow.steps):
            visit.pause_seconds = pause
            self.leave(visit, outcome, now)
        elif pause:
            heappush(self._thinking, (now + pause, next(self._turn), visit))
        else:
            self.send(visit, now, now)

    def rest(self, visit: Visit, due: float) -> None:
        """Wake an arrival that code leads at a moment."""
        heappush(self._thinking, (due, next(self._turn), visit))

    def check(self, visit: Visit, title: str, *, passed: bool) -> None:
        """Count a check of the step that an arrival stands at."""
        self.second.steps[visit.flow.steps[visit.position].index].check(title, passed=passed)

    def _break(self, fault: Exception) -> None:
        self.fault = self.fault or fault

    def leave(self, visit: Visit, outcome: Outcome, now: float) -> None:
        """End an arrival."""
        self.busy -= 1
        if self.on_leave is not None:
            self.on_leave(visit, outcome, now)
        if not self.second.flows:
            return
        tally = self.second.flows[visit.flow.index]
        tally.outcomes[outcome] += 1
        if outcome is _DONE:
            tally.duration.record(now - visit.due)

    # Moments.

    @property
    def next_wake(self) -> float | None:
        """When the first of those who think goes on."""
        return self._thinking[0][0] if self._thinking else None

    def wake(self, now: float) -> None:
        """Send on everyone who has thought long enough."""
        while self._thinking and self._thinking[0][0] <= now:
            due, _, visit = heappop(self._thinking)
            released = perf_counter()
            self._lateness.record(released - due)
            if visit.travel is None:
                self.send(visit, due, released)
            else:
                visit.travel.tell(_DONE, None)

    def time_out(self, oldest: float) -> bool:
        """End requests that were due before a moment: they are in the order in which they were due."""
        overdue: list[Flight] = []
        for flight in self.in_flight:
            if flight.due > oldest:
                break
            overdue.append(flight)
        for flight in overdue:
            self._break_off(flight, Outcome.TIMED_OUT)
        return bool(overdue)

    def cut(self) -> None:
        """End everyone who is under way."""
        thinking, self._thinking = self._thinking, []
        for _, _, visit in thinking:
            if visit.travel is None:
                self.leave(visit, Outcome.INTERRUPTED, 0.0)
        for task in tuple(self._led):
            task.cancel()
        for flight in tuple(self.in_flight):
            self._break_off(flight, Outcome.INTERRUPTED)

    def _break_off(self, flight: Flight, outcome: Outcome) -> None:
        connection = flight.connection
        self.failed(flight, outcome)
        if connection is not None:
            connection.abandon()


def _asked(flight: Flight) -> str:
    """Give the path that a request asks for; of one to a proxy, the address."""
    return flight.content.split(b" ", 2)[1].decode("latin-1")
