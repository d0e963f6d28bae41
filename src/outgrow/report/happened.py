"""What an event says, in words."""

from outgrow.facts.decisions import Event, EventKind
from outgrow.facts.proofs import ProofVerdict
from outgrow.report.said import said
from outgrow.report.words import Words


def event_text(event: Event, words: Words) -> str:
    """Word what an event says beside its kind, times and subject; empty where it says nothing."""
    text = str(event.detail.get("text", ""))
    if event.kind is EventKind.PROOF and text in set(ProofVerdict):
        return words(f"roadmap.state.{ProofVerdict(text).name.lower()}")
    return said(text, words)
