"""Words for people in a language: texts by key, dates in the plan's zone, spans in at most two units."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, Final
from zoneinfo import ZoneInfo

LANGUAGES: Final = ("en", "ko")


@cache
def _texts(language: str) -> Mapping[str, Any]:
    return tomllib.loads(files("outgrow.report").joinpath("texts", f"{language}.toml").read_text(encoding="utf-8"))


def texts_under(key: str, language: str) -> Mapping[str, str]:
    """Give the texts below a dotted key by their last part.

    Raises:
        KeyError: no texts stand there.
    """
    return {name: text for name, text in _below(key, language).items() if isinstance(text, str)}


def tables_under(key: str, language: str) -> tuple[str, ...]:
    """Give the names of the tables below a dotted key.

    Raises:
        KeyError: nothing stands there.
    """
    return tuple(name for name, found in _below(key, language).items() if not isinstance(found, str))


def _below(key: str, language: str) -> Mapping[str, Any]:
    found: Any = _texts(language)
    for part in key.split("."):
        found = found[part]
    return found


class _Counting(Formatter):
    """Formats as `str.format` does, and a number with its noun: `{n:|arrival|arrivals}`, `{n:,|user|users}`."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        spec, *nouns = format_spec.split("|")
        shown = super().format_field(value, spec)
        return f"{shown} {nouns[shown != '1']}" if nouns else shown


_FORMATTER: Final = _Counting()


@dataclass(frozen=True, slots=True)
class Words:
    """Texts of one language, and the zone in which times are shown."""

    language: str
    zone: ZoneInfo

    def __call__(self, key: str, **values: object) -> str:
        """Give the text of a dotted key, filled in.

        Raises:
            KeyError: no text of that key.
        """
        found: Any = _texts(self.language)
        for part in key.split("."):
            found = found[part]
        return _FORMATTER.vformat(str(found), (), values)

    def count(self, key: str, n: int) -> str:
        """Give the text for one or for many."""
        return self(f"{key}.{'one' if n == 1 else 'other'}", n=n)

    def span(self, span: timedelta) -> str:
        """Word a span in at most two neighbouring units: `2 h 10 min`."""
        seconds = round(abs(span.total_seconds()))
        units = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
        parts: list[str] = []
        for position, (name, size) in enumerate(units):
            count, seconds = divmod(seconds, size)
            if count:
                parts.append(self(f"span.{name}", n=count))
            elif parts:
                break
            if len(parts) == 2 or (parts and position >= 1 and name == "minute"):  # noqa: PLR2004 (two units)
                break
        return " ".join(parts) or self("span.second", n=0)

    def ago(self, moment: datetime, now: datetime) -> str:
        """Word how long ago a moment was; moments ahead are worded as such."""
        distance = now - moment
        if abs(distance) < timedelta(seconds=1):
            return self("span.now")
        return self("span.ago" if distance > timedelta(0) else "span.left", span=self.span(distance))

    def day(self, day: date, today: date | None = None) -> str:
        """Word a date, with its year where that is not this year's."""
        key = "date.day" if today is not None and today.year == day.year else "date.day_year"
        return self(key, **self._parts(day))

    def moment(self, moment: datetime) -> str:
        """Word a moment in the plan's zone, to the minute."""
        local = moment.astimezone(self.zone)
        return self("date.moment", **self._parts(local.date()), time=f"{local:%H:%M}")

    def _parts(self, day: date) -> Mapping[str, object]:
        names: list[str] = _texts(self.language)["date"]["months"]
        return {
            "day": day.day,
            "month": day.month,
            "year": day.year,
            "month_name": names[day.month - 1] if names else "",
        }


def texts_of(language: str) -> Words:
    """Give the words of a language for texts that hold no times."""
    return Words(language, ZoneInfo("UTC"))
