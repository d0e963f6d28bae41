"""Signals from a PostgreSQL database, over asyncpg."""

from outgrow.observe.postgres.signals import PostgresSignals

__all__ = ["PostgresSignals"]
