"""TLS, proxies, redirects, compression, uploads, IPv6: over real sockets, and what goes wrong is said once."""

import ssl

import pytest

from outgrow.errors import RefusedError, UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from tests.loadtest.certificates import authority
from tests.loadtest.proxies import known_to, proxy
from tests.loadtest.servers import OK, answering, load_of, request, scenario, serving


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority(folder)
    return folder


def context(folder, *, asks_clients=False):
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(folder / "server.pem", folder / "server.key")
    if asks_clients:
        made.load_verify_locations(folder / "ca.pem")
        made.verify_mode = ssl.CERT_REQUIRED
    return made


async def loaded(folder, target, **options):
    made = scenario(target.replace("http://127.0.0.1", "https://localhost"), **{"duration": "50ms", **options})
    return await run_load("short", made, {}, lambda _: None, folder)


async def test_tls_with_an_authority_of_our_own(certificates):
    async with serving(answering(OK), ssl=context(certificates)) as target:
        facts = await loaded(certificates, target, tls={"ca": "ca.pem"})

    assert facts.whole.outcomes == {Outcome.DONE: 5}
    assert facts.notes == ()


async def test_a_certificate_of_another_name_is_said_with_the_option_that_helps(certificates):
    async with serving(answering(OK), ssl=context(certificates)) as target:
        facts = await loaded(certificates, target, tls={"ca": "ca.pem", "server_name": "elsewhere.example"})

    (note,) = facts.notes
    assert note.startswith("the certificate of elsewhere.example is for another name: ")
    assert "tls: {server_name: NAME}" in note


async def test_a_certificate_that_is_not_trusted_is_said_once_with_a_remedy(certificates):
    async with serving(answering(OK), ssl=context(certificates)) as target:
        facts = await loaded(certificates, target)

    assert facts.whole.outcomes == {Outcome.NOT_CONNECTED: 5}
    (note,) = facts.notes
    assert note.startswith("the certificate of localhost is not trusted: ")
    assert "tls: {ca: FILE}" in note


async def test_insecure_trusts_any_certificate(certificates):
    async with serving(answering(OK), ssl=context(certificates)) as target:
        facts = await loaded(certificates, target, tls={"insecure": True})

    assert facts.whole.outcomes == {Outcome.DONE: 5}


async def test_a_client_shows_its_certificate(certificates):
    own = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    async with serving(answering(OK), ssl=context(certificates, asks_clients=True)) as target:
        known = await loaded(certificates, target, tls=own)
        unknown = await loaded(certificates, target, tls={"ca": "ca.pem"})

    assert known.whole.outcomes == {Outcome.DONE: 5}
    assert Outcome.DONE not in unknown.whole.outcomes


async def test_an_http_port_behind_https_is_said_once(certificates):
    async with serving(answering(b"HTTP/1.1 400 No\r\n\r\n")) as target:
        facts = await loaded(certificates, target, tls={"ca": "ca.pem"}, timeout="1s")

    assert Outcome.DONE not in facts.whole.outcomes
    assert all("is it an http:// port" in note for note in facts.notes)


async def test_a_file_of_tls_that_cannot_be_used_is_told_with_its_place(certificates):
    with pytest.raises(UsageError, match=r"scenarios.short.tls: a file cannot be used"):
        await loaded(certificates, "http://127.0.0.1:9", tls={"ca": "none.pem"})


async def test_requests_go_through_a_proxy():
    seen: list[bytes] = []

    async def noting(reader, writer):
        while True:
            seen.append(await request(reader))
            writer.write(OK)

    async with serving(noting) as target, serving(proxy) as through:
        facts = await load_of(target, proxy=known_to(through), duration="50ms")

    assert facts.whole.outcomes == {Outcome.DONE: 5}
    assert seen[0].startswith(f"GET {target}/ HTTP/1.1\r\n".encode())


async def test_tls_goes_through_a_proxy_as_a_tunnel(certificates):
    async with serving(answering(OK), ssl=context(certificates)) as target, serving(proxy) as through:
        facts = await loaded(certificates, target, proxy=known_to(through), tls={"ca": "ca.pem"})
        refused = await loaded(certificates, target, proxy=through, tls={"ca": "ca.pem"})

    assert facts.whole.outcomes == {Outcome.DONE: 5}
    assert refused.whole.outcomes == {Outcome.NOT_CONNECTED: 5}
    assert refused.notes == ("the proxy refused: HTTP/1.1 407 Who are you?",)


async def test_a_proxy_beyond_private_networks_is_refused():
    with pytest.raises(RefusedError, match="allow_hosts"):
        await load_of("http://127.0.0.1:9", proxy="http://8.8.8.8:3128")


async def hopping(reader, writer):
    while True:
        head = await request(reader)
        path = head.split()[1].decode()
        match path:
            case "/start":
                answer = "302 Found\r\nLocation: next?x=1\r\nSet-Cookie: seen=yes; Path=/"
            case "/next?x=1":
                answer = "303 See\r\nLocation: /end" if b"seen=yes" in head else "500 Lost"
            case "/end":
                answer = "200 OK" if head.startswith(b"GET") else "405 No"
            case "/round":
                answer = "307 Again\r\nLocation: /round"
            case _:
                answer = "301 Away\r\nLocation: http://127.0.0.2:1/"
        writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())


async def test_redirects_are_followed_on_the_target_with_cookies():
    steps = [{"name": "go", "method": "POST", "path": "/start", "body": "x", "follow": True, "status": [200]}]

    async with serving(hopping) as target:
        facts = await load_of(target, steps=steps, cookies=True, duration="50ms")

    assert facts.whole.outcomes == {Outcome.DONE: 5}
    assert facts.whole.statuses == {200: 5}


@pytest.mark.parametrize(
    ("path", "why"),
    [("/round", "more than 10 redirects"), ("/away", "a redirect to http://127.0.0.2:1 was not followed")],
)
async def test_redirects_elsewhere_or_without_end_are_not_followed(path, why):
    steps = [{"name": "go", "path": path, "follow": True, "status": [200]}]

    async with serving(hopping) as target:
        facts = await load_of(target, steps=steps, duration="50ms")

    assert facts.whole.outcomes == {Outcome.UNEXPECTED: 5}
    (note,) = facts.notes
    assert why in note


async def test_connections_are_not_kept_where_they_are_not_to_be():
    async def one_each(reader, writer):
        head = await request(reader)
        assert b"\r\nConnection: close\r\n" in head
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    async with serving(one_each) as target:
        facts = await load_of(target, reuse=False)

    assert facts.whole.outcomes == {Outcome.DONE: 30}
    assert facts.connections_opened == 30


async def bodies_of(tmp_path, step):
    seen: list[tuple[bytes, bytes]] = []

    async def noting(reader, writer):
        while True:
            head = await request(reader)
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            seen.append((head, await reader.readexactly(length)))
            writer.write(OK)

    async with serving(noting) as target:
        made = scenario(target, duration="10ms", steps=[{"name": "up", "method": "POST", **step}])
        await run_load("short", made, {"WORD": "s&cret"}, lambda _: None, tmp_path)
    return seen[0]


async def test_a_form_is_sent_with_its_places_filled(tmp_path):
    head, body = await bodies_of(tmp_path, {"form": {"who & what": "user {user}", "word": "${WORD}"}})

    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in head
    assert body == b"who+%26+what=user+0&word=s%26cret"


async def test_files_are_uploaded_as_a_browser_does(tmp_path):
    content = b"\x89PNG\r\n\x00\xff"
    (tmp_path / "photo.png").write_bytes(content)

    head, body = await bodies_of(
        tmp_path, {"form": {"n": "{arrival}"}, "files": [{"field": "p", "file": "photo.png", "type": "image/png"}]}
    )

    boundary = head.split(b"boundary=")[1].split(b"\r\n")[0]
    assert body.split(b"--" + boundary) == [
        b"",
        b'\r\nContent-Disposition: form-data; name="n"\r\n\r\n0\r\n',
        b'\r\nContent-Disposition: form-data; name="p"; filename="photo.png"\r\nContent-Type: image/png\r\n\r\n%s\r\n'
        % content,
        b"--\r\n",
    ]


async def test_a_file_is_sent_as_it_is(tmp_path):
    (tmp_path / "raw.bin").write_bytes(b"\x00{user}%s")

    _, body = await bodies_of(tmp_path, {"body_file": "raw.bin"})

    assert body == b"\x00{user}%s"


async def test_a_file_that_is_not_there_is_told_before_anything_is_sent(tmp_path):
    with pytest.raises(UsageError, match=r"the step up.body_file: .*does not exist; its path is relative to the plan"):
        await bodies_of(tmp_path, {"body_file": "none"})


async def test_ipv6_is_spoken():
    seen: list[bytes] = []

    async def noting(reader, writer):
        while True:
            seen.append(await request(reader))
            writer.write(OK)

    async with serving(noting, host="::1") as target:
        facts = await load_of(target, duration="30ms")

    assert facts.whole.outcomes == {Outcome.DONE: 3}
    assert b"\r\nHost: [::1]:" in seen[0]
