"""`outgrow simulate` on the past of real servers: a plan's signals are the traffic, and the live control's counts."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from outgrow.cli import run
from tests.servers.postgres import PostgresServer
from tests.servers.prometheus import PrometheusServer

HOURS = 6
ASKED = ["--past", "4h", "--warm-up", "0s", "--no-curve", "--json"]


@pytest.fixture(scope="module")
def begin() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=HOURS)


def hits(begin: datetime, minute: int) -> int:
    """So many requests began in a minute; a pattern that tells minutes apart."""
    return 600 + 60 * ((int(begin.timestamp()) // 60 + minute) % 7)


@pytest.fixture(scope="module")
def prometheus(prometheus_server: PrometheusServer, begin: datetime) -> PrometheusServer:
    """Requests a second and replicas by the minute, and a series with a hole of ten minutes two hours ago."""
    rows: list[str] = []
    for name in ("rps", "holed", "replicas"):
        rows.append(f"# TYPE {name} gauge")
        for minute in range(HOURS * 60 + 2):
            value = hits(begin, minute) / 60 if name != "replicas" else 3
            if name != "holed" or not 230 <= minute < 240:
                rows.append(f"{name} {value} {begin.timestamp() + 60 * minute}")
    rows.append("# TYPE by_region gauge")
    rows += [f'by_region{{region="{region}"}} 1 {begin.timestamp() + 60 * m}' for region in "ab" for m in range(360)]
    prometheus_server.load("\n".join([*rows, "# EOF"]) + "\n")
    return prometheus_server


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a plan with one source and these signals, each a query or options."""
    monkeypatch.chdir(tmp_path)

    def written(source: dict[str, object], **signals: dict[str, object] | str) -> None:
        declared = {
            name: {"source": "it", "unit": "rps", "every": "1m", **({"query": of} if isinstance(of, str) else of)}
            for name, of in signals.items()
        }
        scaling = {"policy": "hpa", "max": 20, "metrics": [{"kind": "external", "name": "rps", "average": 7}]}
        web = {"capacity": 10, "start_up": "60s", "load": "load", "scaling": {**scaling, "behavior": {}}}
        document = {
            "outgrow": 1,
            "name": "shop",
            "sources": {"it": source},
            "signals": declared,
            "services": {"web": web},
        }
        (tmp_path / "plan.yaml").write_text(yaml.safe_dump({**document, "services": {"web": web}}), encoding="utf-8")

    return written


def told(capsys: pytest.CaptureFixture[str]):
    return json.loads(capsys.readouterr().out)


def expected(begin: datetime, trace: dict, *, behind: int) -> list[float]:
    """Give the rates that the trace should have: those of the minutes `behind` each of its moments."""
    first = round((datetime.fromisoformat(trace["start"]) - begin).total_seconds() / 60) + behind
    return [hits(begin, first + minute) / 60 for minute in range(trace["recorded"]["intervals"])]


def test_a_signal_of_prometheus_is_replayed_beside_the_live_counts(plan, prometheus, begin, capsys) -> None:
    plan({"kind": "prometheus", "url": prometheus.url}, load="sum(rps)", count={"query": "max(replicas)", "unit": ""})

    assert run(["simulate", "web", "--from-source", "load", *ASKED, "--timeline", "steps.csv"]) == 0
    trace = told(capsys)["trace"]
    assert run(["simulate", "web", "--from-source", "load", *ASKED, "--against", "count"]) == 0
    shadow = told(capsys)

    assert 239 <= trace["recorded"]["intervals"] <= 241
    rates = expected(begin, trace, behind=0)
    assert trace["recorded"]["missing"] == 0
    assert trace["recorded"]["mean"] == pytest.approx(sum(rates) / len(rates))
    assert trace["recorded"]["peak"] == pytest.approx(max(rates))
    steps = Path("steps.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [float(row.split(",")[1]) for row in steps[::4]] == pytest.approx(rates, abs=1e-3)
    # live were three replicas at all times; in one minute of seven one is needed, else two
    hours = shadow["compared_steps"] * 15 / 3600
    assert shadow["compared_steps"] >= 4 * 60 * 4 - 8
    assert shadow["live_replica_hours"] == pytest.approx(3 * hours)
    assert shadow["live"]["score"]["cost_ratio"] == pytest.approx(3 * 7 / 13, rel=0.01)


def test_what_a_scaling_loop_has_read_in_between_does_not_stand_in_the_way(plan, prometheus, capsys) -> None:
    plan({"kind": "prometheus", "url": prometheus.url}, load="sum(rps)")
    for _ in range(2):
        run(["scale", "web", "--once", "--dry-run"])
    capsys.readouterr()

    assert run(["simulate", "web", "--from-source", "load", *ASKED]) == 0

    trace = told(capsys)["trace"]
    assert (trace["recorded"]["missing"], trace["recorded"]["intervals"] in {239, 240, 241}) == (0, True)


def test_a_hole_in_the_past_is_refused_with_its_moment_or_filled(plan, prometheus, capsys) -> None:
    plan({"kind": "prometheus", "url": prometheus.url}, load="sum(holed)")
    asked = ["simulate", "web", "--from-source", "load", *ASKED]

    assert run(asked) == 2
    refused = capsys.readouterr().err
    assert run([*asked, "--gaps", "fill"]) == 0
    found = told(capsys)

    assert "load at " in refused
    assert "say --gaps fill" in refused
    assert 5 <= found["trace"]["recorded"]["missing"] <= 10  # Prometheus looks back for five minutes
    assert any("drawn along straight lines" in each for each in found["notes"])


def test_requests_counted_by_a_query_of_postgresql_are_replayed(
    plan, postgres_server: PostgresServer, postgres_url: str, begin, capsys
) -> None:
    rows = ", ".join(f"('{begin + timedelta(minutes=minute)}', {hits(begin, minute)})" for minute in range(HOURS * 60))
    postgres_server.sql(
        f"CREATE TABLE hits (minute timestamptz, n bigint); INSERT INTO hits VALUES {rows}", postgres_url
    )
    query = "SELECT sum(n) AS value FROM hits WHERE minute >= :now - interval '1 minute' AND minute < :now"
    plan({"kind": "postgres", "url": postgres_url}, load={"query": query, "unit": "per minute"})

    assert run(["simulate", "web", "--from-source", "load", *ASKED]) == 0
    trace = told(capsys)["trace"]
    assert run(["tune", "web", "--from-source", "load", "--past", "4h", "--processes", "1"]) == 2

    rates = expected(begin, trace, behind=-1)
    assert trace["recorded"]["mean"] == pytest.approx(sum(rates) / len(rates))
    assert "too short to tune on some days" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("signal", "code", "message"),
    [
        ({"query": "sum(rps)", "unit": "ms"}, 2, 'load is in "ms"; a trace is a rate'),
        ({"query": "by_region", "by": ["region"]}, 2, "2 series in that span; a trace is one series: sum it up"),
        ("by_region", 3, "signals.load: the expression gives 2 series where one is wanted"),
        ("sum(nothing_of_that_name)", 2, "load: no row has a number"),
        ({"query": "sum(rps)", "history": "journal"}, 2, "has no past to replay"),
        ("sum(", 3, "signals.load: Prometheus refused the expression: 1:5"),
    ],
)
def test_a_signal_that_is_no_traffic_is_refused_in_one_line(plan, prometheus, capsys, signal, code, message) -> None:
    plan({"kind": "prometheus", "url": prometheus.url}, load=signal)
    assert run(["simulate", "web", "--from-source", "load", *ASKED]) == code
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "Traceback" not in said


def test_a_source_that_does_not_answer_is_said(plan, capsys) -> None:
    plan({"kind": "prometheus", "url": "http://127.0.0.1:9"}, load="sum(rps)")
    assert run(["simulate", "web", "--from-source", "load", *ASKED]) == 3
    assert "127.0.0.1:9" in capsys.readouterr().err
