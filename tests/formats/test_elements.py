"""The elements of an array keep their bytes, however it is written."""

from __future__ import annotations

import json

import pytest

from penstock.formats.json.elements import elements


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": 1}', [b'{"a": 1}']),
        (b' [ {"a": 1.50} , {"b":"},{"} ]\n', [b'{"a": 1.50}', b'{"b":"},{"}']),
        (b'[{"a":1},{"a":2},{"a":3}]', [b'{"a":1}', b'{"a":2}', b'{"a":3}']),
        (b'[{"a":[{"b":1},{"b":2}]},{"c":0}]', [b'{"a":[{"b":1},{"b":2}]}', b'{"c":0}']),
        (b'[1, "x", null, [2, 3], {"a":{}}]', [b"1", b'"x"', b"null", b"[2, 3]", b'{"a":{}}']),
        ('[{"s":"ø"},{"s":"\\u00f8"}]'.encode(), ['{"s":"ø"}'.encode(), b'{"s":"\\u00f8"}']),
        (b"[]", []),
    ],
)
def test_what_they_are(body: bytes, found: list[bytes]) -> None:
    assert elements(body) == found
    whole = json.loads(body)
    assert [json.loads(one) for one in found] == (whole if isinstance(whole, list) else [whole])


@pytest.mark.parametrize("body", [b'[{"a":1},{"a":2},', b'[{"a":1},{"a":2}}', b'[{"a":1},{"a"', b"", b"<html>"])
def test_what_is_cut_off_has_none(body: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        elements(body)


def test_a_number_is_no_event() -> None:
    with pytest.raises(ValueError, match="neither an object nor an array of events"):
        elements(b"7")
