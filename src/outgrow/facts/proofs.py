"""What load tests proved: each threshold with its value and its limit, and what follows for a phase."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


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
    what the figures do not, such as why there is no data. `scenario` is where a goal over several was decided.
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
    scenario: str = ""


class ProofVerdict(StrEnum):
    """What became of a phase."""

    PROVEN = "proven"
    NOT_PROVEN = "not proven"
    TOO_WEAK = "generator too weak"
    RECORDED = "recorded"
    """Nothing was asked of it: a baseline."""
    REHEARSED = "rehearsed"
    """Every goal was kept at a share of the load, which proves nothing of the phase."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit that a folder stood at; `dirty` where files of it were changed since, `why` where there is none."""

    commit: str = ""
    dirty: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class TargetVersion:
    """What the target said it was; `why` where it said nothing, or another thing after the run."""

    text: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class ScenarioProof:
    """One scenario's part in a proof: its thresholds, the phase's goals in it, and how the run went in figures.

    `started_at` and `seconds` tell which run it was; the journal keeps the same run's span.
    """

    scenario: str
    target: str
    arrivals: int
    failed: int
    p95_seconds: float | None
    thresholds: tuple[ThresholdResult, ...]
    goals: tuple[ThresholdResult, ...]
    too_weak: tuple[str, ...] = ()
    interrupted: bool = False
    started_at: datetime | None = None
    seconds: float = 0.0
    version: TargetVersion = TargetVersion()
    silent: bool = False
    """Whether the target answered nothing at all."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A phase held against its goals. `plan_hash` is of its goals and scenarios, so that a change makes it out of date.

    `policy_hash` is of the plan's scaling policies, for the same reason; proofs of before it was kept have none.
    `goals` are over all scenarios: a rate or a number of users by the scenario that came furthest, all else by the one
    that is worst off.
    """

    phase: str
    verdict: ProofVerdict
    plan_hash: str
    goals: tuple[ThresholdResult, ...]
    scenarios: tuple[ScenarioProof, ...]
    outgrow: str
    machine: str
    scale: float = 1.0
    """Below 1 it was a rehearsal, which proves nothing."""
    policy_hash: str = ""
    plan_revision: Revision = Revision()

    @property
    def is_interrupted(self) -> bool:
        """Whether someone ended it before its scenarios were through; a threshold that ended a run is no one."""
        return any(each.interrupted for each in self.scenarios)

    def document(self) -> dict[str, Any]:
        """Give it as plain JSON; times are ISO 8601."""
        return json.loads(json.dumps(asdict(self), default=datetime.isoformat))
