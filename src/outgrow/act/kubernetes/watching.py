"""The pods of a workload as the API server tells of them: listed once, then followed by a watch.

Nothing of the replicas' life runs here: the task only takes down what the server says. When the watch breaks in any
way (410 Gone, a lost connection, silence), the next look lists anew; where watching is not permitted or does not work,
every look lists.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, cast

from outgrow.act.kubernetes.asking import Server
from outgrow.act.kubernetes.failures import refusal
from outgrow.act.kubernetes.pods import is_ready, part
from outgrow.errors import ActuatorError
from outgrow.ports import Clock

Json = dict[str, Any]

_SPAN: Final = timedelta(seconds=60)
_GRACE: Final = timedelta(seconds=10)
_RELIST_SECONDS: Final = 300.0
_SHORT_SECONDS: Final = 5.0
_LONGEST_WAIT_SECONDS: Final = 60.0


@dataclass(slots=True)
class Pods:
    """The pods that a selector finds.

    Attributes:
        server: where they are asked for.
        path: of their collection.
        shown: the workload, for people.
        clock: for the moments at which we see something.
        seen: by a pod's name, when we saw it `created` and `ready`.
    """

    server: Server
    path: str
    shown: str
    clock: Clock
    seen: dict[str, dict[str, datetime]] = field(default_factory=dict[str, dict[str, datetime]])
    _selector: str = ""
    _pods: dict[str, Json] = field(default_factory=dict[str, Json])
    _version: str = ""
    _listed: float = 0.0
    _failures: int = 0
    _not_before: float = 0.0
    _task: asyncio.Task[None] | None = None

    async def now(self, selector: str) -> Sequence[Json]:
        """Give the pods: as the watch has them where one runs, else by asking for all of them.

        Raises:
            ActuatorError: they cannot be listed.
        """
        follows = self._task is not None and not self._task.done() and selector == self._selector
        if follows and monotonic() - self._listed < _RELIST_SECONDS:
            return tuple(self._pods.values())
        await self._let_go()
        found, self._version = await self.server.list(
            self.path, f"list the pods of {self.shown}", labelSelector=selector
        )
        self._pods = {str(part(each, "metadata").get("name")): each for each in found}
        self.seen = {name: moments for name, moments in self.seen.items() if name in self._pods}
        self._selector, self._listed = selector, monotonic()
        if self._version and monotonic() >= self._not_before:
            self._task = asyncio.get_running_loop().create_task(self._follow(), name=f"pods of {self.shown}")
        return found

    async def aclose(self) -> None:
        """End the watch."""
        await self._let_go()

    async def _let_go(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        """Take down changes until something is wrong; the server ends each watch after a minute, as it was asked to."""
        began = monotonic()
        query = {"labelSelector": self._selector, "watch": "true", "allowWatchBookmarks": "true"}
        query["timeoutSeconds"] = f"{_SPAN.total_seconds():.0f}"
        try:
            while True:
                began = monotonic()
                now = {**query, "resourceVersion": self._version}
                api = self.server.signed_in()
                reply = await api.follow(self.path, self._take, silence=_SPAN + _GRACE, query=now)
                if reply is not None:
                    raise refusal(reply, f"watch the pods of {self.shown}", self.server.manager)
                if monotonic() - began < _SHORT_SECONDS:
                    break  # something between us and the server does not let a watch last
                self._failures = 0
        except (ActuatorError, _GoneError):
            pass  # whatever it was: the next look asks for the list, and says what is wrong if anything is
        if monotonic() - began < _SHORT_SECONDS:
            self._failures += 1
            self._not_before = monotonic() + min(2.0**self._failures, _LONGEST_WAIT_SECONDS)

    def _take(self, line: str) -> None:
        """Take down one event.

        Raises:
            _GoneError: the server cannot go on from where we were (410), or says what we do not understand.
        """
        try:
            event = cast("Json", json.loads(line))
            kind, pod = event["type"], cast("Json", event["object"])
            if kind == "ERROR":
                raise _GoneError(str(pod.get("message", "")))
            self._version = str(pod["metadata"]["resourceVersion"])
            if kind == "BOOKMARK":
                return
            name = str(pod["metadata"]["name"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _GoneError(line[:100]) from error
        if kind == "DELETED":
            self._pods.pop(name, None)
            self.seen.pop(name, None)
            return
        if kind == "ADDED" and name not in self._pods:
            self.seen[name] = {"created": self.clock.now()}
        if is_ready(pod) and "ready" not in self.seen.setdefault(name, {}):
            self.seen[name]["ready"] = self.clock.now()
        self._pods[name] = pod


class _GoneError(Exception):
    """A watch cannot go on; the list is to be read again."""
