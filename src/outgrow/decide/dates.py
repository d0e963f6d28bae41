"""Dates: the forecasts of series become the date of a condition, those of conditions the date of a rule.

Everything is the n-th of its members: `any` the first, `all` the last, `at_least_of` the n-th; days, earliest and
latest days are each put in order by themselves. What holds already has today's date, a member without a date comes
last. A rule that has no date says because of which members.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, assert_never

from outgrow.facts.forecasts import (
    AlreadyCrossed,
    Crosses,
    CrossingDate,
    Dated,
    Flat,
    Forecast,
    Hindrance,
    NotBefore,
    Reason,
    SeriesForecast,
    TooShort,
    Undated,
)
from outgrow.facts.samples import Labels
from outgrow.facts.verdicts import Held, Holding, Undecided
from outgrow.plan.checkpoints import Condition, Member, Rule

_HOPEFUL_FIRST: Final = (Reason.BEYOND_HORIZON, Reason.FLAT, Reason.AWAY, Reason.TOO_SHORT)


def date_of(condition: str, labels: Labels, forecast: Forecast, today: date) -> CrossingDate:
    """Give the date of one series of a condition."""
    match forecast:
        case Crosses(day=day, earliest=earliest, latest=latest):
            return Dated(day, earliest, latest)
        case AlreadyCrossed():
            return _now(today)
        case NotBefore(day=day):
            return Undated((Hindrance(condition, Reason.BEYOND_HORIZON, labels, not_before=day),), day)
        case Flat(away=away):
            return Undated((Hindrance(condition, Reason.AWAY if away else Reason.FLAT, labels),))
        case TooShort(seen=seen, needed=needed):
            return Undated((Hindrance(condition, Reason.TOO_SHORT, labels, seen, needed),))
        case _:
            assert_never(forecast)


def across_date(name: str, condition: Condition, series: Sequence[SeriesForecast], today: date) -> CrossingDate:
    """Combine the series of a condition as its `across` says: the first of them, or the last for `all`.

    For `max`, `min` and `sum` there is one series, made of all. Without a date one reason stands for all series: that
    of the series that is nearest to a date, and for `all` of the one that is furthest from it.
    """
    if not series:
        return Undated((Hindrance(name, Reason.NO_FORECAST),))
    dates = [date_of(name, each.labels, each.forecast, today) for each in series]
    every = condition.across == "all"
    found = _nth(len(dates) if every else 1, [_Answer(each) for each in dates]).date
    if isinstance(found, Dated) or len(found.because) == 1:
        return found
    by_hope = sorted(found.because, key=lambda why: (_HOPEFUL_FIRST.index(why.reason), why.not_before or date.max))
    return replace(found, because=(by_hope[-1 if every else 0],))


def rule_date(
    rule: Rule, dates: Mapping[str, CrossingDate], holdings: Mapping[str, Holding], today: date
) -> CrossingDate:
    """Say when a rule will hold.

    `none` holds now where none of its members does, until the first of them is expected; where one holds, or may hold
    already, there is no date, for when a condition ends is not forecast. A rule whose members would hold together only
    after one of them has ended again has no date either.

    Args:
        rule: the combination.
        dates: of its conditions; one that is left out has no forecast.
        holdings: what the conditions say now; what holds has today's date.
        today: the current day in the plan's zone.
    """
    return _rule(rule, dates, holdings, today).date


@dataclass(frozen=True, slots=True)
class _Answer:
    """A member's date; `enders` are the conditions whose crossing ends it again, where its date has an `until`."""

    date: CrossingDate
    enders: tuple[str, ...] = ()


def _rule(rule: Rule, dates: Mapping[str, CrossingDate], holdings: Mapping[str, Holding], today: date) -> _Answer:
    if rule.none is not None:
        return _none([_lack(member, dates, holdings, today) for member in rule.none], today)
    members = [_member(member, dates, holdings, today) for member in rule.members]
    if rule.any is not None:
        return _nth(1, members)
    return _nth(rule.at_least_of.n if rule.at_least_of is not None else len(members), members)


def _member(member: Member, dates: Mapping[str, CrossingDate], holdings: Mapping[str, Holding], today: date) -> _Answer:
    if isinstance(member, Rule):
        return _rule(member, dates, holdings, today)
    if isinstance(holdings.get(member), Held):
        return _Answer(_now(today))
    return _Answer(dates.get(member, Undated((Hindrance(member, Reason.NO_FORECAST),))))


@dataclass(frozen=True, slots=True)
class _Lack:
    """What a member of `none` says: since it must not hold, what stands against it, and when it is expected."""

    names: tuple[str, ...]
    against: tuple[Hindrance, ...]
    expected: date | None


def _lack(member: Member, dates: Mapping[str, CrossingDate], holdings: Mapping[str, Holding], today: date) -> _Lack:
    names = (member,) if isinstance(member, str) else tuple(dict.fromkeys(member.condition_names()))
    found = _member(member, dates, holdings, today).date
    expected = found.day if isinstance(found, Dated) else None
    if isinstance(member, str):
        holding = holdings.get(member)
        if isinstance(holding, Held):
            return _Lack(names, (Hindrance(member, Reason.MUST_END),), expected)
        if isinstance(holding, Undecided):
            return _Lack(names, (Hindrance(member, Reason.NO_FORECAST),), expected)
        return _Lack(names, (), expected)
    against = tuple(Hindrance(name, Reason.MUST_END) for name in names) if expected == today else ()
    return _Lack(names, against, expected)


def _none(lacks: Sequence[_Lack], today: date) -> _Answer:
    against = tuple(why for lack in lacks for why in lack.against)
    if against:
        return _Answer(Undated(against))
    first = min((lack.expected for lack in lacks if lack.expected is not None), default=None)
    enders = tuple(name for lack in lacks if first is not None and lack.expected == first for name in lack.names)
    if first is not None and first <= today:
        return _Answer(Undated(tuple(Hindrance(name, Reason.EXCLUDED) for name in enders)))
    return _Answer(replace(_now(today), until=first), enders)


def _nth(n: int, members: Sequence[_Answer]) -> _Answer:
    """Give the date by which n of the members hold."""
    dated = [each.date for each in members if isinstance(each.date, Dated)]
    undated = [each.date for each in members if isinstance(each.date, Undated)]
    bounds = sorted([each.earliest for each in dated] + [each.not_before for each in undated if each.not_before])
    if len(dated) < n:
        because = tuple(dict.fromkeys(why for each in undated for why in each.because))
        return _Answer(Undated(because, bounds[n - 1] if len(bounds) >= n else None))
    day = sorted(each.day for each in dated)[n - 1]
    latest = sorted(each.latest or date.max for each in dated)[n - 1]
    # The n-th holds until the n-th last of them ends.
    until = sorted((each.until or date.max for each in dated), reverse=True)[n - 1]
    enders = tuple(
        name for each in members if isinstance(each.date, Dated) and each.date.until == until for name in each.enders
    )
    if until <= day:
        return _Answer(Undated(tuple(Hindrance(name, Reason.EXCLUDED) for name in dict.fromkeys(enders))))
    found = Dated(day, bounds[n - 1], None if latest == date.max else latest, None if until == date.max else until)
    return _Answer(found, enders if found.until is not None else ())


def _now(today: date) -> Dated:
    return Dated(today, today, today)
