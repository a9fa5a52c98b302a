"""Blocks too large for one go: cut, read, and put together as if they had been read at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.formats import portions
from tests.formats.helpers import binary, columns, decoder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = columns(a="STRING", b="BIGINT")
LINES = st.lists(
    st.sampled_from(['{"a":"x","b":1}', '{"a":"longer","b":22}', "", "no", '[{"a":"p"},{"a":"q"}]', '{"b":"x"}', "é"]),
    max_size=40,
)


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portions, "_MAX_ROWS", 3)
        patch.setattr(portions, "_MAX_BYTES", 60)
        yield


@given(LINES, st.booleans())
def test_portions_of_lines_are_the_block_cut_behind_newlines(lines: list[str], closed: bool) -> None:
    block = ("\n".join(lines) + "\n" * closed).encode()
    found = list(portions.portions_of_lines(block))
    assert b"".join(found) == block
    assert all(p.endswith(b"\n") for p in found[:-1])
    assert len(found) > len(block) // 150


@given(LINES, st.sampled_from(["false", "true"]))
def test_portions_decode_as_one_block_does(lines: list[str], ignore: str) -> None:
    options = {"ignore-parse-errors": ignore}
    single = [decoder_of("json", FIELDS, options).decode(binary([line])) for line in lines]
    block = "".join(line + "\n" for line in lines).encode()
    starts = [len("".join(line + "\n" for line in lines[:k]).encode()) for k in range(len(lines))]
    for decoded in (
        decoder_of("json", FIELDS, options).decode_lines(block),
        decoder_of("json", FIELDS, options).decode(binary(lines)),
    ):
        assert decoded.count == len(lines)
        rows = range(decoded.count) if decoded.rows is None else decoded.rows.to_list()
        assert list(rows) == [k for k, one in enumerate(single) for _ in range(one.frame.height)]
        assert decoded.frame.equals(pl.concat([decoded.frame.clear(), *(one.frame for one in single)]))
        assert decoded.bad["row"].to_list() == [k for k, one in enumerate(single) if one.bad.height]
        assert decoded.ignored["row"].to_list() == [k for k, one in enumerate(single) if one.ignored.height]
        assert decoded.starts is None or decoded.starts.tolist() == starts
