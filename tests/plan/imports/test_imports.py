"""Requests from elsewhere become a plan that reads without an error; what is left out is said."""

import json

import pytest
import yaml

from outgrow.errors import UsageError
from outgrow.plan.file import parse_plan
from outgrow.plan.imports import plan_text, read_scenario
from outgrow.plan.scenarios import Scenario


def scenario_of(text: str, target: str = "") -> Scenario:
    """Read a text into a plan and the plan into its scenario."""
    found = read_scenario(text, target)
    assert found is not None
    loaded = parse_plan(plan_text("shop", found).encode(), "plan.yaml", lambda _: b"")
    return loaded.plan.scenarios["shop"]


def notes_of(text: str) -> str:
    found = read_scenario(text)
    assert found is not None
    return "\n".join(found.notes)


def entry(at: str, method: str, url: str, *, time: float = 100, kind: str = "application/json", status=200, **request):
    return {
        "startedDateTime": f"2026-11-21T05:00:{at}Z",
        "time": time,
        "request": {"method": method, "url": url, "headers": request.pop("headers", []), **request},
        "response": {"status": status, "content": {"mimeType": kind}},
    }


def har(*entries) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}})


RECORDING = har(
    entry("03.500", "POST", "http://127.0.0.1:8080/orders", postData={"text": '{"item": 7}'}, status=201),
    entry("00.000", "GET", "http://127.0.0.1:8080/farms?near={x}", headers=[{"name": "Accept", "value": "text/html"}]),
    entry("00.200", "GET", "http://127.0.0.1:8080/logo.png", kind="image/png"),
    entry("00.300", "GET", "http://stats.example.com/pixel"),
)


def test_a_recording_becomes_one_flow_in_the_order_of_time_with_the_users_pauses():
    flow = scenario_of(RECORDING).flows["recorded"]

    assert [(step.name, step.method, step.path) for step in flow.steps] == [
        ("get-farms", "GET", "/farms?near=%7Bx%7D"),
        ("post-orders", "POST", "/orders"),
    ]
    assert str(flow.steps[0].think) == "3.4s"
    assert flow.steps[1].body == '{"item": 7}'
    assert flow.steps[0].headers == {"Accept": "text/html"}


def test_what_a_recording_loses_is_said():
    told = notes_of(RECORDING)

    assert "left out: 1 request to http://stats.example.com," in told
    assert "left out: 1 request for images, styles and scripts" in told


def test_secrets_of_a_recording_become_variables():
    headers = [{"name": "Authorization", "value": "Bearer abcdef"}, {"name": "X-Api-Key", "value": "k"}]
    text = har(entry("00.000", "GET", "http://127.0.0.1/", headers=[*headers, {"name": "Cookie", "value": "s=1"}]))

    steps = scenario_of(text).flows["recorded"].steps

    assert steps[0].headers == {"Authorization": "${AUTHORIZATION}", "X-Api-Key": "${X_API_KEY}"}
    assert "export AUTHORIZATION, X_API_KEY" in notes_of(text)
    found = read_scenario(text)
    assert found is not None
    assert "abcdef" not in plan_text("shop", found)


OPENAPI = """
openapi: 3.1.0
servers: [{url: "http://127.0.0.1:9000/api"}]
paths:
  /farms/{id}:
    parameters: [{name: id, in: path, schema: {type: integer, example: 42}}]
    get: {operationId: showFarm, parameters: [{name: full, in: query, required: true, schema: {type: boolean}}]}
  /farms:
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Farm"}}}}
    get: {parameters: [{name: page, in: query, schema: {type: integer}}]}
components:
  schemas:
    Farm:
      type: object
      required: [name, kind, opened, fields]
      properties:
        name: {type: string, example: Haenam}
        kind: {enum: [rice, barley]}
        opened: {type: string, format: date}
        fields: {type: array, items: {type: object, properties: {hectares: {type: number, minimum: 0.5}}}}
        note: {type: string}
"""


@pytest.mark.parametrize("text", [OPENAPI, json.dumps(yaml.safe_load(OPENAPI))])
def test_every_operation_of_an_openapi_document_becomes_a_step_with_its_examples(text):
    found = scenario_of(text)

    assert found.target == "http://127.0.0.1:9000/api"
    assert [(step.name, step.method, step.path) for step in found.steps] == [
        ("showfarm", "GET", "/farms/42?full=true"),
        ("get-farms", "GET", "/farms"),
        ("post-farms", "POST", "/farms"),
    ]
    assert json.loads(found.steps[2].body) == {
        "name": "Haenam",
        "kind": "rice",
        "opened": "2026-01-01",
        "fields": [{"hectares": 0.5}],
    }


def test_a_document_without_a_server_asks_for_a_target():
    text = OPENAPI.replace('"http://127.0.0.1:9000/api"', "/v1")

    with pytest.raises(UsageError, match="add --target"):
        read_scenario(text)
    assert scenario_of(text, "http://127.0.0.1").steps[0].path.startswith("/v1/farms/42")


CURL = r"""curl 'http://127.0.0.1:8080/orders?a=1' \
  -X PUT -H 'Content-Type: application/json' -H "X-Trace: 1" \
  -u me:secret --data-raw '{"item": 7}' --compressed -s
"""


def test_a_curl_line_becomes_a_step():
    step = scenario_of(CURL).steps[0]

    assert (step.name, step.method, step.path, step.body) == ("put-orders", "PUT", "/orders?a=1", '{"item": 7}')
    assert step.headers["Content-Type"] == "application/json"
    assert step.headers["Authorization"] == "${AUTHORIZATION}"


def test_several_curl_lines_become_several_steps():
    text = "curl http://127.0.0.1/farms\ncurl -d 'a=1' -d 'b=2' 127.0.0.1/farms\ncurl -G -d q=x http://127.0.0.1/find\n"

    steps = scenario_of(text).steps

    assert [(step.name, step.method, step.path, step.body) for step in steps] == [
        ("get-farms", "GET", "/farms", ""),
        ("post-farms", "POST", "/farms", "a=1&b=2"),
        ("get-find", "GET", "/find?q=x", ""),
    ]
    assert steps[1].headers == {"Content-Type": "application/x-www-form-urlencoded"}


def test_an_option_of_curl_that_takes_an_argument_never_makes_it_the_url():
    text = "curl --retry 3 -x http://proxy.example:3128 -A agent/1 http://127.0.0.1/farms --proxy-user me:hidden"
    found = read_scenario(text)

    assert found is not None
    assert found.scenario["target"] == "http://127.0.0.1"
    told = " ".join(found.notes)
    assert all(f"{option} of the line is left out" in told for option in ("--retry", "-x", "-A", "--proxy-user"))
    assert "hidden" not in told


def test_what_a_scenario_has_a_place_for_is_taken_from_a_curl_line():
    text = (
        "curl -kL --max-time 2.5 -e http://ref.example/ -F photo=@people.csv;type=text/csv -F note=hi https://127.0.0.1"
    )

    scenario = scenario_of(text.replace(";", r"\;"))

    (step,) = scenario.steps
    assert (step.method, step.follow, dict(step.form)) == ("POST", True, {"note": "hi"})
    assert [(each.field, each.file, each.type) for each in step.files] == [("photo", "people.csv", "text/csv")]
    assert step.headers == {"Referer": "http://ref.example/"}
    assert scenario.tls is not None
    assert (scenario.tls.insecure, scenario.timeout.total_seconds()) == (True, 2.5)


# AE-7 as k6 would be told: its second stage ramps over five minutes, where the plan's own wording jumps and holds.
K6_STAGES = {
    "stages": [
        {"duration": "2m0s", "target": 100},
        {"duration": "5m0s", "target": 500},
        {"duration": "2m", "target": 0},
    ],
    "thresholds": {"http_req_duration": ["p(95)<500"], "http_req_failed": ["rate<0.01"]},
}


def k6(options: dict) -> Scenario:
    return scenario_of(json.dumps(options), "http://127.0.0.1")


def test_stages_of_k6_keep_their_meaning_of_users_who_wait_and_that_is_said():
    found = k6(K6_STAGES)

    assert (found.made_by, found.is_closed) == ("ramping-vus", True)
    assert [(stage.ramp, str(stage.over)) for stage in found.stages[1:]] == [(100, "2m0s"), (500, "5m0s"), (0, "2m")]
    imported = read_scenario(json.dumps(K6_STAGES), "http://127.0.0.1")
    assert imported is not None
    assert "write executor: ramping-arrival-rate" in "\n".join(imported.notes)


def test_arrival_rates_of_k6_are_read_in_their_own_unit_of_time():
    rate = {"executor": "ramping-arrival-rate", "startRate": 60, "timeUnit": "1m", "maxVUs": 70}
    stages = [{"duration": "1m", "target": 600}, {"duration": "30s", "target": 600}, {"duration": "0s", "target": 60}]

    found = k6({"scenarios": {"peak": {**rate, "stages": stages, "env": {"A": "1"}}, "other": {}}})

    assert found.made_by == "ramping-arrival-rate"
    assert found.users == 70
    assert [(stage.jump, stage.ramp, str(stage.hold)) for stage in found.stages] == [
        (1, None, "None"),
        (None, 10, "None"),
        (None, None, "30s"),
        (1, None, "None"),
    ]


def test_thresholds_of_k6_bring_the_steps_that_their_tags_speak_of_and_what_is_left_out_is_said():
    peak = {"executor": "constant-arrival-rate", "rate": 30, "duration": "1m", "tags": {"team": "farms"}}
    thresholds = {
        "http_req_duration{scenario:peak}": ["p(95)<500"],
        "http_req_duration{kind:read}": ["p(95)<200"],
        "http_req_duration{kind:write,expected_response:true}": [{"threshold": "p(95)<800", "abortOnFail": True}],
        "http_req_failed{name:login}": ["rate<0.01"],
        "http_reqs{team:farms,status:500}": ["count==0"],
        "http_req_duration{scenario:night}": ["p(95)<500"],
        "http_req_waiting": ["p(95)<100"],
        "http_req_duration{name:http://a/${id}}": ["p(95)<100"],
        "my_trend": ["p(95)<100"],
    }
    options = {"scenarios": {"peak": peak}, "thresholds": thresholds}

    found = k6(options)

    assert list(found.thresholds) == [
        "http_req_duration",
        "http_req_duration{kind:read}",
        "http_req_duration{kind:write,expected_response:true}",
        "http_req_failed{name:login}",
        "http_reqs{team:farms,status:500}",
    ]
    assert {step.name: dict(step.tags) for step in found.steps} == {
        "change-me-read": {"kind": "read"},
        "change-me-write": {"kind": "write"},
        "login": {},
    }
    assert found.tags == {"team": "farms"}
    imported = read_scenario(json.dumps(options), "http://127.0.0.1")
    assert imported is not None
    notes = "\n".join(imported.notes)
    assert "{scenario:night} is left out: it is set on another scenario" in notes
    assert "http_req_waiting is left out: http_req_waiting is not measured; use service_time" in notes
    assert "is no name of a step" in notes
    assert "no metric is called my_trend" in notes


@pytest.mark.parametrize(
    ("options", "made_by"),
    [
        ({"vus": 5, "duration": "30s"}, "constant-vus"),
        ({"vus": 5, "iterations": 100}, "shared-iterations"),
        ({"scenarios": {"a": {"executor": "per-vu-iterations", "vus": 2, "iterations": 3}}}, "per-vu-iterations"),
        (
            {"scenarios": {"a": {"executor": "constant-arrival-rate", "rate": 30, "duration": "1m"}}},
            "constant-arrival-rate",
        ),
    ],
)
def test_every_executor_of_k6_has_its_counterpart(options, made_by):
    assert k6(options).made_by == made_by


def test_an_executor_without_counterpart_is_told():
    with pytest.raises(UsageError, match="externally-controlled"):
        read_scenario(json.dumps({"scenarios": {"a": {"executor": "externally-controlled"}}}), "http://127.0.0.1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("curl 'http://127.0.0.1", "cURL line 1: No closing quotation"),
        ("curl -s", "cURL line 1: names no URL"),
        ("curl -H", "expected one argument"),
        ("curl --shiny 3 http://127.0.0.1", "unrecognized arguments: --shiny"),
        ("curl http://127.0.0.1/a http://127.0.0.1/b", "write a line for each"),
        ('{"log": {"entries": [{}]}}', "the recording is broken"),
        (har(entry("00.000", "GET", "http://127.0.0.1/a.png", kind="image/png")), "no request but those for images"),
        ("openapi: 3.0.0\npaths: {}\n", "no operation"),
        ("openapi: 3.0.0\npaths: {/a: {get: {parameters: [{$ref: '#/nowhere'}]}}}\n", "the OpenAPI document is broken"),
    ],
)
def test_broken_requests_are_told(text, told):
    with pytest.raises(UsageError, match=told):
        read_scenario(text)


@pytest.mark.parametrize("text", ["", "hello", "{}", "[]", "a: b", "outgrow: 1"])
def test_what_is_of_no_known_kind_is_left_to_others(text):
    assert read_scenario(text) is None
