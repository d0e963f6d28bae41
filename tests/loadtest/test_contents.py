"""Requests as they travel within the generator."""

import tracemalloc

from outgrow.loadtest.contents import read_content


def test_large_requests_that_were_read_are_not_kept():
    tracemalloc.start()
    try:
        for number in range(300):
            head = b"POST /%d HTTP/1.1\r\nHost: x" % number
            assert read_content(head + b"\r\n\r\n" + bytes(200_000)).path == f"/{number}"
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 10_000_000
