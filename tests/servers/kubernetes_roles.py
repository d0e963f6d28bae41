"""Accounts and rights of the tests; `role` is word for word what docs/how-to/scale-on-kubernetes.md gives."""

from pathlib import Path
from typing import Any, Final

import yaml

_PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "scale-on-kubernetes.md"
Json = dict[str, Any]


def account(name: str) -> list[Json]:
    """Give a service account in the namespace shop."""
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "shop"}}]


def role(name: str) -> list[Json]:
    """Give the Role of the documentation and bind it to a service account."""
    text = _PAGE.read_text(encoding="utf-8").partition('```yaml title="role.yaml"\n')[2].partition("```")[0]
    documents = [each for each in yaml.safe_load_all(text) if each["kind"] in {"Role", "RoleBinding"}]
    for each in documents:
        each["metadata"]["namespace"] = "shop"
        for subject in each.get("subjects", ()):
            subject |= {"name": name, "namespace": "shop"}
    return documents
