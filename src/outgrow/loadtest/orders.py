"""What every share of a run is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from outgrow.errors import UsageError
from outgrow.loadtest.templates import Value
from outgrow.plan.scenarios import Scenario, as_http, is_address
from outgrow.plan.secrets import resolve


@dataclass(frozen=True, slots=True)
class ShareOrders:
    """The scenario by its name, where `${NAME}` is looked up, and what files are relative to.

    `values` are what every session begins with: what the setup captured.
    """

    name: str
    scenario: Scenario
    environment: Mapping[str, str]
    base: Path = Path()
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])


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
    return as_http(target)
