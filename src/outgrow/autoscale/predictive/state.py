"""What the predictive policy remembers: recent load, last week's course, and how wrong each candidate has been.

Everything is kept in replicas' worth of load, on a grid of slots as long as one step of the loop. Arrays are never
changed in place: a state that was handed out stays as it was. States are compared by their documents.
"""

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, ConfigDict, PlainSerializer

Floats = npt.NDArray[np.float64]

CANDIDATES: Final = (
    "last",
    "trend of 1 min",
    "trend of 3 min",
    "trend of 10 min",
    "median of lags x level",
    "highest of the last hour",
    "yesterday x level",
    "last week x level",
    "autoregression",
)
"""The forecasts that compete, in the order in which arrays hold them."""

QUANTILES: Final = np.array([0.8, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998])
"""The margins that are followed side by side: the share of errors that each covers."""

EDGES: Final = np.concatenate([-np.geomspace(8, 0.004, 34), [0.0], np.geomspace(0.004, 32, 46)])
"""Borders of the bins of errors, relative to the root of the forecast."""

MOODS: Final = 4
"""Falling, steady, rising, surging: errors are told apart by what the load was doing."""

LAGS: Final = 16
FEATURES: Final = LAGS - 1 + 2
"""What the autoregression sees: the steps between recent slots, and the steps that a day and a week ago followed."""

SEASON_SECONDS: Final = 300
SEASON_SLOTS: Final = 7 * 86_400 // SEASON_SECONDS
"""The course of a week in means of five minutes."""


def _packed(array: Floats) -> dict[str, Any]:
    shape = list(array.shape)
    return {"shape": shape, "float64": b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 6)).decode()}


def _unpacked(raw: Any) -> Any:
    if isinstance(raw, np.ndarray):
        return raw  # pyright: ignore[reportUnknownVariableType] (checked by its use)
    try:
        flat = np.frombuffer(zlib.decompress(b64decode(raw["float64"], validate=True)), dtype=np.float64)
        return flat.reshape(raw["shape"])
    except (KeyError, TypeError, zlib.error) as error:
        raise ValueError("is no packed array") from error


Packed = Annotated[Floats, BeforeValidator(_unpacked), PlainSerializer(_packed, when_used="json")]
"""An array that JSON holds exactly and in little room."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What was forecast in one slot for a later one: each candidate's held value, and every margin's outcome.

    `features` are what the autoregression saw, `base` the load it started from. `quantiles` (quantile, candidate) and
    their mixtures `combined` (quantile) are what would have been ordered for; empty where nothing was known yet.
    `reactive` is what the reactive rule alone would have ordered.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    due: int
    mood: int
    base: float
    reactive: float
    features: Packed
    held: Packed
    quantiles: Packed
    combined: Packed


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """How wrong the candidates and the margins have been, older errors counting less.

    `histogram` counts each candidate's errors by mood (mood, candidate, bin); `mass` their number by mood. `loss` is
    the pinball loss of each candidate at each quantile. `unserved`, `cost`, `demand` and `follower` are replicas by
    slot, the first two for each quantile: what would have been unserved and have run, what was needed, and what a
    perfect follower would have run. `recent` is the late pinball loss of the forecast and of the reactive rule alone.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    histogram: Packed
    mass: Packed
    loss: Packed
    unserved: Packed
    cost: Packed
    demand: float
    follower: float
    recent: Packed


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Recursive least squares with forgetting: weights and the inverse of the features' correlation."""

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    weights: Packed
    inverse: Packed


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """Means of five minutes of the last week: slot `n` since 1970 stands at `n % SEASON_SLOTS`, NaN where unknown."""

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    means: Packed
    slot: int = -1
    sum: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """So many replicas were asked for at a moment, in seconds since 1970."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True, eq=False)
class PredictiveState:
    """The memory of one predictive policy.

    `step_seconds` is the length of a slot, 0 until two decisions told it; `slot` the newest slot since 1970;
    `recent` the load of the slots up to it, oldest first, what is missing filled from before; `centres` the candidates
    of the slots of one hold; `waiting` the forecasts whose time has not come; `asked` the recommendations that the
    hold still counts.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    step_seconds: float = 0.0
    at: float = 0.0
    slot: int = 0
    capacity: float = 0.0
    recent: Packed = field(default_factory=lambda: np.empty(0))
    centres: Packed = field(default_factory=lambda: np.empty((0, len(CANDIDATES))))
    season: Season | None = None
    errors: Errors | None = None
    regression: Regression | None = None
    waiting: tuple[Forecast, ...] = ()
    asked: tuple[Asked, ...] = ()
    reactive: bool = False
