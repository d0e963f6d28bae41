"""The traffic of a load test as a trace: what a policy would have done under it."""

from itertools import pairwise
from math import floor
from typing import Final

from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts
from outgrow.simulate.recording import Recording
from outgrow.simulate.trace import Trace

_FEWEST_SECONDS: Final = 2


def recording_of_load(facts: LoadFacts) -> Recording:
    """Give the requests that a run meant to send, second by second.

    What was due counts, whether or not the target kept up: a target that stalls would else seem to need less. The
    trace ends where the course did, for while answers are awaited nothing is due. An arrival that asks several requests
    counts as so many as arrivals made on average; of another generator the timeline counts requests.

    Raises:
        UsageError: the run tells no seconds, or too few.
    """
    ends = _due_by(facts)
    seconds = floor(ends[-1][0])
    if seconds < _FEWEST_SECONDS:
        raise UsageError(f"a run of {seconds} s; traffic to rehearse on has at least {_FEWEST_SECONDS}")
    each = facts.whole.due / facts.arrivals_due if facts.arrivals_due and not facts.generator else 1.0
    due = _at_whole_seconds(ends, seconds)
    rates = tuple((later - earlier) * each for earlier, later in pairwise(due))
    notes = [f"the load test {facts.scenario}: what was due"]
    if each != 1:
        notes.append(f"{each:.3g} requests an arrival, on average")
    return Recording(Trace(1, rates, facts.started_at), tuple(notes))


def _due_by(facts: LoadFacts) -> list[tuple[float, int]]:
    """Give how many arrivals were due by the end of each interval of the timeline, from none at its beginning."""
    if not facts.timeline:
        return [(0.0, 0)]
    last = facts.timeline[-1].at_seconds if facts.generator else facts.course_seconds
    found, due = [(0.0, 0)], 0
    for second in facts.timeline:
        due += second.due
        at = min(second.at_seconds, last)
        if at > found[-1][0]:
            found.append((at, due))
        else:  # it was released as the course ended, and told a moment later
            found[-1] = (at, due)
    if found[-1][0] < last:
        found.append((last, due))
    return found


def _at_whole_seconds(ends: list[tuple[float, int]], seconds: int) -> list[float]:
    """Draw a straight line through each interval: the timeline's are about a second each, and longer in long runs."""
    found, index = list[float](), 1
    for second in range(seconds + 1):
        while ends[index][0] < second:
            index += 1
        (start, before), (end, after) = ends[index - 1 : index + 1]
        found.append(before + (after - before) * (second - start) / (end - start))
    return found
