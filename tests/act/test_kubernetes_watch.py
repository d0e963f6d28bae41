"""Kubernetes: pods are followed by a watch, which costs next to no requests and is left for the list when it breaks."""

import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from outgrow.facts.replicas import Replicas
from outgrow.ports import Actuator
from tests.act.harness_kubernetes import opened
from tests.contracts.actuators import settled, until
from tests.servers.kubernetes_api import KubernetesApi


@pytest.fixture
def api() -> Iterator[KubernetesApi]:
    server = KubernetesApi(start_up_seconds=0.3)
    server.deploy("auth", 2)
    yield server
    server.stop()


def asked(api: KubernetesApi, *words: str) -> int:
    return sum(all(word in each for word in words) for each in list(api.requests))


async def looked_at(actuator: Actuator, seconds: float) -> Replicas:
    """Look at the replicas again and again for a while."""
    deadline = time.monotonic() + seconds
    while True:
        found = await actuator.replicas()
        if time.monotonic() > deadline:
            return found
        await anyio.sleep(0.01)


async def test_pods_are_listed_once_and_then_followed(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)

    await settled(actuator, 2)
    await actuator.scale_to(5)
    await settled(actuator, 5)
    await actuator.scale_to(1)
    await settled(actuator, 1)

    assert asked(api, "GET", "/pods", "limit") == 1
    assert asked(api, "GET", "/pods", "watch=true") == 1
    await actuator.aclose()


async def test_a_start_up_is_known_to_less_than_the_seconds_of_kubernetes(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)
    await settled(actuator, 2)

    await actuator.scale_to(4)
    found = await settled(actuator, 4)

    exact = [each for each in found.each if each.ordered_at is not None and each.ordered_at.microsecond]
    assert len(exact) == 2
    for each in exact:
        assert each.ready_at is not None
        assert each.ordered_at is not None
        assert 0.2 < (each.ready_at - each.ordered_at).total_seconds() < 2
    await actuator.aclose()


async def test_a_watch_that_came_too_late_lets_the_list_be_read_again(api: KubernetesApi, tmp_path: Path) -> None:
    api.watch_seconds = 0.01
    actuator = opened(api, tmp_path)
    await settled(actuator, 2)
    api.forget()

    await actuator.scale_to(3)

    assert len((await settled(actuator, 3)).each) == 3
    await actuator.aclose()


async def test_a_watch_that_breaks_off_is_begun_again_from_a_new_list(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)
    await settled(actuator, 2)

    api.break_watches()
    await actuator.scale_to(3)

    await settled(actuator, 3)
    assert asked(api, "/pods", "limit") >= 2
    await actuator.aclose()


async def test_where_watching_is_not_permitted_pods_are_listed(api: KubernetesApi, tmp_path: Path) -> None:
    api.forbidden.add(("watch", "pods"))
    actuator = opened(api, tmp_path)

    await actuator.scale_to(3)

    await settled(actuator, 3)
    assert asked(api, "watch=true") <= 2
    await actuator.aclose()


async def test_where_no_watch_lasts_it_is_not_tried_at_every_look(api: KubernetesApi, tmp_path: Path) -> None:
    api.watch_seconds = 0.0
    actuator = opened(api, tmp_path)

    await looked_at(actuator, 1.0)

    assert asked(api, "watch=true") <= 2
    assert asked(api, "limit") > 10
    await actuator.aclose()


async def test_looking_many_times_a_second_asks_once_a_second(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)
    await settled(actuator, 2)
    before = len(api.requests)

    await looked_at(actuator, 2.1)

    assert len(api.requests) - before <= 3
    await actuator.aclose()


async def test_a_deployment_that_is_deleted_and_made_again_is_followed(api: KubernetesApi, tmp_path: Path) -> None:
    actuator = opened(api, tmp_path)
    await settled(actuator, 2)

    api.delete("auth")
    api.deploy("auth", 1)

    found = await until(actuator, lambda found: found.ordered == 1 == found.ready == len(found.each))
    assert found.each[0].name
    await actuator.aclose()
