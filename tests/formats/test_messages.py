"""Every message of the formats that a user can meet, as it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.errors import ConfigError, DataError, PenstockError, UnsupportedError
from penstock.formats import FORMATS, format_named
from penstock.formats.avro import AvroConfluent
from tests.formats.helpers import binary, columns, decode, decoder_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.core.types import Field

INT = columns(a="INT")
THREE = columns(a="INT", b="STRING", r="ROW<x INT, l ARRAY<DATE>>")


def reasons(encoding: str, fields: tuple[Field, ...], message: bytes | str, **options: str) -> tuple[str, str]:
    """The code and the reason of the only fault of a message."""
    decoded = decode(encoding, fields, [message], {k.replace("_", "-"): v for k, v in options.items()})
    touched = decoded.bad if decoded.ignored.is_empty() else decoded.ignored
    ((row, code, reason),) = touched.rows()
    assert row == 0
    return code, reason


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ('{"a":"x"}', "json-value", 'column a: "x" is not an INT'),
        ('{"a":{}}', "json-value", "column a: an object is not an INT"),
        ('{"a":[1]}', "json-value", "column a: an array is not an INT"),
        ('{"a":true}', "json-value", "column a: true is not an INT"),
        ('{"a":2147483648}', "json-value", "column a: 2147483648 is not an INT"),
        ('{"r":{"x":"y"}}', "json-value", 'column r.x: "y" is not an INT'),
        ('{"r":{"l":["2024-02-30"]}}', "json-value", 'column r.l: "2024-02-30" is not a DATE'),
        ('{"r":5}', "json-value", "column r: 5 is not a ROW<`x` INT, `l` ARRAY<DATE>>"),
        (f'{{"a":"{"x" * 99}"}}', "json-value", f'column a: "{"x" * 59}…" is not an INT'),
        ('{"a":1', "json-syntax", "not valid JSON at byte 6: it ends inside a value"),
        ('{"a":1,}', "json-syntax", "not valid JSON at byte 7: '}' was not expected"),
        ("{a:1}", "json-syntax", "not valid JSON at byte 1: 'a' was not expected"),
        ('[{"a":1} {"a":2}]', "json-syntax", "not valid JSON at byte 9: a comma was expected"),
        ('[{"a" 1}]', "json-syntax", "not valid JSON at byte 6: a colon was expected"),
        ("[{1:1}]", "json-syntax", "not valid JSON at byte 2: a field's name in double quotes was expected"),
        ('[{"a":tru}]', "json-syntax", "not valid JSON at byte 6: true, false or null was expected"),
        ('[{"a":?}]', "json-syntax", "not valid JSON at byte 6: a value was expected"),
        ('[{"a":1.}]', "json-syntax", "not valid JSON at byte 6: not a JSON number"),
        (f'[{{"a":{"1" * 1001}}}]', "json-syntax", "not valid JSON at byte 6: a number of more than 1000 digits"),
        ('[{"b":"x', "json-syntax", "not valid JSON at byte 6: the string does not end"),
        ('[{"b":"\\x"}]', "json-syntax", "not valid JSON at byte 6: a wrong escape in a string"),
        (b'[{"b":"\xff"}]', "json-syntax", "not valid JSON at byte 6: not UTF-8"),
        (
            "[[1]]",
            "json-value",
            "the message: an array is not a ROW<`a` INT, `b` STRING, `r` ROW<`x` INT, `l` ARRAY<DATE>>>",
        ),
        ('[{"z":' + "[" * 1000, "json-syntax", "not valid JSON at byte 1004: nested deeper than 1000"),
        ("5", "json-syntax", "not a row: a message is an object, or an array of objects"),
        ('[{"a":1},', "json-syntax", "not valid JSON at byte 9: it ends inside an array"),
        ('[{"a":1', "json-syntax", "not valid JSON at byte 7: it ends inside an object"),
    ],
)
def test_json(message: bytes | str, code: str, reason: str) -> None:
    assert reasons("json", THREE, message) == (code, reason)


def test_json_missing() -> None:
    expected = ("json-missing-field", "field b, r is not in the message, and fail-on-missing-field is true")
    assert reasons("json", THREE, '{"a":1}', fail_on_missing_field="true") == expected


def test_json_ignored_says_the_same() -> None:
    expected = ("json-value", 'column a: "x" is not an INT')
    assert reasons("json", THREE, '{"a":"x"}', ignore_parse_errors="true") == expected
    broken = ("json-syntax", "not valid JSON at byte 6: it ends inside an object")
    assert reasons("json", THREE, '{"a":1', ignore_parse_errors="true") == broken


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ("x,b", "csv-value", "column a: 'x' is not an INT"),
        (",b", "csv-value", "column a: '' is not an INT"),
        ("1", "csv-length", "1 fields where the table has 2 columns"),
        ("1,b,c", "csv-length", "3 fields where the table has 2 columns"),
        ('1,"b', "csv-syntax", "not valid CSV: a quoted field does not end"),
        ('1,"b"c', "csv-syntax", "not valid CSV: 'c' stands behind a quoted field, where a delimiter was expected"),
        ("1,b\\", "csv-syntax", "not valid CSV: it ends in an escape"),
        (b"1,\xff", "csv-syntax", "not valid CSV: not UTF-8"),
        ("", "csv-syntax", "not valid CSV: the message has no record"),
    ],
)
def test_csv(message: bytes | str, code: str, reason: str) -> None:
    fields = columns(a="INT", b="STRING")
    assert reasons("csv", fields, message, escape_character="\\") == (code, reason)
    assert reasons("csv", fields, message, escape_character="\\", ignore_parse_errors="true") == (code, reason)


def test_csv_elements() -> None:
    fields = columns(l="ARRAY<INT>")
    assert reasons("csv", fields, "1;x") == ("csv-value", "column l: '1;x' is not an ARRAY<INT>")
    ignored = ("csv-value", "column of an element: 'x' is not an INT")
    assert reasons("csv", fields, "1;x", ignore_parse_errors="true") == ignored


def test_raw() -> None:
    assert reasons("raw", INT, "12345") == ("raw-value", "column a: 5 bytes are no INT, which has 4")


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        (b"", "avro-truncated", "not Avro of this schema: it ends at byte 0, inside a value"),
        (b"\x04\x02", "avro-value", "not Avro of this schema: branch 2 of a union of 2 before byte 1"),
        (
            b"\x02\x80\x80\x80\x80\x80\x01",
            "avro-value",
            "not Avro of this schema: a number of more than 5 bytes at byte 1",
        ),
    ],
)
def test_avro(message: bytes, code: str, reason: str) -> None:
    assert reasons("avro", INT, message) == (code, reason)


def test_avro_values() -> None:
    time = columns(a="TIME(3) NOT NULL")
    assert reasons("avro", time, b"\x01") == ("avro-value", "-1 milliseconds are no time of the day")
    decimal = columns(a="DECIMAL(4, 2) NOT NULL")
    assert reasons("avro", decimal, b"\x00") == ("avro-value", "a decimal of no bytes")
    lists = columns(a="ARRAY<INT> NOT NULL")
    many = b"\xfe\xff\xff\xff\x0f"
    assert reasons("avro", lists, many) == ("avro-value", "not Avro of this schema: 2147483647 items before byte 5")


def test_avro_confluent() -> None:
    header = "not Avro with a schema's number: it does not begin with a zero byte and four more"
    assert reasons("avro-confluent", INT, b"\x01\0\0\0\0\0") == ("avro-header", header)
    writer = '{"type":"record","name":"r","fields":[{"name":"a","type":"string"}]}'
    message = b"\0\0\0\0\7\x02x"
    assert reasons("avro-confluent", INT, message, schema=writer) == ("avro-value", "column a: Avro's string is no INT")
    null = '{"type":"record","name":"r","fields":[{"name":"a","type":"null"}]}'
    needed = columns(a="INT NOT NULL")
    expected = ("avro-value", "column a: Avro's null is no INT NOT NULL")
    assert reasons("avro-confluent", needed, b"\0\0\0\0\7", schema=null) == expected
    lacking = '{"type":"record","name":"r","fields":[]}'
    expected = ("avro-value", "column a is NOT NULL, and the writer's schema does not have it")
    assert reasons("avro-confluent", needed, b"\0\0\0\0\7", schema=lacking) == expected


def test_avro_confluent_schemas_that_are_not_known() -> None:
    class Empty:
        def schema(self, number: int) -> str | None:
            return '{"type":"mystery"}' if number == 1 else None

        def register(self, subject: str, schema: str) -> int:
            return 1

    decoder = AvroConfluent(Empty()).decoder(INT, ("a",), {})
    bad = decoder.decode(binary([b"\0\0\0\0\7\0", b"\0\0\0\0\1\0"])).bad
    assert bad.rows() == [
        (0, "avro-unknown-schema", "schema 7: it is not known to the schema registry"),
        (1, "avro-schema", "schema 1: not an Avro schema: 'mystery'"),
    ]


REFUSED: list[tuple[str, tuple[Field, ...], Mapping[str, str], str, str, str]] = [
    (
        "json",
        INT,
        {"ignore-parse-error": "true"},
        "option-unknown",
        "unknown option 'ignore-parse-error'",
        "did you mean ignore-parse-errors?",
    ),
    (
        "csv",
        INT,
        {"field-delimeter": ";"},
        "option-unknown",
        "unknown option 'field-delimeter'",
        "did you mean field-delimiter?",
    ),
    (
        "raw",
        INT,
        {"endianess": "big-endian"},
        "option-unknown",
        "unknown option 'endianess'",
        "did you mean endianness?",
    ),
    ("avro", INT, {"encodin": "binary"}, "option-unknown", "unknown option 'encodin'", "did you mean encoding?"),
    (
        "json",
        INT,
        {"timestamp-format.standard": "iso"},
        "option-value",
        "option 'timestamp-format.standard' is 'iso', allowed is SQL or ISO-8601",
        "",
    ),
    (
        "json",
        INT,
        {"map-null-key.mode": "SKIP"},
        "option-value",
        "option 'map-null-key.mode' is 'SKIP', allowed is one of FAIL, DROP, LITERAL",
        "",
    ),
    (
        "json",
        INT,
        {"ignore-parse-errors": "yes"},
        "option-value",
        "option 'ignore-parse-errors' is 'yes', allowed is true or false",
        "",
    ),
    (
        "json",
        INT,
        {"ignore-parse-errors": "true", "fail-on-missing-field": "true"},
        "format-options",
        "fail-on-missing-field and ignore-parse-errors cannot both be true",
        "leave one of them out",
    ),
    (
        "csv",
        INT,
        {"field-delimiter": "||"},
        "option-value",
        "option 'field-delimiter' is '||', allowed is a single character, or an escape such as \\t or \\u0001",
        "",
    ),
    (
        "csv",
        INT,
        {"quote-character": "'", "disable-quote-character": "true"},
        "format-options",
        "quote-character is given and disable-quote-character is true",
        "leave one of them out",
    ),
    (
        "raw",
        INT,
        {"charset": "base64"},
        "option-value",
        "option 'charset' is 'base64', allowed is a charset such as UTF-8, ISO-8859-1, UTF-16",
        "",
    ),
    (
        "raw",
        INT,
        {"charset": "utf-9"},
        "option-value",
        "option 'charset' is 'utf-9', allowed is a charset such as UTF-8, ISO-8859-1, UTF-16",
        "",
    ),
    (
        "raw",
        INT,
        {"endianness": "middle"},
        "option-value",
        "option 'endianness' is 'middle', allowed is one of big-endian, little-endian",
        "",
    ),
    (
        "raw",
        columns(a="INT", b="INT"),
        {},
        "format-columns",
        "the format raw needs a table of one physical column; there are a, b",
        "declare the others as computed columns, or as METADATA",
    ),
    (
        "raw",
        (),
        {},
        "format-columns",
        "the format raw needs a table of one physical column; there are none",
        "declare the others as computed columns, or as METADATA",
    ),
    ("raw", columns(a="DATE"), {}, "format-type", "the format raw does not have the type DATE", ""),
    (
        "csv",
        columns(a="MAP<STRING, INT>"),
        {},
        "format-type",
        "the format csv does not have the type MAP<STRING, INT>",
        "",
    ),
    (
        "json",
        columns(a="MAP<INT, INT>"),
        {},
        "format-type",
        "the format json does not have the type MAP<INT, INT>: a map's key must be a STRING",
        "declare the key as STRING and CAST it in a query",
    ),
    (
        "avro",
        INT,
        {"encoding": "json"},
        "avro-encoding",
        "the format avro is not supported with 'encoding' = 'json'",
        "leave it out for binary, or use the format json",
    ),
    (
        "avro",
        columns(a="TIMESTAMP(6)"),
        {},
        "format-type",
        "the format avro does not have the type TIMESTAMP(6)",
        "set 'avro.timestamp_mapping.legacy' to 'false' for up to 6 digits and TIMESTAMP_LTZ",
    ),
    (
        "avro",
        columns(a="TIMESTAMP(9)"),
        {"timestamp_mapping.legacy": "false"},
        "format-type",
        "the format avro does not have the type TIMESTAMP(9)",
        "",
    ),
    (
        "avro-confluent",
        INT,
        {"schema": "{"},
        "avro-schema",
        "not an Avro schema: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "",
    ),
    (
        "avro-confluent",
        INT,
        {"schema": '{"type":"record","name":"r","fields":[{"name":"n","type":["null","r"]}]}'},
        "avro-recursive",
        "the Avro record r contains itself",
        "",
    ),
    (
        "parquet",
        INT,
        {},
        "format-messages",
        "messages cannot have the format parquet, only files",
        "use json, csv, raw, avro or avro-confluent for a topic",
    ),
]


@pytest.mark.parametrize(("encoding", "fields", "options", "code", "message", "hint"), REFUSED)
def test_what_is_refused(
    encoding: str, fields: tuple[Field, ...], options: Mapping[str, str], code: str, message: str, hint: str
) -> None:
    with pytest.raises(PenstockError) as caught:
        decoder_of(encoding, fields, options)
    error = caught.value
    assert (error.code, error.message, error.hint) == (code, message, hint)
    assert isinstance(
        error,
        UnsupportedError if code.startswith(("format-type", "format-mess", "avro-enc", "avro-rec")) else ConfigError,
    )


def test_formats_and_columns_that_are_not_there() -> None:
    with pytest.raises(ConfigError, match="there is no format 'jsn'\nhint: did you mean json\\?"):
        format_named("jsn")
    everything = "there are avro, avro-confluent, csv, json, parquet, raw"
    with pytest.raises(ConfigError, match=f"there is no format 'xyzzy'\nhint: {everything}"):
        format_named("xyzzy")
    with pytest.raises(ConfigError, match="no column 'z' to decode; there are a, b, r"):
        FORMATS["json"].decoder(THREE, ("z",), {})


@pytest.mark.parametrize("encoding", ["avro", "avro-confluent"])
def test_avro_has_no_lines(encoding: str) -> None:
    decoder = decoder_of(encoding, INT)
    message = f"a file of lines cannot have the format {encoding}"
    with pytest.raises(UnsupportedError, match=message):
        decoder.decode_lines(b"")
    with pytest.raises(UnsupportedError, match=message):
        decoder.whole_lines(b"")


def test_values_that_cannot_be_written() -> None:
    maps = columns(m="MAP<STRING, INT>")
    frame = pl.DataFrame({"m": [[{"key": None, "value": 1}]]}, schema={"m": maps[0].type.polars})
    with pytest.raises(DataError) as caught:
        FORMATS["json"].encoder(maps, {}).encode(frame)
    assert str(caught.value) == (
        "a MAP with a NULL key cannot be written as json\nhint: set 'map-null-key.mode' to DROP or LITERAL"
    )
    needed = columns(a="INT NOT NULL")
    with pytest.raises(DataError, match="column a has a NULL, which its Avro schema does not allow"):
        FORMATS["avro"].encoder(needed, {}).encode(pl.DataFrame({"a": [None]}, schema={"a": pl.Int32}))


def test_avro_schemas_that_do_not_fit_the_table() -> None:
    writer = '{"type":"record","name":"r","fields":[{"name":"a","type":"string"}]}'
    with pytest.raises(ConfigError, match="column a is INT, which cannot be written as Avro's string"):
        FORMATS["avro-confluent"].encoder(INT, {"schema": writer})
    with pytest.raises(
        ConfigError, match="column of the row is ROW<`a` INT>, which cannot be written as Avro's string"
    ):
        FORMATS["avro-confluent"].encoder(INT, {"schema": '"string"'})
