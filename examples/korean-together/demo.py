"""`make demo`: a real PostgreSQL and a real Redis, filled with six weeks of tutoring, measured against plan.yaml.

KEEP=1 keeps both running afterwards. DEMO_END, DEMO_WEEKS, DEMO_SCALE and DEMO_SEED change the history.
"""

import asyncio
import os
import platform
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from koto.cache import fill_cache
from koto.database import fill, migrate, set_password
from koto.demand import Scenario
from koto.interruption import InterruptedBySignal
from koto.processes import ServerError
from koto.recorded import write_recordings
from koto.servers import Servers, servers
from koto.tables import make_tables
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

HERE = Path(__file__).resolve().parent
PLAN = HERE / "plan.yaml"
READER = "outgrow_reader"
# outgrow's exit code when a source could not be read. Expected here: there is no Docker Engine, and maybe no Redis.
A_SOURCE_FAILED = 3


def main() -> int:
    """Run the demo; the exit code is outgrow's, 1 when a server fails, 130 when interrupted."""
    console = Console()
    keep = os.environ.get("KEEP", "") not in {"", "0"}
    begun = time.monotonic()
    try:
        with servers(keep=keep) as running:
            _introduce(running, console)
            environment = _filled(running, _scenario(), console)
            code = _measure(environment, console)
            _look_next(running, environment, keep=keep, console=console)
    except ServerError as error:
        console.print(f"[red]The demo's servers:[/] {error}", highlight=False)
        return 1
    except InterruptedBySignal as interruption:
        console.print(f"\n{interruption}; the servers are stopped and their folder is removed", highlight=False)
        return 128 + interruption.number
    console.print(f"\n{time.monotonic() - begun:.0f} s in all.", highlight=False)
    return code


def _scenario() -> Scenario:
    given = os.environ.get
    end = datetime.fromisoformat(given("DEMO_END", datetime.now(UTC).isoformat()))
    return Scenario(
        end=end if end.tzinfo else end.replace(tzinfo=UTC),
        weeks=int(given("DEMO_WEEKS", "6")),
        scale=float(given("DEMO_SCALE", "1")),
        seed=int(given("DEMO_SEED", "7")),
    )


def _introduce(running: Servers, console: Console) -> None:
    console.print("[bold]Korean Together[/], a tutoring service that may have outgrown its one container")
    postgres = running.postgres
    version = (postgres.data / "PG_VERSION").read_text(encoding="utf-8").strip()
    console.print(f"PostgreSQL {version} from {postgres.binaries.origin}, port {postgres.port}", highlight=False)
    if running.redis is None:
        console.print(f"Redis: {running.no_redis} The checkpoint redis-memory will be unknown.", highlight=False)
    else:
        console.print(f"Redis from {running.redis.origin}, port {running.redis.port}", highlight=False)


def _filled(running: Servers, scenario: Scenario, console: Console) -> Mapping[str, str]:
    """Fill both servers; give the environment that plan.yaml asks for."""
    password = secrets.token_urlsafe(18)
    recorded = running.folder / "recorded"
    recorded.mkdir()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        asyncio.run(_fill_database(running.postgres.admin_url, password, scenario, progress))
        if running.redis is not None:
            keys = progress.add_task("Redis keys", total=None)
            written = fill_cache(
                running.redis.admin_url, seed=scenario.seed, told=lambda more: progress.advance(keys, more)
            )
            progress.update(keys, total=written)
        write_recordings(scenario, recorded)
    return {
        "KOTO_DATABASE_URL": running.postgres.url(READER, password),
        # Nothing listens on port 1: without a Redis the checkpoint reads unknown, with the reason.
        "KOTO_REDIS_URL": running.redis.reader_url if running.redis else "redis://127.0.0.1:1/0",
        "KOTO_RECORDED": str(recorded),
        "KOTO_JOURNAL": f"sqlite:{running.folder / 'journal.sqlite'}",
    }


async def _fill_database(admin_url: str, password: str, scenario: Scenario, progress: Progress) -> None:
    await migrate(admin_url)
    await set_password(admin_url, READER, password)
    making = progress.add_task(f"{scenario.weeks} weeks of tutoring", total=None)
    tables = make_tables(scenario)
    progress.update(making, total=1, completed=1)
    tasks = {table.name: progress.add_task(table.name, total=table.rows) for table in tables}
    await fill(admin_url, tables, lambda table, rows: progress.advance(tasks[table], rows))


def _measure(environment: Mapping[str, str], console: Console) -> int:
    """Run `outgrow check` and `outgrow report` as a user would; give the code of the one that failed, or 0."""
    report = Path("build") / "korean-together-report.html"
    report.parent.mkdir(exist_ok=True)
    for words in (["check", _short(PLAN)], ["report", _short(PLAN), "--output", str(report)]):
        console.print(f"\n[bold]$ outgrow {shlex.join(words)}[/]", highlight=False, soft_wrap=True)
        sys.stdout.flush()  # so that our lines come first where the output is a file
        done = subprocess.run([sys.executable, "-m", "outgrow", *words], env={**os.environ, **environment}, check=False)
        if done.returncode not in {0, A_SOURCE_FAILED}:
            return done.returncode
    return 0


def _look_next(running: Servers, environment: Mapping[str, str], *, keep: bool, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True, markup=False)

    say("\nWhere to look next")
    say(f"  {_short(PLAN)}: the plan, every query with its reasons")
    say(f"  {_short(HERE / 'README.md')}: what the numbers mean, and how to measure your own system")
    if not keep:
        say("  make demo KEEP=1: the same, with PostgreSQL and Redis left running for your own questions")
        return
    say("\nPostgreSQL and Redis are kept. To ask them, in this shell:")
    for name, value in environment.items():
        say(f"  export {name}={shlex.quote(value)}")
    outgrow = Path(sys.executable).with_name("outgrow")
    say(f"  {_short(outgrow) if outgrow.exists() else 'outgrow'} explain split-ai-service {_short(PLAN)}")
    psql = running.postgres.binaries.folder / "psql"
    if psql.exists():
        say(f'  {psql} "$KOTO_DATABASE_URL"')
    say("To stop them and remove their folder:")
    say(f"  {_short(Path(sys.executable))} {_short(HERE / 'embedded.py')} stop {running.folder}")


def _short(path: Path) -> str:
    """A path as one would type it here."""
    return min(os.path.relpath(path), str(path), key=len)


if __name__ == "__main__":
    if platform.system() == "Windows":
        sys.exit("The demo needs Linux or macOS; on Windows run it under WSL.")
    sys.exit(main())
