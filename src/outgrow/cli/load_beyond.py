"""`outgrow load` beyond one machine: one share of a run, and a run as a Kubernetes Job."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outgrow.cli.common import run_async, write_text
from outgrow.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from yaml import SafeDumper, ScalarNode

    from outgrow.loadtest.engine import Told
    from outgrow.loadtest.errand_files import What
    from outgrow.loadtest.schedule import Share
    from outgrow.plan import Plan
    from outgrow.plan.scenarios import Scenario


def take_once(
    name: str, scenario: "Scenario", plan: Path, what: "What", values: Path | None, output: Path | None
) -> int:
    """Take a scenario's setup or teardown by itself, and print or write what the setup captured."""
    from outgrow.loadtest.errand_files import read_values, take_errand, values_text
    from outgrow.loadtest.orders import ShareOrders

    known = read_values(values, name)
    errand = run_async(lambda: take_errand(ShareOrders(name, scenario, os.environ, plan.parent, known), what))
    if what == "setup":
        text = values_text(name, errand.values)
        if output is None:
            click.echo(text)
        else:
            write_text(output, text + "\n")
            output.chmod(0o600)  # a captured token is a secret
    return ExitCode.DONE


def run_share(
    name: str,
    scenario: "Scenario",
    plan: Path,
    share: str,
    values: Path | None,
    output: Path | None,
    told: "Told",
) -> int:
    """Run one share, print its line or write it, and give the exit code."""
    from outgrow.loadtest.errand_files import needed_values, read_values
    from outgrow.loadtest.orders import ShareOrders
    from outgrow.loadtest.shard_files import run_shard, written

    known = read_values(values, name)
    missing = [each for each in needed_values(scenario) if each not in known]
    if missing:
        raise UsageError(
            f"a share takes no setup, and its steps need what the setup captures ({', '.join(missing)}); take it once "
            f"with outgrow load {name} --only setup -o values.json, and give each share --values values.json"
        )
    if values is None and (scenario.setup or scenario.teardown):
        click.echo(f"a share takes {_untaken(scenario, name)}", err=True)
    orders = ShareOrders(name, scenario, os.environ, plan.parent, known)
    wanted = _share(share)
    file = run_async(lambda: run_shard(orders, wanted, told))
    line = written(file)
    if output is None:
        click.echo(line)
    else:
        write_text(output, line + "\n")
    return ExitCode.INTERRUPTED if file.shard.interrupted else ExitCode.DONE


def _untaken(scenario: "Scenario", name: str) -> str:
    """Say which of setup and teardown shares leave out, and how they are taken."""
    parts = [each for each, steps in (("setup", scenario.setup), ("teardown", scenario.teardown)) if steps]
    ways = [f"outgrow load {name} --only {each}" for each in parts]
    return f"no {' and no '.join(parts)}; take {'them' if len(parts) > 1 else 'it'} once: {', then '.join(ways)}"


def _share(text: str) -> "Share":
    from outgrow.loadtest.schedule import Share

    index, _, of = text.partition("/")
    try:
        return Share(int(index), int(of))
    except ValueError as error:
        raise UsageError(f"--shard: {error}; write 0/4 for the first of four") from error


def write_jobs(
    plan: "Plan", name: str, scenario: "Scenario", path: Path, output: Path | None, options: tuple[str, str, str, str]
) -> int:
    """Write the manifests of a run on Kubernetes into a folder, and say how they are used.

    Args:
        plan: that the scenario is of.
        name: the scenario's name.
        scenario: what is sent.
        path: the plan's file.
        output: the folder.
        options: namespace, image, volume, secret.
    """
    import yaml

    from outgrow.loadtest.errand_files import needed_values
    from outgrow.render.load_jobs import LoadJob, load_manifests

    if output is None:
        raise UsageError("--on kubernetes writes manifests; name their folder: -o DIR")
    if scenario.processes == "auto":
        raise UsageError("say how many pods there are to be: --processes 4")
    if needed := needed_values(scenario):
        raise UsageError(
            f"the pods take no setup, and their steps need what it captures ({', '.join(needed)}); run shares by hand "
            "with --shard and --values, or let the steps capture it themselves"
        )
    namespace, image, volume, secret = options
    files = {each: _text(path.parent / each) for each in _files(plan, scenario, path)}
    job = LoadJob(name, path.name, files, scenario.processes, image, namespace, volume, secret)
    dumper = type("Dumper", (yaml.SafeDumper,), {})
    dumper.add_representer(str, _represented)
    output.mkdir(parents=True, exist_ok=True)
    for file, manifest in load_manifests(job).items():
        write_text(output / file, yaml.dump(manifest, Dumper=dumper, sort_keys=False, allow_unicode=True))
        click.echo(output / file)
    if scenario.setup or scenario.teardown:
        click.echo(f"\nthe pods take {_untaken(scenario, name)}")
    collect = f"kubectl -n {namespace} logs -l outgrow/run={job.name} --tail=-1 > shares.txt"
    click.echo(
        f"\nkubectl apply -f {output}\n"
        f"kubectl -n {namespace} wait --for=condition=complete --timeout=1h job/{job.name}\n"
        + ("# copy the files from the volume, then\n" if volume else f"{collect}\n")
        + f"outgrow load merge {f'{job.name}-*.json' if volume else 'shares.txt'} --plan {path}"
    )
    return ExitCode.DONE


def _represented(dumper: "SafeDumper", text: str) -> "ScalarNode":
    """Let texts of several lines stand as they are, so that people can read the plan in its manifest."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _files(plan: "Plan", scenario: "Scenario", path: Path) -> list[str]:
    """Name the files that a scenario needs, relative to the plan's folder."""
    feeds = (feed.file for feed in scenario.data.values())
    traces = (scenario.trace.file,) if scenario.trace is not None else ()
    return sorted({path.name, *map(str, plan.include), *map(str, feeds), *map(str, traces)})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be put into a ConfigMap: {error}; put it into the image") from error
