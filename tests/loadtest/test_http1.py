"""An answer reads the same however it is cut into pieces, and nonsense is called nonsense."""

from contextlib import suppress
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outgrow.loadtest.http1 import KEPT_BODY, AnswerReader, GarbledError

ANSWERS = {
    b"HTTP/1.1 200 OK\r\ncontent-LENGTH:  5 \r\n\r\nhello": (200, b"hello", True),
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello": (200, b"hello", True),
    b"HTTP/1.1 204 No Content\r\n\r\n": (204, b"", True),
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n": (304, b"", True),
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n": (200, b"", True),
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok": (200, b"ok", False),
    b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok": (200, b"ok", True),
    b"HTTP/1.1 500\r\nConnection: close\r\nContent-Length: 0\r\n\r\n": (500, b"", False),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: 1\r\n\r\n": (
        200,
        b"hello",
        True,
    ),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\tgzip,\r\n  chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n": (200, b"ok", True),
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok": (200, b"ok", True),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n": (
        200,
        b"ok",
        True,
    ),
    b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok": (
        200,
        b"ok",
        False,
    ),
    b"HTTP/1.1 200 OK\r\nno colon\r\nX-T: 7 :7\r\nContent-Length: 2\r\n\r\nok": (200, b"ok", True),
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n": (
        200,
        b"ok",
        True,
    ),
}


def ready(**options: bool):
    reader = AnswerReader()
    reader.begin(to_head=options.get("to_head", False), keep=options.get("keep", True))
    return reader


@pytest.mark.parametrize("answer", ANSWERS)
@given(cuts=st.lists(st.integers(0, 120), max_size=8))
def test_an_answer_reads_the_same_however_it_comes(answer, cuts):
    reader = ready()
    edges = sorted({0, len(answer), *(min(cut, len(answer)) for cut in cuts)})

    complete = [reader.feed(answer[start:end]) for start, end in pairwise(edges)]

    assert complete == [False] * (len(complete) - 1) + [True]
    assert (reader.status, reader.body, reader.keep_alive) == ANSWERS[answer]


@given(st.lists(st.tuples(st.sampled_from(list(ANSWERS)), st.booleans(), st.booleans()), max_size=8))
def test_a_connection_reads_each_answer_as_if_it_were_the_first(answers):
    reader = AnswerReader()
    for answer, to_head, keep in answers:
        answer = answer[: answer.rindex(b"\r\n\r\n") + 4] if to_head and b"chunked" not in answer else answer  # noqa: PLW2901 (as sent)
        to_head = to_head and b"chunked" not in answer  # noqa: PLW2901
        first = ready(to_head=to_head, keep=keep)
        reader.begin(to_head=to_head, keep=keep)

        assert reader.feed(answer) == first.feed(answer) is True
        seen, alone = [(each.status, each.keep_alive, each.head, each.body) for each in (reader, first)]
        assert seen == alone


def test_an_answer_without_length_ends_with_its_connection():
    reader = ready()

    assert not reader.feed(b"HTTP/1.1 200 OK\r\n\r\nsome")
    assert not reader.feed(b" more")
    assert reader.end()
    assert reader.body == b"some more"


def test_an_unfinished_answer_is_not_completed_by_the_end():
    reader = ready()
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

    assert not reader.end()


@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_what_a_head_says_is_not_known_from_the_answer_to_a_head_request(framing):
    head = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing
    reader = AnswerReader()
    reader.begin(to_head=True, keep=True)
    assert reader.feed(head)

    reader.begin(to_head=False, keep=True)

    assert not reader.feed(head)
    assert reader.feed(b"hello" if b"5" in framing else b"5\r\nhello\r\n0\r\n\r\n")
    assert reader.body == b"hello"


def test_the_answer_to_head_has_no_body():
    assert ready(to_head=True).feed(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")


@given(st.lists(st.binary(max_size=300), max_size=20), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", *ANSWERS]))
def test_whatever_comes_is_an_answer_or_garbled(pieces, begin):
    reader = ready()
    with suppress(GarbledError):
        for piece in (begin, *pieces):
            reader.feed(piece)


def test_a_head_of_thousands_of_equal_lengths_is_read():
    head = b"HTTP/1.1 200 OK" + b"\r\nContent-Length: 0" * 3000 + b"\r\n\r\n"

    assert ready().feed(head)


def test_blanks_in_a_folded_head_do_not_hold_the_generator_up():
    def seconds_for(blanks):
        head = b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nY: a" + b" " * blanks + b"b\r\nContent-Length: 2\r\n\r\nok"
        began = process_time()
        assert ready().feed(head)
        return process_time() - began

    few = min(seconds_for(8_000) for _ in range(3))

    assert min(seconds_for(64_000) for _ in range(3)) < 32 * few + 0.01


def test_only_the_first_bytes_of_a_long_body_are_kept():
    reader = ready()
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n")

    for _ in range(19):
        reader.feed(b"x" * 100_000)

    assert len(reader.body) == KEPT_BODY
    assert reader.feed(b"x" * 100_000)


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 9000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 20_000,
    ],
)
def test_what_never_ends_is_garbled(endless):
    with pytest.raises(GarbledError):
        ready().feed(endless)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n",
        b"HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: y\rContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding\t: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n",
        CHUNKED + b"2\n",
        CHUNKED + b"0x2\r\n",
        CHUNKED + b"-2\r\n",
        CHUNKED + b"F" * 17 + b"\r\n",
        CHUNKED + b"2\r\nokA",
        CHUNKED + b"2\r\nok\r\n0\r\nX: y\n",
        b"HTTP/1.1 204 No Content\r\n\r\nok",
    ],
)
def test_nonsense_is_garbled_at_once_and_not_when_time_is_up(nonsense):
    with pytest.raises(GarbledError):
        ready().feed(nonsense)
    reader = ready()
    with pytest.raises(GarbledError):
        list(map(reader.feed, (nonsense[at : at + 1] for at in range(len(nonsense)))))
