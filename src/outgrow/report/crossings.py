"""Forecasts and due dates in words."""

from datetime import date, datetime, timedelta

from outgrow.facts.forecasts import CheckpointForecast, Dated, GradeForecast, Hindrance, Undated
from outgrow.facts.verdicts import CheckpointVerdict, RuleVerdict
from outgrow.plan.grades import Grade
from outgrow.report.views import CrossingView, DueView
from outgrow.report.words import Words


def crossing_views(
    verdict: CheckpointVerdict, forecast: CheckpointForecast | None, words: Words
) -> tuple[CrossingView, ...]:
    """Word the forecast of every grade, most severe first."""
    if forecast is None:
        return ()
    in_force = {rule.grade: rule for rule in verdict.rules if rule.in_force}
    return tuple(
        _crossed(in_force[each.grade], verdict.at, words)
        if each.grade in in_force
        else _crossing(each, forecast.today, words)
        for each in forecast.grades
    )


def next_crossing(verdict: CheckpointVerdict, crossings: tuple[CrossingView, ...]) -> CrossingView | None:
    """Choose the crossing to show first: the next higher grade that has a date, else the grade in force, else any."""
    grade = verdict.grade or Grade.CLEAR
    ahead = [each for each in crossings if Grade[each.grade.upper()] > grade and not each.held]
    dated = [each for each in ahead if each.days is not None]
    if dated:
        return min(dated, key=lambda each: each.days or 0.0)
    held = [each for each in crossings if each.held]
    return held[0] if held else (ahead[-1] if ahead else None)


def _crossed(rule: RuleVerdict, now: datetime, words: Words) -> CrossingView:
    """Word a grade that is in force already: since when, and how long that is."""
    text, age = words("crossing.held"), ""
    if rule.first_confirmed is not None:
        text = words("crossing.crossed", date=words.moment(rule.first_confirmed))
        age = words.ago(rule.first_confirmed, now)
    grade = rule.grade.word
    word = words(f"grade.{grade}")
    return CrossingView(text, age, "", overdue=False, held=True, days=0.0, grade=grade, grade_word=word)


def _crossing(forecast: GradeForecast, today: date, words: Words) -> CrossingView:
    grade = forecast.grade.word
    word = words(f"grade.{grade}")
    match forecast.date:
        case Dated(day=day, earliest=earliest, latest=latest, until=until):
            interval = _interval(earliest, latest, today, words)
            return CrossingView(
                text=words("crossing.on", date=words.day(day, today)),
                interval=f"{interval}, {words('crossing.ends', date=words.day(until, today))}" if until else interval,
                start_by=_start_by(forecast, today, words),
                overdue=forecast.overdue,
                held=False,
                days=_days(day, today),
                days_low=_days(earliest, today),
                days_high=_days(latest, today) if latest else None,
                start_days=_days(forecast.start_by, today) if forecast.start_by else None,
                grade=grade,
                grade_word=word,
            )
        case Undated(because=because, not_before=not_before):
            text = words("crossing.none")
            if not_before is not None:
                text = words("crossing.not_before", date=words.day(not_before, today))
            why = "; ".join(_hindrance(each, words) for each in because)
            return CrossingView(text, "", "", overdue=False, held=False, grade=grade, grade_word=word, why=why)


def _hindrance(hindrance: Hindrance, words: Words) -> str:
    values = {"condition": hindrance.condition, "seen": hindrance.seen, "needed": hindrance.needed}
    return words(f"hindrance.{hindrance.reason.name.lower()}", **values)


def _interval(earliest: date, latest: date | None, today: date, words: Words) -> str:
    if latest is None:
        return words(
            "crossing.beyond",
            earliest=words.day(earliest, today),
            horizon=words.day(today + timedelta(days=365), today),
        )
    return words("crossing.between", earliest=words.day(earliest, today), latest=words.day(latest, today))


def _start_by(forecast: GradeForecast, today: date, words: Words) -> str:
    if forecast.start_by is None:
        return ""
    if forecast.overdue:
        return words("crossing.overdue", date=words.day(forecast.start_by, today))
    if forecast.start_by == today:
        return words("crossing.start_today")
    return words("crossing.start_by", date=words.day(forecast.start_by, today))


def _days(day: date, today: date) -> float:
    return float((day - today).days)


def due_view(verdict: CheckpointVerdict, words: Words) -> DueView:
    """Word what a verdict brings along: the most overdue duty, else the next one, else the end of a review.

    A duty is a deadline, or the step itself with its due date.
    """
    now = verdict.at
    deadlines = sorted((each.at, each.name) for each in verdict.deadlines)
    details = tuple(
        f"{words('due.deadline', name=name, moment=words.moment(at))} ({_when(at, now, words)})"
        for at, name in deadlines
    )
    duties = sorted([*deadlines, *([(verdict.due, "")] if verdict.due is not None else [])])
    if duties:
        return _most_pressing(*duties[0], now, details, words)
    reviews = [rule.review for rule in verdict.rules if rule.in_force and rule.review is not None]
    if reviews:
        return DueView(words("due.review", date=words.moment(min(reviews))), late=False)
    return DueView(words("due.none"), late=False)


def _most_pressing(at: datetime, name: str, now: datetime, details: tuple[str, ...], words: Words) -> DueView:
    if now - at > timedelta(minutes=1):
        late = words("span.late", span=words.span(now - at))
        return DueView(words("due.late_duty", name=name, late=late) if name else late, late=True, details=details)
    if name:
        return DueView(words("due.deadline", name=name, moment=words.moment(at)), late=False, details=details)
    text = words("due.now") if at <= now else words("due.at", date=words.moment(at))
    return DueView(text, late=False, details=details)


def _when(at: datetime, now: datetime, words: Words) -> str:
    return words("span.late", span=words.span(now - at)) if at < now else words("span.left", span=words.span(at - now))
