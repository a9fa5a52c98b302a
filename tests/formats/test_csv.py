"""CSV: records read at once are read as one by one; files give the same for any cut."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from penstock.formats import FORMATS
from penstock.formats.csv.leaves import RowReader
from penstock.formats.csv.records import read_record
from penstock.formats.csv.rules import Rules
from penstock.formats.pieces import piece_of_rows
from tests.examples import examples
from tests.formats.helpers import binary, columns, decoder_of, outcomes

if TYPE_CHECKING:
    import polars as pl

    from penstock.core.types import Field

SETTINGS = examples(25)
TWO = columns(a="STRING", b="STRING")
SCHEMAS = (
    columns(a="INT", b="STRING", c="DOUBLE"),
    columns(a="STRING", b="DECIMAL(10, 2)", c="BOOLEAN", d="DATE"),
    columns(a="TIMESTAMP(3)", b="TIME(3)", c="BYTES", d="ARRAY<INT>"),
)
FIELDS = [
    "",
    "0",
    "7",
    "-1",
    " 8 ",
    "1.5",
    "1e3",
    "007",
    "+5",
    "99999999999",
    "true",
    " TRUE ",
    "x",
    "é",
    "a b",
    "YWJj",
    "2024-01-02",
    "2024-1-2",
    "2024-02-30",
    "03:04:05.5",
    "2024-01-02 03:04:05.5",
    "n/a",
    "1;2",
    "1;x",
    "#c",
    "longer than twelve bytes",
    '"x"',
    '"a,b"',
    '"q""q"',
    '""',
    '"7"',
    'a"b',
    '"a"b',
    '"open',
    ' "x"',
    '"x" ',
    "\\,",
]
RULES: tuple[tuple[Rules, dict[str, str]], ...] = (
    (Rules(), {}),
    (Rules(ignore_errors=True), {"ignore-parse-errors": "true"}),
    (Rules(escape="\\", null="n/a"), {"escape-character": "\\", "null-literal": "n/a"}),
    (Rules(quote=None, empty_as_null=True), {"disable-quote-character": "true", "empty-string-as-null": "true"}),
    (Rules(trim=True, drop_unmappable=True), {"trim-spaces": "true", "ignore-trailing-unmappable": "true"}),
    (Rules(comments=True, trailing_delimiter=False), {"allow-comments": "true", "allow-trailing-comma": "false"}),
)


def test_a_field_that_is_passed_over_may_break_the_record() -> None:
    fields = columns(a="INT", b="STRING")
    decoded = decoder_of("csv", fields, {"ignore-trailing-unmappable": "true"}).decode(binary(['1,x,"y"', '1,x,"a"b']))
    assert decoded.frame.rows() == [(1, "x")]
    assert decoded.bad["row"].to_list() == [1]


def one_by_one(
    messages: list[str], fields: tuple[Field, ...], rules: Rules
) -> tuple[pl.DataFrame, list[int], list[int]]:
    """What the record reader gives: all rows, the message of each, and those in which something was wrong."""
    reader = RowReader(fields, rules)
    rows: list[list[Any]] = []
    sources, faulty = [], []
    for i, message in enumerate(messages):
        try:
            record = read_record(message, 0, rules)
            if record is None:
                faulty.append(i)
                continue
            rows.append(reader.read(record))
            sources.append(i)
            if reader.fault:
                faulty.append(i)
        except ValueError:
            faulty.append(i)
    return piece_of_rows(sources, rows, fields, fields)[1], sources, faulty


@SETTINGS
@given(st.data())
def test_records_read_at_once_are_read_as_one_by_one(data: st.DataObject) -> None:
    fields = data.draw(st.sampled_from(SCHEMAS))
    rules, options = data.draw(st.sampled_from(RULES))
    width = st.integers(0, 9).map(lambda n: len(fields) + {0: -1, 1: 1}.get(n, 0))
    some = data.draw(
        st.lists(
            width.flatmap(lambda n: st.lists(st.sampled_from(FIELDS), min_size=n, max_size=n)), min_size=1, max_size=9
        )
    )
    messages = [",".join(texts) for texts in some]
    frame, sources, faulty = one_by_one(messages, fields, rules)
    decoded = decoder_of("csv", fields, options).decode(binary(messages))
    assert (list(range(decoded.count)) if decoded.rows is None else decoded.rows.to_list()) == sources
    assert decoded.frame.equals(frame, null_equal=True)
    touched = decoded.ignored if rules.ignore_errors else decoded.bad
    assert touched["row"].to_list() == faulty


def written(records: list[tuple[str, str]], end: str) -> bytes:
    out = io.StringIO(newline="")
    returns = any("\r" in text for record in records for text in record)  # which Python would leave unquoted
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL).writerows(records)
    return out.getvalue().encode()


RECORDS = st.lists(st.tuples(*[st.text('ab",\n\r#; é\\', max_size=6)] * 2), max_size=12)


@SETTINGS
@given(RECORDS, st.sampled_from(["\n", "\r\n"]), st.integers(1, 40))
def test_files_that_python_writes(records: list[tuple[str, str]], end: str, size: int) -> None:
    """In one piece, and in pieces that end with a whole record as a file that is read piece by piece."""
    text = written(records, end)
    decoder = decoder_of("csv", TWO)
    assert decoder.decode_lines(text).frame.rows() == records
    found: list[Any] = []
    rest = b""
    for start in range(0, len(text), size):
        rest += text[start : start + size]
        whole = decoder.whole_lines(rest)
        decoded = decoder.decode_lines(rest[:whole])
        assert decoded.count == rest[:whole].count(b"\n")
        found += decoded.frame.rows()
        rest = rest[whole:]
    assert (found, rest) == (records, b"")


def test_rows_of_a_file_come_in_its_order() -> None:
    """A record over two lines is read before the odd one that stands in front of it."""
    decoded = decoder_of("csv", TWO).decode_lines(b'"",""""\n"","\n"\n')
    assert outcomes(decoded, TWO) == [[{"a": "", "b": '"'}], [{"a": "", "b": "\n"}], []]


def test_a_quote_that_is_never_closed_costs_only_its_line() -> None:
    text = b'1,"x\n2,y\n3,z\n'
    decoded = decoder_of("csv", TWO).decode_lines(text)
    assert decoded.frame["a"].to_list() == ["2", "3"]
    assert decoded.bad.select("row", "reason").rows() == [(0, "not valid CSV: a quoted field does not end")]


@SETTINGS
@given(RECORDS.filter(bool))
def test_what_is_written_comes_back(records: list[tuple[str, str]]) -> None:
    decoder, encoder = decoder_of("csv", TWO), FORMATS["csv"].encoder(TWO, {})
    frame = decoder.decode_lines(written(records, "\n")).frame
    assert decoder.decode(encoder.encode(frame)).frame.rows() == records
