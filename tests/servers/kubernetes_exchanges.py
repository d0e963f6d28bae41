"""Questions to a Kubernetes API server, the same to a real one and to `KubernetesApi`, and what is compared of answers.

`python -m tests.servers.kubernetes_exchanges FOLDER` asks a real control plane (see `kubernetes_control_plane`) and
writes its answers into FOLDER/VERSION.json.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

SCALE: Final = "/apis/apps/v1/namespaces/shop/deployments/auth/scale"
PODS: Final = "/api/v1/namespaces/shop/pods"
HPAS: Final = "/apis/autoscaling/v1/namespaces/shop/horizontalpodautoscalers"
APPLY, MERGE, JSON = "application/apply-patch+yaml", "application/merge-patch+json", "application/json"
Json = dict[str, Any]

_CHANGING: Final = frozenset({"uid", "resourceVersion", "creationTimestamp", "continue", "remainingItemCount"})


@dataclass
class Talk:
    """A talk with one server.

    Attributes:
        client: knows the address and whom to trust.
        tokens: for "outgrow", with the rights that the documentation gives it, "stranger" without any, and "admin";
            also one that is "expired" and one that is "wrong".
    """

    client: httpx2.Client
    tokens: Mapping[str, str]
    answers: dict[str, Json] = field(default_factory=dict)

    def ask(
        self,
        name: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        media: str = JSON,
        who: str = "outgrow",
        **query: str,
    ) -> Json:
        """Ask and note the answer under a name; give its body."""
        token = self.tokens.get(who, "")
        headers = {"Content-Type": media, **({"Authorization": f"Bearer {token}"} if token else {})}
        content = None if body is None else json.dumps(body)
        reply = self.client.request(method, path, params=query, content=content, headers=headers)
        lines = [json.loads(line) for line in reply.text.splitlines() if line]
        found: Any = lines if query.get("watch") and reply.is_success else lines[0]
        self.answers[name] = {"status": reply.status_code, "body": found}
        return found if isinstance(found, dict) else {}


def scale(replicas: int, **metadata: str) -> Json:
    """Give the document of a scale."""
    meta = {"name": "auth", "namespace": "shop", **metadata}
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": meta, "spec": {"replicas": replicas}}


def hold_all(talk: Talk, settle: Callable[[int], None], forget: Callable[[], None], delete: Callable[[], None]) -> None:
    """Ask everything, of a Deployment auth that has two ready pods and whose number of replicas nobody owns.

    A Deployment web stands beside it, with one replica by its manifest, applied by kubectl.

    Args:
        talk: with the server.
        settle: waits until so many pods are ready and no others are there.
        forget: lets the server forget what changed until now, as it does after some minutes.
        delete: deletes the Deployment.
    """
    settle(2)
    _scales(talk)
    settle(3)
    forget()
    _pods(talk)
    _refusals(talk)
    talk.ask("hpas", "GET", HPAS)
    delete()
    talk.ask("scale of a deployment that was deleted", "GET", SCALE)


def _scales(talk: Talk) -> None:
    first = talk.ask("scale", "GET", SCALE)
    old = str(first["metadata"]["resourceVersion"])
    ours = {"media": APPLY, "fieldManager": "outgrow"}
    other = {"media": APPLY, "fieldManager": "other"}
    talk.ask("apply what nobody claims", "PATCH", SCALE, scale(4), **ours, force="false")
    talk.ask("claim it", "PATCH", SCALE, scale(4, resourceVersion=old), **ours, force="true")
    talk.ask("claim it by an old version", "PATCH", SCALE, scale(5, resourceVersion=old), **ours, force="true")
    talk.ask("apply the same again", "PATCH", SCALE, scale(4), **ours, force="false")
    talk.ask("apply another number", "PATCH", SCALE, scale(5), **ours, force="false")
    talk.ask("conflict of managers", "PATCH", SCALE, scale(6), **other, force="false")
    talk.ask("two who agree", "PATCH", SCALE, scale(5), **other, force="false")
    talk.ask("conflict with one who agreed", "PATCH", SCALE, scale(4), **ours, force="false")
    talk.ask("take over", "PATCH", SCALE, scale(3), **ours, force="true")
    talk.ask("apply without a manager", "PATCH", SCALE, scale(3), media=APPLY)
    talk.ask("update of an old version", "PUT", SCALE, scale(5, resourceVersion=old), who="admin")
    merged = {"metadata": {"resourceVersion": old}, "spec": {"replicas": 5}}
    talk.ask("merge into an old version", "PATCH", SCALE, merged, media=MERGE)
    talk.ask("update by another", "PUT", SCALE, scale(5), who="admin", fieldManager="hpa")
    talk.ask("conflict with an update", "PATCH", SCALE, scale(3), **ours, force="false")
    talk.ask("fewer than none", "PATCH", SCALE, {"spec": {"replicas": -1}}, media=MERGE)
    talk.ask("an unknown media type", "PATCH", SCALE, {"spec": {"replicas": 3}}, media="text/plain")
    talk.ask("none", "PATCH", SCALE, {"spec": {"replicas": 0}}, media=MERGE)
    talk.ask("scale of none", "GET", SCALE)
    talk.ask("merge", "PATCH", SCALE, {"spec": {"replicas": 3}}, media=MERGE, fieldManager="outgrow")
    web = {"media": APPLY, "fieldManager": "outgrow", "who": "admin", "force": "false"}
    there = {**scale(3), "metadata": {"name": "web", "namespace": "shop"}}
    talk.ask("conflict with a manifest", "PATCH", SCALE.replace("auth", "web"), there, **web)


def _pods(talk: Talk) -> None:
    chosen = {"labelSelector": "app=auth"}
    whole = talk.ask("pods", "GET", PODS, **chosen)
    page = talk.ask("pods, first page", "GET", PODS, **chosen, limit="2")
    token = str(page["metadata"]["continue"])
    talk.ask("pods, second page", "GET", PODS, **chosen, limit="2", **{"continue": token})
    talk.ask("pods, a page of nowhere", "GET", PODS, **chosen, limit="2", **{"continue": "nonsense"})
    talk.ask("pods of nobody", "GET", PODS, labelSelector="app=nobody")
    version = str(whole["metadata"]["resourceVersion"])
    watch = {"watch": "true", "timeoutSeconds": "1", **chosen}
    talk.ask("watch, nothing new", "GET", PODS, **watch, resourceVersion=version)
    talk.ask("watch from too long ago", "GET", PODS, **watch, resourceVersion="1")
    talk.ask("watch from nonsense", "GET", PODS, **watch, resourceVersion="nonsense")


def _refusals(talk: Talk) -> None:
    talk.ask("no such deployment", "GET", SCALE.replace("auth", "atuh"), who="admin")
    talk.ask("no such resource", "GET", SCALE.replace("deployments", "deplyments"), who="admin")
    talk.ask("a wrong token", "GET", SCALE, who="wrong")
    talk.ask("an expired token", "GET", SCALE, who="expired")
    talk.ask("no token", "GET", SCALE, who="nobody")
    apply = {"media": APPLY, "fieldManager": "outgrow"}
    talk.ask("get scale without the right", "GET", SCALE, who="stranger")
    talk.ask("patch scale without the right", "PATCH", SCALE, scale(4), who="stranger", **apply)
    talk.ask("list pods without the right", "GET", PODS, who="stranger", labelSelector="app=auth")
    talk.ask("watch pods without the right", "GET", PODS, who="stranger", labelSelector="app=auth", watch="true")
    talk.ask("list hpas without the right", "GET", HPAS, who="stranger")


def comparable(answer: Json) -> Json:
    """Leave out what differs from server to server: identities, versions, moments, and how a pod is run."""
    return {"status": answer["status"], "body": _comparable(answer["body"])}


def _comparable(node: Any) -> Any:
    if isinstance(node, list):
        return [_comparable(each) for each in node]
    if isinstance(node, str):
        return re.sub(r"too old resource version: \d+ \(\d+\)", "too old resource version: …", node)
    if not isinstance(node, dict):
        return node
    if node.get("kind") == "Pod" or "containerStatuses" in node.get("status", {}):
        status, meta = node["status"], node["metadata"]
        ready = [each for each in status.get("conditions", ()) if each["type"] == "Ready"]
        told = {"phase": status["phase"], "ready": [each["status"] for each in ready]}
        return {"labels": {"app": meta["labels"]["app"]}, **told}
    if node.get("kind") == "Scale" and "status" in node:  # how far the controllers are is a matter of time
        node = {**node, "status": {"selector": node["status"]["selector"]}}
    return {name: "…" if name in _CHANGING else _comparable(each) for name, each in node.items()}


def main(folder: Path) -> None:
    """Ask a real control plane and write down what it answers."""
    from tests.servers.kubernetes_control_plane import ADMIN, deployment, start_control_plane
    from tests.servers.kubernetes_kubelet import Kubelet
    from tests.servers.kubernetes_roles import account, role

    plane = start_control_plane()
    try:
        with Kubelet(plane, start_up_seconds=0.2):
            plane.apply(deployment("auth", None))
            plane.apply(deployment("web", 1), manager="kubectl")
            plane.call("PATCH", SCALE, {"spec": {"replicas": 2}}, media=MERGE)
            plane.apply(*account("outgrow"), *role("outgrow"), *account("stranger"))
            tokens = {name: plane.token_of(name) for name in ("outgrow", "stranger")}
            tokens |= {"expired": plane.expired_token_of("outgrow"), "wrong": "nonsense", "admin": ADMIN}

            def settle(count: int) -> None:
                deadline = time.monotonic() + 30
                while True:
                    pods = plane.call("GET", f"{PODS}?labelSelector=app=auth")["items"]
                    if len(pods) == count and all(each["status"]["phase"] == "Running" for each in pods):
                        return
                    assert time.monotonic() < deadline, pods
                    time.sleep(0.1)

            def delete() -> None:
                plane.call("DELETE", SCALE.removesuffix("/scale"))

            with httpx2.Client(base_url=plane.url, verify=plane.tls, trust_env=False, timeout=30) as client:
                talk = Talk(client, tokens)
                hold_all(talk, settle, plane.restart_server, delete)
        found = {name: comparable(each) for name, each in talk.answers.items()}
        text = json.dumps({"version": plane.version, "answers": found}, indent=1, ensure_ascii=False) + "\n"
        (folder / f"{plane.version}.json").write_text(text)
    finally:
        plane.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
