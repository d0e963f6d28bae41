"""A load test worded: the verdict first, then the facts, every step, thresholds, what was saturated, and the charts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from outgrow.facts.loads import FAILURES, LoadFacts, Model, Outcome, StepLoad
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.quantity import format_number
from outgrow.report.chart import Chart, Table
from outgrow.report.heat import Heat
from outgrow.report.load_charts import LoadCharts
from outgrow.report.load_saturated import saturated_texts
from outgrow.report.load_trends import apart_table, trends_table
from outgrow.report.load_words import clock, milliseconds, threshold_value
from outgrow.report.report_view import Fact
from outgrow.report.said import said
from outgrow.report.words import Words


@dataclass(frozen=True, slots=True)
class ResourceView:
    """One watched resource: its chart, or why there is none."""

    name: str
    chart: Chart | None
    problem: str


@dataclass(frozen=True, slots=True)
class LoadView:
    """Everything that a load test's report says, in one language; `is_bad` where the headline is no good news."""

    scenario: str
    target: str
    language: str
    zone: str
    at_text: str
    headline: str
    is_bad: bool
    sublines: tuple[str, ...]
    facts: tuple[Fact, ...]
    steps: Table
    checks: Table | None
    thresholds: Table | None
    times: Chart | None
    heat: tuple[Chart, Heat] | None
    arrivals: Chart | None
    errors: Chart | None
    trends: tuple[Chart, ...]
    measured: Table | None
    apart: Table | None
    resources: tuple[ResourceView, ...]
    generator: Chart | None
    steps_note: str
    saturated: tuple[str, ...]
    health: tuple[str, ...]


def load_view(facts: LoadFacts, words: Words) -> LoadView:
    """Word a run; the zone of `words` is the one in which its beginning is told."""
    charts = LoadCharts(facts, words)
    headline, is_bad = _headline(facts, words)
    return LoadView(
        scenario=facts.scenario,
        target=facts.target,
        language=words.language,
        zone=str(words.zone),
        # A summary of another generator does not say when the run was.
        at_text=words.moment(facts.started_at) if facts.started_at.timestamp() else "–",
        headline=headline,
        is_bad=is_bad,
        sublines=tuple(_sublines(facts, words)),
        facts=tuple(_facts(facts, words)),
        steps=_steps(facts, words),
        checks=_checks(facts, words),
        thresholds=_thresholds(facts, words),
        times=charts.times(),
        heat=charts.heat(),
        arrivals=charts.arrivals(),
        errors=charts.errors(),
        trends=tuple(charts.trends()),
        measured=trends_table(facts, words),
        apart=apart_table(facts, words),
        resources=tuple(ResourceView(*each) for each in charts.resources()),
        generator=None if facts.generator else charts.generator(),
        steps_note=words("load.steps_note_of", generator=facts.generator)
        if facts.generator
        else words("load.steps_note"),
        saturated=tuple(saturated_texts(facts, words)),
        health=tuple(_health(facts, words)),
    )


def _headline(facts: LoadFacts, words: Words) -> tuple[str, bool]:
    """Choose the one sentence that matters most: what makes the rest worthless comes first."""
    whole = facts.whole
    if facts.health.too_weak:
        return words("load.headline.too_weak"), True
    if facts.is_silent:
        return words("load.headline.silent", target=facts.target), True
    broken = sum(each.verdict is not ThresholdVerdict.PASSED for each in facts.thresholds)
    if broken:
        return words("load.headline.thresholds", broken=str(broken), of=str(len(facts.thresholds))), True
    if facts.saturated:
        first = facts.saturated[0]
        rate = format_number(first.due_rps)
        return words("load.headline.saturated", resource=first.resource, at=clock(first.at_seconds), rate=rate), True
    if facts.slowed_at_seconds is not None:
        return words("load.headline.slowed", at=clock(facts.slowed_at_seconds)), True
    share = whole.failed_share
    if share:
        return words("load.headline.failed", share=f"{format_number(100 * share)} %"), True
    if whole.response is None:
        return words("load.headline.nothing"), True
    return words("load.headline.kept_up", p95=milliseconds(whole.response.p95_seconds)), False


def _sublines(facts: LoadFacts, words: Words) -> Iterator[str]:
    span = words.span(timedelta(seconds=facts.seconds))
    sent = {"arrivals": f"{facts.arrivals_due:,}", "span": span}
    yield words("load.sent", **sent, target=facts.target) if facts.target else words("load.sent_somewhere", **sent)
    if facts.interrupted:
        planned = words.span(timedelta(seconds=facts.planned_seconds))
        yield (
            words("load.ended_early_by", threshold=said(facts.ended_by, words), planned=planned)
            if facts.ended_by
            else words("load.ended_early", planned=planned)
        )
    if facts.model is Model.CLOSED and not facts.generator:
        yield words("load.closed", hidden=f"{facts.hidden:,}")
    yield from (said(note, words) for note in facts.notes)


def _facts(facts: LoadFacts, words: Words) -> Iterator[Fact]:
    whole = facts.whole
    # Arrivals beside arrivals: a flow asks several requests. Another generator's seconds count its requests.
    is_by_request = facts.generator or not facts.iterations.outcomes
    done = (whole if is_by_request else facts.iterations).outcomes.get(Outcome.DONE, 0)
    rate = format_number(done / max(facts.seconds, 1e-9))
    yield Fact(words("load.done_rate"), f"{rate} /s", words("load.of_due", rate=format_number(_due_rate(facts))))
    if whole.response is not None:
        yield Fact(
            "p50",
            milliseconds(whole.response.p50_seconds),
            words("load.mean", mean=milliseconds(whole.response.mean_seconds)),
        )
        yield Fact("p95", milliseconds(whole.response.p95_seconds), f"p99 {milliseconds(whole.response.p99_seconds)}")
    share = whole.failed_share or 0.0
    yield Fact(
        words("load.failed_share"),
        f"{format_number(100 * share)} %",
        words("load.of_requests", n=f"{whole.failed:,}", of=f"{whole.due:,}"),
    )
    if facts.generator and not facts.timeline:
        return
    busiest = max((max(second.in_flight, second.in_flight_highest) for second in facts.timeline), default=0)
    over = words("load.connections", n=f"{facts.connections_highest:,}")
    yield Fact(words("load.in_flight"), f"{busiest:,}", "" if facts.generator else over)  # another one does not say


def _due_rate(facts: LoadFacts) -> float:
    due = sum(second.due for second in facts.timeline) if facts.timeline else facts.whole.due
    return due / max(facts.course_seconds, 1e-9)


def _steps(facts: LoadFacts, words: Words) -> Table:
    heads = ("step", "requests", "failed", "p50", "p95", "p99", "greatest", "service", "waiting")
    rows = [_step(step.name, step) for step in facts.steps if step.arrivals or not facts.generator]
    if len(rows) != 1:
        rows.append(_step(words("load.all"), facts.whole))
    names = tuple(head if head in {"p50", "p95", "p99"} else words(f"load.head.{head}") for head in heads)
    return Table(words("load.steps"), names, tuple(rows))


def _step(name: str, step: StepLoad) -> tuple[str, ...]:
    failed = f"{step.failed:,}" + (f" ({format_number(100 * step.failed_share)} %)" if step.failed_share else "")
    times = (
        (None,) * 4
        if step.response is None
        else (
            step.response.p50_seconds,
            step.response.p95_seconds,
            step.response.p99_seconds,
            step.response.greatest_seconds,
        )
    )
    others = (None if each is None else each.p95_seconds for each in (step.service, step.waiting))
    return (name, f"{step.due:,}", failed, *map(milliseconds, times), *map(milliseconds, others))


def _thresholds(facts: LoadFacts, words: Words) -> Table | None:
    """Give the scenario's thresholds, those that are not passed first; None without any."""
    if not facts.thresholds:
        return None
    rows = tuple(
        (
            said(each.text, words),
            threshold_value(each),
            f"{words(f'load.threshold.{each.verdict.name.lower()}')}{_because(each, words)}",
        )
        for each in sorted(facts.thresholds, key=lambda each: each.verdict is ThresholdVerdict.PASSED)
    )
    heads = tuple(words(f"load.head.{head}") for head in ("threshold", "measured", "verdict"))
    return Table(words("load.thresholds"), heads, rows)


def _because(result: ThresholdResult, words: Words) -> str:
    if result.why:
        return f": {said(result.why, words)}"
    if result.first_failed_seconds is None:
        return ""
    return f", {words('roadmap.first_failed', at=clock(result.first_failed_seconds))}"


def _checks(facts: LoadFacts, words: Words) -> Table | None:
    """Give the checks of every step, those that failed most first; None without checks."""
    counts = [
        (passed, failed, title, step.name) for step in facts.steps for title, (passed, failed) in step.checks.items()
    ]
    if not counts:
        return None
    rows = tuple(
        (title, step, f"{passed:,}", f"{failed:,}", f"{format_number(100 * passed / max(passed + failed, 1))} %")
        for passed, failed, title, step in sorted(counts, key=lambda each: -each[1])
    )
    heads = tuple(words(f"load.head.{head}") for head in ("check", "step", "passed", "failed", "share"))
    return Table(words("load.checks"), heads, rows)


def _health(facts: LoadFacts, words: Words) -> Iterator[str]:
    health = facts.health
    yield from (words("load.too_weak", why=said(why, words)) for why in health.too_weak)
    if facts.generator:
        yield words("load.sent_by", generator=facts.generator)
    elif not health.too_weak:
        yield words("load.kept_schedule")
    if health.lateness is not None:
        yield words("load.lateness", p99=milliseconds(health.lateness.p99_seconds), late=f"{health.late:,}")
    if not facts.generator:
        yield words("load.connections_opened", n=f"{facts.connections_opened:,}", retried=f"{facts.retried:,}")
    lost = {
        each: count for each, count in facts.whole.outcomes.items() if each not in FAILURES and each is not Outcome.DONE
    }
    if lost:
        kinds = ", ".join(f"{words(f'load.outcome.{each.name.lower()}')} {count:,}" for each, count in lost.items())
        yield words("load.not_asked", kinds=kinds)
    if facts.machine:
        yield said(facts.machine, words)
