"""The search for the knee laid out for a terminal, and as JSON."""

from dataclasses import asdict
from typing import Any

import click
from rich.cells import cell_len
from rich.text import Text

from outgrow.capacity.knee import Knee, Objective
from outgrow.capacity.usl import Estimate, NotFitted, Peak, Point, ScalingLaw, fit_scaling_law
from outgrow.cli.common import console
from outgrow.control.find_knee import KneeRequest
from outgrow.facts.capacities import Capacity
from outgrow.facts.knees import KneeLevel
from outgrow.quantity import format_duration
from outgrow.report.said import said
from outgrow.report.words import Words

_WIDE_GAP = 3.0
_WIDTHS = (9, 9, 9, 8, 8, 8)
_NAMES = ("asked", "carried", "at_once", "p50", "p95", "p99")


def objective_text(objective: Objective) -> str:
    """Word an objective: `p95 <= 500 ms, errors <= 1 %`."""
    parts = [
        f"{name} <= {value * 1000:,.4g} ms"
        for name in ("p50", "p95", "p99")
        if (value := getattr(objective, f"{name}_seconds")) is not None
    ]
    return ", ".join([*parts, f"errors <= {objective.failed_share * 100:.3g} %"])


def print_heading(request: KneeRequest, words: Words) -> None:
    """Print what is searched, and the heads of the columns."""
    search = request.search
    click.echo(
        words(
            "load.knee.heading_of_users" if search.by_users else "load.knee.heading",
            objective=said(objective_text(request.objective), words),
            lowest=f"{search.lowest:,.4g}",
            highest=f"{search.highest:,.4g}",
            hold=format_duration(request.hold),
        )
    )
    names = [name if name.startswith("p") else words(f"load.knee.{name}") for name in _NAMES]
    if search.by_users:
        names[0] = words("load.knee.users")
    click.echo(" ".join(_right(name, width) for name, width in zip(names, _WIDTHS, strict=True)))


def _right(text: str, width: int) -> str:
    """Set a text to the right of so many cells; Korean letters take two."""
    return " " * (width - cell_len(text)) + text


def level_line(level: KneeLevel, words: Words) -> str:
    """Lay out a rate that was held in one line."""
    cells = (
        f"{level.rate:,.4g}",
        f"{level.carried:,.4g}",
        f"{level.concurrency:,.3g}",
        *(_milliseconds(each) for each in (level.p50_seconds, level.p95_seconds, level.p99_seconds)),
    )
    line = " ".join(_right(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True))
    if level.kept:
        says = words("load.knee.kept_again" if level.is_repeat else "load.knee.kept")
    else:
        says = "; ".join(said(each, words) for each in level.broken)
    full = words("load.knee.full", resource=level.saturated) if level.saturated else ""
    return f"{line}  {says}{full}"


def print_knee(found: Knee, capacity: Capacity | None, earlier: tuple[Capacity, ...], words: Words) -> None:
    """Print the verdict first, then the law; `earlier` are the capacities that the journal keeps of the subject."""
    shown = console()
    shown.print()
    if found.rate is not None and capacity is not None:
        of = "_users" if is_by_users(found) else ""
        above = "" if found.broken is None else words(f"load.knee.broken_at{of}", rate=f"{found.broken:,.4g}")
        times = "at_least" if found.at_least else "kept_twice" if found.confirmed else "kept_once"
        shown.print(Text(words(f"load.knee.{times}{of}", rate=f"{found.rate:,.4g}") + above, "bold"))
        shown.print(
            words(
                "load.knee.carries_at_least" if found.at_least else "load.knee.carries",
                subject=capacity.subject,
                rate=f"{capacity.per_instance:,.4g}",
                instances=capacity.instances,
                objective=said(capacity.objective, words),
            )
        )
    if found.why:
        shown.print(Text(said(found.why, words), "bold red" if found.rate is None else "bold"))
    if found.at_least and (stays := next((each for each in reversed(earlier) if not each.at_least), None)) is not None:
        day = f"{stays.at.astimezone():%Y-%m-%d}"
        shown.print(words("load.knee.stays", rate=f"{stays.per_instance:,.4g}", day=day))
    print_law("concurrency", found.law, words)
    if (law := law_over_instances(earlier, capacity)) is not None:
        print_law("instances", law, words)


def is_by_users(found: Knee) -> bool:
    """Say whether numbers of users were held, of a closed scenario."""
    return any(level.by_users for level in found.levels)


def law_over_instances(earlier: tuple[Capacity, ...], newest: Capacity | None) -> ScalingLaw | NotFitted | None:
    """Fit the law to what was measured with the newest's objective; none where that was one number of instances."""
    alike = [each for each in earlier if newest is not None and each.objective == newest.objective]
    points = [Point(each.instances, each.rate) for each in alike if not each.at_least]
    return fit_scaling_law(points) if len({each.n for each in points}) > 1 else None


def print_law(over: str, law: ScalingLaw | NotFitted, words: Words) -> None:
    """Print the fitted law over `concurrency` or `instances` with its intervals, or why there is none."""
    shown = console()
    over = words(f"load.law.{over}")
    if isinstance(law, NotFitted):
        shown.print(Text(words("load.law.none", over=over, why=said(law.why, words)), "dim"))
        return
    estimates = (("alone", law.gamma, "/s"), ("contention", law.alpha, ""), ("coherency", law.beta, ""))
    parts = ", ".join(f"{words(f'load.law.{name}')} {_estimate(each, words)}{unit}" for name, each, unit in estimates)
    shown.print(words("load.law.fitted", over=over, parts=parts))
    match law.peak:
        case Peak(n, throughput):
            told = words("load.law.peak", n=_estimate(n, words), throughput=_estimate(throughput, words))
            shown.print(f"  {told}")
            below = max((point.n for point in law.points if point.n <= n.value), default=0.0)
            above = min((point.n for point in law.points if point.n >= n.value), default=below)
            if above > _WIDE_GAP * below > 0:
                told = words("load.law.guess", below=f"{below:.3g}", above=f"{above:.3g}")
                shown.print(Text(f"  {told}", "bold yellow"))
        case peak:
            shown.print(f"  {words('load.law.no_peak', why=said(peak.why, words))}")
    for caution in law.cautions:
        shown.print(Text(f"  {said(caution.says, words)}", "dim"))


def _estimate(each: Estimate, words: Words) -> str:
    return f"{each.value:.4g} ({words('load.law.range', low=f'{each.low:.4g}', high=f'{each.high:.4g}')})"


def knee_document(
    scenario: str, objective: Objective, found: Knee, capacity: Capacity | None, earlier: tuple[Capacity, ...]
) -> dict[str, Any]:
    """Give the JSON document `outgrow.knee/1`; rates in arrivals a second, or users; times in seconds."""
    document: dict[str, Any] = {
        "schema": "outgrow.knee/1",
        "scenario": scenario,
        "searched": "users" if is_by_users(found) else "rates",
        "objective": asdict(objective),
        "rate": found.rate,
        "broken": found.broken,
        "confirmed": found.confirmed,
        "at_least": found.at_least,
        "ending": found.ending.value,
        "why": found.why,
        "levels": [asdict(level) for level in found.levels],
        "law_over_concurrency": _law_document(found.law),
        "capacity": None,
    }
    if capacity is not None:
        shown = {**asdict(capacity), "at": capacity.at.isoformat(), "per_instance": capacity.per_instance}
        document["capacity"] = shown
    if (law := law_over_instances(earlier, capacity)) is not None:
        document["law_over_instances"] = _law_document(law)
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
