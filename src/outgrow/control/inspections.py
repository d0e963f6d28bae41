"""What sources say of themselves during a check: their clocks, and facts worth showing such as a memory policy."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import anyio

from outgrow.control.measure import OpenSource, bounded
from outgrow.errors import SourceError
from outgrow.facts.checks import SourceFacts
from outgrow.plan.secrets import redacted

# Of the others an inspection is another measurement: one more probe, one more look at every process or row.
_CHEAP: Final = frozenset({"postgres", "mysql", "prometheus", "redis", "docker"})
_PATIENCE: Final = timedelta(seconds=2)


async def with_inspections(
    facts: Mapping[str, SourceFacts], sources: Mapping[str, OpenSource | SourceError]
) -> Mapping[str, SourceFacts]:
    """Add version, clock and notes of the sources that answered and are asked cheaply.

    What cannot be had is left out without a word: a check is no trial (`outgrow validate --live` is). Rights and other
    warnings are left to that trial too.
    """
    found = dict(facts)

    async def ask(name: str, opened: OpenSource) -> None:
        try:
            said = await bounded(_PATIENCE, opened.adapter.inspect)
        except SourceError:
            return
        notes = tuple(redacted(note, opened.secrets) for note in said.notes)
        found[name] = replace(found[name], version=said.version, clock_skew=said.clock_skew, notes=notes)

    async with anyio.create_task_group() as tasks:
        for name, fact in facts.items():
            opened = sources[name]
            if isinstance(opened, OpenSource) and opened.kind in _CHEAP and not fact.failures:
                tasks.start_soon(ask, name, opened)
    return found
