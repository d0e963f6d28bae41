"""Rules: conditions combined in Kleene's three-valued logic, so that what is unknown stays visible."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from outgrow.decide.follow import Answer
from outgrow.facts.verdicts import Held, Holding, Lack, NotHeld, Undecided
from outgrow.plan.checkpoints import Member, Rule


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule says.

    `decided` is True, False, or None for unknown. `confirmed` is when it began to hold as far as the evidence says: the
    latest member of `all`, the earliest of `any`, the n-th of `at_least_of`; None where it does not hold, or where it
    rests on what does not hold (`none`). `because` names the conditions that decide the answer, or that leave it open.
    """

    decided: bool | None
    confirmed: datetime | None = None
    because: tuple[str, ...] = ()


def answer_of(holding: Holding) -> Answer:
    """Give the plain answer of a holding."""
    match holding:
        case Held():
            return Answer.YES
        case NotHeld():
            return Answer.NO
        case Undecided():
            return Answer.UNKNOWN


def decide_rule(rule: Rule, holdings: Mapping[str, Holding]) -> Ruling:
    """Apply a rule to what its conditions say.

    Raises:
        KeyError: a condition of the rule has no holding.
    """
    members = [_member(member, holdings) for member in rule.members]
    if rule.all is not None:
        return _at_least(len(members), members)
    if rule.any is not None:
        return _at_least(1, members)
    if rule.none is not None:
        return _negated(_at_least(1, members))
    return _at_least(rule.at_least_of.n if rule.at_least_of is not None else len(members), members)


def answer_rule(rule: Rule, answers: Mapping[str, Answer]) -> Answer:
    """Give a rule's plain answer from the plain answers of its conditions."""
    members = [answers[each] if isinstance(each, str) else answer_rule(each, answers) for each in rule.members]
    if rule.all is not None:
        return min(members)
    if rule.any is not None:
        return max(members)
    if rule.none is not None:
        return Answer(Answer.YES - max(members))
    # The n-th greatest: at least n members are this certain.
    return sorted(members, reverse=True)[(rule.at_least_of.n if rule.at_least_of is not None else 1) - 1]


def _member(member: Member, holdings: Mapping[str, Holding]) -> Ruling:
    if isinstance(member, Rule):
        return decide_rule(member, holdings)
    holding = holdings[member]
    match answer_of(holding):
        case Answer.YES:
            confirmed = holding.confirmed if isinstance(holding, Held) else None
            return Ruling(decided=True, confirmed=confirmed, because=(member,))
        case Answer.NO:
            return Ruling(decided=False, because=(member,))
        case Answer.UNKNOWN:
            return Ruling(decided=None, because=(member,))


def _at_least(n: int, members: Sequence[Ruling]) -> Ruling:
    """Ask for n members: all of them is `all`, one is `any`."""
    held = [each for each in members if each.decided is True]
    unknown = [each for each in members if each.decided is None]
    if len(held) >= n:
        times = sorted(each.confirmed for each in held if each.confirmed is not None)
        # Members without a time held from the beginning as far as anyone knows.
        position = n - 1 - (len(held) - len(times))
        return Ruling(
            decided=True, confirmed=times[position] if 0 <= position < len(times) else None, because=_of(held)
        )
    if len(held) + len(unknown) < n:
        return Ruling(decided=False, because=_of(each for each in members if each.decided is False))
    return Ruling(decided=None, because=_of(unknown))


def _negated(ruling: Ruling) -> Ruling:
    return Ruling(decided=None if ruling.decided is None else not ruling.decided, because=ruling.because)


def _of(rulings: Iterable[Ruling]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in rulings for name in each.because))


def reason(ruling: Ruling, holdings: Mapping[str, Holding]) -> str:
    """Word why a rule is unknown or does not hold: "C has no data", "A and B do not hold"; empty when it holds."""
    if ruling.decided:
        return ""
    failing = [name for name in ruling.because if isinstance(holdings[name], NotHeld)]
    holding = [name for name in ruling.because if isinstance(holdings[name], Held)]  # what a `none` forbids
    parts = list[str]()
    if failing:
        parts.append(f"{_listed(failing)} {'does' if len(failing) == 1 else 'do'} not hold")
    if holding:
        parts.append(f"{_listed(holding)} {'holds' if len(holding) == 1 else 'hold'}")
    for name in ruling.because:
        match holdings[name]:
            case Undecided(lack=Lack.NO_DATA):
                parts.append(f"{name} has no data")
            case Undecided(why=why):
                parts.append(f"{name}: {why}")
            case _:
                pass
    return "; ".join(parts)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
