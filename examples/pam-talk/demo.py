"""`make demo-load`: is phase 1 of PAM Talk's roadmap proven? Asked of the market as it is, then after phase 1.

DEMO_SEED changes the market's rows.
"""

import asyncio
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from pamtalk import sqlite_file
from pamtalk.forms import DATABASE_URL, REDIS_URL
from pamtalk.made_up import Size, tables
from pamtalk.move import move
from pamtalk.served import served
from pamtalk.servers import InterruptedBySignal, ServerError, Servers, servers
from rich.console import Console

HERE = Path(__file__).resolve().parent
PLAN = HERE / "plan.yaml"
REPORTS = Path("build") / "pam-talk"
PHASE = "phase-1"
NOT_PROVEN = 6
WORKERS = 2


def main() -> int:
    """Run the demo.

    The exit code is 0 when the first form is not proven and the second is, 1 when a server fails or it turned out
    otherwise, 130 when interrupted.
    """
    console = Console()
    begun = time.monotonic()
    try:
        with servers(maxmemory="64mb", policy="allkeys-lru") as running:
            verdicts = _both(running, console)
    except ServerError as error:
        console.print(f"[red]The demo's servers:[/] {error}", highlight=False)
        return 1
    except InterruptedBySignal as interruption:
        console.print(f"\n{interruption}; the servers are stopped and their folder is removed", highlight=False)
        return 128 + interruption.number
    return conclude(verdicts, time.monotonic() - begun, console)


def _both(running: Servers, console: Console) -> tuple[int, int]:
    """Let both forms be judged; give outgrow's two exit codes."""
    file = running.folder / "market.sqlite"
    size = Size(int(datetime.now(UTC).timestamp()), seed=int(os.environ.get("DEMO_SEED", "7")))
    rows = sqlite_file.write(file, tables(size))
    console.print("[bold]PAM Talk[/], a market for farm produce", highlight=False)
    console.print(", ".join(f"{count:,} {table}" for table, count in rows.items()), highlight=False)
    REPORTS.mkdir(parents=True, exist_ok=True)
    journal = {"PAM_JOURNAL": f"sqlite:{running.folder / 'journal.sqlite'}"}

    console.rule("as it is: one process, SQLite, everything synchronous", align="left")
    with served(running.beside, running.folder, ["as-it-is", str(file)], {}) as address:
        _outgrow(["verify", "--baseline", _short(PLAN), "--quiet"], journal | {"PAM_URL": address}, console)
        first = _judged("as-it-is", journal | {"PAM_URL": address}, console)

    console.rule("after phase 1: workers, PostgreSQL, cache, predictions in the background", align="left")
    environment = {DATABASE_URL: asyncio.run(_moved(running, file, console))}
    if running.redis is None:
        console.print(f"{running.no_redis} Each worker remembers for itself.", highlight=False)
    else:
        environment[REDIS_URL] = running.redis.admin_url
        console.print(f"Redis from {running.redis.origin}", highlight=False)
    words = ["after-phase-1", "--workers", str(WORKERS)]
    with served(running.beside, running.folder, words, environment) as address:
        second = _judged("after-phase-1", journal | {"PAM_URL": address}, console)
    _outgrow(["verify", _short(PLAN)], journal, console)
    return first, second


async def _moved(running: Servers, file: Path, console: Console) -> str:
    """Move the market into a database of its own; give its address."""
    admin = await asyncpg.connect(running.postgres.admin_url)
    await admin.execute("CREATE DATABASE pam_talk")
    await admin.close()
    url = f"{running.postgres.admin_url.rpartition('/')[0]}/pam_talk"
    began = time.monotonic()
    moved = await move(file, url)
    took = time.monotonic() - began
    console.print(f"{sum(moved.values()):,} rows moved to PostgreSQL and indexed in {took:.1f} s", highlight=False)
    return url


def _judged(form: str, environment: Mapping[str, str], console: Console) -> int:
    report, result = REPORTS / f"{form}.html", REPORTS / f"{form}.json"
    load = ["load", PHASE, _short(PLAN), "--quiet", "--html", str(report), "--output", str(result)]
    _outgrow(load, environment, console)
    return _outgrow(["verify", PHASE, _short(PLAN), "--from", str(result)], environment, console)


def _outgrow(words: list[str], environment: Mapping[str, str], console: Console) -> int:
    """Run outgrow as a user would; give its exit code."""
    console.print(f"\n[bold]$ outgrow {shlex.join(words)}[/]", highlight=False, soft_wrap=True)
    sys.stdout.flush()  # so that our lines come first where the output is a file
    return subprocess.run(
        [sys.executable, "-m", "outgrow", *words], env={**os.environ, **environment}, check=False
    ).returncode


def conclude(verdicts: tuple[int, int], seconds: float, console: Console) -> int:
    """Say whether it turned out as expected; give the exit code."""
    as_expected = verdicts == (NOT_PROVEN, 0)
    console.print()
    if as_expected:
        console.print("The same plan, the same load: not proven before phase 1, proven after it.", highlight=False)
    else:
        console.print(
            f"[red]Expected not proven ({NOT_PROVEN}), then proven (0); outgrow ended with {verdicts}.[/] On a machine "
            "that is busy with other things the load cannot be told from the others' work.",
            highlight=False,
        )
    console.print(f"Reports: {REPORTS}; the plan: {_short(PLAN)}; {seconds:.0f} s in all.", highlight=False)
    return 0 if as_expected else 1


def _short(path: Path) -> str:
    """A path as one would type it here."""
    return min(os.path.relpath(path), str(path), key=len)


if __name__ == "__main__":
    if platform.system() == "Windows":
        sys.exit("The demo needs Linux or macOS; on Windows run it under WSL.")
    sys.exit(main())
