"""The text of a starter plan, put together out of fragments that are kept as files."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor, log10
from pathlib import Path
from typing import Final

from outgrow.plan.findings import DatabaseFindings, Findings, Latency, RedisFindings, TimedTable
from outgrow.plan.starter.sql import Dialect, percentile_95, rows_in
from outgrow.quantity import format_in, parse_unit

_FRAGMENT: Final = re.compile(r"^#-- (\S+)\n", re.MULTILINE)
_GAP: Final = re.compile(r"<<([a-z_]+)>>")
_LONGEST_NAME: Final = 63
_DEFAULT_THRESHOLD: Final = {"us": 800_000.0, "ms": 800.0, "s": 0.8}


@dataclass(slots=True)
class _Draft:
    """The sections of a plan that is being put together."""

    sources: list[str] = field(default_factory=list[str])
    signals: list[str] = field(default_factory=list[str])
    levels: list[str] = field(default_factory=list[str])
    checkpoints: list[str] = field(default_factory=list[str])
    shown: list[str] = field(default_factory=list[str])
    names: set[str] = field(default_factory=set[str])

    def name(self, wanted: str) -> str:
        """Give a name that is none yet, as near to the wanted one as names can be."""
        base = re.sub(r"[^a-z0-9_.]+", "-", wanted.lower()).strip("-._")[: _LONGEST_NAME - 10]
        if not base[:1].isalpha() or base in {"true", "false", "null"}:  # YAML would read another thing than a name
            base = f"x-{base}".rstrip("-")
        number = 1
        while (name := base if number == 1 else f"{base}-{number}") in self.names:
            number += 1
        self.names.add(name)
        return name


def starter_plan(findings: Sequence[Findings] = (), name: str = "my-service", timezone: str = "UTC") -> str:
    """Write a starter plan.

    Args:
        findings: what live systems were found to have; without any, a plan for some PostgreSQL.
        name: the project's.
        timezone: of its calendars, an IANA name.

    Returns:
        YAML that `parse_plan` reads without an error or a warning.
    """
    draft = _Draft()
    for found in _with_variables(findings or (DatabaseFindings("postgres"),)):
        match found:
            case DatabaseFindings():
                _add_database(draft, found)
            case RedisFindings():
                _add_redis(draft, found)
    fragments = _fragments("plan")
    filled = {
        "name": draft.name(name),
        "timezone": timezone,
        "sources": "\n".join(draft.sources),
        "signals": "\n\n".join(draft.signals),
        "checkpoints": "\n\n".join(draft.checkpoints),
        "levels": _filled(fragments["levels"], {"levels": "\n".join(draft.levels)}) if draft.levels else "",
        "shown": "\n".join(f"- {each}" for each in draft.shown),
    }
    return re.sub(r"\n{3,}", "\n\n", _filled(fragments["plan"], filled)).rstrip() + "\n"


def _with_variables(findings: Sequence[Findings]) -> Iterable[Findings]:
    """Give every source the environment variable that holds its url, each its own."""
    taken = {found.variable for found in findings if found.variable}
    for found in findings:
        base = "DATABASE" if isinstance(found, DatabaseFindings) else "REDIS"
        numbers = ("", *(f"_{number}" for number in range(2, len(findings) + 2)))
        free = next(each for number in numbers if (each := f"{base}{number}_URL") not in taken)
        variable = found.variable or free
        taken.add(variable)
        yield replace(found, variable=variable)


def _add_database(draft: _Draft, found: DatabaseFindings) -> None:
    fragments = _fragments(found.kind)
    source = draft.name("database")
    connections, size = draft.name(f"{source}-connections"), draft.name(f"{source}-size")
    values = {
        "source": source,
        "variable": found.variable,
        "about": _about_database(found),
        "connections": connections,
        "max_connections": f"{found.max_connections:,}" if found.max_connections else "the most there may be",
        "size": size,
        "size_now": f", {format_in(found.size_bytes, parse_unit('B'))} now" if found.size_bytes else "",
        "growth": draft.name(f"{source}-growth"),
        "checkpoint": draft.name(f"grow-{source}"),
    }
    draft.sources.append(_filled(fragments["source"], values))
    draft.signals.append(_filled(fragments["signals"], values))
    slow = [letter for table in found.tables for letter in _add_table(draft, source, table, found.kind)]
    draft.shown.append(size)
    if not found.tables:
        draft.signals.append(_filled(fragments["no-tables"], values))
    verdicts = "rules-with-latency" if slow else "rules"
    slow_conditions = "\n".join(f"{name}: {condition}" for name, condition in slow)
    names = ", ".join(name for name, _ in slow)
    rules = _filled(_fragments("plan")[verdicts], {**values, "slow": names})
    checkpoint = {**values, "slow_conditions": slow_conditions, "rules": rules}
    draft.checkpoints.append(_filled(_fragments("plan")["database-checkpoint"], checkpoint))


def _about_database(found: DatabaseFindings) -> str:
    kind = {"postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}[found.kind]
    return f"{kind} {found.version}".strip()


def _add_table(draft: _Draft, source: str, found: TimedTable, dialect: Dialect) -> list[tuple[str, str]]:
    """Add a table's signals; give the conditions on its latencies."""
    fragments = _fragments("plan")
    values = {
        "source": source,
        "table": _one_line(f"{found.table.schema}.{found.table.name}"),
        "rows": f"{found.table.rows:,}",
        "column": _one_line(found.time.name),
    }
    if found.costs_a_scan:
        draft.signals.append(_filled(fragments["too-large"], values))
        return []
    values["signal"] = draft.name(f"{found.table.name}-per-hour")
    values["title"] = _text(f"Rows in {found.table.name} per hour")
    draft.signals.append(_filled(fragments["rows"], {**values, "query": rows_in(found, dialect, "1 hour")}))
    draft.shown.append(values["signal"])
    return [_add_latency(draft, found, latency, dialect, values) for latency in found.latencies]


def _add_latency(
    draft: _Draft, found: TimedTable, latency: Latency, dialect: Dialect, values: Mapping[str, str]
) -> tuple[str, str]:
    fragments = _fragments("plan")
    signal = draft.name(f"{found.table.name}-{latency.column}-p95")
    target, warning, danger = _figures(latency)
    now = (
        f"its last day had {format_in(latency.typical, parse_unit(latency.unit))}" if latency.typical else "look first"
    )
    more = {
        "signal": signal,
        "title": _text(f"p95 of {found.table.name}.{latency.column}"),
        "unit": latency.unit,
        "query": percentile_95(found, latency, dialect, "30 minutes"),
        "target": target,
        "warning": warning,
        "danger": danger,
        "why": now,
    }
    draft.signals.append(_filled(fragments["latency"], {**values, **more}))
    draft.levels.append(_filled(fragments["level"], {**values, **more, "level": signal}))
    draft.shown.append(signal)
    condition = f"{{signal: {signal}, above: {danger}, for: 30m, clears_below: {warning}}}    # {now}"
    return draft.name(f"slow-{found.table.name}"), condition


def _figures(latency: Latency) -> tuple[str, str, str]:
    """Choose target, warning and danger: a fifth, a half and the whole above what is typical."""
    if latency.typical is None or latency.typical <= 0:
        danger = _DEFAULT_THRESHOLD[latency.unit]
        figures = (danger * 0.5, danger * 0.75, danger)
    else:
        figures = tuple(_rounded_up(latency.typical * factor) for factor in (1.2, 1.5, 2))
    target, warning, danger = (f"{figure:.12g} {latency.unit}" for figure in figures)
    return target, warning, danger


def _rounded_up(value: float) -> float:
    """Round up to two significant digits."""
    step = 10.0 ** (floor(log10(value)) - 1)
    return float(f"{ceil(value / step - 1e-9) * step:.6g}")


def _add_redis(draft: _Draft, found: RedisFindings) -> None:
    fragments = _fragments("redis")
    source = draft.name("redis")
    values = {
        "source": source,
        "variable": found.variable,
        "about": f"Redis {found.version}".strip(),
        "memory": draft.name(f"{source}-memory"),
        "keys": draft.name(f"{source}-keys"),
        "keys_now": f", {found.keys:,} now" if found.keys is not None else "",
        "growth": draft.name(f"{source}-key-growth"),
        "checkpoint": draft.name(f"grow-{source}"),
        "limit": format_in(found.maxmemory_bytes, parse_unit("B")) if found.maxmemory_bytes else "",
        "policy": found.policy or "as maxmemory-policy says",
    }
    limited = "unlimited" if found.maxmemory_bytes == 0 else "limited"
    draft.sources.append(_filled(fragments["source"], values))
    draft.signals += [_filled(fragments[f"memory-{limited}"], values), _filled(fragments["keys"], values)]
    draft.checkpoints.append(_filled(fragments[f"checkpoint-{limited}"], values))
    draft.shown += [values["memory"], values["keys"]]


def _fragments(name: str) -> Mapping[str, str]:
    """Read the fragments of a file: each begins with a line `#-- its-name`."""
    file = "mysql" if name == "mariadb" else name
    text = (Path(__file__).parent / f"{file}.fragments").read_text(encoding="utf-8")
    parts = _FRAGMENT.split(text)[1:]
    found = {title: body.strip("\n") for title, body in zip(parts[::2], parts[1::2], strict=True)}
    if name in {"mysql", "mariadb"}:
        found["signals"] = found[f"signals-{name}"]
    return found


def _filled(fragment: str, values: Mapping[str, str]) -> str:
    """Fill the gaps `<<name>>` of a fragment, once: what is filled in may look like a gap itself.

    Further lines of a value stand as deep as the gap's own line. A line that was only a gap for nothing goes.
    """
    lines: list[str] = []
    for line in fragment.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        filled = _GAP.sub(lambda match, indent=indent: values[match[1]].replace("\n", f"\n{indent}"), line)
        if filled.strip() or not line.strip():
            lines += [each.rstrip() for each in filled.split("\n")]
    return "\n".join(lines)


def _text(text: str) -> str:
    """Write a text so that YAML reads it as it is."""
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())
