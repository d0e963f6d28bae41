"""One check: measure, derive, judge, forecast, remember."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from outgrow.control.forecasts import Forecasting
from outgrow.control.inspections import with_inspections
from outgrow.control.measure import OpenSource, Progress, ReadSignal, Round
from outgrow.control.needs import needs, query_signals_behind
from outgrow.control.own_load import own_load
from outgrow.decide.checkpoints import case_of, judge
from outgrow.decide.conditions import evaluate_condition, terms_of
from outgrow.decide.derived import with_derived
from outgrow.decide.forecast import checkpoint_forecast
from outgrow.decide.spans import Span, spans_of
from outgrow.errors import SourceError
from outgrow.facts.checks import AlertVerdict, CheckFacts, Measurement, SignalFacts
from outgrow.facts.decisions import Decision, JsonObject
from outgrow.facts.verdicts import CheckpointState, CheckpointVerdict
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.sources import zone_of
from outgrow.ports import Journal

if TYPE_CHECKING:
    from outgrow.facts.forecasts import CheckpointForecast, ConditionForecast

_DECISION_AT_LEAST_EVERY = timedelta(hours=1)
_SKEW_BORNE = timedelta(minutes=5)
# As long as a backtest may keep a source busy unless told otherwise.
_PATIENCE = timedelta(seconds=60)
Evidence = Callable[[CheckpointVerdict], JsonObject]
"""Words a verdict as the JSON that the journal keeps."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What is checked and how.

    `at` judges a past moment (None: now). `history` is the span that forecasts look back over, zero for none.
    `checkpoints` limits the check to those named; empty means all. With `charts` the history of signals that nothing is
    forecast of is read too.
    """

    plan: Plan
    at: datetime | None = None
    history: timedelta = timedelta(days=60)
    checkpoints: tuple[str, ...] = ()
    charts: bool = False


async def run_check(
    request: CheckRequest,
    sources: Mapping[str, OpenSource | SourceError],
    journal: Journal | None,
    now: datetime,
    *,
    evidence: Evidence | None = None,
    progress: Progress | None = None,
) -> CheckFacts:
    """Measure a plan's signals, judge its checkpoints and forecast their crossings.

    A source that fails makes its signals missing with the reason; everything else is still judged. With a journal,
    samples and decisions are written, earlier samples are used, and latches are kept.
    """
    plan = request.plan
    began = monotonic()
    names = _signals_wanted(request)
    asked = Round(plan, sources, journal, now, past_of=request.at, patience=_PATIENCE, progress=progress)
    read, source_facts = await asked.read(needs(plan, names, request.history, charts=request.charts))
    if request.at is None:
        source_facts = await with_inspections(source_facts, sources)
    signals = with_derived_facts(plan, names, read)
    at = request.at or _latest(signals, now)
    events = await own_load(journal, at - request.history - timedelta(days=1), at)
    excluded = spans_of(events, at)
    bench = _Bench(plan, signals, at, excluded, journal)
    forecasting = Forecasting(plan, signals, at, excluded, journal, remembers=request.at is None)
    measurement = Measurement(at, signals, source_facts, timedelta(seconds=monotonic() - began))
    verdicts: dict[str, CheckpointVerdict] = {}
    forecasts: dict[str, CheckpointForecast] = {}
    trends: dict[str, Mapping[str, ConditionForecast]] = {}
    for name, checkpoint in _checkpoints_wanted(request).items():
        earlier = await bench.last_decision(name)
        verdicts[name], state = bench.judged(name, checkpoint, earlier)
        if request.history > timedelta(0):
            trends[name] = await forecasting.trends(checkpoint)
            holdings = {letter: each.holding for letter, each in verdicts[name].conditions.items()}
            zone = zone_of(plan.timezone)
            forecasts[name] = checkpoint_forecast(name, checkpoint, trends[name], holdings, at, zone)
        if journal is not None and request.at is None and _worth_keeping(verdicts[name], state, earlier):
            words: JsonObject = evidence(verdicts[name]) if evidence else {}
            await journal.append_decision(
                Decision(name, at, now, verdicts[name].grade, verdicts[name].rule_hash, state, words)
            )
    alerts = {} if request.checkpoints else {name: bench.alert(name) for name in plan.alerts}
    return CheckFacts(measurement, verdicts, forecasts, trends, alerts, tuple(events))


@dataclass(frozen=True, slots=True)
class _Bench:
    """Everything that judging looks at: the measured signals at one moment."""

    plan: Plan
    signals: Mapping[str, SignalFacts]
    at: datetime
    excluded: Sequence[Span]
    journal: Journal | None

    async def last_decision(self, checkpoint: str) -> Decision | None:
        """Give the newest decision up to the moment judged, if there is a journal and it has one."""
        if self.journal is None:
            return None
        found = await self.journal.decisions(checkpoint=checkpoint, end=self.at, newest=1)
        return found[-1] if found else None

    def judged(
        self, name: str, checkpoint: Checkpoint, earlier: Decision | None
    ) -> tuple[CheckpointVerdict, CheckpointState]:
        shadow = checkpoint.applies_from is not None and not (
            self.plan.roadmap is not None and self.plan.roadmap.reached(checkpoint.applies_from)
        )
        case = case_of(name, checkpoint, self.plan.signals, shadow=shadow)
        series = {each.signal: self.signals[each.signal].series for each in checkpoint.conditions.values()}
        return judge(case, series, self.at, earlier.state if earlier else None, self.excluded)

    def alert(self, name: str) -> AlertVerdict:
        condition = self.plan.alerts[name].condition
        terms = terms_of(name, condition, self.plan.signals)
        verdict, _ = evaluate_condition(terms, self.signals[condition.signal].series, self.at, {}, self.excluded)
        return AlertVerdict(name, verdict)


def _worth_keeping(verdict: CheckpointVerdict, state: CheckpointState, earlier: Decision | None) -> bool:
    """Say whether a decision is news: something changed, or an hour has passed (a daemon decides every minute)."""
    return (
        earlier is None
        or earlier.grade != verdict.grade
        or earlier.rule_hash != verdict.rule_hash
        or earlier.state.grades != state.grades
        or verdict.at - earlier.at >= _DECISION_AT_LEAST_EVERY
    )


def _latest(signals: Mapping[str, SignalFacts], now: datetime) -> datetime:
    """Give the moment to judge: now, or a little later where a database's clock is ahead of ours."""
    newest = [samples[-1].at for fact in signals.values() for samples in fact.series.values() if samples]
    return max([now, *(moment for moment in newest if moment - now < _SKEW_BORNE)])


def _checkpoints_wanted(request: CheckRequest) -> Mapping[str, Checkpoint]:
    wanted = request.checkpoints
    return {name: each for name, each in request.plan.checkpoints.items() if not wanted or name in wanted}


def _signals_wanted(request: CheckRequest) -> tuple[str, ...]:
    """Everything that is judged or shown; with named checkpoints only what those stand on."""
    if not request.checkpoints:
        return tuple(request.plan.signals)
    conditions = [each for one in _checkpoints_wanted(request).values() for each in one.conditions.values()]
    return tuple(dict.fromkeys(condition.signal for condition in conditions))


def with_derived_facts(plan: Plan, names: Sequence[str], read: Mapping[str, ReadSignal]) -> Mapping[str, SignalFacts]:
    """Add the derived signals to those that were read, with the failures of what they stand on."""
    series = with_derived(plan.signals, {name: each.in_order() for name, each in read.items()})
    facts: dict[str, SignalFacts] = {}
    for name in plan.signals:
        if name in read:
            each = read[name]
            failure = str(each.failure) if each.failure else ""
            facts[name] = SignalFacts(name, series[name], failure, each.no_past, tuple(each.notes))
        elif name in names:
            behind = dict.fromkeys(query_signals_behind(plan.signals, name))
            failures = [f"{below}: {read[below].failure}" for below in behind if read[below].failure]
            no_past = [f"{below}: {read[below].no_past}" for below in behind if read[below].no_past]
            facts[name] = SignalFacts(name, series.get(name, {}), "; ".join(failures), "; ".join(no_past))
    return facts
