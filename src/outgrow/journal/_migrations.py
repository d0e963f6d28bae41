"""Numbered SQL files that bring a schema up to date, one transaction each."""

from dataclasses import dataclass
from importlib.resources import files

from outgrow.errors import JournalError


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: the version that the schema has after it, and its SQL."""

    version: int
    name: str
    sql: str


def migrations(package: str) -> tuple[Migration, ...]:
    """Read an adapter's migrations, `migrations/0001_what_it_does.sql` and so on, in order."""
    found = sorted(
        (each for each in files(package).joinpath("migrations").iterdir() if each.name.endswith(".sql")),
        key=lambda each: each.name,
    )
    steps = tuple(Migration(int(each.name[:4]), each.name, each.read_text(encoding="utf-8")) for each in found)
    if [step.version for step in steps] != list(range(1, len(steps) + 1)):
        message = f"{package}: the migrations are not numbered 1 to {len(steps)}; the installation is broken"
        raise JournalError(message)
    return steps


def query(package: str, name: str) -> str:
    """Read one of an adapter's statements, `queries/NAME.sql`."""
    return files(package).joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


def newer_schema(where: str, found: int, known: int) -> JournalError:
    """Word the refusal of a schema that a later outgrow has written."""
    return JournalError(
        f"{where}: its schema is version {found}, and this outgrow knows versions up to {known}; "
        "upgrade outgrow, or name another journal in the plan (journal.url)"
    )
