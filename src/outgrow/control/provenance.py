"""Where a proof comes from: the commit that the plan stood at, and the version that the target said it was."""

import os
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from outgrow.errors import OutgrowError, one_line
from outgrow.facts.proofs import Revision, TargetVersion
from outgrow.loadtest.address import Address, address_of
from outgrow.loadtest.orders import ShareOrders, target_of
from outgrow.plan.roadmap import VersionOfTarget
from outgrow.plan.scenario_network import Tls
from outgrow.plan.scenarios import Scenario
from outgrow.plan.secrets import redacted, resolve, secrets_in

if TYPE_CHECKING:
    from subprocess import CompletedProcess

_PATIENCE_SECONDS: Final = 10.0
_LONGEST: Final = 120


async def revision_of(folder: Path) -> Revision:
    """Ask git for the commit of a folder; without git, or outside a repository, the revision says why there is none.

    `dirty` is about files of the folder that git knows: a journal or a report beside the plan changes nothing.
    """
    known = await _git(folder, "ls-files", "--", ".")
    if isinstance(known, str):
        return Revision(why=known)
    if not known.stdout.strip():
        return Revision(why="nothing in the plan's folder is committed")
    head = await _git(folder, "rev-parse", "--verify", "HEAD")
    if isinstance(head, str):
        return Revision(why="nothing in the plan's folder is committed")
    changed = await _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".")
    return Revision(_first_line(head.stdout), dirty=not isinstance(changed, str) and bool(changed.stdout.strip()))


async def _git(folder: Path, *arguments: str) -> "CompletedProcess[bytes] | str":
    """Run git in a folder; a text says why it gave nothing."""
    environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    done = await _run(("git", *arguments), folder, environment)
    if isinstance(done, str):
        return done
    if done.returncode:
        told = _first_line(done.stderr)
        return "the plan's folder is in no git repository" if "not a git repository" in told else f"git: {told}"
    return done


async def version_of(
    declared: VersionOfTarget | None, name: str, scenario: Scenario, environment: Mapping[str, str], base: Path
) -> TargetVersion:
    """Learn which version a scenario's target is, as the roadmap says; what went wrong is in the version's `why`.

    Args:
        declared: the roadmap's `version`; without one there is nothing to learn.
        name: the scenario's name.
        scenario: whose target is asked.
        environment: where `${NAME}` is looked up.
        base: the plan's folder, where a command runs.
    """
    if declared is None:
        return TargetVersion(why="the roadmap does not say how to learn it (version)")
    try:
        if declared.text is not None:
            return _shown(resolve(declared.text, environment))
        if declared.command:
            return await _told_by_command(declared.command, environment, base)
        return await _told_by_header(declared, name, scenario, environment, base)
    except OutgrowError as error:
        return TargetVersion(why=one_line(str(error)))


async def _told_by_command(command: Sequence[str], environment: Mapping[str, str], base: Path) -> TargetVersion:
    done = await _run(tuple(resolve(each, environment) for each in command), base, dict(environment))
    if isinstance(done, str):
        return TargetVersion(why=done)
    if done.returncode:
        told = _first_line(done.stderr) or "nothing on its standard error"
        return TargetVersion(why=f"{command[0]} ended with {done.returncode}: {told}")
    return _shown(_first_line(done.stdout)) if done.stdout.strip() else TargetVersion(why=f"{command[0]} told nothing")


async def _told_by_header(
    declared: VersionOfTarget, name: str, scenario: Scenario, environment: Mapping[str, str], base: Path
) -> TargetVersion:
    header = declared.header or ""
    target = target_of(ShareOrders(name, scenario, environment))
    address = await address_of(target, scenario.allow_hosts)
    ask = partial(_header, target, address, header, declared.path, scenario.tls, base)
    try:
        found = await anyio.to_thread.run_sync(ask)
    except (OSError, HTTPException) as error:
        return TargetVersion(why=redacted(one_line(f"the target did not answer: {error}"), secrets_in(target, {})))
    return _shown(found) if found else TargetVersion(why=f"the target's answer has no header {header}")


def _header(target: str, address: Address, header: str, path: str, tls: Tls, base: Path) -> str | None:
    """Ask the very address that the load goes to; the name is for the host header and the certificate."""
    parts = urlsplit(target)
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=None if tls.ca is None else str(base / tls.ca))
        if tls.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if tls.certificate is not None:
            context.load_cert_chain(base / tls.certificate, None if tls.key is None else base / tls.key)
        connection: HTTPConnection = HTTPSConnection(
            tls.server_name or parts.hostname or "", address.port, timeout=_PATIENCE_SECONDS, context=context
        )
    else:
        connection = HTTPConnection(address.ip, address.port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", parts.path.rstrip("/") + path, headers={"Host": parts.netloc})
        return connection.getresponse().getheader(header)
    finally:
        connection.close()


async def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> "CompletedProcess[bytes] | str":
    """Run a command to its end; a text says why there is none."""
    try:
        with anyio.fail_after(_PATIENCE_SECONDS):
            return await anyio.run_process(command, check=False, cwd=folder, env=environment)
    except TimeoutError:
        return f"{command[0]} took longer than {_PATIENCE_SECONDS:g} s"
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    except OSError as error:
        return f"{command[0]} cannot be run: {error.strerror or error}"


def _shown(text: str) -> TargetVersion:
    return TargetVersion(one_line(redacted(text.strip(), ()))[:_LONGEST])


def _first_line(raw: bytes) -> str:
    return one_line(raw.decode(errors="replace").strip().partition("\n")[0])[:_LONGEST]
