"""The scaling loop of one service: look, measure, decide, write down, act, write down what became of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

import anyio

from outgrow.autoscale.caps import pool_room
from outgrow.autoscale.observed import ServiceFacts, Unread
from outgrow.autoscale.policies import PolicyState, carried_out, judge
from outgrow.control.measure import OpenSource
from outgrow.control.scale_log import ScaleLog
from outgrow.control.scale_view import ScaleRequest, ScaleTold, ScaleView, because
from outgrow.control.scaling_records import (
    Mode,
    Outcome,
    Step,
    decision_event,
    followed,
    outcome_event,
    policy_hash,
    resumed,
    scaling_events,
    step_of,
    steps_in,
)
from outgrow.control.scaling_signals import Readings, measured, observation_of, readings_of
from outgrow.control.start_ups import lead_of, start_up_event, start_ups_of
from outgrow.errors import ActuatorError, Failure, JournalError, RefusedError, SourceError
from outgrow.facts.capacities import newest_capacity
from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.replicas import LEAVING, ReplicaPhase, Replicas
from outgrow.facts.scaling import Rule, ScalingDecision
from outgrow.plan.run_targets import DryRunTarget
from outgrow.ports import Actuator, Clock, Journal, Lease

Result = TypeVar("Result")

_TEND_EVERY_SECONDS: Final = 1.0
_TEND_MOVING_SECONDS: Final = 0.2
_MOVING: Final = LEAVING | {ReplicaPhase.STARTING}
_LOOK_BACKS: Final = (timedelta(hours=2), timedelta(days=2), timedelta(days=31))
_ORDERS_STAY_GOOD: Final = timedelta(minutes=1)
_ALARMING: Final = ("failed", "killed", "does not", "two masters")
_COMPACT_EVERY_SECONDS: Final = 3600.0
_SLOWEST_CALL_SECONDS: Final = 60.0
"""The safety net behind an actuator's own time limit."""


@dataclass(slots=True)
class ScaleLoop:
    """The loop; `run` ends when `stop` is set, when the time is over, or when the lease is lost."""

    request: ScaleRequest
    sources: Mapping[str, OpenSource | SourceError]
    journal: Journal
    actuator: Actuator
    clock: Clock
    told: ScaleTold
    stop: anyio.Event = field(default_factory=anyio.Event)
    trouble: str = ""
    """What went wrong before it begins, as where the replicas that a dry run starts from cannot be seen."""
    _acting: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _state: PolicyState | None = field(default=None, init=False)
    _last: Step | None = field(default=None, init=False)
    _decided: bool = field(default=False, init=False)
    _replicas: Replicas | None = field(default=None, init=False)
    _readings: Readings | None = field(default=None, init=False)
    _start_ups: list[Event] = field(default_factory=list[Event], init=False)
    _log: ScaleLog = field(init=False)
    _began: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Begin with an empty log."""
        self._log = ScaleLog(self.clock)

    async def run(self) -> ScaleView:
        """Scale until the end; give the last view.

        Raises:
            RefusedError: another loop scales this service, or took it over.
            UsageError: the service has no policy.
            JournalError: the journal cannot be read at the beginning.
        """
        _ = self.request.policy
        if self.trouble:
            self._log.trouble("the beginning", self.trouble)
        lease = await self._leased()
        try:
            await self._resume()
            if self.request.once:
                await self._tend()
                await self._decide()
                await self._compact()
            else:
                await self._go_on(lease)
            return self._view()
        finally:
            if lease is not None:
                with anyio.CancelScope(shield=True):
                    await lease.release()

    async def _leased(self) -> Lease | None:
        if self.request.mode is not Mode.ACT:
            return None
        lease = await self.journal.lease(f"scale {self.request.service}")
        if lease is None:
            raise RefusedError(
                f"another outgrow scales {self.request.service} with this journal; end that one first, "
                "or look on with --shadow"
            )
        return lease

    async def _go_on(self, lease: Lease | None) -> None:
        """Tend and decide, each at its own pace, until the end."""
        async with anyio.create_task_group() as tasks:
            compacting = anyio.CancelScope()
            tasks.start_soon(self._tend_on)
            tasks.start_soon(self._decide_on, lease)
            tasks.start_soon(self._compact_on, compacting)
            with anyio.move_on_after(self.request.span.total_seconds() if self.request.span else None):
                await self.stop.wait()
            # A decision that is under way is finished; only the waiting is cut short, and what may be done any time.
            self.stop.set()
            compacting.cancel()

    async def _tend_on(self) -> None:
        while not self.stop.is_set():
            await self._tend()
            self._tell()
            moves = self._replicas is not None and any(each.phase in _MOVING for each in self._replicas.each)
            await self._pause(_TEND_MOVING_SECONDS if moves else _TEND_EVERY_SECONDS)

    async def _decide_on(self, lease: Lease | None) -> None:
        every = self.request.declared.decide_every
        due = self.clock.now() if self._last is None else self._last.decision.at + every
        while not self.stop.is_set():
            now = self.clock.now()
            due = min(due, now + every)  # a clock that was set back must not hold decisions up
            if now < due:
                await self._pause(min((due - now).total_seconds(), _TEND_EVERY_SECONDS))
                continue
            if lease is not None and not await lease.still_held():
                self.stop.set()
                raise RefusedError(
                    f"the right to scale {self.request.service} was lost with the journal's connection; start again"
                )
            await self._decide()
            self._tell()
            due = max(due + every, self.clock.now())

    async def _compact_on(self, scope: anyio.CancelScope) -> None:
        """Keep the journal within its retention: nobody else may look at it for months."""
        with scope:
            while True:
                await self._compact()
                await anyio.sleep(_COMPACT_EVERY_SECONDS)

    async def _compact(self) -> None:
        try:
            await self.journal.compact(self.clock.now())
        except JournalError as error:
            self._log.trouble("compaction", f"the journal cannot be compacted: {error}", is_failure=False)
        else:
            self._log.over("compaction")

    async def _pause(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self.stop.wait()

    # --- going on after a crash ---

    async def _resume(self) -> None:
        """Take up the memory that the journal has, and settle an order of which nobody knows what became."""
        now = self._began = self.clock.now()
        steps: Sequence[Step] = ()
        for look_back in _LOOK_BACKS:
            service, mode = self.request.service, self.request.mode
            events = await scaling_events(self.journal, service, mode, now - look_back, now)
            steps = steps_in(events, service, mode)
            if steps and any(each.state is not None for each in steps):
                break
        self._start_ups = list(await start_ups_of(self.journal, self.request.service, now))
        if steps:
            self._last = steps[-1]
            if steps[-1].is_open:
                steps = (*steps[:-1], await self._settled(steps[-1], now))
        self._state = resumed(self.request.policy, steps)

    async def _settled(self, step: Step, now: datetime) -> Step:
        """Find out whether a decision of before the crash was carried out, and finish it where that is still right."""
        decision = step.decision
        try:
            ordered = (await self._bounded(self.actuator.replicas)).ordered
            if ordered == decision.desired:
                outcome = Outcome(now, done=True, why="found done after a restart")
            elif ordered != decision.current:
                outcome = Outcome(now, done=False, why=f"somebody else ordered {ordered} meanwhile")
            elif now - decision.at > max(2 * self.request.declared.decide_every, _ORDERS_STAY_GOOD):
                outcome = Outcome(now, done=False, why="outgrow ended before it was ordered, and that is too long ago")
            else:
                await self._bounded(lambda: self.actuator.scale_to(decision.desired))
                outcome = Outcome(now, done=True, why="ordered after a restart")
        except ActuatorError as error:
            outcome = Outcome(now, done=False, why=str(error))
        self._log.say(f"{decision.current} -> {decision.desired} of before the restart: {outcome.why}")
        return await self._noted(step, outcome)

    # --- looking and tending ---

    async def _tend(self) -> None:
        """Keep the replicas as ordered, look at them, and note start-ups; trouble is said, not raised."""
        async with self._acting:
            if self.request.mode is not Mode.SHADOW:
                said = await self._try("tending the replicas", self.actuator.tend)
                for each in said or ():
                    self._log.say(each, is_warning=any(word in each for word in _ALARMING))
            self._replicas = await self._try("looking at the replicas", self.actuator.replicas) or self._replicas
        if self._replicas is not None:
            await self._note_start_ups(self._replicas)

    async def _note_start_ups(self, replicas: Replicas) -> None:
        if self.request.mode is not Mode.ACT or self._began is None or replicas.imagined:
            return
        known = {each.detail["replica"] for each in self._start_ups}
        for replica in replicas.each:
            if replica.phase is not ReplicaPhase.READY or replica.name in known:
                continue
            event = start_up_event(self.request.service, replica, self.clock.now())
            if event is not None and await self._written(event):
                self._start_ups.append(event)
                self._log.say(f"{replica.name} is ready, {event.detail['seconds']:.1f} s after it was ordered")

    # --- deciding and acting ---

    async def _decide(self) -> None:
        """Take one decision, write it down, and carry it out; whatever cannot be known lowers nothing."""
        now = self.clock.now()
        async with self._acting:
            replicas = await self._try("looking at the replicas", self.actuator.replicas)
        if replicas is None:
            return  # how many there are is not known, so nothing is decided
        self._replicas = replicas
        request, policy = self.request, self.request.policy
        try:
            facts = await measured(request.plan, request.declared, self.sources, self.journal, now)
        except JournalError as error:
            self._log.trouble("the journal", str(error))
            return
        self._readings = readings_of(request.plan, request.declared, facts, replicas, now)
        seen = observation_of(request.declared, replicas, self._readings, await self._known(now))
        before = self._state if self._state is not None else resumed(policy, ())
        before = followed(policy, self._last, replicas.ordered, before)
        decision, judged = judge(policy, seen, before, now)
        made = Step(request.service, request.mode, 0, policy_hash(policy), decision, seen)
        step = step_of(self._last, made, judged)
        if not await self._written(decision_event(step, self.clock.now())):
            return  # what is not written down is not done
        self._warn_of(decision)
        self._last, self._decided = step, True
        self._state = carried_out(policy, decision, judged) if step.was_done else judged
        if step.is_open:
            outcome = await self._carried_out(decision)
            self._last = await self._noted(step, outcome)
            self._state = carried_out(policy, decision, judged) if self._last.was_done else judged
        elif request.mode is Mode.SHADOW:
            self._compare(decision)

    def _compare(self, decision: ScalingDecision) -> None:
        """Say where a shadow differs from what is live."""
        if decision.changes:
            text = f"live {decision.current}, this policy {decision.desired}: {because(decision)}"
            self._log.trouble("shadow", text, is_failure=False)
        else:
            self._log.over("shadow", f"live {decision.current}, and this policy says the same")

    async def _known(self, now: datetime) -> ServiceFacts:
        """Gather what is known of the service beside its pods."""
        plan, declared = self.request.plan, self.request.declared
        capacity = declared.capacity
        if capacity is None:
            kept = await self.journal.events(kinds=[EventKind.CAPACITY], subject=self.request.service, end=now)
            newest = newest_capacity(kept, self.request.service)
            capacity = None if newest is None else newest.per_instance
        return ServiceFacts(
            capacity=capacity,
            start_up=self._lead(),
            metric_lag=declared.decide_every,
            price_per_hour=declared.price_per_hour,
            pool_room=pool_room(plan.services, self.request.service),
            timezone=plan.timezone,
        )

    def _lead(self) -> timedelta | None:
        """Give how long a replica takes to start: as the plan says, of imagined ones too, else as measured."""
        declared = self.request.declared
        imagined = declared.runs_on.start_up if isinstance(declared.runs_on, DryRunTarget) else None
        return declared.start_up or imagined or lead_of(self._start_ups)

    async def _carried_out(self, decision: ScalingDecision) -> Outcome:
        """Order what was decided, and look whether it was ordered."""
        async with self._acting:
            try:
                await self._bounded(lambda: self.actuator.scale_to(decision.desired))
                self._replicas = found = await self._bounded(self.actuator.replicas)
            except ActuatorError as error:
                self._log.trouble("ordering", f"{decision.current} -> {decision.desired} was not ordered: {error}")
                return Outcome(self.clock.now(), done=False, why=str(error))
        if found.ordered != decision.desired:
            why = f"{decision.desired} were ordered, and the actuator says {found.ordered}"
            self._log.trouble("ordering", why)
            return Outcome(self.clock.now(), done=False, why=why)
        self._log.over("ordering")
        self._log.say(f"{decision.current} -> {decision.desired}: {because(decision)}")
        return Outcome(self.clock.now(), done=True)

    def _warn_of(self, decision: ScalingDecision) -> None:
        """Say once that the maximum is reached, and that a metric could not be read."""
        wanted = max(decision.without(Rule.MAXIMUM), decision.stabilized or 0)
        if decision.rule is Rule.MAXIMUM and wanted > decision.desired:
            if not self._log.lasts("maximum"):
                text = f"the maximum of {decision.desired} is reached; {wanted} are asked for"
                self._log.trouble("maximum", text, is_failure=False)
        else:
            self._log.over("maximum", "the maximum is enough again")
        unread = [each for each in decision.proposals if each.failure]
        if unread:
            told = "; ".join(f"{each.metric}: {each.failure}" for each in unread)
            self._log.trouble("metrics", f"not read, so nothing goes down: {told}")
        else:
            self._log.over("metrics", "every metric can be read again")
        if self._readings is not None and isinstance(self._readings.load, Unread):
            self._log.trouble("load", f"the load cannot be read: {self._readings.load.why}")
        else:
            self._log.over("load", "the load can be read again")

    # --- the journal, and what is said ---

    async def _noted(self, step: Step, outcome: Outcome) -> Step:
        await self._written(outcome_event(step, outcome))
        return Step(step.service, step.mode, step.number, step.policy, step.decision, step.seen, step.state, outcome)

    async def _written(self, event: Event) -> bool:
        try:
            await self.journal.append_event(event)
        except JournalError as error:
            self._log.trouble("the journal", f"nothing is done, for it cannot be written down: {error}")
            return False
        self._log.over("the journal", "the journal can be written again")
        return True

    async def _bounded(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """Await an actuator, whose own time limit may fail it."""
        try:
            with anyio.fail_after(_SLOWEST_CALL_SECONDS):
                return await call()
        except TimeoutError as error:
            raise ActuatorError(
                Failure.TIMED_OUT, f"no answer within {_SLOWEST_CALL_SECONDS:g} s", "it is asked again"
            ) from error

    async def _try(self, doing: str, call: Callable[[], Awaitable[Result]]) -> Result | None:
        try:
            result = await self._bounded(call)
        except ActuatorError as error:
            self._log.trouble(doing, f"{doing} failed: {error}")
            return None
        self._log.over(doing, f"{doing} works again")
        return result

    def _tell(self) -> None:
        self.told(self._view())

    def _view(self) -> ScaleView:
        return ScaleView(
            at=self.clock.now(),
            service=self.request.service,
            mode=self.request.mode,
            replicas=self._replicas,
            decision=None if self._last is None else self._last.decision,
            decided=self._decided,
            readings=self._readings,
            lead=self._lead(),
            start_ups=len(self._start_ups),
            fresh=self._log.taken(),
            failed=self._log.fails,
        )
