"""Doubts about shares in thresholds and goals that were meant as percentages: `errors: 5` is 500 %, and always kept."""

from collections.abc import Iterator, Mapping, Sequence

from outgrow.plan import Plan
from outgrow.plan.doubt import Doubt
from outgrow.plan.load_metrics import METRICS
from outgrow.plan.load_thresholds import LoadThreshold, Reading
from outgrow.plan.yaml_tree import Path
from outgrow.quantity import RATIO, Quantity, Unit


def limit_doubts(plan: Plan) -> Iterator[Doubt]:
    """Give a doubt for every limit of a share that says nothing: beyond 0 to 100 %, or errors up to all of them."""
    for name, scenario in plan.scenarios.items():
        yield from _of(plan, ("scenarios", name, "thresholds"), scenario.thresholds)
    for index, phase in enumerate(plan.roadmap.phases if plan.roadmap is not None else ()):
        if phase.verify is not None:
            yield from _of(plan, ("roadmap", "phases", index, "verify", "goals"), phase.verify.goals)
    if plan.targets.errors is not None:
        yield from _doubt(("targets", "errors"), plan.targets.errors, RATIO, allows_all=True)


def _of(plan: Plan, top: Path, thresholds: Mapping[str, Sequence[LoadThreshold]]) -> Iterator[Doubt]:
    for key, several in thresholds.items():
        for each in several:
            reading = each.reading
            unit = _unit(plan, reading)
            if isinstance(reading.limit, Quantity) and unit is not None and unit.dimension == RATIO.dimension:
                allows_all = reading.of == "http_req_failed" and reading.operator in {"<", "<="}
                yield from _doubt((*top, key), reading.limit, unit, allows_all=allows_all)


def _unit(plan: Plan, reading: Reading) -> Unit | None:
    """Give the unit of what is measured; none where the name leads nowhere."""
    if reading.subject == "metric":
        return METRICS[reading.of].unit_of(reading.method)
    name = reading.of
    if reading.subject == "resource":
        target = getattr(plan.targets, reading.of)
        name = "" if target is None else target.signal
    return plan.signals[name].measure if name in plan.signals else None


def _doubt(path: Path, limit: Quantity, unit: Unit, *, allows_all: bool) -> Iterator[Doubt]:
    share = (limit.unit or unit).convert(limit.value, RATIO)
    if 0 <= share < 1 or (share == 1 and not allows_all):
        return
    shown = f"{limit}" if limit.unit else f"{limit} is {share * 100:,g} %, which"
    what = "allows all of them" if share == 1 else "lies outside a share's 0 to 100 %"
    remedy = "write less" if share == 1 else "write 0 to 100 %"
    if limit.unit is None and 1 <= limit.value <= 100:  # noqa: PLR2004 (a percentage)
        remedy = f"write {limit} %"
    yield Doubt(path, f"{shown} {what}", remedy)
