"""What a container's statistics mean: usage and limits out of the Engine's JSON, on control groups v1 and v2. Pure.

Fields: Docker Engine API, GET /containers/{id}/stats and /containers/{id}/json.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

Json = Mapping[str, Any]

# CFS' period where the container names only a quota, in microseconds; kernel documentation, sched-bwc.
_DEFAULT_PERIOD: Final = 100_000
_NEVER: Final = "0001-"


def is_reading(stats: Json) -> bool:
    """Say whether the statistics were taken from a running container: of others the Engine sends zeros."""
    return not str(stats.get("read", _NEVER)).startswith(_NEVER)


def reading_before(stats: Json) -> Json | None:
    """Give the reading before this one, where the Engine really took two."""
    before = {"read": stats.get("preread", _NEVER), "cpu_stats": stats.get("precpu_stats", {})}
    return before if is_reading(before) and _elapsed_seconds(before, stats) > 0 else None


def cpu_seconds(stats: Json) -> float:
    """Give the CPU time used since the container started."""
    return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


def cores_used(before: Json, after: Json) -> float:
    """Give the cores that were busy between two readings."""
    return (cpu_seconds(after) - cpu_seconds(before)) / _elapsed_seconds(before, after)


def core_limit(host_config: Json, stats: Json) -> float:
    """Give the cores that the container may use: its quota, its CPU set, or all that the host has."""
    cpu = stats["cpu_stats"]
    limits = [float(cpu.get("online_cpus") or len(cpu["cpu_usage"].get("percpu_usage") or [1]))]
    if host_config.get("NanoCpus"):
        limits.append(host_config["NanoCpus"] / 1e9)
    if host_config.get("CpuQuota", 0) > 0:
        limits.append(host_config["CpuQuota"] / (host_config.get("CpuPeriod") or _DEFAULT_PERIOD))
    if host_config.get("CpusetCpus"):
        limits.append(_cores_in(host_config["CpusetCpus"]))
    return min(limits)


def memory_bytes(stats: Json) -> float | None:
    """Give the memory in use without the inactive file cache, which the kernel gives up when memory is short."""
    memory = _part(stats, "memory_stats")
    if "usage" not in memory:
        return None
    details = _part(memory, "stats")
    # Control groups v1 count their children in the total_ fields; v2 has no such fields.
    inactive = details.get("total_inactive_file", details.get("inactive_file", 0))
    return float(max(memory["usage"] - inactive, 0))


def memory_limit(host_config: Json) -> float | None:
    """Give the limit set on the container; nothing where the host's memory is the limit."""
    return float(host_config["Memory"]) if host_config.get("Memory", 0) > 0 else None


def network_bytes(stats: Json, direction: str) -> float | None:
    """Give the bytes received (`rx`) or sent (`tx`) over all of the container's own networks; nothing without one."""
    networks = stats.get("networks")
    return float(sum(each[f"{direction}_bytes"] for each in networks.values())) if networks else None


def block_bytes(stats: Json, direction: str) -> float | None:
    """Give the bytes read (`read`) from or written (`write`) to disks; nothing where the kernel does not count them."""
    counted = _part(stats, "blkio_stats").get("io_service_bytes_recursive")
    if not counted:
        return None
    return float(sum(each["value"] for each in counted if each["op"].lower() == direction))


def process_count(stats: Json) -> float | None:
    """Give the number of processes and threads; nothing where the kernel does not count them."""
    current = _part(stats, "pids_stats").get("current")
    return None if current is None else float(current)


def _part(stats: Json, name: str) -> Json:
    """Give a part that the Engine leaves out or sets to null where the kernel has nothing to say."""
    return stats.get(name) or {}


def _elapsed_seconds(before: Json, after: Json) -> float:
    return (datetime.fromisoformat(after["read"]) - datetime.fromisoformat(before["read"])).total_seconds()


def _cores_in(cpu_set: str) -> int:
    """Count `0-2,5`."""
    spans = [span.split("-") for span in cpu_set.split(",")]
    return sum(int(span[-1]) - int(span[0]) + 1 for span in spans)
