"""A commented starter plan: YAML text for `outgrow init`, out of what a live system was found to have.

The text is a plan without errors and without doubts; what it measures is read without writing anywhere. Pure: the
asking is done by the adapters of `observe`.
"""

from outgrow.plan.starter.text import starter_plan

__all__ = ["starter_plan"]
