"""Where a decoder says that the lines of a block begin."""

from __future__ import annotations

from penstock.core import types as t
from penstock.core.types import Field
from penstock.formats import format_named


def test_json_says_where_each_line_begins_whatever_it_holds() -> None:
    decoder = format_named("json").decoder((Field("a", t.INT),), ("a",), {})
    block = b'{"a":1}\n\n{"a":2}\r\n{"a":"\xc3\xa9"}\n{"a":4}\n'
    starts = decoder.decode_lines(block).starts
    assert starts is not None
    assert starts.tolist() == [0, 8, 9, 18, 29]
