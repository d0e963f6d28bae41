"""What one metric asks of many policies for, in whole numbers held as floats: below 2^53 they are exact.

The arithmetic is that of `outgrow.autoscale.hpa.proposals` for a fleet whose replicas are ready or still starting.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outgrow.autoscale.hpa.proposals import MOST, Tolerances
from outgrow.plan.autoscaling import ContainerResourceMetric, HpaMetric, PodsMetric, ResourceMetric, milli
from outgrow.simulate.busy import FULLY_BUSY
from outgrow.simulate.many.extremes import Row
from outgrow.simulate.service import ServiceModel

Proposals = Callable[[float, Row, Row, Row], None]
"""From the total rate in thousandths, the replicas ready and those ordered: writes what is asked for into the last.

Where no replica is ready a metric of replicas cannot be read, and what is written means nothing.
"""

_At = slice | NDArray[np.intp]
_ALL: Final = slice(None)


@dataclass(frozen=True, slots=True)
class _Band:
    """Usage over target within which nothing changes, for every policy."""

    low: Row
    high: Row

    def holds(self, ratio: Row, at: _At = _ALL) -> NDArray[np.bool_]:
        return (ratio >= self.low[at]) & (ratio <= self.high[at])


@dataclass(frozen=True, slots=True)
class _Usage:
    """How the replicas' usage is measured: of each, and as a ratio to the target when it is shared by so many."""

    of_each: Callable[[float, Row], Row]
    ratio: Callable[[Row, Row | float, _At], Row]


def proposals(metrics: Sequence[HpaMetric], tolerances: Sequence[Tolerances], service: ServiceModel) -> Proposals:
    """Give the function of one metric a policy, all of the same kind and replayable."""
    band = _Band(np.array([1.0 - each.down for each in tolerances]), np.array([1.0 + each.up for each in tolerances]))
    match metrics[0]:
        case PodsMetric():
            return _by_ready_replicas(_rate(metrics), band)
        case ResourceMetric() | ContainerResourceMetric():
            return _by_ready_replicas(_busy(metrics, service), band)
        case _:
            return _by_replicas(_averages(metrics), band)


def _averages(metrics: Sequence[HpaMetric]) -> Row:
    return np.array([float(milli(each.average)) for each in metrics if each.average is not None])


def _by_replicas(aims: Row, band: _Band) -> Proposals:
    def write(total: float, _: Row, ordered: Row, wanted: Row) -> None:
        np.divide(total, aims, out=wanted)
        np.ceil(wanted, out=wanted)
        np.minimum(wanted, MOST, out=wanted)
        # With nothing ordered the ratio is endless, or none: it is in no band.
        np.copyto(wanted, ordered, where=band.holds(total / (aims * ordered)))

    return write


def _by_ready_replicas(usage: _Usage, band: _Band) -> Proposals:
    def write(total: float, ready: Row, ordered: Row, wanted: Row) -> None:
        each = usage.of_each(total, ready)
        ratio = usage.ratio(each, 1.0, _ALL)
        np.multiply(ratio, ready, out=wanted)
        np.ceil(wanted, out=wanted)
        np.minimum(wanted, MOST, out=wanted)
        np.copyto(wanted, ordered, where=band.holds(ratio))
        growing = np.flatnonzero((ratio > 1.0) & (ready != ordered))
        if len(growing):
            wanted[growing] = carefully(each[growing] * ready[growing], ordered[growing], growing)

    def carefully(used: Row, ordered: Row, at: NDArray[np.intp]) -> Row:
        """Count replicas that are still starting as idle; that must not turn growth into its opposite."""
        ratio = usage.ratio(used, ordered, at)
        replicas = np.minimum(np.ceil(ratio * ordered), MOST)
        stay = (ratio < 1.0) | ((ratio > 1.0) & (replicas < ordered)) | band.holds(ratio, at)
        return np.where(stay, ordered, replicas)

    return write


def _rate(metrics: Sequence[HpaMetric]) -> _Usage:
    aims = _averages(metrics)

    def of_each(total: float, ready: Row) -> Row:
        return np.floor(total / ready)

    def ratio(used: Row, shared: Row | float, at: _At) -> Row:
        return np.floor(used / shared) / aims[at]

    return _Usage(of_each, ratio)


def _busy(metrics: Sequence[HpaMetric], service: ServiceModel) -> _Usage:
    capacity = float(max(1, round(service.capacity * 1000)))
    aims = np.array(
        [float(each.utilization or 0) for each in metrics if isinstance(each, ResourceMetric | ContainerResourceMetric)]
    )

    def of_each(total: float, ready: Row) -> Row:
        return np.minimum(np.floor(total * FULLY_BUSY / (ready * capacity)), FULLY_BUSY)

    def ratio(used: Row, shared: Row | float, at: _At) -> Row:
        return np.floor(used * 100 / (FULLY_BUSY * shared)) / aims[at]

    return _Usage(of_each, ratio)
