"""Replicas as containers: cloned from the one that defines the service, known by their labels."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, cast

from outgrow.act._fleet_state import Handle, Kept
from outgrow.act.docker.engine import Engine, Json
from outgrow.errors import ActuatorError, Failure
from outgrow.plan.run_targets import DockerTarget

SERVICE_LABEL: Final = "outgrow.service"
REPLICA_LABEL: Final = "outgrow.replica"
_COMPOSE: Final = "com.docker.compose."
# What belongs to one container alone: its own names and addresses, and what the Engine works out of the rest.
_OF_ONE: Final = ("Hostname", "Domainname", "MacAddress")
_ENDPOINT_OPTIONS: Final = ("Aliases", "Links", "DriverOpts")


@dataclass(slots=True)
class ContainerHost:
    """Starts and ends containers of one service."""

    service: str
    target: DockerTarget
    engine: Engine

    async def place(self, name: str, taken: Sequence[str]) -> str:
        """Leave the address to the Engine."""
        return ""

    async def start(self, name: str, token: str, address: str) -> Handle:
        """Make a container like the definition, and start it.

        Raises:
            ActuatorError: there is no definition, or the Engine makes no container of it.
        """
        definition = await self.engine.definition(self.target.like)
        created = await self.engine.create(name, clone_of(definition, self.service, token))
        for network, options in _further_networks(definition).items():
            await self.engine.connect(network, created, options)
        await self.engine.start(created)
        return {"id": created}

    async def find(self, token: str) -> Handle | None:
        """Find a container by the token in its labels; one that was made and not started is started.

        One that cannot be started is given too: it counts as ended, and is removed and replaced as such.
        """
        found = await self.engine.containers(f"{REPLICA_LABEL}={token}")
        if not found:
            return None
        with suppress(ActuatorError):
            await self.engine.start(found[0]["Id"])
        return {"id": found[0]["Id"]}

    async def address(self, handle: Handle) -> str:
        """Give the container's address in its network, or the port that it is published at on this machine."""
        if self.target.port is None:
            return ""
        details = await self.engine.details(handle["id"]) or {}
        settings = _part(details, "NetworkSettings")
        published = cast("list[Json] | None", _part(settings, "Ports").get(f"{self.target.port}/tcp"))
        if published and self.target.network is None:
            host = published[0]["HostIp"].replace("0.0.0.0", "127.0.0.1")  # noqa: S104 (read, not listened on)
            return f"{host or '127.0.0.1'}:{published[0]['HostPort']}"
        networks = cast("Mapping[str, Json]", _part(settings, "Networks"))
        wanted = [each for name, each in networks.items() if self.target.network in {None, name}]
        ip = next((each["IPAddress"] for each in wanted if each.get("IPAddress")), "")
        return f"{ip}:{self.target.port}" if ip else ""

    async def ended(self, kept: Kept) -> str | None:
        """Say how the container ended; one that Docker is about to start again has not."""
        details = await self.engine.details((kept.handle or {})["id"])
        if details is None:
            return "its container was removed"
        state = details["State"]
        if state["Running"] or state["Paused"] or state["Restarting"]:
            return None
        killed = ", out of memory" if state.get("OOMKilled") else ""
        said = f", {state['Error']}" if state.get("Error") else ""
        return f"exit code {state['ExitCode']}{killed}{said}"

    async def healthy(self, handle: Handle) -> bool | None:
        """Give the health check's word; without one the probe's, and without a port whether it runs."""
        details = await self.engine.details(handle["id"]) or {}
        state = _part(details, "State")
        health = _part(state, "Health").get("Status", "none")
        if health != "none":
            return health == "healthy"
        return bool(state.get("Running")) if self.target.port is None else None

    async def ask_to_end(self, kept: Kept) -> None:
        """Send the container's own stop signal, once: Docker would start it again after `docker kill`, not after us."""
        identity = (kept.handle or {})["id"]
        details = await self.engine.details(identity) or {}
        await self.engine.signal(identity, str(_part(details, "Config").get("StopSignal") or "SIGTERM"))

    async def force(self, kept: Kept) -> None:
        """Kill and remove the container."""
        await self.engine.remove((kept.handle or {})["id"])

    async def aclose(self) -> None:
        """Close the connections."""
        await self.engine.aclose()


def clone_of(definition: Json, service: str, token: str) -> Json:
    """Give what the Engine must be told to make another container like one.

    Names and addresses of the one are left out, and fixed ports of the host, which only one container can have: its
    published ports get free ones. Docker never starts a clone again by itself, for outgrow does.

    Args:
        definition: the answer of `GET /containers/{id}/json`.
        service: the service's name, for the labels.
        token: what this replica alone carries, for the labels.
    """
    config = {name: value for name, value in _part(definition, "Config").items() if name not in _OF_ONE}
    labels = {name: text for name, text in _part(config, "Labels").items() if not name.startswith(_COMPOSE)}
    published = cast("Mapping[str, list[Json] | None]", _part(_part(definition, "HostConfig"), "PortBindings"))
    host: Json = {
        **_part(definition, "HostConfig"),
        "PortBindings": {
            port: [{"HostIp": each.get("HostIp", ""), "HostPort": ""} for each in bound or [Json()]]
            for port, bound in published.items()
        },
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": False,
    }
    first = dict(list(_networks(definition).items())[:1])
    return {
        **config,
        "Labels": {**labels, SERVICE_LABEL: service, REPLICA_LABEL: token},
        "HostConfig": host,
        "NetworkingConfig": {"EndpointsConfig": first},
    }


def _part(whole: Json, name: str) -> Json:
    """Give a part that the Engine leaves out or sets to null where it has nothing to say."""
    return cast("Json", whole.get(name) or {})


def _further_networks(definition: Json) -> Mapping[str, Json]:
    """Give the networks after the first: older Engines take only one when a container is made."""
    return dict(list(_networks(definition).items())[1:])


def _networks(definition: Json) -> Mapping[str, Json]:
    mode = definition["HostConfig"].get("NetworkMode", "")
    if mode in {"none", "host"} or mode.startswith("container:"):
        return {}
    own = {definition["Id"][:12], definition["Name"].removeprefix("/")}
    found: dict[str, Json] = {}
    for name, options in _part(_part(definition, "NetworkSettings"), "Networks").items():
        kept: Json = {each: options[each] for each in _ENDPOINT_OPTIONS if options.get(each)}
        if "Aliases" in kept:
            kept["Aliases"] = [each for each in cast("list[str]", kept["Aliases"]) if each not in own]
        found[name] = kept
    if not found and mode and mode not in {"default", "bridge"}:
        found[mode] = {}
    return found


def refuse_front_without_port(service: str, target: DockerTarget) -> None:
    """Refuse what cannot work: requests have to be sent to some port.

    Raises:
        ActuatorError: `behind` without `port`.
    """
    if target.behind is not None and target.port is None:
        raise ActuatorError(
            Failure.NOT_CONFIGURED,
            f"services.{service}.runs_on: behind needs a port",
            "write the port that replicas listen on inside their container",
        )
