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

CENTRES: Final = ("last value", "highest of the last hour", "autoregression")
"""The forecasts that compete, in the order in which arrays hold them."""

SPREADS: Final = ("root", "share", "constant")
"""What a forecast's errors are measured in: the root of the forecast, the forecast, a replica."""

EXPERTS: Final = tuple(f"{centre}, {spread}" for centre in CENTRES for spread in SPREADS)
"""Every forecast with every measure of its errors."""

LEVELS: Final = 1 - np.geomspace(0.5, 0.001, 25)
"""The margins that are followed side by side: the share of errors that each covers, up to 99.9 %."""

EDGES: Final = np.concatenate([-np.geomspace(30, 0.1, 12), [0.0], np.geomspace(0.03, 200, 63)])
"""Borders of the bins of errors."""

MOODS: Final = 4
"""Falling, steady, rising, surging: errors are told apart by what the load was doing."""

CLASSES: Final = MOODS + 3
"""The moods, and three grades of how likely a surge is to begin."""

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
    """What was forecast in one slot for a later one.

    `kind` is the class that its errors belong to, `base` the load it started from, `features` what the autoregression
    saw, `centres` each forecast, `weighed` what each expert would have ordered at the quantile at which experts are
    weighed; empty where nothing was known yet.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    due: int
    kind: int
    base: float
    features: Packed
    centres: Packed
    weighed: Packed


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """How wrong the forecasts have been, older errors counting less.

    `histograms` has for each class the counts of each expert's errors (expert, bin), `mass` their number; `loss` is
    the pinball loss of each expert. From these follow `tables`, for each class the error that each expert's level
    covers (expert, level; empty where too little is known), and the experts' `weights`. They are worked out every few
    minutes only: each class was in the slot of `worked`, the weights in that of `weighed`.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    histograms: tuple[Packed, ...]
    mass: tuple[float, ...]
    loss: Packed
    tables: tuple[Packed, ...]
    weights: Packed
    worked: tuple[int, ...]
    weighed: int


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """What each level would have ordered, left unserved and cost; behind them the reactive rule, and what was done.

    `asked` and `orders` (slot, level) end with `slot`: what each would have asked for, and what it would have run after
    its hold. `unserved` and `ran` are replicas by slot, as are `demand` (needed) and `follower` (what one who knows
    each reading at once would have run). `recent` is the late pinball loss of the forecast and of the reactive rule.
    `level` is the one that was chosen last, in the slot of `chosen`.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    slot: int
    asked: Packed
    orders: Packed
    unserved: Packed
    ran: Packed
    demand: float
    follower: float
    recent: tuple[float, float]
    level: int
    chosen: int


@dataclass(frozen=True, slots=True, eq=False)
class Surges:
    """When surges have begun: a logistic regression on the minute of the hour and the time since the last one.

    `level` is the load without surges, `minute` the newest one since 1970. In it a surge has been `seen` or has begun
    (`began`); `before` says whether one was seen in the minute before. `last` is the minute of the last beginning, -1
    before the first, `count` how many there were.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    weights: Packed
    squares: Packed
    level: float = -1.0
    minute: int = -1
    seen: bool = False
    began: bool = False
    before: bool = False
    last: int = -1
    count: int = 0


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
    `recent` the load of the slots up to it, oldest first, what is missing filled from before; `pending` the forecasts
    whose time has not come; `asked` the recommendations that the hold still counts. What an earlier version kept under
    other names is passed over and learnt anew.
    """

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    step_seconds: float = 0.0
    at: float = 0.0
    slot: int = 0
    capacity: float = 0.0
    recent: Packed = field(default_factory=lambda: np.empty(0))
    season: Season | None = None
    regression: Regression | None = None
    margins: Margins | None = None
    books: Books | None = None
    surges: Surges | None = None
    pending: tuple[Forecast, ...] = ()
    asked: tuple[Asked, ...] = ()
    reactive: bool = False
