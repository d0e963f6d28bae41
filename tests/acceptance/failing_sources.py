"""A plan of twenty-odd broken sources and one sound one, each broken in a way that happens."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Broken:
    """A source that fails, what a signal reads from it, and words that its one message must hold."""

    name: str
    options: Mapping[str, object]
    read: Mapping[str, object]
    says: tuple[str, ...]


def free_port() -> int:
    """Give a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def query(text: str) -> dict[str, object]:
    """What an SQL or PromQL signal reads."""
    return {"query": text}


def plan_text(broken: list[Broken], sound_database: Path) -> str:
    """Write the plan: every broken source has a signal and a checkpoint of its own, and so has the sound one."""
    sources: dict[str, object] = {"sound": {"kind": "sqlite", "path": str(sound_database)}}
    signals: dict[str, object] = {"sound": {"source": "sound", "unit": "users", "query": "SELECT 70 AS value"}}
    for each in broken:
        sources[each.name] = {"timeout": "1s", **each.options}
        signals[each.name] = {"source": each.name, **each.read}
    checkpoints = {
        f"checkpoint-{name}": {
            "conditions": {"A": {"signal": name, "above": 50}},
            "verdicts": {"required": {"all": ["A"], "due": "now"}},
        }
        for name in signals
    }
    plan = {"outgrow": 1, "name": "broken", "sources": sources, "signals": signals, "checkpoints": checkpoints}
    return yaml.safe_dump(plan, sort_keys=False)
