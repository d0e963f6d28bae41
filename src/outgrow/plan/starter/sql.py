"""The SQL of a starter plan: counts and percentiles by time, with every identifier quoted."""

from typing import Literal

from outgrow.plan.findings import Latency, TimedTable

Dialect = Literal["postgres", "mysql", "mariadb"]


def quoted(name: str, dialect: Dialect) -> str:
    """Quote an identifier: `"a""b"` for PostgreSQL, backticks for MySQL and MariaDB."""
    mark = '"' if dialect == "postgres" else "`"
    return mark + name.replace(mark, 2 * mark) + mark


def table_name(found: TimedTable, dialect: Dialect) -> str:
    """Give the table's full name, quoted."""
    return f"{quoted(found.table.schema, dialect)}.{quoted(found.table.name, dialect)}"


def rows_in(found: TimedTable, dialect: Dialect, span: str, now: str = ":now") -> str:
    """Count the rows of the last `span`, such as `1 hour`."""
    time = quoted(found.time.name, dialect)
    return (
        f"SELECT count(*) AS value, max({time}) AS newest\n"
        f"FROM {table_name(found, dialect)}\n"
        f"WHERE {_since(time, dialect, span, now)}"
    )


def percentile_95(found: TimedTable, latency: Latency, dialect: Dialect, span: str, now: str = ":now") -> str:
    """Take the 95th percentile over the rows of the last `span`, in the latency's unit, with the rows behind it."""
    time, column = quoted(found.time.name, dialect), quoted(latency.column, dialect)
    where = f"WHERE {_since(time, dialect, span, now)}"
    if dialect == "postgres":
        value = f"extract(epoch FROM {column}) * 1000" if latency.is_interval else column
        return (
            f"SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY {value}) AS value, count({column}) AS n,\n"
            f"       max({time}) AS newest\n"
            f"FROM {table_name(found, dialect)}\n{where}"
        )
    # The nearest rank, which MySQL and MariaDB both know how to find.
    return (
        f"SELECT min(measured) AS value, max(n) AS n, max(newest) AS newest\n"  # noqa: S608 (identifiers are quoted)
        f"FROM (\n"
        f"  SELECT {column} AS measured, cume_dist() OVER (ORDER BY {column}) AS share,\n"
        f"         count(*) OVER () AS n, max({time}) OVER () AS newest\n"
        f"  FROM {table_name(found, dialect)}\n"
        f"  {where}\n"
        f"    AND {column} IS NOT NULL\n"
        f") AS ranked\n"
        f"WHERE share >= 0.95"
    )


def _since(time: str, dialect: Dialect, span: str, now: str) -> str:
    number, unit = span.split(" ")
    interval = f"interval '{span}'" if dialect == "postgres" else f"INTERVAL {number} {unit.upper().removesuffix('S')}"
    return f"{time} > {now} - {interval} AND {time} <= {now}"
