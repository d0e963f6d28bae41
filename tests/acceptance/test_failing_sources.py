"""Twenty and more failing sources beside a sound one: each one clear message, and the sound one keeps its verdict."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.failing_sources import Broken, free_port, plan_text, query

if TYPE_CHECKING:
    from tests.servers.fixtures import FaultyProxy

PASSWORD = "hunter2-is-secret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "sound.sqlite")) as database, database:
        database.execute("CREATE TABLE thing (x)")
    return tmp_path


def check(folder: Path, broken: list[Broken], **environment: str) -> tuple[int, dict, str]:
    plan = folder / "plan.yaml"
    plan.write_text(plan_text(broken, folder / "sound.sqlite"))
    done = subprocess.run(
        [sys.executable, "-m", "outgrow", "check", str(plan), "--json", "--no-journal", "--history", "0s"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


def assert_each_is_told(broken: list[Broken], document: dict) -> None:
    failures = {source["name"]: source["failures"] for source in document["sources"]}
    for each in broken:
        assert len(failures[each.name]) == 1, (each.name, failures[each.name])
        message = failures[each.name][0]
        for words in each.says:
            assert words in message, (each.name, message)
        assert len(message.splitlines()) == 1, message
    grades = {each["name"]: each["grade"] for each in document["checkpoints"]}
    assert grades["checkpoint-sound"] == "required"
    assert {grades[f"checkpoint-{each.name}"] for each in broken} == {"unknown"}


def test_sources_that_need_no_server_fail_with_one_message_each(folder: Path) -> None:
    # given
    (folder / "text.sqlite").write_text("this is no database, but long enough to look at" * 50)
    (folder / "bad.csv").write_text("time,value\n2026-01-01T00:00:00Z,many\n")
    port = free_port()
    read_http = {"read": {"metric": "latency"}, "unit": "ms"}
    broken = [
        Broken(
            "postgres-refused",
            {"kind": "postgres", "url": f"postgresql://u:{PASSWORD}@127.0.0.1:{port}/x"},
            query("SELECT 1 AS value"),
            ("refused",),
        ),
        Broken(
            "mysql-refused",
            {"kind": "mysql", "url": f"mysql://u:{PASSWORD}@127.0.0.1:{port}/x"},
            query("SELECT 1 AS value"),
            ("refused",),
        ),
        Broken(
            "redis-refused",
            {"kind": "redis", "url": f"redis://:{PASSWORD}@127.0.0.1:{port}/0"},
            {"read": {"metric": "dbsize"}},
            ("refused",),
        ),
        Broken(
            "prometheus-refused", {"kind": "prometheus", "url": f"http://127.0.0.1:{port}"}, query("up"), ("refused",)
        ),
        Broken("http-refused", {"kind": "http", "url": f"http://127.0.0.1:{port}/"}, read_http, ("refused",)),
        Broken(
            "http-no-host",
            {"kind": "http", "url": "http://no-such-host.invalid/"},
            read_http,
            ("no-such-host.invalid",),
        ),
        Broken(
            "docker-none",
            {"kind": "docker", "url": f"unix://{folder}/no.sock"},
            {"read": {"container": "web", "metric": "cpu"}, "unit": "ratio"},
            ("no.sock",),
        ),
        Broken(
            "sqlite-missing",
            {"kind": "sqlite", "path": "missing.sqlite"},
            query("SELECT 1 AS value"),
            ("missing.sqlite",),
        ),
        Broken(
            "sqlite-no-database", {"kind": "sqlite", "path": "text.sqlite"}, query("SELECT 1 AS value"), ("database",)
        ),
        Broken(
            "sqlite-no-table",
            {"kind": "sqlite", "path": "sound.sqlite"},
            query("SELECT x AS value FROM absent"),
            ("absent",),
        ),
        Broken("sqlite-no-sql", {"kind": "sqlite", "path": "sound.sqlite"}, query("SELEC 1"), ("SELEC",)),
        Broken(
            "recorded-missing",
            {"kind": "recorded", "path": "missing.csv"},
            {"read": {"column": "value"}},
            ("missing.csv",),
        ),
        Broken(
            "recorded-no-number", {"kind": "recorded", "path": "bad.csv"}, {"read": {"column": "value"}}, ("bad.csv:2",)
        ),
        Broken(
            "process-none",
            {"kind": "process", "name": "no-such-process-runs"},
            {"read": {"metric": "memory"}, "unit": "bytes"},
            ("no-such-process-runs",),
        ),
        Broken(
            "not-set",
            {"kind": "postgres", "url": "${NOT_SET_ANYWHERE}"},
            query("SELECT 1 AS value"),
            ("NOT_SET_ANYWHERE", "export"),
        ),
    ]
    # when
    code, document, output = check(folder, broken)
    # then
    assert code == 3
    assert_each_is_told(broken, document)
    assert PASSWORD not in output


def test_a_hanging_server_takes_its_time_limit_once_and_not_once_a_signal(folder: Path, faulty_proxy) -> None:
    # given
    proxy: FaultyProxy = faulty_proxy(free_port())
    proxy.hang()
    hanging = {"url": f"postgresql://u:{PASSWORD}@127.0.0.1:{proxy.port}/x", "kind": "postgres"}
    broken = [
        Broken("hanging", hanging, query("SELECT 1 AS value"), ("answer",)),
        Broken(
            "prometheus-hanging",
            {"kind": "prometheus", "url": f"http://127.0.0.1:{proxy.port}"},
            query("up"),
            ("answer",),
        ),
        Broken(
            "http-hanging",
            {"kind": "http", "url": f"http://127.0.0.1:{proxy.port}/"},
            {"read": {"metric": "status"}},
            ("answer",),
        ),
        Broken(
            "redis-hanging",
            {"kind": "redis", "url": f"redis://127.0.0.1:{proxy.port}/0"},
            {"read": {"metric": "dbsize"}},
            ("answer",),
        ),
    ]
    # when
    began = time.monotonic()
    code, document, _ = check(folder, broken)
    took = time.monotonic() - began
    # then
    assert code == 3
    assert_each_is_told(broken, document)
    assert took < 30  # far beyond noise: one after the other, with retries, would take longer still


def test_a_postgresql_that_answers_badly_is_told_apart(folder: Path, postgres_server, faulty_proxy) -> None:
    # given
    url = postgres_server.create_database()
    poor = postgres_server.create_role("poor", PASSWORD)
    port = postgres_server.port
    base = url.rsplit("/", 1)[0]
    database = url.rsplit("/", 1)[1]
    postgres_server.sql("CREATE TABLE secret_things (x int); REVOKE ALL ON secret_things FROM PUBLIC", url)
    half: FaultyProxy = faulty_proxy(port)
    half.half_close(after_bytes=1)
    through = url.replace(f":{port}/", f":{half.port}/")
    broken = [
        Broken(
            "no-table", {"kind": "postgres", "url": url}, query("SELECT count(*) AS value FROM absent"), ("absent",)
        ),
        Broken(
            "no-column",
            {"kind": "postgres", "url": url},
            query("SELECT nothing AS value FROM secret_things"),
            ("nothing",),
        ),
        Broken("no-sql", {"kind": "postgres", "url": url}, query("SELEC 1"), ("SELEC",)),
        Broken("slow", {"kind": "postgres", "url": url}, query("SELECT 1 AS value FROM pg_sleep(20)"), ("1s",)),
        Broken(
            "no-database",
            {"kind": "postgres", "url": f"{base}/absent_database"},
            query("SELECT 1 AS value"),
            ("absent_database",),
        ),
        Broken(
            "not-permitted",
            {"kind": "postgres", "url": f"{poor.rsplit('/', 1)[0]}/{database}"},
            query("SELECT count(*) AS value FROM secret_things"),
            ("GRANT",),
        ),
        Broken(
            "writes",
            {"kind": "postgres", "url": url},
            query("DELETE FROM secret_things RETURNING 1 AS value"),
            ("read",),
        ),
        Broken("two-rows", {"kind": "postgres", "url": url}, query("SELECT generate_series(1, 2) AS value"), ("row",)),
        Broken("half-closed", {"kind": "postgres", "url": through}, query("SELECT 1 AS value"), ()),
    ]
    # when
    code, document, output = check(folder, broken)
    # then
    assert code == 3
    assert_each_is_told(broken, document)
    assert PASSWORD not in output


def test_a_server_killed_in_the_middle_of_a_read_spoils_nothing_else(folder: Path, own_postgres) -> None:
    # given
    url = own_postgres.create_database()
    broken = [
        Broken(
            "killed",
            {"kind": "postgres", "url": url, "timeout": "20s"},
            query("SELECT 1 AS value FROM pg_sleep(15)"),
            (),
        )
    ]
    killer = threading.Timer(2.5, own_postgres.process.kill)
    killer.start()
    # when
    code, document, _ = check(folder, broken)
    killer.join()
    # then
    assert code == 3
    assert_each_is_told(broken, document)
