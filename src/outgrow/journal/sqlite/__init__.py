"""The journal in one SQLite file: the embedded default, which needs no server and takes several processes at once."""

from outgrow.journal.sqlite.journal import SqliteJournal

__all__ = ["SqliteJournal"]
