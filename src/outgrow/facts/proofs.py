"""What load tests proved: each threshold with its value and its limit, and what follows for a phase."""

from dataclasses import dataclass
from enum import StrEnum


class ThresholdVerdict(StrEnum):
    """What became of a threshold; only `PASSED` counts for a proof."""

    PASSED = "passed"
    FAILED = "failed"
    NO_DATA = "no data"
    """Nothing was measured that it could be held against: not proven, never passed."""


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """A threshold after a run.

    `value` is the one that decided: of a threshold with a window the worst of all windows. Value and limit are in
    `unit` (seconds for times, 0 to 1 for shares). `first_failed_seconds` is from the start of the run; a threshold over
    the whole run may have recovered since, and then has none. `aborted` says that it ended the run. `why` says in words
    what the figures do not, such as why there is no data.
    """

    text: str
    value: float | None
    operator: str
    limit: float
    unit: str
    verdict: ThresholdVerdict
    window_seconds: float | None = None
    first_failed_seconds: float | None = None
    aborted: bool = False
    why: str = ""
