"""Whether a kept run may stand for a scenario: it must have asked of the target what the plan asks now."""

from math import sqrt
from typing import TYPE_CHECKING, Final

from outgrow.errors import UsageError
from outgrow.plan.asked_load import asked_hash, most_users
from outgrow.quantity import counted

if TYPE_CHECKING:
    from outgrow.facts.loads import LoadFacts
    from outgrow.loadtest.course import Timetable
    from outgrow.plan.scenarios import Scenario

_OF_OTHERS: Final = 0.9
"""Another generator may begin and end in its own way: so much of the rate, over all of its run, is the plan's load."""


def refuse_other_load(name: str, declared: "Scenario", facts: "LoadFacts", timetable: "Timetable") -> None:
    """Let no run of another load stand for a scenario: less proves nothing of more, nor slower of faster.

    Args:
        name: the scenario's.
        declared: the scenario as the plan has it.
        facts: the run.
        timetable: of the scenario.

    Raises:
        UsageError: the run was of another load than the plan has now.
    """
    why = _closed(declared, facts, timetable) if declared.is_closed else _open(declared, facts, timetable)
    if why:
        raise UsageError(f"the run of {name} was of {why}; run it anew, for less proves nothing of more")
    if facts.asked_hash and facts.asked_hash != asked_hash(declared):
        raise UsageError(
            f"the run of {name} was of another load than the plan asks for now: its steps, rates, users or times were "
            "changed since; run it anew"
        )


def _open(declared: "Scenario", facts: "LoadFacts", timetable: "Timetable") -> str:
    """Say of what load a run was, and what is asked for, where that is more; empty where it is not."""
    planned, seconds = timetable.planned, timetable.seconds
    arrivals = facts.iterations.arrivals or facts.whole.arrivals
    if facts.generator:
        lasted = facts.seconds or facts.planned_seconds
        is_lighter = arrivals < _OF_OTHERS * planned or arrivals * seconds < _OF_OTHERS * planned * lasted
    else:
        lasted = facts.planned_seconds
        least = planned - max(planned / 100, 4 * sqrt(planned) if declared.arrivals == "poisson" else 1)
        is_lighter = arrivals < least or not 0.99 * seconds <= lasted <= 1.01 * seconds
    if not is_lighter:
        return ""
    return f"{counted(arrivals, 'arrival')} in {lasted:,.3g} s, and the plan asks for {planned:,} in {seconds:,.3g} s"


def _closed(declared: "Scenario", facts: "LoadFacts", timetable: "Timetable") -> str:
    wanted = most_users(declared)
    users = max((max(second.vus, second.in_flight_highest) for second in facts.timeline), default=0)
    if facts.timeline and users < _OF_OTHERS * wanted:
        return f"{counted(users, 'user')}, and the plan asks for {wanted:,}"
    arrivals, asked = facts.iterations.arrivals or facts.whole.arrivals, declared.iterations
    if asked is not None:
        asked *= wanted if declared.made_by == "per-vu-iterations" else 1
        return f"{counted(arrivals, 'arrival')}, and the plan asks for {asked:,}" if arrivals < asked else ""
    lasted = facts.seconds if facts.generator else facts.planned_seconds
    if lasted < 0.99 * timetable.seconds:
        return f"{lasted:,.3g} s, and the plan asks for {timetable.seconds:,.3g} s"
    return ""
