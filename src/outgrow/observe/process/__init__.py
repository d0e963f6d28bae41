"""Local processes: what those of a name, a command line or a PID file use together."""

from outgrow.observe.process.signals import ProcessSignals

__all__ = ["ProcessSignals"]
