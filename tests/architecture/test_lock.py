"""requirements.lock holds everything that pyproject.toml asks for, by hash, and says of no place to get it from."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PINNED = re.findall(r"^([a-z0-9-]+)==(\S+)(.*)\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)*)", LOCK, re.MULTILINE)


def test_every_requirement_is_pinned_to_a_version_that_satisfies_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [one for extra in project["optional-dependencies"].values() for one in extra]
    versions: dict[str, list[Version]] = {}
    for name, version, *_ in PINNED:
        versions.setdefault(name, []).append(Version(version))

    lacking = [
        requirement
        for requirement in map(Requirement, wanted)
        if not any(requirement.specifier.contains(found) for found in versions.get(_normal(requirement.name), []))
    ]

    assert lacking == [], "run `make lock`"


def test_every_pin_has_a_hash() -> None:
    assert len(PINNED) == len(re.findall(r"^[a-z0-9].*==", LOCK, re.MULTILINE)) > 0
    assert [name for name, _, _, hashes in PINNED if not hashes] == []


def test_no_package_index_is_named() -> None:
    assert re.findall(r"^.*(?:://|--index|--extra-index|--find-links|--trusted).*$", LOCK, re.MULTILINE) == []


def _normal(name: str) -> str:
    """Write a package's name as the lock does."""
    return re.sub(r"[-_.]+", "-", name).lower()
