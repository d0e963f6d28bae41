"""A load test as a Kubernetes Job: a pod for each share runs it and leaves its result in its log or on a volume."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from outgrow.errors import UsageError

_FOLDER: Final = "/plan"
_RESULTS: Final = "/results"
_LARGEST: Final = 1_000_000
"""Bytes of a ConfigMap; the API server refuses more than 1 MiB."""
_NAME_LENGTH: Final = 52
"""Of a Job: its pods' names add an index and a suffix, and have to stay within 63."""


@dataclass(frozen=True, slots=True)
class LoadJob:
    """What a load test on Kubernetes needs to be told.

    `files` are the plan and what it includes or reads, by their paths relative to `plan`'s folder; `volume` names the
    claim that results are written to, empty where they stay in the logs; `secret` one whose keys become environment
    variables, empty where there is none.
    """

    scenario: str
    plan: str
    files: Mapping[str, str]
    shards: int
    image: str
    namespace: str
    volume: str = ""
    secret: str = ""

    @property
    def name(self) -> str:
        """The name of the Job and of its ConfigMap (RFC 1123)."""
        plain = "".join(each if each.isalnum() and each.isascii() else "-" for each in self.scenario.lower())
        return f"outgrow-load-{plain}"[:_NAME_LENGTH].strip("-")


def load_manifests(job: LoadJob) -> Mapping[str, Mapping[str, Any]]:
    """Give the manifests by the names of their files.

    Raises:
        UsageError: the plan's files are too large for a ConfigMap, or lie outside of the plan's folder.
    """
    size = sum(len(text.encode()) for text in job.files.values())
    if size > _LARGEST:
        raise UsageError(
            f"the plan and its files have {size:,} bytes, more than the {_LARGEST:,} that a ConfigMap takes; "
            "put large data files into the image"
        )
    outside = next((path for path in job.files if PurePosixPath(path).is_absolute() or ".." in path.split("/")), None)
    if outside is not None:
        raise UsageError(f"{outside} lies outside of the plan's folder; put it beside the plan")
    return {"configmap.yaml": _config_map(job), "job.yaml": _job(job)}


def _meta(job: LoadJob) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "outgrow", "app.kubernetes.io/component": "load", "outgrow/run": job.name}
    return {"name": job.name, "namespace": job.namespace, "labels": labels}


def _keys(job: LoadJob) -> Mapping[str, str]:
    """Give a key for each file: paths may hold what keys may not."""
    return {path: f"file-{index}" for index, path in enumerate(sorted(job.files))}


def _config_map(job: LoadJob) -> dict[str, Any]:
    data = {key: job.files[path] for path, key in _keys(job).items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(job), "data": data}


def _job(job: LoadJob) -> dict[str, Any]:
    items = [{"key": key, "path": path} for path, key in _keys(job).items()]
    volumes: list[dict[str, Any]] = [{"name": "plan", "configMap": {"name": job.name, "items": items}}]
    mounts: list[dict[str, Any]] = [{"name": "plan", "mountPath": _FOLDER, "readOnly": True}]
    share = f"$(JOB_COMPLETION_INDEX)/{job.shards}"
    command = ["outgrow", "load", "run", job.scenario, f"{_FOLDER}/{job.plan}", "--shard", share, "--no-journal"]
    if job.volume:
        volumes.append({"name": "results", "persistentVolumeClaim": {"claimName": job.volume}})
        mounts.append({"name": "results", "mountPath": _RESULTS})
        command += ["--output", f"{_RESULTS}/{job.name}-$(JOB_COMPLETION_INDEX).json"]
    container: dict[str, Any] = {
        "name": "load",
        "image": job.image,
        "command": command,
        "env": [
            {
                "name": "JOB_COMPLETION_INDEX",
                "valueFrom": {
                    "fieldRef": {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}
                },
            }
        ],
        # One process is one core; without a limit a busy neighbour's throttling would not show as ours.
        "resources": {"requests": {"cpu": "1", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": mounts,
    }
    if job.secret:
        container["envFrom"] = [{"secretRef": {"name": job.secret}}]
    template = {
        "metadata": {"labels": _meta(job)["labels"]},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": volumes,
        },
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _meta(job),
        "spec": {
            "completionMode": "Indexed",
            "completions": job.shards,
            "parallelism": job.shards,
            # A share that failed is not run again, for it would come too late; nor does it end the others. Its loss
            # is reported when the shares are brought together.
            "backoffLimitPerIndex": 0,
            "maxFailedIndexes": job.shards,
            "template": template,
        },
    }
