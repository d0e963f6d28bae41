"""All-ERP: its policy table is as required, and its demo scales real processes up, to the maximum and down."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from outgrow.autoscale.caps import pool_room
from outgrow.plan import Plan
from outgrow.wiring import read_plan
from tests.examples.conftest import EXAMPLES

FOLDER = EXAMPLES / "all-erp"


@pytest.fixture(scope="module")
def plan() -> Plan:
    loaded = read_plan(FOLDER / "plan.yaml")
    assert loaded.warnings == ()
    return loaded.plan


def test_the_policy_table_is_as_required(plan: Plan) -> None:
    table = {
        name: (
            service.scaling.min,
            service.scaling.max,
            {
                metric.name: int(getattr(metric, "utilization", None) or metric.average or 0)
                for metric in service.scaling.metrics
            },
        )
        for name, service in plan.services.items()
        if service.scaling is not None
    }

    # AE-1.
    assert table == {
        "auth": (2, 10, {"cpu": 70, "rps": 500}),
        "system": (2, 5, {"cpu": 70}),
        "hr": (1, 5, {"cpu": 80}),
        "finance": (1, 5, {"cpu": 80}),
        "general": (1, 5, {"cpu": 80}),
        "web-admin": (2, 8, {"cpu": 60, "users": 500}),
        "ai-service": (2, 5, {"cpu": 70, "queue": 100}),
    }


def test_the_pools_have_room_for_every_maximum_and_for_no_more(plan: Plan) -> None:
    pooled = [service for service in plan.services.values() if service.pool and service.scaling]

    assert sum(service.scaling.max * service.pool.size for service in pooled if service.scaling and service.pool) == 350
    assert pool_room(plan.services, "auth") == 10  # AE-5: 438 connections, of which 80 % are 350
    smaller = plan.services["auth"].model_copy(
        update={"pool": plan.services["auth"].pool.model_copy(update={"max_connections": 437})}
        if plan.services["auth"].pool
        else {}
    )
    assert pool_room({**plan.services, "auth": smaller}, "auth") == 9


def test_every_service_stands_behind_least_connections(plan: Plan) -> None:
    fronts = [getattr(service.runs_on, "behind", None) for service in plan.services.values()]

    assert [front.balance for front in fronts if front is not None] == ["least_conn"] * 7
    assert len({front.listen for front in fronts if front is not None}) == 7


def test_the_demo_scales_up_to_the_maximum_and_down_again_and_loses_no_request(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "demo.py"), "--hold", "4s", "--keep", str(tmp_path)],
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    told = done.stdout
    assert done.returncode == 0, told + done.stderr
    ups = re.findall(r"auth (\d) -> (\d): rps asks", told)
    assert any(after > before for before, after in ups)
    assert any(after < before for before, after in ups)
    assert "the maximum of 4 is reached" in told
    assert re.search(r"^all +([\d,]+) +\1 +0 ", told, re.MULTILINE), told
    assert " 0 differ" in told
    assert "no replica is left" in told
