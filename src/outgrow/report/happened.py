"""What an event says, in words."""

from typing import Final

from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.proofs import ProofVerdict
from outgrow.report.said import said
from outgrow.report.words import Words

_OURS: Final = frozenset({EventKind.CAPACITY, EventKind.PROOF, EventKind.SCALING, EventKind.START_UP})
"""Nobody writes the text of these by hand."""


def event_text(event: Event, words: Words) -> str:
    """Word what an event says beside its kind, times and subject; empty where it says nothing.

    What somebody wrote stays as it is, though it may look like a sentence of ours.
    """
    text = str(event.detail.get("text", ""))
    if event.kind is EventKind.PROOF and text in set(ProofVerdict):
        return words(f"roadmap.state.{ProofVerdict(text).name.lower()}")
    is_ours = event.kind in _OURS or (event.kind is EventKind.LOAD_TEST and "scenario" in event.detail)
    return said(text, words) if is_ours else text
