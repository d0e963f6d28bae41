"""What the user wrote: one file per noun, validated models that are also the types the deciders use.

`Plan` is the whole; `plan.file` reads it from YAML text with the place of every value. Pure: no I/O, no clock, no
secrets (only the names of environment variables that hold them).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outgrow.plan.whole import JournalOptions as JournalOptions
    from outgrow.plan.whole import Plan as Plan

__all__ = ["JournalOptions", "Plan"]


def __getattr__(name: str) -> object:
    """Load the whole on first use: who needs one noun, as each process of a load test, does not pay for all."""
    if name in __all__:
        from importlib import import_module  # noqa: PLC0415 (see above)

        return getattr(import_module("outgrow.plan.whole"), name)
    raise AttributeError(f"module 'outgrow.plan' has no attribute {name!r}")
