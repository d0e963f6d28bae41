"""Signals from a MySQL or MariaDB database, over aiomysql."""

from outgrow.observe.mysql.signals import MySqlSignals

__all__ = ["MySqlSignals"]
