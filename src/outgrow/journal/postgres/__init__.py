"""The journal in PostgreSQL: for several machines, and for more than one file should hold."""

from outgrow.journal.postgres.journal import PostgresJournal

__all__ = ["PostgresJournal"]
