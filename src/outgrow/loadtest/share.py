"""One share of a load test, run in this process."""

from time import process_time
from typing import Self

from outgrow.facts.loads import LoadSecond, Outcome
from outgrow.facts.shards import ShardFacts
from outgrow.loadtest.engine import Engine, Told
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.preparation import engine_for
from outgrow.loadtest.schedule import Share


class ShareRun:
    """A share that is about to run."""

    def __init__(self, engine: Engine, share: Share) -> None:
        """Keep the engine; `prepared` makes it."""
        self._engine = engine
        self._share = share

    @classmethod
    async def prepared(cls, orders: ShareOrders, share: Share, told: Told) -> Self:
        """Look everything up that the run needs; nothing is sent yet.

        Raises:
            RefusedError: the target is not near and not allowed by name.
            UsageError: a variable that the target names holds no address, or a file does not hold what it should.
            SourceError: the target has no address or does not tell what must be known of it, or an environment variable
                is not set.
        """
        return cls(await engine_for(orders, told, share), share)

    async def aclose(self) -> None:
        """End what is open, of a share that does not run."""
        await self._engine.connections.aclose()

    @property
    def timeline(self) -> tuple[LoadSecond, ...]:
        """The seconds so far."""
        return self._engine.timeline.intervals

    def forget_seconds(self) -> None:
        """Keep no seconds: whoever is told them does."""
        self._engine.keeps_seconds = False

    async def run(self) -> tuple[ShardFacts]:
        """Run to the end, and give what was counted."""
        cpu = process_time()
        seconds = await self._engine.run()
        return (self._engine.facts(self._share, seconds, process_time() - cpu),)

    def flows(self) -> list[dict[Outcome, int]]:
        """Give what became of arrivals so far, flow by flow, where flows are counted apart from their steps."""
        return [dict(tally.outcomes) for tally in self._engine.visits.flows]

    def stop(self) -> None:
        """End early, leaving those under way a grace; at once when it is called again."""
        self._engine.stop()
