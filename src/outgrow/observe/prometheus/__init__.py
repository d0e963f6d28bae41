"""Prometheus, and what speaks its query API: PromQL expressions, at this moment or over ranges of the past."""

from outgrow.observe.prometheus.signals import PrometheusSignals

__all__ = ["PrometheusSignals"]
