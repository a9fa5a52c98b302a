"""The partition of a key is the one that Kafka's Java client picks."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.log.partitioner import byte_lengths, murmur2, partition_of

KAFKA_VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""Of the test of Kafka's own client (org.apache.kafka.common.utils.UtilsTest)."""


def scalar(key: bytes) -> int:
    """murmur2 byte by byte, as its author wrote it."""
    mask = 0xFFFFFFFF
    h = 0x9747B28C ^ len(key)
    for start in range(0, len(key) // 4 * 4, 4):
        k = int.from_bytes(key[start : start + 4], "little") * 0x5BD1E995 & mask
        k = (k ^ k >> 24) * 0x5BD1E995 & mask
        h = (h * 0x5BD1E995 & mask) ^ k
    tail = key[len(key) // 4 * 4 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * 0x5BD1E995 & mask
    h = (h ^ h >> 13) * 0x5BD1E995 & mask
    return h ^ h >> 15


@pytest.mark.parametrize("times", [1, 200], ids=["few", "many"])
def test_kafkas_own_vectors(times: int) -> None:
    hashes = murmur2(pl.Series([*KAFKA_VECTORS] * times))
    signed = [int(h) - (1 << 32) if h >= 1 << 31 else int(h) for h in hashes]
    assert signed == [*KAFKA_VECTORS.values()] * times


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 5))
def test_any_column_of_keys(keys: list[bytes], times: int) -> None:
    keys = keys * times * (40 if times == 5 else 1)
    assert murmur2(pl.Series(keys, dtype=pl.Binary)).tolist() == [scalar(key) for key in keys]


def test_partition_is_the_positive_hash_modulo_partitions() -> None:
    keys = [b"21", b"foobar", b"abc"]
    expected = [(KAFKA_VECTORS[key] & 0x7FFFFFFF) % 7 for key in keys]
    assert partition_of(pl.Series(keys), 7).tolist() == expected


@pytest.mark.parametrize("times", [1, 300])
def test_lengths_count_null_as_nothing(times: int) -> None:
    assert byte_lengths(pl.Series([b"ab", None, b""] * times)).tolist() == [2, 0, 0] * times
