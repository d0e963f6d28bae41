"""Doubts about a valid plan: what cannot work, or not as it was meant. None stops the plan from being used."""

from collections.abc import Iterator

from outgrow.errors import Problem, Severity
from outgrow.plan import Plan
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.doubt import Doubt
from outgrow.plan.doubtful_conditions import condition_doubts, level_doubts
from outgrow.plan.doubtful_goals import goal_doubts
from outgrow.plan.doubtful_limits import limit_doubts
from outgrow.plan.doubtful_services import service_doubts
from outgrow.plan.doubtful_signals import signal_doubts, source_doubts
from outgrow.plan.doubtful_windows import window_doubts
from outgrow.plan.entailment import entailments
from outgrow.plan.reach import MOST_CONDITIONS, Unreachable, conditions_in_rules, unreachable_grades
from outgrow.plan.services import signals_of
from outgrow.plan.signals import QuerySignal, inputs_of
from outgrow.plan.yaml_tree import Path, Tree, dotted


def doubts(plan: Plan, tree: Tree) -> tuple[Problem, ...]:
    """Give a warning for everything in the plan that cannot work, or not as it was probably meant.

    Args:
        plan: valid, with all its references leading somewhere.
        tree: the text it was read from, for the places.
    """
    found = (
        *source_doubts(plan),
        *signal_doubts(plan),
        *_unused(plan),
        *level_doubts(plan),
        *condition_doubts(plan),
        *goal_doubts(plan),
        *limit_doubts(plan),
        *window_doubts(plan),
        *service_doubts(plan),
        *(each for name, checkpoint in plan.checkpoints.items() for each in _verdict_doubts(name, checkpoint, plan)),
    )
    return tuple(_warning(each, tree) for each in found)


def _warning(doubt: Doubt, tree: Tree) -> Problem:
    # A doubt about a part as a whole stands at its name, one about an option at the option's value.
    stands = doubt.path in tree.values
    place = (
        tree.place(doubt.path)
        if stands and not isinstance(tree.at(doubt.path), dict)
        else tree.place_of_key(doubt.path)
    )
    return Problem(place, dotted(doubt.path), doubt.what, doubt.remedy, Severity.WARNING)


def _unused(plan: Plan) -> Iterator[Doubt]:
    read = {signal.source for signal in plan.signals.values() if isinstance(signal, QuerySignal)}
    for name in plan.sources:
        if name not in read:
            yield Doubt(("sources", name), "is read by no signal", "remove it, or declare what it measures")
    used = {
        condition.signal for checkpoint in plan.checkpoints.values() for condition in checkpoint.conditions.values()
    }
    used |= {alert.condition.signal for alert in plan.alerts.values()} | {
        level.signal for level in plan.levels.values()
    }
    used |= {name for dashboard in plan.dashboards.values() for name in dashboard.signals}
    used |= {name for signal in plan.signals.values() for name in inputs_of(signal)}
    used |= {name for service in plan.services.values() for name in signals_of(service)}
    used |= {name for scenario in plan.scenarios.values() for name in scenario.watch}
    used |= set(_used_by_loads(plan))
    for name in plan.signals:
        if name not in used:
            what = "is used by no condition, alert, level, dashboard, service, scenario or other signal"
            yield Doubt(("signals", name), what, "use it, or remove it: it costs a read every time")


def _used_by_loads(plan: Plan) -> Iterator[str]:
    yield from (each.signal for each in (plan.targets.cpu, plan.targets.memory, plan.targets.disk) if each is not None)
    phases = plan.roadmap.phases if plan.roadmap is not None else ()
    asked = [scenario.thresholds for scenario in plan.scenarios.values()]
    asked += [phase.verify.goals for phase in phases if phase.verify is not None]
    for thresholds in asked:
        yield from (
            each.reading.of for several in thresholds.values() for each in several if each.reading.subject == "signal"
        )


def _verdict_doubts(name: str, checkpoint: Checkpoint, plan: Plan) -> Iterator[Doubt]:
    top: Path = ("checkpoints", name)
    in_rules = conditions_in_rules(checkpoint)
    for letter in checkpoint.conditions:
        if letter not in in_rules:
            yield Doubt((*top, "conditions", letter), "is in no verdict's rule", "add it to one, or remove it")
    if len(in_rules) > MOST_CONDITIONS:
        what = f"has rules over {len(in_rules)} conditions; whether every grade can be reached was not checked"
        yield Doubt(top, what, f"split it: up to {MOST_CONDITIONS} are checked")
    else:
        for each in unreachable_grades(checkpoint, entailments(checkpoint, plan.signals)):
            yield _unreachable((*top, "verdicts", each.grade.word), each)
    for grade, rule in checkpoint.verdicts.items():
        for duty, span in rule.deadlines.items():
            if rule.due is not None and span > rule.due:
                what = f"{span} is later than the grade's own due, {rule.due}"
                yield Doubt((*top, "verdicts", grade.word, "deadlines", duty), what, "shorten it, or move due")


def _unreachable(path: Path, found: Unreachable) -> Doubt:
    if not found.hidden_by:
        return Doubt(path, "can never hold: its rule contradicts itself", "correct the rule, or remove the grade")
    words = " or ".join(grade.word for grade in found.hidden_by)
    what = f"is never shown: whenever its rule holds, that of {words} holds too"
    return Doubt(path, what, "let it hold where the others do not, or remove the grade")
