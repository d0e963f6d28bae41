"""Compressed answers: unpacked where something looks at them, within bounds; what cannot be is said once."""

import gzip
import sys
import zlib
from typing import Any

import pytest

from outgrow.facts.loads import Outcome
from outgrow.loadtest import codings
from tests.loadtest.servers import OK, Talk, answering, load_of, request, serving

BROTLI = pytest.importorskip("brotli")
ZSTD = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def packed(coding, content, *, looks) -> tuple[Talk, dict[str, Any]]:
    """Answer with a content under a coding, to a flow whose step looks at its answers, or does not."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    step = {"name": "one", "headers": {"Accept-Encoding": "gzip, br, zstd"}, **looks}
    return answering(head + content), {"flows": {"one": {"steps": [step]}}, "steps": []}


@pytest.mark.parametrize(
    ("coding", "looks", "why"),
    [
        ("br", {"contains": "welcome"}, "answers say that they are br, and are not"),
        ("zstd", {"checks": [{"json": "$.word"}]}, "answers say that they are zstd, and are not"),
        ("gzip", {"contains": "welcome"}, "answers say that they are gzip, and are not"),
        (
            "gzip, compress",
            {"captures": {"word": {"json": "$.word"}}},
            "answers come as compress, which is not unpacked",
        ),
        ("gzip," * 1000, {"contains": "welcome"}, "answers are packed more than 4 times over"),
        ("br", {"checks": [{"status": 200}]}, None),
        ("br", {}, None),
        ("identity", {"contains": "packed"}, None),
    ],
)
async def test_an_answer_that_cannot_be_unpacked_is_said_once_where_something_looks_at_it(coding, looks, why):
    talk, options = packed(coding, b"packed", looks=looks)

    async with serving(talk) as target:
        facts = await load_of(target, duration="30ms", **options)

    assert [note.partition(": ")[2][: len(why or "")] for note in facts.notes] == ([why] if why else [])


@pytest.mark.parametrize("pack", [("gzip", gzip.compress), ("br", BROTLI.compress), ("zstd", ZSTD.compress)])
def test_nothing_packed_is_nothing(pack):
    coding, packs = pack

    assert codings.unpacked(packs(b""), coding) == b""


@pytest.mark.parametrize("module", ["brotli", ZSTD.__name__])
async def test_a_missing_package_is_named_where_an_answer_needs_it(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    talk, options = packed("br" if module == "brotli" else "zstd", b"packed", looks={"contains": "welcome"})

    async with serving(talk) as target:
        facts = await load_of(target, duration="30ms", **options)

    (note,) = facts.notes
    assert "install outgrow[compression]" in note


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda content: zlib.compress(content, wbits=-15)),
        ("br", BROTLI.compress),
        ("zstd", ZSTD.compress),
        ("deflate, identity, BR", lambda content: BROTLI.compress(zlib.compress(content))),
        ("gzip", lambda content: content),
    ],
)
async def test_compressed_answers_are_unpacked_where_they_are_looked_at(coding, pack):
    content = pack(b'{"word": "welcome"}')
    looks = {"contains": "welcome", "checks": [{"json": "$.word", "equals": "welcome"}]}
    talk, options = packed(coding, content, looks=looks)

    async with serving(talk) as target:
        facts = await load_of(target, duration="30ms", **options)

    assert len(facts.notes) == (content[:1] == b"{")
    assert facts.whole.outcomes == {Outcome.DONE: 3}
    assert facts.whole.checks == {"$.word = welcome": (3, 0)}


async def test_compressed_answers_are_asked_for():
    heads: list[bytes] = []

    async def noting(reader, writer):
        while True:
            heads.append(await request(reader))
            writer.write(OK)

    async with serving(noting) as target:
        await load_of(target, compression=True, duration="10ms")

    assert b"Accept-Encoding: gzip, deflate\r\n" in heads[0]


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("br", BROTLI.compress), ("zstd", ZSTD.compress)]
)
def test_a_small_answer_does_not_become_a_large_one(coding, pack):
    once, twice = pack(bytes(50_000_000)), pack(pack(bytes(50_000_000)))

    assert len(once) < 100_000
    assert codings.unpacked(once, coding) == bytes(codings.LARGEST)
    assert len(codings.unpacked(twice, f"{coding}, {coding}")) == codings.LARGEST


def test_an_answer_may_not_ask_for_a_large_window():
    window = {ZSTD.CompressionParameter.window_log: 27, ZSTD.CompressionParameter.enable_long_distance_matching: 1}
    greedy = ZSTD.ZstdCompressor(options=window)
    content = greedy.compress(bytes(1000)) + greedy.flush()

    with pytest.raises(codings.NotUnpackedError):
        codings.unpacked(content, "zstd")


@pytest.mark.parametrize("pack", [gzip.compress, BROTLI.compress, ZSTD.compress])
def test_of_an_answer_that_is_kept_in_part_what_is_there_is_unpacked(pack):
    words = " ".join(str(number * 7919 % 100_003) for number in range(100_000)).encode()
    coding = {gzip.compress: "gzip", BROTLI.compress: "br"}.get(pack, "zstd")

    found = codings.unpacked(pack(words)[:200_000], coding)

    assert len(found) > 10_000
    assert words.startswith(found)
