"""A run for other tools: CSV, JUnit, OpenMetrics and Prometheus read back what was measured."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from outgrow.cli import run
from outgrow.facts.proofs import ThresholdResult, ThresholdVerdict
from outgrow.report.load_files import csv_files, junit, seconds_csv
from outgrow.report.load_json import load_text
from outgrow.report.load_series import openmetrics, series_of
from outgrow.report.remote_write import HEADERS, snappy_block, write_requests
from tests.report.load_facts import a_run, with_answers
from tests.servers.process import free_port


def test_the_tables_hold_every_second_step_and_reading():
    facts = a_run(30, failing=0.05)

    tables = {name: list(csv.DictReader(StringIO(text))) for name, text in csv_files(facts).items()}

    assert sum(int(row["done"]) for row in tables["seconds.csv"]) == sum(second.done for second in facts.timeline)
    assert len(tables["step-seconds.csv"]) == 60
    assert [row["step"] for row in tables["steps.csv"]] == ["read", "write"]
    assert int(tables["steps.csv"][0]["unexpected answer"]) == facts.steps[0].failed
    assert {row["resource"] for row in tables["resources.csv"]} == {"pool", "cpu{pod=a}"}


def test_names_with_commas_and_line_ends_stay_one_cell():
    facts = a_run(2)
    facts = replace(facts, steps=(replace(facts.steps[0], name='a,"b"\nc'), *facts.steps[1:]))

    assert next(row["step"] for row in csv.DictReader(StringIO(csv_files(facts)["steps.csv"]))) == 'a,"b"\nc'


def test_junit_tells_failed_checks_from_a_weak_generator():
    suite = ET.fromstring(junit(a_run(20, failing=0.1, too_weak=("late",))))[0]

    assert suite.get("tests") == "4"
    assert suite.get("failures") == "2"
    assert suite.get("errors") == "1"
    assert ET.fromstring(junit(a_run(20)))[0].get("failures") == "0"
    ET.fromstring(junit(replace(a_run(2), scenario="\x00\x1b[31m<&>")))


def test_junit_words_what_a_threshold_measured_beside_what_it_asked():
    broken = ThresholdResult("p95 < 200 ms", 5.0259495153331954, "<", 0.2, "s", ThresholdVerdict.FAILED)
    shares = ThresholdResult("errors < 1 %", 0.25, "<", 0.01, "ratio", ThresholdVerdict.FAILED)

    found = ET.fromstring(junit(replace(a_run(2), thresholds=(broken, shares)))).iter("failure")

    assert [each.get("message") for each in found] == ["failed: 5,026 ms, not < 200 ms", "failed: 25 %, not < 1 %"]


def test_openmetrics_is_read_by_the_parser_of_prometheus_with_every_count():
    facts = a_run(30, failing=0.05)

    read = {family.name: family for family in text_string_to_metric_families(openmetrics(facts))}

    last: dict[str, float] = {}
    for sample in read["outgrow_http_reqs"].samples:
        last[sample.labels["step"] + sample.labels["outcome"]] = sample.value
    assert sum(last.values()) == facts.whole.arrivals
    assert read["outgrow_http_req_duration_seconds"].type == "gauge"
    assert {"outgrow_checks", "outgrow_vus", "outgrow_resource", "outgrow_data_sent_bytes"} <= read.keys()
    answers = [each.value for each in read["outgrow_answers"].samples if each.labels["step"] == "read"]
    assert len(answers) == 30
    assert answers[-1] == 2100


def test_labels_with_quotes_and_line_ends_survive_openmetrics():
    facts = replace(a_run(3), scenario='a"b\\c\nd')

    families = list(text_string_to_metric_families(openmetrics(facts)))

    assert families[0].samples[0].labels["scenario"] == 'a"b\\c\nd'


@given(st.binary(max_size=200_000))
def test_a_snappy_block_holds_what_was_put_in(content: bytes):
    assert _unsnapped(snappy_block(content)) == content


def test_a_long_run_is_written_in_several_requests_without_losing_a_sample():
    series = series_of(a_run(400, 10))
    bodies = list(write_requests(series))

    assert len(bodies) > 1
    assert sum(len(_unsnapped(body)) for body in bodies) > 8 * sum(len(samples) for samples in series.values())


def _unsnapped(block: bytes) -> bytes:
    """Read a block of literals, by the description of the format."""
    length, shift, position = 0, 0, 0
    while True:
        byte = block[position]
        length |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            break
    found = b""
    while position < len(block):
        assert block[position] == 61 << 2
        size = int.from_bytes(block[position + 1 : position + 3], "little") + 1
        found += block[position + 3 : position + 3 + size]
        position += 3 + size
    assert len(found) == length
    return found


def test_a_real_prometheus_takes_the_series_and_gives_them_back(prometheus_server, tmp_path, capsys):
    facts = replace(a_run(60, failing=0.05), started_at=datetime.now(UTC) - timedelta(seconds=90), scenario="taken")
    file = tmp_path / "run.json"
    file.write_text(load_text(facts))

    code = run(["load", "report", str(file), "--remote-write", f"{prometheus_server.url}/api/v1/write"])

    assert (code, capsys.readouterr().err) == (0, "")
    end = (facts.started_at + timedelta(seconds=60)).timestamp()
    sent = prometheus_server.query(
        f"/api/v1/query?query=sum(outgrow_http_reqs_total%7Bscenario=%22taken%22%7D)&time={end}"
    )
    assert float(sent["result"][0]["value"][1]) == facts.whole.arrivals


def test_a_real_promtool_backfills_the_openmetrics_file(prometheus_server):
    facts = replace(a_run(60), started_at=datetime(2026, 3, 1, 4, 0, tzinfo=UTC), scenario="backfilled")

    prometheus_server.load(openmetrics(facts))

    found = prometheus_server.query(f"/api/v1/query?query=outgrow_vus&time={facts.started_at.timestamp() + 30}")
    assert [each["metric"]["scenario"] for each in found["result"]] == ["backfilled"]


def test_a_prometheus_that_refuses_is_told_with_the_remedy(prometheus_server, tmp_path, capsys):
    file = tmp_path / "run.json"
    file.write_text(load_text(a_run(3)))
    with pytest.raises(HTTPError):
        urlopen(Request(f"{prometheus_server.url}/api/v1/write", b"x", dict(HEADERS)), timeout=10)

    assert run(["load", "report", str(file), "--remote-write", f"{prometheus_server.url}/nowhere"]) == 3
    assert "--web.enable-remote-write-receiver" in capsys.readouterr().err
    assert run(["load", "report", str(file), "--remote-write", f"http://127.0.0.1:{free_port()}/x"]) == 3
    assert "is Prometheus listening there?" in capsys.readouterr().err


def test_a_kept_run_becomes_every_kind_of_file(tmp_path, capsys):
    file, folder = tmp_path / "run.json", tmp_path / "tables"
    file.write_text(load_text(a_run(10)))
    wanted = {"--html": "run.html", "--junit": "run.xml", "--csv": "seconds.csv", "--openmetrics": "run.txt"}
    arguments = [part for option, name in wanted.items() for part in (option, str(tmp_path / name))]

    assert run(["load", "report", str(file), *arguments, "--lang", "ko", "--zone", "Asia/Seoul"]) == 0
    assert run(["load", "report", str(file), "--csv", str(folder)]) == 0

    assert all((tmp_path / name).stat().st_size for name in wanted.values())
    assert 'lang="ko"' in (tmp_path / "run.html").read_text()
    assert (tmp_path / "seconds.csv").read_text() == seconds_csv(a_run(10))
    assert len(list(folder.iterdir())) == 6
    assert run(["load", "report", str(file)]) == 0
    assert "peak: 1,000 arrivals" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--html", "gone/run.html"], "there is no folder"),
        (["--html", "."], "is a folder; name a file in it"),
        (["--remote-write", "prometheus:9090"], "http://HOST:9090/api/v1/write"),
    ],
)
def test_a_place_that_does_not_exist_is_told_before_anything_runs(tmp_path, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(tmp_path)

    assert run(["load", "report", "run.json", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_tokens_and_their_cost_are_in_every_file_by_step_and_second():
    facts = with_answers(a_run(10))

    tables = {name: list(csv.DictReader(StringIO(text))) for name, text in csv_files(facts).items()}
    read = {family.name: family.samples for family in text_string_to_metric_families(openmetrics(facts))}

    assert {row["trend"] for row in tables["trends.csv"]} == facts.steps[0].trends.keys()
    assert len(tables["trend-seconds.csv"]) == 50
    tokens = facts.steps[0].trends["tokens"].total_seconds
    assert max(each.value for each in read["outgrow_tokens"]) == pytest.approx(tokens)
    cost = facts.steps[0].trends["cost_per_1000_requests"].total_seconds / 1000
    assert max(each.value for each in read["outgrow_cost"]) == pytest.approx(cost)
    first = [each for each in read["outgrow_first_token_seconds"] if each.labels["quantile"] == "0.95"]
    assert len(first) == 10
    assert {each.labels["team"] for each in first} == {"farms"}


def test_a_tag_that_has_the_name_of_a_label_is_told_apart_from_it():
    facts = a_run(2)
    tags = {"unit": "shop", "a-b": "c"}
    facts = replace(facts, steps=tuple(replace(step, tags=tags) for step in facts.steps))

    samples = next(iter(text_string_to_metric_families(openmetrics(facts)))).samples

    assert {"tag_unit": "shop", "a_b": "c"}.items() <= samples[0].labels.items()
