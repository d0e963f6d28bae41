"""Redis: the facts of INFO, CONFIG and DBSIZE. It keeps no history; the journal's past is the only one."""

from outgrow.observe.redis.signals import RedisSignals

__all__ = ["RedisSignals"]
