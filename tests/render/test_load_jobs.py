"""Manifests of a load test are ones that Kubernetes takes, and hold what each pod needs."""

from typing import Any

import kubernetes_validate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.errors import UsageError
from outgrow.render.load_jobs import LoadJob, load_manifests


def job(**changes):
    usual: dict[str, Any] = {
        "scenario": "peak",
        "plan": "plan.yaml",
        "files": {"plan.yaml": "outgrow: 1\n", "data/people.csv": "email\n"},
        "shards": 4,
        "image": "registry.example.com/outgrow:1",
        "namespace": "loads",
    }
    return LoadJob(**{**usual, **changes})


@pytest.mark.parametrize("version", ["1.33", "1.35", "1.37"])
@pytest.mark.parametrize("changes", [{}, {"volume": "results", "secret": "shop"}])
def test_kubernetes_takes_the_manifests(version, changes):
    for manifest in load_manifests(job(**changes)).values():
        kubernetes_validate.validate(dict(manifest), version, strict=True)


def test_each_pod_runs_the_share_of_its_index_and_a_dead_one_ends_no_other():
    spec = load_manifests(job())["job.yaml"]["spec"]
    container = spec["template"]["spec"]["containers"][0]

    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 4, 4)
    assert (spec["backoffLimitPerIndex"], spec["maxFailedIndexes"]) == (0, 4)
    assert container["command"][:5] == ["outgrow", "load", "run", "peak", "/plan/plan.yaml"]
    assert container["command"][container["command"].index("--shard") + 1] == "$(JOB_COMPLETION_INDEX)/4"


def test_files_in_folders_find_their_places_again():
    manifests = load_manifests(job())
    data = manifests["configmap.yaml"]["data"]
    items = manifests["job.yaml"]["spec"]["template"]["spec"]["volumes"][0]["configMap"]["items"]

    assert {item["path"]: data[item["key"]] for item in items} == {
        "plan.yaml": "outgrow: 1\n",
        "data/people.csv": "email\n",
    }


def test_results_go_to_the_volume_where_there_is_one():
    pod = load_manifests(job(volume="results", secret="shop"))["job.yaml"]["spec"]["template"]["spec"]
    container = pod["containers"][0]

    assert "/results/outgrow-load-peak-$(JOB_COMPLETION_INDEX).json" in container["command"]
    assert {"name": "results", "persistentVolumeClaim": {"claimName": "results"}} in pod["volumes"]
    assert container["envFrom"] == [{"secretRef": {"name": "shop"}}]


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", fullmatch=True))
def test_every_name_of_a_scenario_becomes_one_that_kubernetes_takes(name):
    found = job(scenario=name).name

    assert len(found) <= 52
    assert found == found.lower().strip("-")
    assert all(each.isalnum() or each == "-" for each in found)


def test_what_no_config_map_takes_is_refused():
    with pytest.raises(UsageError, match="more than the 1,000,000"):
        load_manifests(job(files={"plan.yaml": "x" * 1_000_001}))
    with pytest.raises(UsageError, match="outside of the plan's folder"):
        load_manifests(job(files={"../people.csv": ""}))
