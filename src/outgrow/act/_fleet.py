"""The life of replicas that outgrow keeps itself: started, let in when ready, replaced when dead, drained, ended.

A host (local processes, a Docker Engine) only knows how to start, look at and end one. Everything else is here once.
No task runs in the background: every step is taken in `tend`, from what the state file remembers, so that outgrow may
die at any moment and the next one goes on where it was.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import Final, Protocol

import anyio

from outgrow.act._fleet_state import FleetState, Handle, Kept, StateFile
from outgrow.act._probe import is_ready
from outgrow.errors import ActuatorError
from outgrow.facts.replicas import Replica, ReplicaPhase, Replicas
from outgrow.plan.run_targets import Readiness, Stopping
from outgrow.ports import Balancer, Clock

# As a kubelet does with a container that keeps crashing: 10 s, twice that, ... 5 minutes; the first two come quicker.
_PAUSES_SECONDS: Final = (0, 1, 5, 10, 20, 40, 80, 160, 300)
_LONGEST_PAUSE: Final = timedelta(seconds=_PAUSES_SECONDS[-1])
"""A moment further ahead was noted before the clock was set back."""


class Host(Protocol):
    """Where replicas run. Every call is quick; a replica is known by its token, and by the handle that `start` gave."""

    async def place(self, name: str, taken: Sequence[str]) -> str:
        """Choose the address of a new replica, other than those taken; empty where it is known only once it runs."""
        ...

    async def start(self, name: str, token: str, address: str) -> Handle:
        """Start a replica."""
        ...

    async def find(self, token: str) -> Handle | None:
        """Find a replica that was started without anybody having noted its handle."""
        ...

    async def address(self, handle: Handle) -> str:
        """Give a running replica's address; empty while it has none."""
        ...

    async def ended(self, kept: Kept) -> str | None:
        """Say how a replica ended, in words; none while it lives."""
        ...

    async def healthy(self, handle: Handle) -> bool | None:
        """Say what the replica's own health check says; none where it has no such check."""
        ...

    async def ask_to_end(self, kept: Kept) -> None:
        """Send SIGTERM; nothing where it has ended."""
        ...

    async def force(self, kept: Kept) -> None:
        """End it and all that it has started, and leave nothing behind but its log; nothing where that is so."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


@dataclass(slots=True)
class Fleet:
    """An actuator over the replicas that a host runs."""

    service: str
    host: Host
    file: StateFile
    ready: Readiness
    stop: Stopping
    clock: Clock
    at_first: int = 0
    """How many are ordered where nothing is remembered."""
    balancer: Balancer | None = None
    _state: FleetState | None = field(default=None, init=False)
    _asked_at: dict[str, datetime] = field(default_factory=dict[str, datetime], init=False)
    _failed_probes: dict[str, int] = field(default_factory=dict[str, int], init=False)
    _seen_unready: set[str] = field(default_factory=set[str], init=False)
    """Replicas whose first good answer we shall not miss: started by us, or asked by us in vain."""
    _said: list[str] = field(default_factory=list[str], init=False)

    async def replicas(self) -> Replicas:
        """Look at the replicas: those remembered, and whether each still lives."""
        state = self._remembered()
        found = [await self._looked_at(each) for each in state.kept]
        return Replicas(state.ordered or 0, tuple(found))

    async def scale_to(self, count: int) -> None:
        """Order so many: the missing are started at once, the surplus drains; the ones not ready go first."""
        if count < 0:
            raise ValueError(f"{count} replicas; give 0 or more")
        state = self._own()
        if state.ordered != count or self.file.read() is None:
            self._keep(replace(state, ordered=count))
        await self._retire()
        await self._start_missing()

    async def tend(self) -> Sequence[str]:
        """Take the next step of every replica's life. What fails for one, or for nginx, holds no other step up.

        Raises:
            ActuatorError: a step failed; the first that did, with what happened otherwise.
        """
        self._own()
        troubles: list[ActuatorError] = []

        async def tried(step: Callable[[], Awaitable[None]]) -> bool:
            try:
                await step()
            except ActuatorError as error:
                troubles.append(error)
                return False
            return True

        for kept in self._remembered().kept:
            await tried(partial(self._settle_unnoted, kept))
        async with anyio.create_task_group() as tasks:
            for kept in self._remembered().kept:
                if not kept.leaves and kept.handle is not None:
                    tasks.start_soon(tried, partial(self._watch, kept))
        is_spread = await tried(self._retire) and await tried(self._let_in)
        for kept in self._remembered().kept:
            # While nginx cannot be told, requests still come to those that leave.
            if kept.leaves and (is_spread or kept.replica.phase is not ReplicaPhase.DRAINING):
                await tried(partial(self._see_out, kept))
        await tried(self._start_missing)
        said, self._said = tuple(self._said), []
        if troubles:
            first = troubles[0]
            raise ActuatorError(first.failure, "; ".join((*said, first.what)), first.remedy) from first
        return said

    async def put_away(self) -> None:
        """End our own nginx; whoever scales next begins as if nothing was ever ordered."""
        if self.balancer is not None:
            await self.balancer.put_away()
        if not self._own().kept:
            self.file.write(replace(self._remembered(), ordered=None))
            self._state = None

    async def aclose(self) -> None:
        """Let another process keep them."""
        self.file.release()
        self._state = None
        await self.host.aclose()
        if self.balancer is not None:
            await self.balancer.aclose()

    def _remembered(self) -> FleetState:
        if self._state is None:
            found = self.file.read() or FleetState(None)
            if found.ordered is None:
                found = replace(found, ordered=self.at_first)
            if not self.file.is_locked:
                return found  # somebody else may change it
            self._state = found
        return self._state

    def _own(self) -> FleetState:
        self.file.lock()
        return self._remembered()

    def _keep(self, state: FleetState) -> None:
        self.file.write(state)
        self._state = state

    def _change(self, kept: Kept, phase: ReplicaPhase, *, why: str = "", ready_at: datetime | None = None) -> Kept:
        """Write down that a replica is in another phase."""
        before = kept.replica
        after = replace(before, phase=phase, since=self.clock.now(), why=why, ready_at=before.ready_at or ready_at)
        changed = replace(kept, replica=after)
        self._keep(self._remembered().with_kept(changed))
        return changed

    async def _looked_at(self, kept: Kept) -> Replica:
        if kept.handle is None:
            return kept.replica
        ended = await self.host.ended(kept)
        if ended is None or kept.leaves or kept.replica.phase is ReplicaPhase.FAILED:
            return kept.replica
        return replace(kept.replica, phase=ReplicaPhase.FAILED, since=self.clock.now(), why=ended)

    async def _settle_unnoted(self, kept: Kept) -> None:
        """Take up a replica whose start was noted and whose handle was not: we died between the two, or it failed."""
        if kept.handle is not None:
            return
        found = await self.host.find(kept.token)
        if found is None:
            self._forget(kept)
        else:
            self._keep(self._remembered().with_kept(replace(kept, handle=found)))
            self._said.append(f"{kept.replica.name} was started and not noted, and is taken up again")

    async def _watch(self, kept: Kept) -> None:
        """See whether a replica lives and answers; note the change."""
        replica, now = kept.replica, self.clock.now()
        if replica.phase is ReplicaPhase.FAILED:
            await self._clear_away(kept)
            return
        ended = await self.host.ended(kept)
        if ended is not None:
            await self._fail(kept, ended)
            return
        asked = self._asked_at.get(replica.name)
        if asked is not None and timedelta(0) <= now - asked < self.ready.every:
            return  # a clock that was set back must not end the asking
        self._asked_at[replica.name] = now
        if not replica.address:
            kept = await self._with_address(kept)
        if await self._answers(kept):
            self._failed_probes[replica.name] = 0
            if replica.phase is not ReplicaPhase.READY:
                # Of one that became ready while nobody looked, it is not known when.
                is_first = replica.phase is ReplicaPhase.STARTING and replica.name in self._seen_unready
                self._change(kept, ReplicaPhase.READY, ready_at=self.clock.now() if is_first else None)
                self._keep(replace(self._remembered(), failures=0, not_before=None))
            return
        self._seen_unready.add(replica.name)
        failed = self._failed_probes[replica.name] = self._failed_probes.get(replica.name, 0) + 1
        if replica.phase is ReplicaPhase.READY and failed >= self.ready.failures:
            self._change(kept, ReplicaPhase.UNREADY, why=f"{failed} probes in a row failed")
            self._said.append(f"{replica.name} does not answer and gets no requests")
        too_late = replica.since is not None and now - replica.since > self.ready.within
        if replica.phase is ReplicaPhase.STARTING and too_late:
            await self._fail(kept, f"not ready within {self.ready.within.total_seconds():g} s")

    async def _with_address(self, kept: Kept) -> Kept:
        address = await self.host.address(kept.handle or {})
        changed = replace(kept, replica=replace(kept.replica, address=address))
        self._keep(self._remembered().with_kept(changed))
        return changed

    async def _answers(self, kept: Kept) -> bool:
        healthy = await self.host.healthy(kept.handle or {})
        if healthy is not None:
            return healthy
        return bool(kept.replica.address) and await is_ready(kept.replica.address, self.ready)

    async def _fail(self, kept: Kept, why: str) -> None:
        """Note that a replica failed, and when the next may be tried."""
        pause = self._pause()
        failed = self._change(kept, ReplicaPhase.FAILED, why=why)
        again = f"in {pause} s" if pause else "now"
        self._said.append(f"{kept.replica.name} failed: {why}; another is started in its place {again}")
        await self._let_in()
        await self._clear_away(failed)

    def _pause(self) -> int:
        """Let some seconds pass before the next start, the more the more starts in a row have failed; give them."""
        state = self._remembered()
        failures = state.failures + 1
        pause = _PAUSES_SECONDS[min(failures - 1, len(_PAUSES_SECONDS) - 1)]
        self._keep(replace(state, failures=failures, not_before=self.clock.now() + timedelta(seconds=pause)))
        return pause

    async def _clear_away(self, kept: Kept) -> None:
        """Leave nothing of a replica that failed or never started."""
        if kept.handle is not None:
            await self.host.force(kept)
        self._forget(kept)

    def _forget(self, kept: Kept) -> None:
        self._asked_at.pop(kept.replica.name, None)
        self._failed_probes.pop(kept.replica.name, None)
        self._seen_unready.discard(kept.replica.name)
        self._keep(self._remembered().without(kept.replica.name))

    async def _retire(self) -> None:
        """Choose who goes where there are too many: those not ready first, then the youngest."""
        state = self._remembered()
        staying = [each for each in state.kept if not each.leaves]
        surplus = len(staying) - (state.ordered or 0)
        if surplus <= 0:
            return
        ranked = sorted(
            enumerate(staying), key=lambda ranked: (ranked[1].replica.phase is ReplicaPhase.READY, -ranked[0])
        )
        for _, kept in ranked[:surplus]:
            self._change(kept, ReplicaPhase.DRAINING)
        await self._let_in()

    async def _let_in(self) -> None:
        """Send new requests to the replicas that are ready; where none is, to those that were: better slow than 502."""
        if self.balancer is None:
            return
        of_phase = {
            phase: [each.replica.address for each in self._remembered().kept if each.replica.phase is phase]
            for phase in (ReplicaPhase.READY, ReplicaPhase.UNREADY)
        }
        await self.balancer.spread_over(of_phase[ReplicaPhase.READY] or of_phase[ReplicaPhase.UNREADY])

    async def _see_out(self, kept: Kept) -> None:
        """Take the next step with a replica that leaves: drained, asked to end, made to end, forgotten."""
        waited = self.clock.now() - (kept.replica.since or self.clock.now())
        if waited < timedelta(0):  # the clock was set back: the wait begins anew
            kept, waited = self._change(kept, kept.replica.phase), timedelta(0)
        if kept.handle is None or await self.host.ended(kept) is not None:
            await self._clear_away(kept)
        elif kept.replica.phase is ReplicaPhase.DRAINING:
            if waited >= self.stop.drain or await self._is_drained(kept.replica.address):
                await self.host.ask_to_end(kept)  # once: many programs take a second SIGTERM for impatience
                self._change(kept, ReplicaPhase.STOPPING)
        elif waited >= self.stop.grace:
            self._said.append(f"{kept.replica.name} did not end within {self.stop.grace.total_seconds():g} s: killed")
            await self._clear_away(kept)

    async def _is_drained(self, address: str) -> bool:
        return self.balancer is None or not address or await self.balancer.in_flight(address) == 0

    async def _start_missing(self) -> None:
        """Start as many as are missing; each is noted before it is started."""
        while True:
            state, now = self._remembered(), self.clock.now()
            missing = (state.ordered or 0) - sum(not each.leaves for each in state.kept)
            if missing <= 0 or (state.not_before is not None and now < state.not_before <= now + _LONGEST_PAUSE):
                return
            name = f"{self.service}-{state.born + 1}"
            address = await self.host.place(name, [each.replica.address for each in state.kept])
            kept = Kept(Replica(name, ReplicaPhase.STARTING, address, now, now), token_hex(16))
            self._keep(replace(state.with_kept(kept), born=state.born + 1))
            self._seen_unready.add(name)
            # Where this fails or is cut off, the next round looks for it by its token.
            try:
                handle = await self.host.start(name, kept.token, address)
            except ActuatorError:
                self._pause()
                raise
            self._keep(self._remembered().with_kept(replace(kept, handle=handle)))
