"""One share of a load test, run in this process."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import process_time
from typing import Final, Self

from outgrow.errors import UsageError
from outgrow.facts.loads import Outcome
from outgrow.facts.shards import ShardFacts
from outgrow.loadtest.address import address_of
from outgrow.loadtest.course import Rotation, arrivals_of
from outgrow.loadtest.engine import Engine, Orders, Told
from outgrow.loadtest.flows import flows_of
from outgrow.loadtest.requests import place_of
from outgrow.loadtest.schedule import Share
from outgrow.plan.scenarios import Scenario, is_address
from outgrow.plan.secrets import resolve

_USUAL_CONNECTIONS: Final = 1_000
_GRACE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class ShareOrders:
    """What every share of a run is told: the scenario by its name, and where `${NAME}` is looked up."""

    name: str
    scenario: Scenario
    environment: Mapping[str, str]


def target_of(orders: ShareOrders) -> str:
    """Give the address that a scenario's target stands for.

    Raises:
        UsageError: a variable that the target names holds no address.
        SourceError: an environment variable is not set.
    """
    target = resolve(orders.scenario.target, orders.environment)
    if not is_address(target):
        raise UsageError(
            f"scenarios.{orders.name}.target: what the variable holds is no address; write http://HOST:PORT"
        )
    return target


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
            UsageError: a variable that the target names holds no address.
            SourceError: the target has no address, or an environment variable is not set.
        """
        scenario, target = orders.scenario, target_of(orders)
        flows = flows_of(scenario, place_of(target), orders.environment)
        timeout = scenario.timeout.total_seconds()
        connections = scenario.connections or min(scenario.users, _USUAL_CONNECTIONS)
        return cls(
            Engine(
                Orders(
                    address=await address_of(target, scenario.allow_hosts),
                    flows=flows,
                    rotation=Rotation(flows.weights, scenario.users, share),
                    arrivals=arrivals_of(scenario, share),
                    connections=max(1, len(range(share.index, connections, share.of))),
                    timeout_seconds=timeout,
                    grace_seconds=min(timeout, _GRACE_SECONDS),
                ),
                told,
            ),
            share,
        )

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
