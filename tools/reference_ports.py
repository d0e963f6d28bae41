"""Write docs/reference/ports.md from the Protocols of ports.py; a test holds that it is up to date."""

import inspect
from pathlib import Path

from outgrow import ports

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "ports.md"
HEAD = """# Ports

What the control rooms need from the world, written from `src/outgrow/ports.py` by `tools/reference_ports.py`. Adapters
fulfil a port without inheriting from it; one contract suite per port (`tests/contracts/`) runs over all of them.
"""


def protocols() -> list[type]:
    """Give the Protocols of the page, in the order of the file."""
    own = [each for each in vars(ports).values() if inspect.isclass(each) and each.__module__ == ports.__name__]
    return [each for each in own if getattr(each, "_is_protocol", False)]


def page() -> str:
    """Give the page's text."""
    parts = [HEAD]
    for protocol in protocols():
        parts += [f"## {protocol.__name__}", "", inspect.getdoc(protocol) or "", ""]
        for name, method in vars(protocol).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                parts += _method(name, method)
    return "\n".join(parts).rstrip() + "\n"


def _method(name: str, method: object) -> list[str]:
    kind = "async " if inspect.iscoroutinefunction(method) else ""
    names = [each for each in inspect.signature(method).parameters if each != "self"]  # type: ignore[arg-type]
    text = (
        (inspect.getdoc(method) or "").replace("Raises:\n    ", "\n*Raises* ").replace("Args:\n", "\n*Arguments*\n\n")
    )
    lines = [line.strip() for line in text.splitlines()]
    return [f"### {kind}{name}({', '.join(names)})", "", *lines, ""]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
