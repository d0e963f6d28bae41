"""Our Kubernetes test server answers as real API servers did when they were asked the same."""

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.servers.kubernetes_api import TOKEN, KubernetesApi
from tests.servers.kubernetes_exchanges import Talk, comparable, hold_all
from tests.servers.kubernetes_state import Owner

_RECORDED = Path(__file__).parent / "recorded"
_VERSIONS = sorted(each.stem for each in _RECORDED.glob("v*.json"))
_TOKENS = {"outgrow": TOKEN, "admin": "let-all-be-done", "stranger": "let-nothing-be-done"}


@pytest.fixture(scope="module", params=_VERSIONS)
def both(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    api = KubernetesApi(start_up_seconds=0.02, version=request.param)
    api.deploy("auth", 2)
    api.deploy("web", 1, Owner("kubectl", subresource=""))

    def settle(count: int) -> None:
        while True:
            with api.lock:
                phases = [each["status"]["phase"] for name, each in api.cluster.pods.items() if name[:4] == "auth"]
            if phases == ["Running"] * count:
                return
            time.sleep(0.01)

    with httpx2.Client(base_url=api.url, trust_env=False) as client:
        talk = Talk(client, _TOKENS | {"expired": "once", "wrong": "never"})
        hold_all(talk, settle, api.forget, lambda: api.delete("auth"))
    api.stop()
    recorded = json.loads((_RECORDED / f"{request.param}.json").read_text())["answers"]
    return talk.answers, recorded


def test_every_answer_is_what_a_real_server_gave(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, real = both

    assert {name: comparable(each) for name, each in ours.items()} == real
