"""The only file that names concrete adapters: what reads a source, keeps a journal, starts and stops replicas."""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from outgrow.errors import Failure, JournalError, Place, PlanError, Problem, SourceError, UsageError
from outgrow.plan import JournalOptions, Plan
from outgrow.plan.file import LoadedPlan, parse_plan
from outgrow.plan.secrets import redacted, references, resolve, secrets_in
from outgrow.plan.sources import BUILTIN_KINDS, SourceKind, SourceOptions

if TYPE_CHECKING:
    from outgrow.control.measure import OpenSource
    from outgrow.plan.findings import Findings
    from outgrow.plan.run_targets import DockerTarget, ProcessTarget, RunsOn
    from outgrow.ports import Actuator, Balancer, Clock, Journal, SignalSource

SOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "postgres": ("outgrow.observe.postgres", "PostgresSignals"),
    "mysql": ("outgrow.observe.mysql", "MySqlSignals"),
    "sqlite": ("outgrow.observe.sqlite", "SqliteSignals"),
    "prometheus": ("outgrow.observe.prometheus", "PrometheusSignals"),
    "redis": ("outgrow.observe.redis", "RedisSignals"),
    "docker": ("outgrow.observe.docker", "DockerSignals"),
    "http": ("outgrow.observe.http", "HttpSignals"),
    "process": ("outgrow.observe.process", "ProcessSignals"),
    "recorded": ("outgrow.observe.recorded", "RecordedSignals"),
}
SURVEYS: Final[Mapping[str, tuple[str, str]]] = {
    "postgresql": ("outgrow.observe.postgres.survey", "postgres"),
    "postgres": ("outgrow.observe.postgres.survey", "postgres"),
    "mysql": ("outgrow.observe.mysql.survey", "mysql"),
    "mariadb": ("outgrow.observe.mysql.survey", "mysql"),
    "redis": ("outgrow.observe.redis.survey", "redis"),
    "rediss": ("outgrow.observe.redis.survey", "redis"),
}
"""Who can be asked what it has, by the scheme of its url, and the kind of source that it becomes."""
ENTRY_POINTS: Final = "outgrow.sources"


class ThirdPartySource(Protocol):
    """What an entry point of the group `outgrow.sources` leads to."""

    kind: SourceKind
    """The options types of the new kind."""

    def open(self, options: SourceOptions, environment: Mapping[str, str], base: Path) -> "SignalSource":
        """Give the adapter; cheap, connecting on first use."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the present moment in UTC."""
        return datetime.now(UTC)


SYSTEM_CLOCK: Final["Clock"] = SystemClock()


@cache
def _third_party() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


@cache
def _loaded(kind: str) -> ThirdPartySource:
    point = _third_party()[kind]
    try:
        loaded: ThirdPartySource = point.load()
        _ = loaded.kind.options, loaded.kind.read
    except Exception as error:
        raise SourceError(
            Failure.NOT_INSTALLED,
            f'the source kind "{kind}" of {point.value} cannot be loaded: {error}',
            "reinstall or remove the package that brings it",
        ) from error
    return loaded


def known_kinds() -> Mapping[str, SourceKind]:
    """Give every kind of source: the built-in ones, and those that installed packages add by entry point.

    A package is loaded when its kind is looked up, so that a broken one troubles only the plans that use it.
    """
    return _Kinds()


def loadable_kinds() -> tuple[Mapping[str, SourceKind], tuple[SourceError, ...]]:
    """Give every kind of source that can be loaded, and why the others cannot."""
    kinds, broken = _Kinds(), list[SourceError]()
    found: dict[str, SourceKind] = {}
    for name in kinds:
        try:
            found[name] = kinds[name]
        except SourceError as error:
            broken.append(error)
    return found, tuple(broken)


class _Kinds(Mapping[str, SourceKind]):
    """The built-in kinds and those of installed packages, each loaded on first use; a built-in name is never taken."""

    def __getitem__(self, name: str) -> SourceKind:
        if name in BUILTIN_KINDS:
            return BUILTIN_KINDS[name]
        if name in _third_party():
            return _loaded(name).kind
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in BUILTIN_KINDS or name in _third_party()

    def __iter__(self) -> Iterator[str]:
        return iter({**BUILTIN_KINDS, **_third_party()})

    def __len__(self) -> int:
        return len({**BUILTIN_KINDS, **_third_party()})


def open_source(name: str, options: SourceOptions, environment: Mapping[str, str], base: Path) -> "OpenSource":
    """Open a source of the plan; nothing is connected yet.

    Raises:
        SourceError: an environment variable or a package is missing.
    """
    # Reading a plan needs none of the control rooms: `outgrow validate` starts without them.
    from outgrow.control.measure import OpenSource

    texts = tuple(_texts(options.model_dump()))
    secrets = tuple(each for text in texts for each in secrets_in(text, environment))
    try:
        adapter = _adapter(options, environment, base)
    except SourceError as error:
        raise SourceError(error.failure, redacted(error.what, secrets), error.remedy) from error
    return OpenSource(name, options.kind, options.timeout, adapter, secrets)


def _adapter(options: SourceOptions, environment: Mapping[str, str], base: Path) -> "SignalSource":
    if options.kind not in SOURCES:
        return _loaded(options.kind).open(options, environment, base)
    module, name = SOURCES[options.kind]
    try:
        made: Callable[[SourceOptions, Mapping[str, str], Path], SignalSource] = getattr(import_module(module), name)
    except ImportError as error:
        raise SourceError(
            Failure.NOT_INSTALLED,
            f"the package {error.name} is missing",
            f"pip install {error.name}",
        ) from error
    return made(options, environment, base)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        inside = cast("Mapping[str, object]", value)
        return [text for each in inside.values() for text in _texts(each)]
    return []


def open_sources(plan: Plan, environment: Mapping[str, str], base: Path) -> "dict[str, OpenSource | SourceError]":
    """Open every source of the plan; one that cannot be opened stands there as its error."""
    opened: dict[str, OpenSource | SourceError] = {}
    for name, options in plan.sources.items():
        try:
            opened[name] = open_source(name, options, environment, base)
        except SourceError as error:
            opened[name] = error
    return opened


async def open_journal(options: JournalOptions, environment: Mapping[str, str], base: Path) -> "Journal":
    """Open the journal that a URL means: `sqlite:FILE` (relative to the plan), `postgresql://...`, or `memory:`.

    Raises:
        JournalError: it cannot be opened.
        UsageError: no journal has such a URL.
    """
    try:
        url = resolve(options.url, environment)
    except SourceError as error:
        raise JournalError(f"journal: {error}") from error
    scheme, _, rest = url.partition(":")
    match scheme:
        case "sqlite":
            from outgrow.journal.sqlite import SqliteJournal

            return await SqliteJournal.open(base / rest.removeprefix("//"), options)
        case "postgresql" | "postgres":
            from outgrow.journal.postgres import PostgresJournal

            return await PostgresJournal.open(url, options)
        case "memory":
            from outgrow.journal.memory import MemoryJournal

            return MemoryJournal()
        case _:
            shown = redacted(options.url, secrets_in(options.url, environment))
            message = f'journal.url: "{shown}" is no journal; write sqlite:FILE or postgresql://...'
            raise UsageError(message)


def open_actuator(
    service: str, target: "RunsOn", environment: Mapping[str, str], base: Path, *, at_first: int = 0
) -> "Actuator":
    """Open what starts and stops a service's replicas; nothing is connected, and nothing started yet.

    Args:
        service: its name in the plan.
        target: where its replicas run.
        environment: where `${NAME}` is looked up, and what local processes inherit.
        base: the folder that relative paths start from.
        at_first: how many replicas are ordered where outgrow keeps them itself and remembers none.

    Raises:
        ActuatorError: the target cannot be used as it is written.
    """
    match target.kind:
        case "dry_run":
            from outgrow.act.dry_run import DryRun

            return DryRun(service, target, SYSTEM_CLOCK)
        case "kubernetes":
            from outgrow.act.kubernetes import KubernetesWorkload
            from outgrow.act.kubernetes.access import access_to

            return KubernetesWorkload(target, access_to(target, environment, base), SYSTEM_CLOCK)
        case "processes" | "docker":
            return _open_fleet(service, target, environment, base, at_first)


def _open_fleet(
    service: str, target: "ProcessTarget | DockerTarget", environment: Mapping[str, str], base: Path, at_first: int
) -> "Actuator":
    from outgrow.act._fleet import Fleet
    from outgrow.act._fleet_state import StateFile

    folder = (base / target.state / service).resolve()
    match target.kind:
        case "processes":
            from outgrow.act.processes import ProcessHost

            host = ProcessHost(service, target, environment, base, folder / "logs")
        case "docker":
            from outgrow.act.docker import ContainerHost
            from outgrow.act.docker.engine import Engine
            from outgrow.act.docker.host import refuse_front_without_port

            refuse_front_without_port(service, target)
            host = ContainerHost(service, target, Engine(resolve(target.url, environment), target.timeout))
    balancer: Balancer | None = None
    if target.behind is not None:
        from outgrow.act.nginx import NginxBalancer

        finish = target.stop.drain + target.stop.grace
        balancer = NginxBalancer(service, target.behind, base, folder / "nginx", target.timeout, finish)
    file = StateFile(folder, service)
    return Fleet(service, host, file, target.ready, target.stop, SYSTEM_CLOCK, at_first, balancer)


def read_plan(path: str | os.PathLike[str]) -> LoadedPlan:
    """Read a plan file with the files it includes.

    Raises:
        PlanError: with every problem found; also when the file cannot be read.
    """
    root = Path(path)
    shown = str(path)

    def read(name: str) -> bytes:
        return (root.parent / name).read_bytes()

    try:
        text = root.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        remedy = "write one with: outgrow init" if isinstance(error, FileNotFoundError) else "check the path"
        raise PlanError((Problem(Place(shown), "", f"cannot be read: {why}", remedy),)) from error
    return parse_plan(text, shown, read, known_kinds())


async def survey(url: str, environment: Mapping[str, str], base: Path) -> "Findings":
    """Ask a database or a Redis what it has that is worth measuring, for `starter_plan`.

    Args:
        url: postgresql://..., mysql://..., mariadb://..., redis://... or rediss://...; `${NAME}` is resolved, and a url
            that is nothing but `${NAME}` keeps that name in the plan.
        environment: where `${NAME}` is looked up.
        base: the folder that relative paths start from.

    Raises:
        SourceError: it cannot be reached or read, or a variable is not set.
        UsageError: nothing of that scheme can be asked.
    """
    scheme = resolve(url, environment).partition("://")[0].lower()
    if scheme not in SURVEYS:
        # Not the text itself: without a scheme it may be anything.
        message = f"nothing of this url's scheme can be asked what it has; give one of {', '.join(SURVEYS)}"
        raise UsageError(message)
    module, kind = SURVEYS[scheme]
    options = BUILTIN_KINDS[kind].options.model_validate({"kind": kind, "url": url})
    try:
        ask: Callable[[SourceOptions, Mapping[str, str], Path], Awaitable[Findings]] = import_module(module).survey
        found = await ask(options, environment, base)
    except SourceError as error:
        secrets = secrets_in(url, environment)
        raise SourceError(error.failure, redacted(error.what, secrets), error.remedy) from error
    names = references(url)
    return replace(found, variable=names[0]) if names and url == f"${{{names[0]}}}" else found
