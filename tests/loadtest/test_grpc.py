"""gRPC calls against a real server that describes itself: unary, with a stream of answers, and with errors."""

import asyncio
import json
from contextlib import asynccontextmanager

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection

from outgrow.errors import SourceError
from outgrow.facts.loads import Outcome
from tests.loadtest.servers import OK, answering, load_of, serving

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
        yield Receipt(text=f"step {number}")


@asynccontextmanager
async def shop(*, describes=True):
    server = grpc.aio.server()
    handlers = {
        "Buy": grpc.unary_unary_rpc_method_handler(buy, Order.FromString, Receipt.SerializeToString),
        "Track": grpc.unary_stream_rpc_method_handler(track, Order.FromString, Receipt.SerializeToString),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Shop", handlers),))
    if describes:
        reflection.enable_server_reflection(["shop.Shop", reflection.SERVICE_NAME], server, pool=POOL)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
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
        facts = await load_of(target, target_rps=50, users=3, steps=[step])

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
