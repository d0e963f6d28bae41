"""What a load test saturated, in sentences; apart from the pages, whose modules a run's own process need not hold."""

from collections.abc import Iterator

from outgrow.facts.loads import LoadFacts
from outgrow.quantity import format_in, format_number, parse_unit
from outgrow.report.load_words import clock
from outgrow.report.said import said
from outgrow.report.words import Words


def saturated_texts(facts: LoadFacts, words: Words) -> Iterator[str]:
    """Say what was saturated, the first first, and when the target fell behind."""
    for index, each in enumerate(facts.saturated):
        resource = facts.resources[each.resource]
        key = "load.saturated_first" if index == 0 else "load.saturated_then"
        yield words(
            key,
            resource=each.resource,
            at=clock(each.at_seconds),
            value=format_in(each.value, parse_unit(resource.unit)),
            limit=format_in(each.limit, parse_unit(resource.unit)),
            says=said(resource.limit_says, words),
            rate=format_number(each.due_rps),
        )
    if facts.slowed_at_seconds is not None:
        yield words("load.fell_behind", at=clock(facts.slowed_at_seconds))
        if facts.resources and not facts.saturated:
            yield words("load.nothing_full")
