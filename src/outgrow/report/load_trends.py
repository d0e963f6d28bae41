"""What is measured of answers beside their times: tokens, messages and their pace, as charts and as a table.

Names of trends say their unit: those that end in `_seconds` are durations; others are numbers of one answer, whose sum
is what all answers brought.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from outgrow.facts.buckets import Buckets, together
from outgrow.facts.loads import LoadFacts
from outgrow.quantity import format_number
from outgrow.report.chart import Table
from outgrow.report.load_words import milliseconds
from outgrow.report.words import Words

SECONDS: Final = "_seconds"
TOTALS: Final = ("tokens", "cost_per_1000_requests", "messages_received", "messages_sent")
"""Trends whose sum says something: what came or was paid in all."""
COST: Final = "cost_per_1000_requests"
PER_THOUSAND: Final = 1e-3
_CHARTED: Final = (
    "first_token_seconds",
    "between_tokens_seconds",
    "first_message_seconds",
    "between_messages_seconds",
    "reply_seconds",
)
_NAMED: Final = frozenset(
    {*_CHARTED, *TOTALS, "tokens_per_second", "messages_per_second", "connect_seconds", "session_seconds"}
)


def trend_name(name: str, words: Words) -> str:
    """Word what was measured; a name that nobody knows stands as it is."""
    return words(f"load.trend.{name}") if name in _NAMED else name.removesuffix(SECONDS).replace("_", " ")


def trend_value(name: str, value: float | None) -> str:
    """Word a value of a trend."""
    if name.endswith(SECONDS):
        return milliseconds(value)
    return "–" if value is None else format_number(value)


def charted(facts: LoadFacts) -> Iterator[str]:
    """Name the durations that are worth a chart each, of those that were measured second by second."""
    found = {name for second in facts.timeline for step in second.steps.values() for name in step.trends}
    yield from (name for name in _CHARTED if name in found)


def whole_trends(facts: LoadFacts) -> Mapping[str, Buckets]:
    """Give what was measured over all steps."""
    names = dict.fromkeys(name for step in facts.steps for name in step.trends)
    return {name: together(step.trends[name] for step in facts.steps if name in step.trends) for name in names}


def _quantiles(words: Words) -> tuple[str, ...]:
    return "p50", "p95", "p99", words("load.head.greatest")


def trends_table(facts: LoadFacts, words: Words) -> Table | None:
    """Give every trend of every step; None where nothing was measured."""
    rows = [
        (
            trend_name(name, words),
            step.name,
            f"{found.count:,}",
            *(
                trend_value(name, each)
                for each in (found.mean_seconds, *(found.quantile(share) for share in (0.5, 0.95, 0.99, 1)))
            ),
        )
        for step in facts.steps
        for name, found in step.trends.items()
    ]
    heads = (words("load.head.measured"), words("load.head.step"), words("load.head.count"), words("load.head.mean"))
    return Table(words("load.trends"), (*heads, *_quantiles(words)), tuple(rows)) if rows else None


def apart_table(facts: LoadFacts, words: Words) -> Table | None:
    """Give the requests by the tags of their steps and by status; None where nothing is told apart so."""
    rows = [*_by_tag(facts), *_by_status(facts, words)]
    heads = (words("load.head.apart"), words("load.head.requests"), words("load.head.failed"))
    return Table(words("load.apart"), (*heads, *_quantiles(words)), tuple(rows)) if rows else None


def _by_tag(facts: LoadFacts) -> Iterator[tuple[str, ...]]:
    pairs = dict.fromkeys(pair for step in facts.steps for pair in step.tags.items() if pair[0] != "name")
    for tag, value in pairs:
        chosen = [step for step in facts.steps if step.tags.get(tag) == value]
        names = {step.name for step in chosen}
        times = together(
            step.response for second in facts.timeline for name, step in second.steps.items() if name in names
        )
        requests, failed = sum(step.due for step in chosen), sum(step.failed for step in chosen)
        yield (f"{tag}: {value}", f"{requests:,}", f"{failed:,}", *_times(times))


def _by_status(facts: LoadFacts, words: Words) -> Iterator[tuple[str, ...]]:
    """Give the answers by status, those of one that was expected by one step and not by another apart."""
    answers = [each for second in facts.timeline for step in second.steps.values() for each in step.answers]
    kinds = {(status, expected) for status, expected, _ in answers}
    if len(kinds) == 1:
        return
    for kind in sorted(kinds, key=lambda each: (not each[0], each)):
        times = together(each for status, expected, each in answers if (status, expected) == kind)
        status, expected = kind
        name = words("load.status", status=status) if status else words("load.outcome.timed_out")
        yield (name, f"{times.count:,}", f"{0 if expected else times.count:,}", *_times(times))


def _times(found: Buckets) -> Sequence[str]:
    return [milliseconds(found.quantile(share)) for share in (0.5, 0.95, 0.99, 1)]
