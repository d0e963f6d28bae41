"""gRPC calls against a real server that describes itself: unary, with a stream of answers, and with errors."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import h2.config
import h2.connection
import h2.events
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection

from outgrow.errors import SourceError, UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from tests.loadtest.certificates import authority
from tests.loadtest.proxies import known_to, proxy, pump
from tests.loadtest.servers import OK, answering, load_of, request, scenario, serving
from tests.servers.process import program

FIELD = descriptor_pb2.FieldDescriptorProto


def described():
    """Describe a shop: what a .proto file would say."""
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop", syntax="proto3")
    for name, fields in {
        "Order": {"item": FIELD.TYPE_STRING, "count": FIELD.TYPE_INT32},
        "Receipt": {"text": FIELD.TYPE_STRING},
    }.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), 1):
            message.field.add(name=field, number=number, type=kind, label=FIELD.LABEL_OPTIONAL)
    service = file.service.add(name="Shop")
    service.method.add(name="Buy", input_type=".shop.Order", output_type=".shop.Receipt")
    service.method.add(name="Track", input_type=".shop.Order", output_type=".shop.Receipt", server_streaming=True)
    service.method.add(name="Bulk", input_type=".shop.Order", output_type=".shop.Receipt", client_streaming=True)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


POOL = described()
Order, Receipt = (
    message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"shop.{name}")) for name in ("Order", "Receipt")
)


async def buy(order, context):
    if order.item == "nothing":
        await context.abort(grpc.StatusCode.NOT_FOUND, "no such item")
    if order.item == "slow":
        await asyncio.sleep(30)
    metadata = dict(context.invocation_metadata())
    return Receipt(text=f"{order.count} {order.item} for {metadata.get('x-user', 'nobody')}")


async def track(order, _):
    for number in range(order.count):
        await asyncio.sleep(0.01)
        yield Receipt(text=f"step {number} of {order.item}")


@asynccontextmanager
async def shop(*, describes=True, credentials=None):
    server = grpc.aio.server()
    handlers = {
        "Buy": grpc.unary_unary_rpc_method_handler(buy, Order.FromString, Receipt.SerializeToString),
        "Track": grpc.unary_stream_rpc_method_handler(track, Order.FromString, Receipt.SerializeToString),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Shop", handlers),))
    if describes:
        reflection.enable_server_reflection(["shop.Shop", reflection.SERVICE_NAME], server, pool=POOL)
    place = "127.0.0.1:0"
    port = server.add_secure_port(place, credentials) if credentials else server.add_insecure_port(place)
    await server.start()
    try:
        yield f"grpcs://localhost:{port}" if credentials else f"http://127.0.0.1:{port}"
    finally:
        await server.stop(None)


def call(method="shop.Shop/Buy", **order):
    return {
        "name": method.rpartition("/")[2],
        "grpc": {"method": method},
        "body": json.dumps(order or {"item": "pear", "count": 2}),
    }


async def test_calls_carry_their_message_and_their_metadata_and_answers_are_checked():
    step = {
        **call(),
        "body": '{"item": "pear", "count": {arrival}}',
        "headers": {"X-User": "u{user}"},
        "checks": [{"contains": "pear for u"}],
    }
    async with shop() as target:
        facts = await load_of(target, target_rps=50, steps=[step])

    assert facts.whole.outcomes == {Outcome.DONE: 15}
    assert facts.whole.statuses == {200: 15}
    assert facts.steps[0].checks == {'answer contains "pear for u"': (15, 0)}


async def test_a_stream_of_answers_is_timed_message_by_message():
    async with shop() as target:
        facts = await load_of(target, target_rps=20, steps=[call("shop.Shop/Track", item="pear", count=5)])

    trends = facts.steps[0].trends
    assert facts.whole.outcomes == {Outcome.DONE: 6}
    assert trends["first_message_seconds"].count == 6
    assert trends["between_messages_seconds"].count == 24
    assert trends["messages_received"].mean_seconds == 5


async def test_of_a_long_stream_of_answers_the_first_mebibyte_is_kept():
    checks = [{"contains": f"step {number}"} for number in (0, 1, 2, 4)]
    step = {**call("shop.Shop/Track", item="x" * 500_000, count=5), "checks": checks}
    async with shop() as target:
        facts = await load_of(target, target_rps=20, duration="50ms", steps=[step])

    passed = {title: counts[0] for title, counts in facts.steps[0].checks.items()}
    assert passed == {f'answer contains "step {number}"': int(number < 2) for number in (0, 1, 2, 4)}
    assert facts.steps[0].trends["messages_received"].mean_seconds == 5


@pytest.mark.parametrize("headers", [{"X-User": "caf\xe9"}, {"X!User": "a"}, {"trace-bin": "AAA"}])
async def test_a_header_that_grpc_cannot_send_is_an_answer_of_ours_and_said_once(headers):
    async with shop() as target:
        facts = await load_of(target, target_rps=20, steps=[{**call(), "headers": headers}])

    assert facts.whole.statuses == {400: 6}
    (note,) = facts.notes
    assert f"the header {next(iter(headers)).lower()} is none that gRPC can send" in note


async def test_errors_are_unexpected_answers_under_the_status_that_http_has_for_them():
    async with shop() as target:
        facts = await load_of(target, target_rps=20, steps=[call(item="nothing")])

    assert facts.whole.outcomes == {Outcome.UNEXPECTED: 6}
    assert facts.whole.statuses == {404: 6}


async def test_calls_that_take_too_long_are_timed_out():
    async with shop() as target:
        facts = await load_of(target, target_rps=20, timeout="300ms", steps=[call(item="slow")])

    assert facts.whole.outcomes == {Outcome.TIMED_OUT: 6}


async def test_a_server_that_goes_away_under_the_load_refuses_or_cuts_off_and_nothing_is_lost():
    async with shop() as target:
        run = asyncio.create_task(load_of(target, target_rps=40, duration="1500ms", timeout="5s", steps=[call()]))
        await asyncio.sleep(0.8)
    facts = await run

    assert facts.whole.arrivals == 60
    assert facts.whole.outcomes[Outcome.DONE] > 0
    assert set(facts.whole.outcomes) <= {Outcome.DONE, Outcome.REFUSED, Outcome.CUT_OFF, Outcome.NOT_CONNECTED}
    assert len(facts.whole.outcomes) > 1


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("shop.Bakery/Buy", "no service shop.Bakery"),
        ("shop.Shop/Sell", "its methods are Buy, Track, Bulk"),
        ("shop.Shop/Bulk", "stream of questions"),
    ],
)
async def test_a_method_that_the_server_does_not_have_is_said_before_the_run(method, said):
    async with shop() as target:
        with pytest.raises(SourceError, match=said):
            await load_of(target, steps=[call(method)])


async def test_a_server_that_does_not_describe_itself_is_said_before_the_run():
    async with shop(describes=False) as target:
        with pytest.raises(SourceError, match="does not describe itself"):
            await load_of(target, steps=[call()])


async def test_no_server_at_all_is_said_before_the_run():
    async with serving(answering(OK)) as target:
        pass

    with pytest.raises(SourceError, match="no gRPC server answers"):
        await load_of(target, timeout="500ms", steps=[call()])


async def test_several_processes_call_too():
    async with shop() as target:
        facts = await load_of(target, target_rps=40, duration="500ms", processes=2, steps=[call()])

    assert facts.whole.outcomes == {Outcome.DONE: 20}


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    authority(folder)
    return folder


def secured(folder, *, asks_clients=False):
    pair = (folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes()
    return grpc.ssl_server_credentials([pair], (folder / "ca.pem").read_bytes(), asks_clients)


async def over_tls(folder, target, **options):
    made = scenario(target, **{"target_rps": 20, "duration": "200ms", "steps": [call()], **options})
    return await run_load("short", made, {}, lambda _: None, folder)


@pytest.mark.parametrize(
    ("asks_clients", "tls"),
    [
        (False, {"ca": "ca.pem"}),
        (False, {"insecure": True}),
        (False, {"ca": "ca.pem", "server_name": "127.0.0.1"}),
        (True, {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}),
        (True, {"insecure": True, "certificate": "client.pem", "key": "client.key"}),
    ],
)
async def test_calls_go_over_tls_with_the_certificates_of_the_scenario(papers, asks_clients, tls):
    async with shop(credentials=secured(papers, asks_clients=asks_clients)) as target:
        facts = await over_tls(papers, target, tls=tls)

    assert facts.whole.outcomes == {Outcome.DONE: 4}
    assert facts.target.startswith("https://localhost:")


@pytest.mark.parametrize(
    ("asks_clients", "tls", "said"),
    [
        (False, {}, "certificate of localhost is not trusted"),
        (False, {"ca": "ca.pem", "server_name": "elsewhere"}, "certificate of elsewhere is for another name"),
        (True, {"ca": "ca.pem"}, "it may want a client's certificate"),
    ],
)
async def test_what_is_wrong_with_certificates_is_said_before_the_run(papers, asks_clients, tls, said):
    async with shop(credentials=secured(papers, asks_clients=asks_clients)) as target:
        with pytest.raises(SourceError, match=said):
            await over_tls(papers, target, tls=tls, timeout="1s")


PROTO = """syntax = "proto3";
package shop;
import "{place}order.proto";
message Receipt {{ string text = 1; }}
service Shop {{ rpc Buy (Order) returns (Receipt); }}
"""
ORDER = 'syntax = "proto3"; package shop; message Order { string item = 1; int32 count = 2; }'


def described_by(**file):
    return [{**call(), "grpc": {"method": "shop.Shop/Buy", **file}}]


async def test_a_descriptor_set_stands_in_for_a_server_that_does_not_describe_itself(tmp_path):
    files = descriptor_pb2.FileDescriptorSet()
    POOL.FindFileByName("shop.proto").CopyToProto(files.file.add())
    (tmp_path / "shop.pb").write_bytes(files.SerializeToString())
    async with shop(describes=False) as target:
        facts = await over_tls(tmp_path, target, steps=described_by(proto="shop.pb"))

    assert facts.whole.outcomes == {Outcome.DONE: 4}


@pytest.mark.parametrize("place", ["", "parts"])
async def test_a_proto_file_is_compiled_with_what_it_imports(tmp_path, place):
    program("protoc", package="protobuf-compiler")
    (tmp_path / "parts").mkdir()
    (tmp_path / place / "order.proto").write_text(ORDER)
    (tmp_path / "shop.proto").write_text(PROTO.format(place=""))
    paths = {"import_paths": [place]} if place else {}
    async with shop(describes=False) as target:
        facts = await over_tls(tmp_path, target, steps=described_by(proto="shop.proto", **paths))

    assert facts.whole.outcomes == {Outcome.DONE: 4}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.pb", None, "does not exist; its path is relative to the plan"),
        ("shop.pb", b"\xff\xff\xff", "no whole descriptor set"),
        ("shop.pb", b"", "there is no service shop.Shop"),
        ("shop.proto", b'import "gone.proto";', "protoc does not understand it"),
    ],
)
async def test_a_file_that_describes_nothing_is_said_before_the_run(tmp_path, name, content, said):
    program("protoc", package="protobuf-compiler")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    async with shop(describes=False) as target:
        with pytest.raises(UsageError, match=said):
            await over_tls(tmp_path, target, steps=described_by(proto=name))


@pytest.mark.parametrize("tls", [None, {"ca": "ca.pem"}, {"insecure": True}])
async def test_calls_go_through_a_proxy_that_wants_a_password(papers, tls, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    tunnels = []

    async def noting(reader, writer):
        tunnels.append(writer)
        await proxy(reader, writer)

    credentials = None if tls is None else secured(papers)
    async with shop(credentials=credentials) as target, serving(noting) as through:
        options = {"tls": tls} if tls else {}
        facts = await over_tls(papers, target, proxy=known_to(through), **options)
        with pytest.raises(SourceError, match=r"the proxy refused: HTTP/1\.1 407"):
            await over_tls(papers, target, proxy=through, timeout="1s", **options)

    assert facts.whole.outcomes == {Outcome.DONE: 4}
    assert len(tunnels) >= 3


async def test_a_server_may_speak_together_with_the_proxys_consent():
    async def eager(reader, writer):
        await request(reader)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n" + await far_reader.read(65_536))
            await asyncio.gather(*(pump(*pair) for pair in ((reader, far_writer), (far_reader, writer))))
        finally:
            far_writer.close()

    async with shop() as target, serving(eager) as through:
        port = int(target.rpartition(":")[2])
        facts = await over_tls(Path(), target, proxy=through)

    assert facts.whole.outcomes == {Outcome.DONE: 4}


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    asked = []

    async def noting(*_):
        asked.append(1)

    async with shop() as target, serving(noting) as through:
        for name in ("http_proxy", "https_proxy", "grpc_proxy"):
            monkeypatch.setenv(name, through)
        monkeypatch.setenv("no_proxy", "")
        facts = await load_of(target, target_rps=20, steps=[call()])

    assert facts.whole.outcomes == {Outcome.DONE: 6}
    assert asked == []


async def test_the_target_is_told_the_name_that_it_was_asked_by(tmp_path):
    files, asked = descriptor_pb2.FileDescriptorSet(), []
    POOL.FindFileByName("shop.proto").CopyToProto(files.file.add())
    (tmp_path / "shop.pb").write_bytes(files.SerializeToString())

    async def noting(reader, writer):
        server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        server.initiate_connection()
        writer.write(server.data_to_send())
        while data := await reader.read(65536):
            events = server.receive_data(data)
            requests = (each for each in events if isinstance(each, h2.events.RequestReceived))
            asked.extend(dict(each.headers)[b":authority"] for each in requests)
            writer.write(server.data_to_send())

    async with serving(noting) as target:
        named = target.replace("127.0.0.1", "localhost")
        facts = await over_tls(tmp_path, named, steps=described_by(proto="shop.pb"), timeout="500ms")

    assert facts.whole.outcomes == {Outcome.TIMED_OUT: 4}
    assert set(asked) == {named.removeprefix("http://").encode()}


async def test_a_proxy_that_is_not_there_is_named_before_the_run():
    async with serving(answering(OK)) as through:
        pass

    with pytest.raises(SourceError, match=f"no proxy answers at {through.removeprefix('http://')}"):
        await load_of("http://127.0.0.1:9", proxy=through, steps=[call()])
