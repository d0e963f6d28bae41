"""`outgrow check` on Korean Together's database says what SQL by hand says."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from koto.database import fill, migrate, set_password
from koto.demand import Scenario
from koto.recorded import write_recordings
from koto.tables import make_tables

from tests.examples.koto_rows import PLAN, ask_one
from tests.servers.postgres import PostgresServer

END = datetime(2025, 11, 20, 21, 40, tzinfo=UTC)


@pytest.fixture(scope="module")
async def admin_url(postgres_url: str) -> str:
    await migrate(postgres_url)
    await fill(postgres_url, make_tables(Scenario(END, weeks=1)))
    return postgres_url


@pytest.fixture(scope="module")
async def checked(postgres_server: PostgresServer, admin_url: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What `outgrow check --json` answers at the end of the history, as the reader."""
    folder = tmp_path_factory.mktemp("koto")
    write_recordings(Scenario(END, weeks=1), folder)
    await set_password(admin_url, "outgrow_reader", "reader")
    environment = {
        "KOTO_DATABASE_URL": postgres_server.url(admin_url.rpartition("/")[2], "outgrow_reader", "reader"),
        "KOTO_REDIS_URL": "redis://127.0.0.1:1/0",
        "KOTO_RECORDED": str(folder),
        "KOTO_DOCKER_URL": f"unix://{folder}/no-docker.sock",
        "KOTO_JOURNAL": f"sqlite:{folder}/journal.sqlite",
    }
    words = [sys.executable, "-m", "outgrow", "check", PLAN, "--json", "--at", END.isoformat(), "--history", "0s"]
    done = subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def checkpoint(checked: Any, name: str) -> Any:
    (found,) = (each for each in checked["checkpoints"] if each["name"] == name)
    return found


async def test_the_verdict_is_urgent_and_its_evidence_is_what_sql_says(checked: Any, admin_url: str):
    connection = await asyncpg.connect(admin_url, server_settings={"timezone": "UTC"})
    by_hand = {
        condition["condition"]: (await ask_one(connection, condition["signal"], END))["value"]
        for condition in checkpoint(checked, "split-ai-service")["conditions"]
        if condition["condition"] != "C"
    }
    await connection.close()

    verdict = checkpoint(checked, "split-ai-service")

    measured = {each["condition"]: each["headroom"]["value"] for each in verdict["conditions"] if each["headroom"]}
    assert verdict["grade"] == "urgent"
    assert set(verdict["undecided"]) == {"emergency"}
    assert measured == pytest.approx({name: float(value) for name, value in by_hand.items()})
    (urgent,) = (rule for rule in verdict["rules"] if rule["grade"] == "urgent")
    assert urgent["state"] == "held"
    assert datetime.fromisoformat(urgent["since"]) > END - timedelta(hours=2)


def test_what_cannot_be_measured_here_is_unknown_and_the_rest_is_judged(checked: Any):
    grades = {each["name"]: each["grade"] for each in checked["checkpoints"]}

    assert grades["redis-memory"] == "unknown"
    assert grades["object-store-cdn"] == grades["split-region"] == "clear"
