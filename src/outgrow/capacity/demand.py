"""Demand: from monthly users to requests per second, each step with its assumption, formula and source (PT-1).

    monthly users -> daily users -> users at once in the busy hour -> requests per second then
                                 -> on an ordinary hour, and in a burst

Users and requests are tied by Little's law: of N users at once, each sending one request every Z seconds (its answer
waited for and read), X = N / Z requests arrive per second.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from outgrow.errors import UsageError

LITTLE: Final = "Little's law, L = lambda W (J. D. C. Little, Operations Research 9(3), 1961)"
_DEFINITION: Final = "definition"
_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Range:
    """A figure between two bounds; both equal where it is one number."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order.

        Raises:
            ValueError: low is above high.
        """
        if self.low > self.high:
            raise ValueError(f"a range from {self.low:g} to {self.high:g} is empty")

    def overlaps(self, other: "Range", slack: float = 0.0) -> bool:
        """Say whether the two have a number in common, give or take a share `slack` of each bound."""
        return self.low * (1 - slack) <= other.high * (1 + slack) and other.low * (1 - slack) <= self.high * (1 + slack)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the calculation rests on; every one may be replaced.

    Counts are users; shares are 0-1. Without `dau` the daily users are `daily_share` of the monthly ones.
    `concurrent_share` is the part of the daily users that is there at once in the busy hour.
    `seconds_between_requests` is how long one user takes from request to request, answer and thought included; where
    `requests_per_minute` of one user is given it is 60 over that, and where `think_seconds` and `answer_seconds` are
    given it is their sum. `busy_over_normal` is the busy hour over an ordinary one, `burst_over_busy` the worst minute
    over the busy hour.
    """

    mau: float
    dau: float | None = None
    daily_share: float = 0.3
    concurrent_share: Range = Range(0.10, 0.17)
    seconds_between_requests: float = 50.0
    requests_per_minute: float | None = None
    think_seconds: float | None = None
    answer_seconds: float | None = None
    busy_over_normal: float = 5.0
    burst_over_busy: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what no system can be.

        Raises:
            UsageError: a number that is not positive, a share above 1, more daily than monthly users, or the time
                between requests given in two ways.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            low = value.low if isinstance(value, Range) else value
            if isinstance(low, int | float) and not 0 < low < float("inf"):
                raise UsageError(f"{_option(each.name)} {low:g}: must be a number above 0")
        for name, share in (("daily_share", self.daily_share), ("concurrent_share", self.concurrent_share.high)):
            if share > 1:
                raise UsageError(f"{_option(name)} {share:g}: a share is at most 1, that is 100 %")
        if self.dau is not None and self.dau > self.mau:
            raise UsageError(f"--dau {self.dau:g}: more than the {self.mau:g} users of a whole month")
        if (self.think_seconds is None) != (self.answer_seconds is None):
            raise UsageError("--think-seconds and --answer-seconds belong together; give both or neither")
        if self.think_seconds is not None and self.requests_per_minute is not None:
            raise UsageError("--requests-per-minute and --think-seconds say the same thing twice; give one of them")

    @property
    def cycle_seconds(self) -> float:
        """How long one user takes from request to request."""
        if self.requests_per_minute is not None:
            return 60 / self.requests_per_minute
        if self.think_seconds is not None and self.answer_seconds is not None:
            return self.think_seconds + self.answer_seconds
        return self.seconds_between_requests


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption as it was used: its name, value, unit, whether it was given, and where a default comes from."""

    name: str
    value: Range
    unit: str
    given: bool
    source: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One result: its name, value, unit, and the formula with its numbers and source."""

    name: str
    value: Range
    unit: str
    formula: str
    source: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What users ask of a system: the assumptions in full and the figures in the order of their calculation."""

    assumptions: tuple[Assumption, ...]
    figures: tuple[Figure, ...]

    def __getitem__(self, name: str) -> Range:
        """Give the value of a figure.

        Raises:
            KeyError: no figure of that name.
        """
        for figure in self.figures:
            if figure.name == name:
                return figure.value
        raise KeyError(name)


_DEFAULTS: Final = {
    "daily_share": ("share", "PT-1: 30,000 of 100,000 users come on a day"),
    "concurrent_share": ("share", "PT-1: 3,000-5,000 of 30,000 daily users, 10-17 %"),
    "seconds_between_requests": ("s", "PT-2: 5,000 users make 100 requests a second, one each 50 s"),
    "busy_over_normal": ("times", "PT-1: 100 requests a second at the peak, 10-20 normally"),
    "burst_over_busy": ("times", "PT-1: 500 and more at most, 100 at the peak"),
}


def demand(assumptions: Assumptions) -> Demand:
    """Work out what so many users ask of a system.

    Returns:
        The figures `daily users`, `users at once` (in the busy hour) and `normal users at once`, in users; `normal`,
        `peak` and `burst`, in requests per second; `requests a day` and `requests of a daily user` at the normal rate.
    """
    a = assumptions
    daily = a.dau if a.dau is not None else a.mau * a.daily_share
    at_once = Range(daily * a.concurrent_share.low, daily * a.concurrent_share.high)
    normal_at_once = _over(at_once, a.busy_over_normal)
    cycle = a.cycle_seconds
    peak, normal = _over(at_once, cycle), _over(normal_at_once, cycle)
    burst = Range(peak.low * a.burst_over_busy, peak.high * a.burst_over_busy)
    share = f"{_percent(a.concurrent_share.low)}-{_percent(a.concurrent_share.high)}"
    daily_formula = "given" if a.dau is not None else f"{_number(a.mau)} x {_percent(a.daily_share)}"
    figures = (
        Figure("daily users", Range(daily, daily), "users", daily_formula, _DEFINITION),
        Figure("users at once", at_once, "users", f"{_number(daily)} x {share}", _DEFINITION),
        Figure(
            "normal users at once", normal_at_once, "users", f"{_show(at_once)} / {a.busy_over_normal:g}", _DEFINITION
        ),
        Figure("normal", normal, "rps", f"{_show(normal_at_once)} / {cycle:g} s", LITTLE),
        Figure("peak", peak, "rps", f"{_show(at_once)} / {cycle:g} s", LITTLE),
        Figure("burst", burst, "rps", f"{_show(peak)} x {a.burst_over_busy:g}", _DEFINITION),
        Figure(
            "requests a day",
            Range(normal.low * _SECONDS_A_DAY, normal.high * _SECONDS_A_DAY),
            "requests",
            f"{_show(normal)} x {_SECONDS_A_DAY:,} s",
            _DEFINITION,
        ),
        Figure(
            "requests of a daily user",
            Range(normal.low * _SECONDS_A_DAY / daily, normal.high * _SECONDS_A_DAY / daily),
            "requests",
            f"{_show(normal)} x {_SECONDS_A_DAY:,} s / {_number(daily)}",
            _DEFINITION,
        ),
    )
    return Demand(tuple(_assumed(a)), figures)


@dataclass(frozen=True, slots=True)
class Stated:
    """Users at once and requests per second that somebody stated together, and where."""

    name: str
    users: Range
    rps: Range

    @property
    def seconds_between_requests(self) -> Range:
        """How long one of these users would take from request to request (Little's law)."""
        return Range(self.users.low / self.rps.high, self.users.high / self.rps.low)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements that cannot both be true of the same users: their paces lie at least `times` apart."""

    quicker: Stated
    slower: Stated
    times: float


def contradictions(stated: Sequence[Stated], slack: float = 0.1) -> tuple[Contradiction, ...]:
    """Find the pairs of statements under which one user would send requests at paces that do not meet.

    Args:
        stated: what was stated.
        slack: paces this share apart still meet.

    Returns:
        The widest apart first. `times` is the least factor between the two paces.
    """
    found = list[Contradiction]()
    for index, one in enumerate(stated):
        for other in stated[index + 1 :]:
            quicker, slower = sorted((one, other), key=lambda each: each.seconds_between_requests.low)
            if not quicker.seconds_between_requests.overlaps(slower.seconds_between_requests, slack):
                times = slower.seconds_between_requests.low / quicker.seconds_between_requests.high
                found.append(Contradiction(quicker, slower, times))
    return tuple(sorted(found, key=lambda each: -each.times))


def _assumed(a: Assumptions) -> Iterator[Assumption]:
    yield Assumption("monthly users", Range(a.mau, a.mau), "users", given=True, source="given")
    if a.dau is not None:
        yield Assumption("daily users", Range(a.dau, a.dau), "users", given=True, source="given")
    standard = Assumptions(a.mau)
    for name, (unit, source) in _DEFAULTS.items():
        value = a.cycle_seconds if name == "seconds_between_requests" else getattr(a, name)
        default = getattr(standard, name)
        if name == "daily_share" and a.dau is not None:
            continue
        given = value != default
        shown = value if isinstance(value, Range) else Range(value, value)
        yield Assumption(name.replace("_", " "), shown, unit, given, "given" if given else source)


def _over(users: Range, divisor: float) -> Range:
    return Range(users.low / divisor, users.high / divisor)


def _percent(share: float) -> str:
    return f"{share * 100:g} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"  # noqa: PLR2004 (four digits need a separator)


def _show(figure: Range) -> str:
    low, high = _number(figure.low), _number(figure.high)
    return low if low == high else f"{low}-{high}"
