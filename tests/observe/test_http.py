"""The HTTP probe: what it reads, and why it could not."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence
from outgrow.observe.http import HttpSignals
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import HttpRead, HttpSource
from outgrow.quantity import Duration
from tests.observe.reads import failure_of, missing_of, signal, value_of
from tests.observe.targets import (
    Behaviour,
    Certificates,
    answer,
    answer_json,
    drip,
    flood,
    hang,
    make_certificates,
    raw,
    raw_words,
    reset,
    slow,
    target,
)
from tests.servers.process import free_port

LATENCY = signal(HttpRead(metric="latency"), unit="ms")
STATUS = signal(HttpRead(metric="status"))
UP = signal(HttpRead(metric="up"))


def number(path: str, **options: Any) -> QuerySignal:
    return signal(HttpRead(metric="json", json_path=path), **options)


def adapter(url: str, timeout: str = "5s", **options: Any) -> HttpSignals:
    return HttpSignals(HttpSource(kind="http", url=url, timeout=Duration.parse(timeout), **options), {}, Path())


async def test_latency_is_the_time_to_the_whole_answer_in_the_signals_unit():
    async with target({"/": slow(0.1, answer(200, "done"))}) as server:
        source = adapter(f"{server.url}/")

        milliseconds = await value_of(source, LATENCY)
        seconds = await value_of(source, signal(HttpRead(), unit="s"))

    assert milliseconds >= 100
    assert 0.1 <= seconds < milliseconds


async def test_latency_needs_a_unit_of_time():
    async with target({"/": answer(200)}) as server:
        told = await failure_of(adapter(f"{server.url}/"), signal(HttpRead(), unit="requests"), Failure.BAD_QUERY)

    assert 'latency is measured in s, but the signal\'s unit is "requests"' in told


@pytest.mark.parametrize("status", [200, 204, 301, 404, 500, 599])
async def test_status_is_the_code_whatever_it_is(status: int):
    async with target({"/": answer(status)}) as server:
        assert await value_of(adapter(f"{server.url}/"), STATUS) == status


@pytest.mark.parametrize(("status", "up"), [(200, 1), (302, 1), (399, 1), (404, 0), (503, 0)])
async def test_up_is_a_status_of_success(status: int, up: int):
    async with target({"/": answer(status)}) as server:
        assert await value_of(adapter(f"{server.url}/"), UP) == up


@pytest.mark.parametrize(("expected", "up"), [(401, 1), (200, 0)])
async def test_up_can_mean_another_status(expected: int, up: int):
    async with target({"/": answer(401)}) as server:
        assert await value_of(adapter(f"{server.url}/"), signal(HttpRead(metric="up", expect_status=expected))) == up


@pytest.mark.parametrize("behaviour", [hang, reset, raw(b""), raw(b"220 mail ready\r\n\r\n")])
async def test_what_does_not_answer_in_http_is_not_up(behaviour: Behaviour):
    async with target({"/": behaviour}) as server:
        expected = 1 if behaviour is reset else 0  # its status had come already

        assert await value_of(adapter(f"{server.url}/", "300ms"), UP) == expected


async def test_nobody_there_is_not_up():
    assert await value_of(adapter(f"http://127.0.0.1:{free_port()}/"), UP) == 0
    assert await value_of(adapter("http://no-such-host.invalid/"), UP) == 0


async def test_an_endless_answer_has_a_status_and_is_up():
    async with target({"/": drip}) as server:
        source = adapter(f"{server.url}/", "300ms")

        assert await value_of(source, UP) == 1
        assert await value_of(source, STATUS) == 200


async def test_numbers_stand_anywhere_in_the_json():
    document = {"queue": {"length": 7, "ready": True, "cost": "12.50"}, "pools": [{"in.use": 3}, {"in.use": 4}]}
    async with target({"/stats": answer_json(document)}) as server:
        source = adapter(f"{server.url}/stats")

        assert await value_of(source, number("$.queue.length")) == 7
        assert await value_of(source, number("$.queue.ready")) == 1
        assert await value_of(source, number("$.queue.cost")) == 12.5
        assert await value_of(source, number("$.pools[-1]['in.use']")) == 4


async def test_a_path_is_added_to_the_address():
    async with target({"/api/queue": answer_json({"length": 3})}) as server:
        read = HttpRead(metric="json", path="/queue", json_path="$.length")

        assert await value_of(adapter(f"{server.url}/api"), signal(read)) == 3


async def test_null_and_nan_are_missing():
    async with target({"/": answer(200, '{"oldest": null, "share": NaN}')}) as server:
        source = adapter(f"{server.url}/")

        assert await missing_of(source, number("$.oldest")) == (Absence.NULL, "$.oldest is null")
        assert (await missing_of(source, number("$.share")))[0] is Absence.NOT_A_NUMBER


@pytest.mark.parametrize(
    ("body", "path", "failure", "words"),
    [
        ('{"a": {"b": 1}}', "$.a.c", Failure.NO_SUCH_THING, "$.a has no .c: it is an object of b"),
        ('{"a": [1, 2]}', "$.a[2]", Failure.NO_SUCH_THING, "it is an array of 2"),
        ('{"a": "many"}', "$.a", Failure.BAD_ANSWER, 'is the text "many", not a number'),
        ('{"a": {}}', "$.a", Failure.BAD_ANSWER, "$.a is an object, not a number"),
        ('{"a": 1' + "0" * 400 + "}", "$.a", Failure.BAD_ANSWER, "$.a is too large, not a number"),
        ("[" * 100_000, "$[0]", Failure.BAD_ANSWER, "no JSON"),
        ("<html>", "$.a", Failure.BAD_ANSWER, "no JSON"),
        ("", "$.a", Failure.BAD_ANSWER, "no JSON"),
    ],
)
async def test_what_is_no_number_is_told(body: str, path: str, failure: Failure, words: str):
    async with target({"/": answer(200, body)}) as server:
        assert words in await failure_of(adapter(f"{server.url}/"), number(path), failure)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (401, Failure.WRONG_PASSWORD),
        (403, Failure.NOT_PERMITTED),
        (404, Failure.NO_SUCH_THING),
        (429, Failure.TOO_MANY_CONNECTIONS),
        (500, Failure.BAD_ANSWER),
    ],
)
async def test_an_error_page_is_no_measurement(status: int, failure: Failure):
    async with target({"/": answer(status, '{"length": 1}')}) as server:
        source = adapter(f"{server.url}/")

        assert f"answers {status}" in await failure_of(source, LATENCY, failure)
        await failure_of(source, number("$.length"), failure)


@pytest.mark.parametrize(
    ("behaviour", "failure", "words"),
    [
        (hang, Failure.TIMED_OUT, "no answer within 0.3 s"),
        (drip, Failure.TIMED_OUT, "the answer was not whole"),
        (reset, Failure.CONNECTION_LOST, "before its answer was whole"),
        (raw(b""), Failure.CONNECTION_LOST, "before its answer was whole"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Len"), Failure.CONNECTION_LOST, "before its answer was whole"),
        (
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
            Failure.CONNECTION_LOST,
            "before its answer was whole",
        ),
        (raw(b"220 mail ready\r\n\r\n"), Failure.BAD_ANSWER, "does not answer in HTTP"),
        (answer(200, "text", "Content-Encoding: gzip\r\n"), Failure.BAD_ANSWER, "encoding is broken"),
    ],
)
async def test_answers_that_fail_are_told_apart(behaviour: Behaviour, failure: Failure, words: str):
    async with target({"/": behaviour}) as server:
        assert words in await failure_of(adapter(f"{server.url}/", "300ms"), LATENCY, failure)


async def test_an_answer_without_end_is_given_up_at_its_limit():
    async with target({"/": flood}) as server:
        assert "longer than" in await failure_of(adapter(f"{server.url}/", "20s"), LATENCY, Failure.BAD_ANSWER)


async def test_nobody_there_is_told():
    port = free_port()

    assert f"127.0.0.1:{port}" in await failure_of(adapter(f"http://127.0.0.1:{port}/"), LATENCY, Failure.REFUSED)
    assert f"localhost:{port}" in await failure_of(adapter(f"http://localhost:{port}/"), LATENCY, Failure.REFUSED)
    assert "no-such-host" in await failure_of(adapter("http://no-such-host.invalid/"), LATENCY, Failure.UNREACHABLE)


@pytest.mark.parametrize("url", ["ftp://host/", "host:80", "http://", "http://host:port/", "http://[::1/"])
def test_an_address_that_is_none_is_refused_at_once(url: str):
    with pytest.raises(SourceError) as raised:
        adapter(url)

    assert raised.value.failure is Failure.NOT_CONFIGURED
    assert raised.value.remedy


async def test_secrets_are_sent_and_never_shown():
    async with target({"/": answer(200, "[]"), "/no": answer(403)}) as server:
        options = HttpSource(
            kind="http",
            url=f"http://joe:${{PASSWORD}}@127.0.0.1:{server.port}/?key=${{KEY}}",
            method="POST",
            headers={"X-Token": "${TOKEN}"},
            body='{"token": "${TOKEN}"}',
        )
        secrets = {"PASSWORD": "pa55word", "KEY": "k3yk3y", "TOKEN": "t0k3n"}
        source = HttpSignals(options, secrets, Path())

        told = await failure_of(source, number("$.length"), Failure.NO_SUCH_THING)

    assert "X-Token: t0k3n" in server.requests[0]
    assert "key=k3yk3y" in server.requests[0]
    assert "Authorization: Basic" in server.requests[0]
    assert not any(secret in told for secret in secrets.values())


async def test_redirects_are_not_followed():
    async with target({"/": answer(302, headers="Location: /elsewhere\r\n")}) as server:
        assert await value_of(adapter(f"{server.url}/"), STATUS) == 302

    assert len(server.requests) == 1


async def test_signals_read_together_share_one_probe():
    async with target({"/": slow(0.05, answer_json({"length": 3}))}) as server:
        source = adapter(f"{server.url}/")

        await asyncio.gather(*(source.observe(each, datetime.now(UTC)) for each in (LATENCY, number("$.length"))))

    assert len(server.requests) == 1


async def test_every_probe_is_a_newcomers():
    async with target({"/": answer(200, headers="Set-Cookie: session=1\r\n")}) as server:
        source = adapter(f"{server.url}/")
        await value_of(source, LATENCY)
        await value_of(source, LATENCY)

    assert not any("cookie" in head.lower() for head in server.requests)


async def test_every_probe_connects_anew():
    async with target({"/": answer(200)}) as server:
        source = adapter(f"{server.url}/")
        await value_of(source, LATENCY)
        await value_of(source, LATENCY)

    assert len(server.requests) == 2


async def test_a_proxy_of_the_environment_is_not_for_this_machine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with target({"/": answer(200)}) as server:
        assert await value_of(adapter(f"{server.url}/"), STATUS) == 200


async def test_the_server_its_clock_and_its_status_are_told():
    ahead = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    async with target(
        {"/": answer(503, headers=f"Server: nginx/1.22.1\r\nDate: {ahead}\r\n", reason="Gone")}
    ) as server:
        inspection = await adapter(f"{server.url}/").inspect()

    assert inspection.version == "nginx/1.22.1"
    assert inspection.clock_skew is not None
    assert abs(inspection.clock_skew - timedelta(hours=1)) < timedelta(seconds=10)
    assert inspection.warnings == (f"{server.url} answers 503 Gone",)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


async def test_a_certificate_of_a_named_authority_is_trusted(certificates: Certificates):
    async with target({"/": answer(200)}, certificates.context(certificates.good)) as server:
        source = adapter(f"{server.tls_url}/", tls_ca=str(certificates.authority))

        assert await value_of(source, STATUS) == 200
        (warning,) = (await source.inspect()).warnings

    assert "expires on" in warning


@pytest.mark.parametrize(
    ("which", "known", "words"),
    [
        ("expired", True, "has expired"),
        ("other_host", True, "is for another host"),
        ("self_signed", False, "is self-signed"),
        ("good", False, "unknown authority"),
    ],
)
async def test_certificates_that_are_not_good_are_told_apart(
    certificates: Certificates, which: str, known: bool, words: str
):
    async with target({"/": answer(200)}, certificates.context(getattr(certificates, which))) as server:
        source = adapter(f"{server.tls_url}/", tls_ca=str(certificates.authority) if known else None)

        told = await failure_of(source, LATENCY, Failure.UNREACHABLE)
        up = await value_of(source, UP)

    assert words in told
    assert up == 0


async def test_a_self_signed_certificate_can_be_trusted_by_name(certificates: Certificates):
    async with target({"/": answer(200)}, certificates.context(certificates.self_signed)) as server:
        assert await value_of(adapter(f"{server.tls_url}/", tls_ca=str(certificates.self_signed)), STATUS) == 200


async def test_a_server_that_wants_a_certificate_gets_it(certificates: Certificates):
    async with target({"/": answer(200)}, certificates.context_that_asks()) as server:
        anonymous = adapter(f"{server.tls_url}/", tls_ca=str(certificates.authority))
        known = adapter(
            f"{server.tls_url}/",
            tls_ca=str(certificates.authority),
            tls_certificate=str(certificates.good),
            tls_key=str(certificates.key),
        )

        assert await value_of(known, STATUS) == 200
        assert "tls_certificate" in await failure_of(anonymous, LATENCY, Failure.CONNECTION_LOST)


async def test_tls_where_there_is_none_is_told():
    async with raw_words(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        told = await failure_of(adapter(f"https://localhost:{port}/"), LATENCY, Failure.UNREACHABLE)

    assert "does not speak TLS" in told


async def test_a_handshake_that_never_ends_is_told():
    async with target({}) as server:
        told = await failure_of(adapter(f"{server.tls_url}/", "300ms"), LATENCY, Failure.TIMED_OUT)

    assert "no TLS handshake within 0.3 s" in told


async def test_tls_files_that_cannot_be_used_are_told(tmp_path: Path):
    (tmp_path / "empty.pem").write_text("")
    for name in ("empty.pem", "missing.pem"):
        options = HttpSource(kind="http", url="https://127.0.0.1/", tls_ca=name)

        assert name in await failure_of(HttpSignals(options, {}, tmp_path), LATENCY, Failure.NOT_CONFIGURED)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ({"metric": "json"}, "needs a json_path"),
        ({"metric": "up", "json_path": "$.a"}, "is for metric: json"),
        ({"metric": "json", "json_path": "a.b"}, r"does not start with \$"),
        ({"metric": "json", "json_path": "$.a[*]"}, r"cannot be read from \"\[\*\]\" on"),
        ({"metric": "up", "expect_status": 99}, "greater than or equal to 100"),
    ],
)
def test_reads_that_cannot_work_are_refused_by_the_plan(read: dict[str, Any], words: str):
    with pytest.raises(ValueError, match=words):
        HttpRead.model_validate(read)
