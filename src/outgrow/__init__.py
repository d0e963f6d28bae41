"""outgrow makes a scaling plan run: it measures the live system, decides with evidence, and says when."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outgrow.api import check as check
    from outgrow.api import load_plan as load_plan

__version__ = "0.1.0.dev0"
__all__ = ["__version__", "check", "load_plan"]


def __getattr__(name: str) -> object:
    """Load the public names on first use, so that importing outgrow costs nothing."""
    if name in {"check", "load_plan"}:
        from importlib import import_module

        return getattr(import_module("outgrow.api"), name)
    raise AttributeError(f"module 'outgrow' has no attribute {name!r}")
