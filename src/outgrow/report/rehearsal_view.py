"""A rehearsal for people: one row a policy, the sentences that say what it means, and the words of one decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from outgrow.facts.scaling import LoadForecast, Proposal, ScalingDecision
from outgrow.quantity import format_number, parse_unit
from outgrow.quantity.shown import format_in
from outgrow.report.said import said
from outgrow.report.scaling_words import rule_word
from outgrow.report.words import Words
from outgrow.simulate.latency import LatencyEstimate
from outgrow.simulate.rehearsal import Part, Rehearsal, Rehearsed

_SECONDS = parse_unit("s")
_NO_GAP = 1e-9
_HARDLY = 0.0005
_MIXED_OF = 3
_WORTH_SAYING = 0.05


@dataclass(frozen=True, slots=True)
class RehearsalRow:
    """One policy in words; `money` and `p95` are empty where no price and no objective are known."""

    name: str
    part: Part
    unserved: str
    time_under: str
    cost: str
    regret: str
    actions: str
    hours: str
    violation: str = ""
    p95: str = ""
    money: str = ""


@dataclass(frozen=True, slots=True)
class RehearsalView:
    """Everything that is told of a rehearsal in words."""

    title: str
    headline: str
    lead: tuple[str, ...]
    setting: tuple[str, ...]
    heads: RehearsalRow
    rows: tuple[RehearsalRow, ...]
    notes: tuple[str, ...]


def rehearsal_view(found: Rehearsal, service: str, notes: Sequence[str], words: Words) -> RehearsalView:
    """Put a rehearsal into words."""
    own = found.policy
    return RehearsalView(
        title=words("rehearsal.title", service=service),
        headline=_headline(found, words),
        lead=tuple(_lead(found, words)),
        setting=tuple(_setting(found, words)),
        heads=_heads(words),
        rows=tuple(_row(found, each, words) for each in (*found.rows, found.feasible, found.budget)),
        notes=tuple(sentence(said(each, words)) for each in (*notes, *own.left_out, *_oracle_notes(found, words))),
    )


def share(value: float) -> str:
    """Show a share in percent with two figures where it is small: `0.011 %`, `1.4 %`; nothing at all is `0`."""
    percent = value * 100
    if percent == 0:
        return "0"
    return f"{percent:.2f} %" if percent >= 1 else f"{percent:.2g} %"


def policy_name(name: str, words: Words) -> str:
    """Word the name of an oracle or of a policy that a search made up; what somebody called one stays as it is."""
    return said(name, words) if " " in name else name


def sentence(note: str) -> str:
    """Make a sentence of what was noted: `the first hour is warm-up` begins with a capital and ends with a point."""
    return f"{note[:1].upper()}{note[1:]}{'' if note.endswith('.') else '.'}"


def seconds(value: float | None) -> str:
    """Show a time, `–` where there is none, `∞` where it has no end."""
    if value is None:
        return "–"
    return format_in(value, _SECONDS) if isfinite(value) else "∞"


def ordered_by_cost(rows: Sequence[Rehearsed]) -> list[Rehearsed]:
    """Sort rows by what they cost, the cheapest first."""
    return sorted(rows, key=lambda row: row.appraisal.score.replica_hours)


# --- sentences ---


def _headline(found: Rehearsal, words: Words) -> str:
    """Say what the policy leaves unserved and costs, held against the least at which everything can be served."""
    score, regret = found.policy.appraisal.score, found.regret(found.policy)
    names = {"policy": policy_name(found.policy.name, words), "unserved": share(score.unserved)}
    if abs(regret - 1) < _HARDLY:
        return words(f"rehearsal.headline.{'at_least_cost' if score.unserved else 'perfect'}", **names)
    if regret < 1:
        return words("rehearsal.headline.cheaper", less=share(1 - regret), **names)
    key = "rehearsal.headline.dearer" if score.unserved else "rehearsal.headline.served"
    return words(key, regret=format_number(round(regret, 3)), **names)


def _lead(found: Rehearsal, words: Words) -> list[str]:
    score, latency = found.policy.appraisal.score, found.policy.appraisal.latency
    whole = timedelta(seconds=(len(found.totals) - _skipped(found)) * found.setting.service.step_seconds)
    sentences: list[str] = []
    equal = found.at_equal_cost()
    if equal is not None:
        sentences.append(_equal_cost(score.unserved, equal, words))
    if score.time_under:
        under = words.span(score.time_under * whole)
        sentences.append(words("rehearsal.under", span=under, whole=words.span(whole)))
    else:
        sentences.append(words("rehearsal.never_under", whole=words.span(whole)))
    if found.policy.bounds is not None and found.policy.steps_at_maximum:
        reached = timedelta(seconds=found.policy.steps_at_maximum * found.setting.service.step_seconds)
        sentences.append(words("rehearsal.at_maximum", most=found.policy.bounds[1], span=words.span(reached)))
    sentences += _spot(found, words)
    if latency is not None:
        sentences.append(_violation(latency, words))
    return sentences


def _equal_cost(own: float, equal: Rehearsed, words: Words) -> str:
    theirs, name = equal.appraisal.score.unserved, policy_name(equal.name, words)
    if not theirs:
        return words("rehearsal.equal_cost.nothing" if own else "rehearsal.equal_cost.nothing_too", name=name)
    if share(theirs) == share(own):
        return words("rehearsal.equal_cost.the_same", name=name)
    return words("rehearsal.equal_cost.differs", name=name, unserved=share(theirs))


def _violation(latency: LatencyEstimate, words: Words) -> str:
    objective = seconds(latency.objective_seconds)
    if not latency.violation_minutes:
        return words("rehearsal.violation.none", objective=objective)
    above = words.span(timedelta(minutes=latency.violation_minutes))
    if latency.violation_minutes == latency.longest_violation_minutes:
        return words("rehearsal.violation.at_once", objective=objective, above=above)
    longest = words.span(timedelta(minutes=latency.longest_violation_minutes))
    return words("rehearsal.violation.several", objective=objective, above=above, longest=longest)


def _spot(found: Rehearsal, words: Words) -> list[str]:
    """Say what it would save to run everything above the minimum on capacity that may be taken back (AE-9)."""
    cost, mixed, bounds = found.policy.appraisal.bill.cost, found.cost_on_spot(), found.policy.bounds
    if not cost or mixed is None or bounds is None:
        return []
    saved = share(max(0.0, 1 - mixed / cost))
    return [words("rehearsal.spot", cost=f"{cost:,.2f}", mixed=f"{mixed:,.2f}", saved=saved, least=bounds[0])]


def _setting(found: Rehearsal, words: Words) -> list[str]:
    trace, service = found.setting.trace, found.setting.service
    start = trace.moment(_skipped(found) * service.step_seconds)
    return [
        _traffic(found, words),
        words("rehearsal.scored", start=words.moment(start), end=words.moment(trace.moment(trace.seconds))),
        words(
            "rehearsal.service",
            capacity=format_number(service.capacity),
            start_up=words.span(timedelta(seconds=service.start_up_seconds)),
            lag=words.span(timedelta(seconds=service.metric_lag_seconds)),
            step=words.span(timedelta(seconds=service.step_seconds)),
        ),
    ]


def _traffic(found: Rehearsal, words: Words) -> str:
    """Tell the recording at a glance: how long it is, its grid and gaps, its mean and its peak."""
    recorded = found.setting.recorded or found.setting.trace.recorded()
    length = timedelta(seconds=recorded.interval_seconds * recorded.intervals)
    missing = {"missing": f"{recorded.missing:,}", "intervals": f"{recorded.intervals:,}"}
    return words(
        "rehearsal.traffic",
        span=words.span(length),
        interval=words.span(timedelta(seconds=recorded.interval_seconds)),
        gaps=words("rehearsal.gaps.some", **missing) if recorded.missing else words("rehearsal.gaps.none"),
        mean=format_number(recorded.mean),
        peak=format_number(recorded.peak),
        at=words.moment(recorded.peak_at),
    )


def _oracle_notes(found: Rehearsal, words: Words) -> list[str]:
    gap = found.budget.gap
    allowed = share(found.allowed)
    if not found.allowed:
        return [words("rehearsal.budget_nothing")]
    if gap > _NO_GAP:
        return [words("rehearsal.budget_gap", allowed=allowed, gap=share(gap))]
    return [words("rehearsal.budget_exact", allowed=allowed)]


def _skipped(found: Rehearsal) -> int:
    return -(-found.setting.terms.warm_up_seconds // found.setting.service.step_seconds)


# --- rows ---


def _heads(words: Words) -> RehearsalRow:
    return RehearsalRow(
        words("rehearsal.column.policy"),
        Part.POLICY,
        words("rehearsal.column.unserved"),
        words("rehearsal.column.time_under"),
        words("rehearsal.column.cost"),
        words("rehearsal.column.regret"),
        words("rehearsal.column.actions"),
        words("rehearsal.column.hours"),
        words("rehearsal.column.violation"),
        words("rehearsal.column.p95"),
        words("rehearsal.column.money"),
    )


def _row(found: Rehearsal, row: Rehearsed, words: Words) -> RehearsalRow:
    score, bill, latency = row.appraisal.score, row.appraisal.bill, row.appraisal.latency
    return RehearsalRow(
        policy_name(row.name, words),
        row.part,
        share(score.unserved),
        share(score.time_under),
        f"{score.cost_ratio:.3f}",
        f"{found.regret(row):.3f}",
        format_number(round(score.actions_a_day, 1)),
        format_number(bill.billed_hours),
        "" if latency is None else format_number(round(latency.violation_minutes, 1)),
        "" if latency is None else seconds(latency.p95_seconds),
        "" if bill.cost is None else f"{bill.cost:,.2f}",
    )


# --- one decision ---


def decision_lines(decision: ScalingDecision, words: Words) -> list[str]:
    """Word one decision: what every metric proposed, what became of it, and what each rule changed."""
    lines = [
        words(
            "rehearsal.decision.result",
            at=moment(decision.at, words),
            current=decision.current,
            desired=decision.desired,
            rule=rule_word(decision.rule, words),
            condition=decision.condition,
        )
    ]
    lines += [_proposal(each, words) for each in decision.proposals]
    if decision.forecast is not None:
        lines += _forecast(decision.forecast, words)
    if decision.recommended is not None and decision.stabilized is not None:
        chain = {"recommended": decision.recommended, "stabilized": decision.stabilized, "desired": decision.desired}
        lines.append(words("rehearsal.decision.chain", metric=decision.metric, **chain))
    lines += [
        words("rehearsal.decision.without", rule=rule_word(each.without, words), replicas=each.replicas)
        for each in decision.counterfactuals
    ]
    if not decision.counterfactuals:
        lines.append(words("rehearsal.decision.no_rule"))
    return lines


def moment(at: datetime, words: Words) -> str:
    """Give a moment to the second in the plan's zone with its offset, as `--explain` takes it."""
    return at.astimezone(words.zone).isoformat(timespec="seconds")


def _proposal(proposal: Proposal, words: Words) -> str:
    if proposal.replicas is None:
        return words("rehearsal.decision.unusable", metric=proposal.metric, why=said(proposal.failure, words))
    ratio = "–" if proposal.ratio is None else f"{proposal.ratio:.3f}"
    key = "rehearsal.decision.tolerated" if proposal.within_tolerance else "rehearsal.decision.proposal"
    return words(key, metric=proposal.metric, ratio=ratio, replicas=proposal.replicas, raw=proposal.raw)


def _forecast(told: LoadForecast, words: Words) -> list[str]:
    """Word what was expected of the load and the margin on top of it, in replicas, or why nothing was."""
    key = "rehearsal.decision.load_now"
    lines = [words(key, now=_load(told.now), reactive=told.reactive)]
    if told.expected is not None and told.margin is not None and told.quantile is not None:
        numbers = {"expected": _load(told.expected), "margin": f"{told.margin:+.2f}"}
        likely = f"{told.quantile * 100:g} %"
        lines.append(words("rehearsal.decision.forecast", due=moment(told.due, words), quantile=likely, **numbers))
        parts = sorted(told.weights.items(), key=lambda each: -each[1])[:_MIXED_OF]
        mixed = ", ".join(f"{said(name, words)} {weight:.0%}" for name, weight in parts if weight >= _WORTH_SAYING)
        lines.append(words("rehearsal.decision.mixed", parts=mixed))
    if told.unserved is not None and told.headroom is not None:
        past = {"unserved": share(told.unserved), "headroom": share(told.headroom)}
        lines.append(words("rehearsal.decision.lately", **past))
    if not told.trusted:
        lines.append(words("rehearsal.decision.mistrusted", why=said(told.why, words)))
    return lines


def _load(replicas: float) -> str:
    return f"{replicas:.2f}"
