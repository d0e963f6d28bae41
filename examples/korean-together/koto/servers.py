"""The demo's PostgreSQL and Redis in one temporary folder: started together, stopped together, nothing left behind."""

import json
import secrets
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import redis

from koto.embedded_postgres import Postgres, start_postgres
from koto.embedded_redis import Redis, start_redis
from koto.interruption import Interruptions
from koto.processes import Processes, ServerError, clean_environment, own_file, run_as, server_account, state_root

STATE = "outgrow-demo.json"
STOP_SECONDS = 30


@dataclass(frozen=True)
class Servers:
    """What runs: `redis` is None where there is none, and `no_redis` says why.

    `beside` starts further processes, under the caller's account, which end with the servers.
    """

    folder: Path
    postgres: Postgres
    redis: Redis | None
    no_redis: str
    beside: Processes


@contextmanager
def servers(*, keep: bool = False, maxmemory: str = "24mb", policy: str = "noeviction") -> Generator[Servers]:
    """Start both servers in a new temporary folder; at the end stop them and remove it.

    With `keep` they outlive a block that ends well; one that fails or is interrupted always leaves nothing behind.

    Raises:
        ServerError: PostgreSQL could not be started.
        InterruptedBySignal: out of the block, on SIGINT, SIGTERM or SIGHUP.
    """
    account = server_account()
    folder = state_root(account) / f"outgrow-demo-{secrets.token_hex(4)}"
    with Interruptions() as interruptions:
        processes, beside = Processes(account, interruptions), Processes(None, interruptions)
        kept = False
        try:
            # Named before it is made: an interruption between the two would leave a folder that nobody knows.
            folder.mkdir(mode=0o700)
            folder.chmod(0o700 if account is None else 0o711)  # the servers pass through, nobody lists
            yield (running := _start(folder, processes, beside, maxmemory, policy))
            if keep:
                with interruptions.held(drop=True):
                    _write_state(running)
                    beside.stop_all()
                    processes.let_go()
                    kept = True
        finally:
            if not kept:
                with interruptions.held(drop=True):
                    beside.stop_all()
                    processes.stop_all()
                    shutil.rmtree(folder, ignore_errors=True)


def stop_kept(folder: Path) -> None:
    """Stop the servers of a kept demo and remove their folder.

    Raises:
        ServerError: the folder is not a kept demo's, or PostgreSQL does not stop.
    """
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ServerError(f"{folder}: no {STATE} in it, so this is no folder of a kept demo") from error
    if state["redis_admin_url"]:
        _stop_redis(state["redis_admin_url"])
    data = Path(state["data"])
    if (data / "postmaster.pid").exists():
        done = subprocess.run(  # the program that started it
            [state["pg_ctl"], "stop", "-D", str(data), "-m", "fast", "-t", str(STOP_SECONDS)],
            cwd=data.parent, env=clean_environment({}), capture_output=True, text=True, check=False,
            **run_as(server_account()),
        )  # fmt: skip
        if done.returncode != 0 and (data / "postmaster.pid").exists():
            raise ServerError(f"PostgreSQL in {data} does not stop: {done.stderr.strip()}")
    shutil.rmtree(folder)


def _start(folder: Path, processes: Processes, beside: Processes, maxmemory: str, policy: str) -> Servers:
    postgres = start_postgres(folder, processes)
    try:
        return Servers(folder, postgres, start_redis(folder, processes, maxmemory, policy), "", beside)
    except ServerError as error:
        return Servers(folder, postgres, None, str(error), beside)


def _write_state(running: Servers) -> None:
    state = {
        "data": str(running.postgres.data),
        "pg_ctl": str(running.postgres.binaries.folder / "pg_ctl"),
        "redis_admin_url": running.redis.admin_url if running.redis else None,
    }
    own_file(running.folder / STATE, json.dumps(state), None)


def _stop_redis(url: str) -> None:
    with suppress(redis.ConnectionError), redis.Redis.from_url(url) as client:
        client.shutdown(nosave=True)
