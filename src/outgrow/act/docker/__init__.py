"""Docker Engine: replicas as containers, all made like one that defines the service."""

from outgrow.act.docker.host import ContainerHost

__all__ = ["ContainerHost"]
