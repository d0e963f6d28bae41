"""Docker Engine: what containers use of CPU, memory, network and disks, asked for through its own HTTP API."""

from outgrow.observe.docker.signals import DockerSignals

__all__ = ["DockerSignals"]
