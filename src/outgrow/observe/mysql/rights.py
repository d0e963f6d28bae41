"""What a user of MySQL or MariaDB may do besides reading, out of SHOW GRANTS."""

import re
from collections.abc import Sequence
from typing import Final

_GRANT: Final = re.compile(r"GRANT (?P<rights>.+?) ON (?P<where>\S+) TO ", re.IGNORECASE)
_READING: Final = {
    "USAGE",
    "SELECT",
    "PROCESS",
    "SHOW VIEW",
    "SHOW DATABASES",
    "REPLICATION CLIENT",
    "BINLOG MONITOR",
    "SLAVE MONITOR",
    "REPLICA MONITOR",
    "SHOW_ROUTINE",
}


def warnings_about(grants: Sequence[str], user: str) -> list[str]:
    """Word what the grants allow beyond reading.

    Args:
        grants: the lines of SHOW GRANTS. They may hold a password's hash: never show them.
        user: whom they are about.
    """
    granted = [
        (_names(found["rights"]), found["where"].replace("`", "")) for line in grants if (found := _GRANT.match(line))
    ]
    everything = {where for rights, where in granted if "ALL PRIVILEGES" in rights or "SUPER" in rights}
    reader = (
        "CREATE USER outgrow_reader ...; GRANT SELECT ON db.* TO outgrow_reader; GRANT PROCESS ON *.* TO outgrow_reader"
    )
    if "*.*" in everything:
        return [f"the user {user} may do everything on this server; measure as a user that only reads: {reader}"]
    warnings = [
        f"the user {user} may do more than read in {where} ({', '.join(sorted(writing))}); {reader}"
        for rights, where in granted
        if (writing := rights - _READING)
    ]
    if not any("PROCESS" in rights for rights, where in granted if where == "*.*"):
        warnings.append(
            f"the user {user} sees only its own threads in the process list and counts too few; "
            f"GRANT PROCESS ON *.* TO {user}"
        )
    return warnings


def _names(rights: str) -> set[str]:
    """Split rights at the commas outside of column lists: SELECT (a, b), INSERT."""
    return {re.sub(r"\s*\(.*", "", right).strip().upper() for right in re.split(r",\s*(?![^(]*\))", rights)}
