"""`outgrow tune`: search the cheapest scaling policy that keeps an objective on recorded traffic."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from outgrow.cli.common import DEFAULT_PLAN, lang_option, load, progress_bar, write_text
from outgrow.cli.simulate_inputs import Inputs, Percentage, service_options, trace_options
from outgrow.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from outgrow.plan.services import ScalingPolicy, Service
    from outgrow.report.words import Words
    from outgrow.simulate.candidates import Kind
    from outgrow.simulate.rehearsal import Setting
    from outgrow.simulate.tune import Tuned


@click.command()
@click.argument("service")
@click.argument("plan", default=DEFAULT_PLAN, type=click.Path(path_type=Path))
@trace_options
@service_options
@click.option("--unserved", type=Percentage(), help="The most demand that may be left unserved.  [default: 0.1%]")
@click.option("--slo-minutes", type=float, help="The most minutes a day above --objective.")
@click.option("--min", "least", type=int, help="The fewest replicas; else the plan's, else 1.")
@click.option("--max", "most", type=int, help="The most replicas; else the plan's, else twice the peak's need.")
@click.option(
    "--policy",
    "kinds",
    multiple=True,
    type=click.Choice(["hpa", "keda", "predictive"]),
    help="The kind of policy to search; may be repeated.  [default: the plan's, else hpa]",
)
@click.option("--thorough", is_flag=True, help="Try some ten times as many policies: more windows, tolerances, rates.")
@click.option("--processes", type=click.IntRange(1, 64), help="How many processes share the work.  [default: cores]")
@click.option("--html", type=click.Path(path_type=Path), help="Write a report on the policy found, with charts.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON (schema outgrow.tuning/1).")
@lang_option
def tune(
    service: str,
    plan: Path,
    unserved: float | None,
    slo_minutes: float | None,
    least: int | None,
    most: int | None,
    kinds: "tuple[Kind, ...]",
    thorough: bool,
    processes: int | None,
    html: Path | None,
    as_json: bool,
    lang: str,
    **inputs: "str | Path | float | timedelta | None",
) -> int:
    """Search the cheapest scaling policy that keeps an objective on recorded traffic.

    Searched are the metrics, triggers or dials of the plan's own policy; its schedules, caps and pause hold for all.
    Chosen on some weeks (or days) and judged on others. Ends with a policy to paste into the plan; the exit code is 6
    where none keeps the objective.
    """
    from outgrow.cli.tune_table import print_tuned, tuned_document
    from outgrow.control.tuning import tune as search
    from outgrow.plan.sources import zone_of
    from outgrow.report.words import Words
    from outgrow.simulate.blocks import block_seconds
    from outgrow.simulate.candidates import Search, candidates_of
    from outgrow.simulate.tune import Goal

    if slo_minutes is not None and inputs.get("objective") is None:
        raise UsageError("--slo-minutes counts minutes above an objective; name it: --objective 500ms")
    loaded = load(plan)
    words = Words(lang, zone_of(loaded.plan.timezone))
    given = Inputs(loaded.plan, plan.parent, service, **inputs)  # pyright: ignore[reportArgumentType] (the options)
    setting, notes = given.setting()
    limits = _limits(given.service, setting, least, most)
    goal = Goal(0.001 if unserved is None and slo_minutes is None else unserved, slo_minutes)
    length = block_seconds(setting)
    own = given.service.scaling
    of = kinds or ((own.policy,) if own is not None else ("hpa",))
    wanted = candidates_of(Search(setting.service, limits, own, of, thorough))
    notes = (*notes, *_kept(own, of))
    with progress_bar() as told:
        found = search(wanted, goal, setting, length, processes or os.cpu_count() or 1, told)
    pasted = _pasted(found, service, given)
    if as_json:
        import json

        click.echo(json.dumps(tuned_document(found, service, notes, pasted), ensure_ascii=False, indent=2))
    else:
        print_tuned(found, notes, pasted, service, words, replaces=own is not None)
    if html is not None and found.chosen is not None:
        write_text(html, _report(found, given.service, service, setting, notes, words))
        click.echo(words("rehearsal.written", file=html), err=True)
    return ExitCode.DONE if found.chosen is not None else ExitCode.NOT_PROVEN


def _kept(own: "ScalingPolicy | None", kinds: "Sequence[Kind]") -> list[str]:
    """Say what of the plan holds for every candidate."""
    from outgrow.simulate.rehearse import replayable

    if own is None:
        return []
    parts = {"schedules": own.schedules, "a budget": own.caps.budget_per_month, f"pause: {own.pause}": own.pause}
    kept = [word for word, there in parts.items() if there]
    said = [f"of the plan, {' and '.join(kept)} hold for every policy"] if kept else []
    return [*said, *(replayable(own)[1] if own.policy in kinds else ())]


def _pasted(found: "Tuned", service: str, given: Inputs) -> str | None:
    """Give the chosen policy as a piece of a plan; a forecast needs to know the load beside it."""
    from outgrow.cli.tune_table import snippet

    if found.chosen is None:
        return None
    policy, load = found.chosen.candidate.policy, given.service.load
    if given.service.scaling is None and load is not None:
        policy = _read_off(policy, load)
    needs_load = policy.policy == "predictive" and load is None
    return snippet(service, policy, (given.from_source or "NAME-THE-SIGNAL-OF-REQUESTS") if needs_load else None)


def _read_off(policy: "ScalingPolicy", load: str) -> "ScalingPolicy":
    """Let a policy that was made up read the requests in all off the service's load."""
    from outgrow.plan.autoscaling import ExternalMetric

    if policy.policy == "keda":
        read = tuple(each.model_copy(update={"signal": load}) for each in policy.triggers)
        return policy.model_copy(update={"triggers": read})
    metrics = (
        each.model_copy(update={"signal": load}) if isinstance(each, ExternalMetric) else each
        for each in policy.metrics
    )
    return policy.model_copy(update={"metrics": tuple(metrics)})


class _Limits:
    """The fewest and the most replicas of a search."""

    def __init__(self, least: int, most: int) -> None:
        self.min = least
        self.max = most


def _limits(service: "Service", setting: "Setting", least: int | None, most: int | None) -> _Limits:
    own = service.scaling
    fewest = least if least is not None else own.min if own else 1
    peak = max(setting.trace.rates) / setting.service.capacity
    highest = most if most is not None else own.max if own else max(fewest, 2 * int(peak + 1))
    if not 0 <= fewest <= highest or highest < 1:
        raise UsageError(f"--min {fewest} and --max {highest}: min is at least 0, max at least 1 and not below min")
    return _Limits(fewest, highest)


def _report(
    found: "Tuned", declared: "Service", service: str, setting: "Setting", notes: tuple[str, ...], words: "Words"
) -> str:
    from outgrow.report.rehearsal_html import render_rehearsal
    from outgrow.simulate.rehearsal import rehearsal

    chosen = found.chosen
    if chosen is None:
        return ""
    policies: dict[str, Any] = {chosen.candidate.name: chosen.candidate.policy}
    if declared.scaling is not None:
        policies[service] = declared.scaling
    policies |= {each.candidate.name: each.candidate.policy for each in found.front[:12] if each is not chosen}
    with progress_bar() as told:
        whole = rehearsal(chosen.candidate.name, policies, setting, explained=True, told=told)
    return render_rehearsal(whole, service, notes, words)
