"""nginx before the replicas of a service: its upstream written, tested, reloaded without losing a request."""

from outgrow.act.nginx.balancer import NginxBalancer

__all__ = ["NginxBalancer"]
