"""`outgrow import`: read existing autoscalers into a piece of a plan."""

from pathlib import Path
from typing import Any

import click

from outgrow.cli.common import policy_place
from outgrow.errors import UsageError


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def import_scaling(files: tuple[Path, ...]) -> None:
    """Read existing autoscalers into a piece of a plan.

    FILES hold HorizontalPodAutoscalers (autoscaling/v1 and v2), KEDA ScaledObjects or Compose services. The piece goes
    to standard output; what could not be carried over is said beside it.
    """
    import yaml
    from pydantic import TypeAdapter, ValidationError

    from outgrow.plan.imports.scaling import imported_scaling
    from outgrow.plan.services import ScalingPolicy

    adapter: TypeAdapter[ScalingPolicy] = TypeAdapter(ScalingPolicy)
    services: dict[str, Any] = {}
    for file in files:
        try:
            documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: cannot be read: {error}") from error
        except yaml.YAMLError as error:
            raise UsageError(f"{file}: is no YAML: {' '.join(str(error).split())}") from error
        for each in imported_scaling(documents, str(file)):
            try:
                adapter.validate_python(dict(each.scaling), by_alias=True, by_name=False)
            except ValidationError as error:
                first = error.errors()[0]
                place = policy_place(first["loc"], each.scaling)
                raise UsageError(f"{file}: {each.service}: {f'{place}: ' if place else ''}{first['msg']}") from error
            if each.service in services:
                click.echo(f"{file}: {each.service}: was there before; this one takes its place", err=True)
            services[each.service] = {"scaling": dict(each.scaling)}
            for line in each.left_out:
                click.echo(f"{file}: {each.service}: not carried over: {line}", err=True)
    if any(_wants_signal(each["scaling"]) for each in services.values()):
        click.echo("# Each metric or trigger from outside wants the plan's signal that measures it: signal: NAME")
    click.echo(yaml.safe_dump({"services": services}, sort_keys=False, allow_unicode=True).rstrip())


def _wants_signal(scaling: dict[str, Any]) -> bool:
    """Say whether something is read from outside the pods' own use of CPU and memory."""
    metrics: list[dict[str, Any]] = scaling.get("metrics", [])
    return "triggers" in scaling or any(each["kind"] not in {"resource", "container_resource"} for each in metrics)
