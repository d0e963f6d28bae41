"""The search for the knee laid out for a terminal, and as JSON."""

from dataclasses import asdict
from typing import Any

import click
from rich.text import Text

from outgrow.capacity.knee import Knee, Objective
from outgrow.capacity.usl import Estimate, NotFitted, Peak, Point, ScalingLaw, fit_scaling_law
from outgrow.cli.common import console
from outgrow.control.find_knee import KneeRequest
from outgrow.facts.capacities import Capacity
from outgrow.facts.knees import KneeLevel
from outgrow.quantity import format_duration

_WIDE_GAP = 3.0
_WIDTHS = (9, 9, 9, 8, 8, 8)
_NAMES = ("asked/s", "carried/s", "at once", "p50", "p95", "p99")


def objective_text(objective: Objective) -> str:
    """Word an objective: `p95 <= 500 ms, errors <= 1 %`."""
    parts = [
        f"{name} <= {value * 1000:,.4g} ms"
        for name in ("p50", "p95", "p99")
        if (value := getattr(objective, f"{name}_seconds")) is not None
    ]
    return ", ".join([*parts, f"errors <= {objective.failed_share * 100:.3g} %"])


def print_heading(request: KneeRequest) -> None:
    """Print what is searched, and the heads of the columns."""
    search = request.search
    click.echo(
        f"{objective_text(request.objective)}; {search.lowest:,.4g} to {search.highest:,.4g}/s, "
        f"each held {format_duration(request.hold)}"
    )
    if request.scenario.is_closed:
        click.echo(
            "the scenario's users wait for their answers, so a slow target would be asked less: "
            "its requests are asked at these rates instead"
        )
    click.echo(" ".join(f"{name:>{width}}" for name, width in zip(_NAMES, _WIDTHS, strict=True)))


def level_line(level: KneeLevel) -> str:
    """Lay out a rate that was held in one line."""
    cells = (
        f"{level.rate:,.4g}",
        f"{level.carried:,.4g}",
        f"{level.concurrency:,.3g}",
        *(_milliseconds(each) for each in (level.p50_seconds, level.p95_seconds, level.p99_seconds)),
    )
    line = " ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    says = "kept again" if level.kept and level.is_repeat else "kept" if level.kept else "; ".join(level.broken)
    full = f" [{level.saturated} full]" if level.saturated else ""
    return f"{line}  {says}{full}"


def print_knee(found: Knee, capacity: Capacity | None, earlier: tuple[Capacity, ...]) -> None:
    """Print the verdict first, then the law."""
    shown = console()
    shown.print()
    if found.rate is not None and capacity is not None:
        above = "" if found.broken is None else f", broken at {found.broken:,.4g}/s"
        shown.print(
            Text(
                f"the knee: {found.rate:,.4g}/s kept {'twice' if found.confirmed else 'once, not confirmed'}{above}",
                "bold",
            )
        )
        each = f"{capacity.per_instance:,.4g}/s per instance ({capacity.instances} running)"
        shown.print(f"{capacity.subject} carries {each} with {capacity.objective}")
    if found.why:
        shown.print(Text(found.why, "bold red" if found.rate is None else "bold"))
    print_law("concurrency", found.law)
    if len({each.instances for each in earlier}) > 1:
        print_law("instances", law_over_instances(earlier))


def law_over_instances(earlier: tuple[Capacity, ...]) -> ScalingLaw | NotFitted:
    """Fit the law to the capacities that were measured with different numbers of instances."""
    return fit_scaling_law([Point(each.instances, each.rate) for each in earlier])


def print_law(over: str, law: ScalingLaw | NotFitted) -> None:
    """Print the fitted law with its intervals, or why there is none."""
    shown = console()
    if isinstance(law, NotFitted):
        shown.print(Text(f"no scaling law over {over}: {law.why}", "dim"))
        return
    estimates = (("alone", law.gamma, "/s"), ("contention", law.alpha, ""), ("coherency", law.beta, ""))
    parts = ", ".join(f"{name} {_estimate(each)}{unit}" for name, each, unit in estimates)
    shown.print(f"scaling law over {over}: {parts}")
    match law.peak:
        case Peak(n, throughput):
            shown.print(f"  it peaks at {_estimate(n)} with {_estimate(throughput)}/s")
            below = max((point.n for point in law.points if point.n <= n.value), default=0.0)
            above = min((point.n for point in law.points if point.n >= n.value), default=below)
            if above > _WIDE_GAP * below > 0:
                shown.print(Text(f"  nothing was measured between {below:.3g} and {above:.3g}: a guess", "bold yellow"))
        case peak:
            shown.print(f"  no peak: {peak.why}")
    for caution in law.cautions:
        shown.print(Text(f"  {caution.says}", "dim"))


def _estimate(each: Estimate) -> str:
    return f"{each.value:.4g} ({each.low:.4g} to {each.high:.4g})"


def knee_document(
    scenario: str, objective: Objective, found: Knee, capacity: Capacity | None, earlier: tuple[Capacity, ...]
) -> dict[str, Any]:
    """Give the JSON document `outgrow.knee/1`; rates in arrivals a second, times in seconds."""
    document: dict[str, Any] = {
        "schema": "outgrow.knee/1",
        "scenario": scenario,
        "objective": asdict(objective),
        "rate": found.rate,
        "broken": found.broken,
        "confirmed": found.confirmed,
        "why": found.why,
        "levels": [asdict(level) for level in found.levels],
        "law_over_concurrency": _law_document(found.law),
        "capacity": None,
    }
    if capacity is not None:
        shown = {**asdict(capacity), "at": capacity.at.isoformat(), "per_instance": capacity.per_instance}
        document["capacity"] = shown
    if len({each.instances for each in earlier}) > 1:
        document["law_over_instances"] = _law_document(law_over_instances(earlier))
    return document


def _law_document(law: ScalingLaw | NotFitted) -> dict[str, Any]:
    if isinstance(law, NotFitted):
        return {"fitted": False, "why": law.why}
    peak = law.peak
    return {
        "fitted": True,
        **{name: _estimate_document(getattr(law, name)) for name in ("alpha", "beta", "gamma")},
        "peak": {"n": _estimate_document(peak.n), "throughput": _estimate_document(peak.throughput)}
        if isinstance(peak, Peak)
        else None,
        "no_peak": "" if isinstance(peak, Peak) else peak.why,
        "confidence": law.confidence,
        "cautions": [caution.says for caution in law.cautions],
    }


def _estimate_document(each: Estimate) -> dict[str, float | None]:
    # An end that the points leave open is infinite, which JSON cannot say.
    return {"value": each.value, "low": each.low, "high": None if each.high == float("inf") else each.high}


def _milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:,.3g}ms" if seconds < 0.1 else f"{seconds * 1000:,.0f}ms"  # noqa: PLR2004 (three figures)
