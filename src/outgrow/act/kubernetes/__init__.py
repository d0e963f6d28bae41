"""Kubernetes: how many replicas a workload has, by its scale subresource; the cluster starts and stops them."""

from outgrow.act.kubernetes.workload import KubernetesWorkload

__all__ = ["KubernetesWorkload"]
