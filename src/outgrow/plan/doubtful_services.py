"""Doubts about services: pools that their database cannot carry, bounds that nothing can keep, metrics not measured."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Final

from outgrow.plan import Plan
from outgrow.plan.autoscaling import ContainerResourceMetric, ResourceMetric
from outgrow.plan.doubt import Doubt
from outgrow.plan.keda import KedaPolicy
from outgrow.plan.services import PoolUse, Service
from outgrow.plan.yaml_tree import Path
from outgrow.quantity import PERCENT, RATIO

_SHARE: Final = Fraction(8, 10)
"""What pools may take of max_connections (AE-5)."""


def connections_at_maxima(plan: Plan) -> Mapping[str, int]:
    """Give how many connections the pools of each database open with every service at its maximum."""
    found: dict[str, int] = {}
    for service in plan.services.values():
        if service.pool is not None:
            found[service.pool.database] = found.get(service.pool.database, 0) + _most(service) * service.pool.size
    return found


def connections_needed(at_maxima: int) -> int:
    """Give the least max_connections that so many connections fit into."""
    return ceil(at_maxima / _SHARE)


def service_doubts(plan: Plan) -> Iterator[Doubt]:
    """Doubt services whose bounds, pools or hours do not fit together, and metrics that nothing measures."""
    for name, service in plan.services.items():
        yield from _bounds(("services", name, "scaling"), service)
        if service.runs_on is not None:
            yield from _unmeasured(("services", name, "scaling"), service, plan)
    databases = dict.fromkeys(each.pool.database for each in plan.services.values() if each.pool is not None)
    for database in databases:
        sharing = {
            name: (service, service.pool)
            for name, service in plan.services.items()
            if service.pool is not None and service.pool.database == database
        }
        yield from _connections(database, sharing)


def _bounds(path: Path, service: Service) -> Iterator[Doubt]:
    policy = service.scaling
    for index, schedule in enumerate(policy.schedules if policy is not None else ()):
        assert policy is not None  # noqa: S101 (there are schedules of it)
        if schedule.min is not None and schedule.min > (schedule.max or policy.max):
            what = f"{schedule.min} is above the policy's max of {policy.max}, which then holds"
            yield Doubt((*path, "schedules", index, "min"), what, "lower it, or give the schedule a max")


def _unmeasured(path: Path, service: Service, plan: Plan) -> Iterator[Doubt]:
    """Doubt metrics without a signal, or with one of another kind, where the service is scaled.

    A rehearsal can do without, `outgrow scale` cannot.
    """
    policy = service.scaling
    noun = "triggers" if isinstance(policy, KedaPolicy) else "metrics"
    for index, metric in enumerate(policy.metrics if policy is not None else ()):
        if metric.signal is None:
            what = f'the metric "{metric.name}" names no signal, so outgrow scale cannot read it, and lowers nothing'
            yield Doubt((*path, noun, index), what, "name the plan's signal that measures it: signal: NAME")
        elif isinstance(metric, ResourceMetric | ContainerResourceMetric) and metric.utilization is not None:
            signal = plan.signals[metric.signal]
            if signal.measure not in {RATIO, PERCENT}:
                unit = f"in {signal.unit}" if signal.unit else "without a unit"
                what = f"a utilization of {metric.signal}, which is {unit}, so outgrow scale cannot read it"
                yield Doubt(
                    (*path, noun, index, "utilization"), what, "measure it in ratio or percent, or give average"
                )


def _connections(database: str, sharing: Mapping[str, tuple[Service, PoolUse]]) -> Iterator[Doubt]:
    limits = {name: pool.max_connections for name, (_, pool) in sharing.items() if pool.max_connections is not None}
    if not limits:
        return
    first, limit = next(iter(limits.items()))
    for name, other in limits.items():
        if other != limit:
            what = f"{other:,} max_connections; the service {first} says {limit:,} of the same database"
            yield Doubt(("services", name, "pool", "max_connections"), what, "let one of them say it")
            return
    at_maxima = sum(_most(service) * pool.size for service, pool in sharing.values())
    if at_maxima > floor(limit * _SHARE):
        what = (
            f"{limit:,} connections of {database} are too few: with all services at their maxima their pools open "
            f"{at_maxima:,}, and 80 % is {floor(limit * _SHARE):,}"
        )
        enough = f"{connections_needed(at_maxima):,}"
        remedy = f"allow at least {enough}, or lower a max or a pool; outgrow will hold replicas back"
        yield Doubt(("services", first, "pool", "max_connections"), what, remedy)


def _most(service: Service) -> int:
    """Give the most replicas of a service; one that is not scaled counts once."""
    policy = service.scaling
    if policy is None:
        return 1
    return max(policy.max, *(each.max or 0 for each in policy.schedules)) if policy.schedules else policy.max
