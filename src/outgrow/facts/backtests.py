"""What a backtest found: when each verdict would have changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from outgrow.facts.checks import SignalFacts, SourceFacts
from outgrow.facts.verdicts import CheckpointVerdict


@dataclass(frozen=True, slots=True)
class BacktestFacts:
    """The verdicts of a past span: `changes` holds, by checkpoint, the verdict at the start and at each change."""

    start: datetime
    end: datetime
    steps: Mapping[str, timedelta]
    changes: Mapping[str, tuple[CheckpointVerdict, ...]]
    signals: Mapping[str, SignalFacts]
    sources: Mapping[str, SourceFacts]
    estimate: Mapping[str, timedelta]
