"""Where the load of a run is sent from, other than from here as a whole: the options, and what is done for each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from outgrow.errors import UsageError

if TYPE_CHECKING:
    from outgrow.loadtest.errand_files import What
    from outgrow.plan import Plan
    from outgrow.plan.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class Places:
    """A place, empty for this machine; what manifests are made with; or the part of a run that is wanted alone."""

    place: str
    namespace: str
    image: str
    volume: str
    secret: str
    shard: str
    only: "What | None"
    values: Path | None

    @property
    def is_kubernetes(self) -> bool:
        """Whether manifests are wanted."""
        return self.place == "kubernetes"

    def partly(
        self,
        plan: "Plan",
        name: str,
        scenario: "Scenario",
        file: Path,
        output: Path | None,
        language: str,
        *,
        quiet: bool,
    ) -> int | None:
        """Write manifests, take setup or teardown, or run a share, and give the exit code; none for a whole run.

        Raises:
            UsageError: the options do not fit together.
        """
        from outgrow.cli import load_beyond

        if self.is_kubernetes:
            job = (self.namespace, self.image, self.volume, self.secret)
            return load_beyond.write_jobs(plan, name, scenario, file, output, job)
        if self.only is not None:
            return load_beyond.take_once(name, scenario, file, self.only, self.values, output)
        if self.shard:
            from outgrow.cli.load_shown import live

            with live(name, scenario, file.parent, language, quiet=quiet) as (told, _):
                return load_beyond.run_share(name, scenario, file, self.shard, self.values, output, told)
        if self.values is not None:
            raise UsageError(
                "--values is for one share (--shard) or for --only teardown; a whole run takes its own setup"
            )
        return None


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options and hand it one `Places`, as `places`."""
    options = (
        click.option(
            "--on", "place", default="", help="Run it elsewhere: ray://auto, ray://local, ray://HOST:PORT, kubernetes."
        ),
        click.option("--namespace", default="default", help="Of the manifests that --on kubernetes writes into -o."),
        click.option("--image", default="outgrow:latest", help="Of the pods: an image with outgrow in it."),
        click.option(
            "--volume", default="", help="The claim that pods write their shares to; else they stay in the logs."
        ),
        click.option("--secret", default="", help="A secret whose keys are the pods' environment variables."),
        click.option(
            "--shard", default="", help="Run one share only, 0/4 to 3/4, and print it; see outgrow load merge."
        ),
        click.option(
            "--only", type=click.Choice(["setup", "teardown"]), help="Take these steps once, and send no load."
        ),
        click.option(
            "--values", type=click.Path(path_type=Path), help="What --only setup -o FILE captured, for a share."
        ),
    )

    @wraps(command)
    def with_places(
        *,
        place: str,
        namespace: str,
        image: str,
        volume: str,
        secret: str,
        shard: str,
        only: "What | None",
        values: Path | None,
        **others: Any,
    ) -> Any:
        return command(places=Places(place, namespace, image, volume, secret, shard, only, values), **others)

    wrapped: Callable[..., Any] = with_places
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped
