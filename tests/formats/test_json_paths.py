"""A message gives the same rows on whichever way it is read: by a layout, by the quick scanner, token by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.formats import FORMATS
from penstock.formats.json.exact import ExactReader
from penstock.formats.json.quick import QuickReader
from penstock.formats.json.rules import Rules
from penstock.formats.pieces import piece_of_rows
from tests.examples import examples
from tests.formats.helpers import binary, columns, decoder_of

if TYPE_CHECKING:
    import polars as pl

    from penstock.core.types import Field
    from penstock.formats import Decoded, Decoder
    from penstock.formats.json.exact import Reading

SETTINGS = examples(12)
SCHEMAS = (
    columns(a="STRING", b="BIGINT", c="DOUBLE"),
    columns(a="INT", b="STRING", c="BOOLEAN", d="DECIMAL(10, 2)"),
    columns(a="TIMESTAMP(3)", b="BYTES", c="DATE", d="FLOAT"),
    columns(a="ROW<x INT, y STRING>", b="ARRAY<INT>", c="MAP<STRING, STRING>", d="STRING"),
    columns(a="ARRAY<ROW<x INT, y STRING>>", b="MAP<STRING, INT>", c="ARRAY<STRING>", d="ROW<x ARRAY<INT>>"),
    columns(a="ARRAY<ARRAY<BIGINT>>", b="MAP<STRING, ARRAY<STRING>>", c="MULTISET<STRING>", d="ARRAY<DECIMAL(4, 1)>"),
    columns(a="ARRAY<MAP<STRING, DOUBLE>>", b="MAP<STRING, ROW<x INT>>", c="ARRAY<BYTES>", d="ARRAY<TIMESTAMP(3)>"),
    columns(a="TINYINT", b="ROW<x ROW<y STRING>>", c="TIME(3)", d="TIMESTAMP_LTZ(6)"),
)
RULES = {
    "plain": (Rules(), {}),
    "ignoring": (Rules(ignore_errors=True), {"ignore-parse-errors": "true"}),
    "missing": (Rules(fail_on_missing=True), {"fail-on-missing-field": "true"}),
    "tree": (Rules(tree=True), {"decode.json-parser.enabled": "false"}),
    "iso": (Rules(separator="T"), {"timestamp-format.standard": "ISO-8601"}),
}

NUMBERS = "0 7 -1 -0 1.5 -2.75 0.1 1e2 1E-2 128 2147483648 9223372036854775807 9223372036854775808 1.0 99999999.995"
WRONG = "01 1. - .5 +1 1e NaN tru truex {] ' 1_0"
TEXTS = [
    '""', '"x"', '"7"', '" 8 "', '"1.5"', '"true"', '"2024-01-02"', '"2024-01-02 03:04:05.5"', '"2024-01-02T03:04:05Z"',
    '"2024-01-02 03:04:05Z"', '"03:04:05"', '"YWJj"', '"YQ="', '"é"', '"\\u00e9\\n"', '"q\\"q"', '"\\\\"', '"\\ud800"',
    '"longer than twelve bytes"', '"{"', '"}"', '","', '":"', '"tab\there"',
]  # fmt: skip
NESTED = [
    "{}", "[]", '{"x":1,"y":"s"}', '{"y":"s","x":2}', '{"x":{"y":"z"}}', '{"x":"q"}', "[1,2,null]", '["a"]', "[[1]]",
    '{"k":"v","j":null}', '{"k":1,"k":2}', '{"x":1,"z":[{"y":2}]}', '{"k": 1, "l": 2}', '{"x":[1, 2]}', '{"x":[]}',
    '[{"x":1,"y":"s"},{"x":2,"y":"t"}]', '[{"x":1,"y":null}]', '[{"x":1},{"y":2}]', '[{},{}]', "[[],[1],[2,3]]",
    "[[null]]", '[{"k":1.5},{}]', '{"k":["a","b"],"l":[]}', '{"k":{"x":1}}', '["YWJj",null]', '["2024-01-02 03:04:05"]',
    "[1.25, 9999]", '["]", "a\\"b", "{"]', "[1,]", "[,1]", "[1 ,2]", "[ ]", '["a" "b"]', '{"k":}', '{k:1}', '{1:2}',
    '{"k":1,}',
    "[1,2", f"[{','.join(str(i) for i in range(40))}]", '["\\u00e9","é"]', '["longer than twelve bytes"]', "[tru]",
    "[01]", "[NaN]",
]  # fmt: skip
VALUES = [*NUMBERS.split(), *TEXTS, *NESTED, "true", "false", "null", "null"]


@st.composite
def messages(draw: st.DrawFn, fields: tuple[Field, ...]) -> list[bytes]:
    """Mostly of one layout, with what producers do to it."""
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
    usual = {f.name: draw(st.sampled_from(VALUES)) for f in fields}
    found = []
    for _ in range(draw(st.integers(1, 12))):
        row = dict(usual)
        for name in draw(st.lists(st.sampled_from([f.name for f in fields]), max_size=2)):
            row[name] = draw(st.sampled_from(VALUES if draw(st.integers(0, 5)) else WRONG.split()))
        pairs = [f'"{name}"{colon}{value}' for name, value in row.items()]
        match draw(st.integers(0, 14)):
            case 0:
                pairs.pop()
            case 1:
                pairs.append(f'"zz"{colon}{draw(st.sampled_from(VALUES))}')
            case 2:
                pairs.reverse()
            case 3:
                pairs.append(pairs[0])
        text = "{" + comma.join(pairs) + "}"
        match draw(st.integers(0, 24)):
            case 0:
                text = text[: draw(st.integers(0, len(text)))]
            case 1:
                text += draw(st.sampled_from([" ", "x", "}", "{}"]))
            case 2:
                text = f"[{text},{text}]"
            case 3:
                text = draw(st.sampled_from(["", " ", "null", "[]", "1", "{}"]))
        found.append(text.encode())
    broken = draw(st.integers(-30, len(found) - 1))
    if broken >= 0:
        found[broken] = found[broken].replace(b"x", b"\xff")
    return found


def expected(
    exact: ExactReader, data: list[bytes], fields: tuple[Field, ...]
) -> tuple[pl.DataFrame, list[int], list[int]]:
    """What the exact reader gives: all rows, the message of each, and which messages it says to be faulty."""
    readings = [exact.read(m) for m in data]
    sources = [i for i, r in enumerate(readings) for _ in r.rows]
    _, frame = piece_of_rows(sources, [row for r in readings for row in r.rows], fields, fields)
    return frame, sources, [i for i, r in enumerate(readings) if r.fault]


def check(decoded: Decoded, frame: pl.DataFrame, sources: list[int], faulty: list[int]) -> None:
    rows = list(range(decoded.count)) if decoded.rows is None else decoded.rows.to_list()
    assert rows == sources
    assert decoded.frame.equals(frame, null_equal=True)
    touched = decoded.bad if decoded.ignored.is_empty() else decoded.ignored
    assert touched["row"].to_list() == faulty
    assert decoded.bad.is_empty() or decoded.ignored.is_empty()


@pytest.mark.parametrize("mode", RULES)
@SETTINGS
@given(data=st.data())
def test_all_ways_of_reading_agree(mode: str, data: st.DataObject) -> None:
    fields = data.draw(st.sampled_from(SCHEMAS))
    some = data.draw(messages(fields))
    cut = data.draw(st.integers(1, 40))
    rules, options = RULES[mode]
    if mode == "tree" and any("DECIMAL" in str(f.type) for f in fields):
        rules = Rules(tree=True, exact_floats=True)
    exact = ExactReader(fields, rules)
    many = (some * (80 // len(some) + 1))[:80]
    whole = expected(exact, many, fields)
    decoder = decoder_of("json", fields, options)
    for _ in range(3):  # with nothing learnt, with layouts, with widths
        check(decoder.decode(binary(many)), *whole)
    for start in range(0, len(many), cut):
        part = many[start : start + cut]
        check(decoder.decode(binary(part)), *expected(exact, part, fields))
    check(decoder.decode_lines(b"\n".join(many) + b"\n"), *whole)
    check_quick(QuickReader(fields, rules, decoder.leaves), exact, some)  # type: ignore[attr-defined]


def check_quick(quick: QuickReader, exact: ExactReader, some: list[bytes]) -> None:
    """The quick reader's answer is the exact one's, where it gives one."""
    for message in some:
        ours, theirs = quick.read(message), exact.read(message)
        assert ours is None or (key(ours) == key(theirs)), message


def key(reading: Reading) -> str:
    return repr((reading.rows, reading.fault is None))


@SETTINGS
@given(data=st.data())
def test_some_columns_are_those_of_all(data: st.DataObject) -> None:
    """Columns that are not asked for are judged all the same."""
    fields = data.draw(st.sampled_from(SCHEMAS))
    wanted = data.draw(st.lists(st.sampled_from([f.name for f in fields]), unique=True, max_size=3))
    some = data.draw(messages(fields)) * 3
    every = decoder_of("json", fields).decode(binary(some))
    few: Decoder = FORMATS["json"].decoder(fields, tuple(wanted), {})
    for _ in range(2):
        decoded = few.decode(binary(some))
        assert decoded.frame.columns == wanted
        assert all(decoded.frame[name].equals(every.frame[name], null_equal=True) for name in wanted)
        assert decoded.frame.height == every.frame.height
        assert decoded.bad["row"].to_list() == every.bad["row"].to_list()


def read_slowly_by(decoder: Decoder) -> list[bytes]:
    """The messages that the decoder reads one by one from now on."""
    slowly: list[bytes] = []
    read = decoder.quick.read  # type: ignore[attr-defined]

    def counted(message: bytes) -> Any:
        slowly.append(message)
        return read(message)

    decoder.quick.read = counted  # type: ignore[attr-defined]
    return slowly


def test_one_bad_message_costs_only_itself() -> None:
    """Of a thousand messages with ten bad ones only those are read one by one, and the rest keeps its order."""
    fields = columns(a="STRING", b="BIGINT")
    good = [f'{{"a":"k{i}","b":{i}}}'.encode() for i in range(1000)]
    wrong = [b'{"a":"k","b":"x"}', b'{"a":"k","b":1', b'{"a":"k","b":tru}', b"\xff", b"no", b'{"a":1,"b":[]}']
    mixed = [wrong[i // 100 % 6] if i % 100 == 50 else m for i, m in enumerate(good)]
    decoder = decoder_of("json", fields)
    decoder.decode(binary(good))
    slowly = read_slowly_by(decoder)
    decoded = decoder.decode(binary(mixed))
    assert len(slowly) <= 10
    assert decoded.bad["row"].to_list() == list(range(50, 1000, 100))
    assert decoded.rows is not None
    assert decoded.frame["b"].to_list() == decoded.rows.to_list() == [i for i in range(1000) if i % 100 != 50]


def test_a_layout_may_change_in_mid_stream() -> None:
    fields = columns(a="STRING", b="BIGINT")
    first = [f'{{"a":"k{i}","b":{i}}}'.encode() for i in range(500)]
    then = [f'{{"b": {i}, "new": null, "a": "k{i}"}}'.encode() for i in range(500, 1000)]
    decoder = decoder_of("json", fields)
    for block in (first, [*first, *then], then, [*then, *first]):
        decoded = decoder.decode(binary(block))
        numbers = sorted(decoded.frame["b"].to_list())
        assert decoded.frame["a"].to_list() == [f"k{i}" for i in decoded.frame["b"]]
        assert (len(numbers), decoded.rows, decoded.bad.height) == (len(block), None, 0)


def test_an_object_for_a_boolean_hides_what_is_wrong_behind_it() -> None:
    """Flink takes the object's end for the message's, and never sees the number."""
    fields = columns(a="INT", c="BOOLEAN", d="INT")
    message = b'{"a":0,"c":{},"d":01}'
    for reading in (
        decoder_of("json", fields).decode(binary([message])),
        decoder_of("json", fields).decode_lines(message),
    ):
        assert reading.frame.rows() == [(0, False, None)]
        assert reading.bad.is_empty()


def test_lists_are_read_in_columns() -> None:
    """Of arrays and maps none is read one by one but those of an odd spelling, and very long ones."""
    fields = columns(a="ARRAY<STRING>", b="MAP<STRING, INT>", c="ARRAY<ROW<x INT, y ARRAY<DOUBLE>>>", d="INT")
    spelt = [
        ("[]", "{}", "[]"),
        ('["p","]","longer than twelve bytes"]', '{"k":1,"l":null}', '[{"x":1,"y":[0.5,2]},{"x":null,"y":[]}]'),
        ("null", "null", "null"),
        ('[null,"é"]', '{"":7}', '[{"x":-3,"y":null}]'),
    ]
    messages = [f'{{"a":{a},"b":{b},"zz":[1,2],"c":{c},"d":{i}}}'.encode() for i in range(60) for a, b, c in spelt]
    odd = [b'{"a":["a" ],"b":{"k":1,"k":2},"zz":[],"c":[{"y":[]}],"d":0}', b'{"a":[1,2,"b":{},"zz":[],"c":[],"d":0}']
    decoder = decoder_of("json", fields)
    decoder.decode(binary([messages[1], *messages]))
    slowly = read_slowly_by(decoder)
    decoded = decoder.decode(binary([*messages, *odd]))
    assert slowly == odd
    assert decoded.bad["row"].to_list() == [len(messages) + 1]
    assert decoded.frame["d"].to_list() == [*(i for i in range(60) for _ in spelt), 0]
    lists = [{"x": 1, "y": [0.5, 2.0]}, {"x": None, "y": []}]
    entries = [{"key": "k", "value": 1}, {"key": "l", "value": None}]
    assert decoded.frame.drop("d").rows()[-5:] == [
        ([], [], []),
        (["p", "]", "longer than twelve bytes"], entries, lists),
        (None, None, None),
        ([None, "é"], [{"key": "", "value": 7}], [{"x": -3, "y": None}]),
        (["a"], [{"key": "k", "value": 2}], [{"x": None, "y": []}]),
    ]
