"""Series in the form that Prometheus takes by remote write 1.0: a protobuf message in a snappy block.

The message is small and fixed (prometheus.WriteRequest: repeated TimeSeries {repeated Label {name, value}, repeated
Sample {double value, int64 milliseconds}}), so it is written here by its wire format. The block holds literals only,
which every reader of snappy takes; nothing is compressed.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

HEADERS: Final[Mapping[str, str]] = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_LONGEST_LITERAL: Final = 1 << 16
_SAMPLES: Final = 5_000
"""In one request: Prometheus takes far more, proxies before it do not."""
_BYTES, _FIXED64, _VARINT = 2, 1, 0
Labels = tuple[tuple[str, str], ...]
Samples = Sequence[tuple[float, float]]


def write_requests(series: Mapping[tuple[str, Labels], Samples]) -> Iterator[bytes]:
    """Give the bodies of the requests that write series: labels sorted by name, samples (seconds, value) in order."""
    message, held = bytearray(), 0
    for (_, labels), samples in series.items():
        for start in range(0, len(samples), _SAMPLES):
            part = samples[start : start + _SAMPLES]
            if held and held + len(part) > _SAMPLES:
                yield snappy_block(bytes(message))
                message, held = bytearray(), 0
            message += _field(1, _time_series(labels, part))
            held += len(part)
    if held:
        yield snappy_block(bytes(message))


def _time_series(labels: Labels, samples: Iterable[tuple[float, float]]) -> bytes:
    found = bytearray()
    for name, value in labels:
        found += _field(1, _field(1, name.encode()) + _field(2, value.encode()))
    for at, value in samples:
        sample = _key(1, _FIXED64) + struct.pack("<d", value) + _key(2, _VARINT) + _varint(round(at * 1000))
        found += _field(2, sample)
    return bytes(found)


def _field(number: int, content: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(content)) + content


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:  # noqa: PLR2004 (seven bits a byte)
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def snappy_block(content: bytes) -> bytes:
    """Give a snappy block: the length, then the content as literals of up to 64 KiB."""
    found = bytearray(_varint(len(content)))
    for start in range(0, len(content), _LONGEST_LITERAL):
        part = content[start : start + _LONGEST_LITERAL]
        # Tag 61 says that two bytes of length (less one) follow.
        found += bytes([61 << 2]) + struct.pack("<H", len(part) - 1) + part
    return bytes(found)
