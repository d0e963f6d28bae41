"""Local processes: replicas of a service started from one command, on ports of their own, that outlive outgrow."""

from outgrow.act.processes.host import ProcessHost

__all__ = ["ProcessHost"]
