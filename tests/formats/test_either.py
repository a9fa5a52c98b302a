"""A topic whose messages are text or Avro, each told by its first byte."""

from __future__ import annotations

from penstock.formats import FORMATS
from penstock.formats.avro import AvroConfluent
from penstock.formats.either import Either
from tests.formats.helpers import binary, columns, outcomes

FIELDS = columns(a="INT", b="STRING")
WRITER = '{"type":"record","name":"r","fields":[{"name":"b","type":"string"},{"name":"a","type":"int"}]}'
AVRO = b"\0\0\0\0\1\2x\4"


class One:
    def schema(self, number: int) -> str | None:
        return WRITER if number == 1 else None

    def register(self, subject: str, schema: str) -> int:
        raise AssertionError(subject)


EITHER = Either(FORMATS["json"], AvroConfluent(One()))


def test_messages_of_both_kinds_keep_their_order() -> None:
    messages = [b'{"a":1}', AVRO, None, b'[{"a":3},{"a":4}]', b"{", b"\0\0\0\0\2\2", b"", AVRO]
    decoded = EITHER.decoder(FIELDS, ("a", "b"), {"ignore-parse-errors": "true"}).decode(binary(messages))
    found = outcomes(decoded, FIELDS)
    assert [o if isinstance(o, str) else [(r["a"], r["b"]) for r in o] for o in found] == [
        [(1, None)],
        [(2, "x")],
        [],
        [(3, None), (4, None)],
        found[4],
        "schema 2: it is not known to the schema registry",
        [],
        [(2, "x")],
    ]
    assert decoded.ignored["row"].to_list() == [4]


def test_messages_of_one_kind() -> None:
    one = EITHER.decoder(FIELDS, ("b",), {})
    assert one.decode(binary([AVRO, AVRO])).frame.rows() == [("x",), ("x",)]
    assert one.decode(binary([b'{"b":"y"}', b"{}"])).frame.rows() == [("y",), (None,)]


def test_what_is_written_and_how_it_is_known() -> None:
    frame = EITHER.decoder(FIELDS, ("a", "b"), {}).decode(binary([AVRO])).frame
    assert EITHER.encoder(FIELDS, {}).encode(frame).to_list() == [b'{"a":2,"b":"x"}']
    json = FORMATS["json"].fingerprint(FIELDS, ("a",), {})
    assert EITHER.fingerprint(FIELDS, ("a",), {}).startswith(json + "+")
