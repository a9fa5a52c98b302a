"""The options that Flink has, and the names of decodings."""

from __future__ import annotations

import subprocess
import sys

import pytest

from penstock.formats import FORMATS
from tests.formats.helpers import columns

FLINK = {
    "json": {
        "fail-on-missing-field", "ignore-parse-errors", "timestamp-format.standard", "map-null-key.mode",
        "map-null-key.literal", "encode.decimal-as-plain-number", "encode.ignore-null-fields",
        "decode.json-parser.enabled",
    },
    "csv": {
        "field-delimiter", "disable-quote-character", "quote-character", "allow-comments", "ignore-parse-errors",
        "array-element-delimiter", "escape-character", "null-literal", "write-bigdecimal-in-scientific-notation",
        "trim-spaces", "ignore-trailing-unmappable", "allow-trailing-comma", "fail-on-missing-columns",
        "empty-string-as-null",
    },
    "raw": {"charset", "endianness"},
    "avro": {"encoding", "timestamp_mapping.legacy"},
}  # fmt: skip


@pytest.mark.parametrize("name", FLINK)
def test_the_options_are_flinks(name: str) -> None:
    assert {o.name for o in FORMATS[name].options} == FLINK[name]


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_its_own_name(name: str) -> None:
    assert FORMATS[name].name == name
    assert all(o.text.endswith(".") for o in FORMATS[name].options)


AB = columns(a="INT", b="STRING")


def test_a_fingerprint_names_all_that_matters() -> None:
    json = FORMATS["json"]
    base = json.fingerprint(AB, ("a",), {})
    others = [
        json.fingerprint(AB, ("a", "b"), {}),
        json.fingerprint(AB, ("b",), {}),
        json.fingerprint(AB, ("a",), {"ignore-parse-errors": "true"}),
        json.fingerprint(columns(a="BIGINT", b="STRING"), ("a",), {}),
        json.fingerprint(columns(a="INT NOT NULL", b="STRING"), ("a",), {}),
        json.fingerprint(columns(b="STRING", a="INT"), ("a",), {}),
        json.fingerprint(columns(a="INT"), ("a",), {}),
        FORMATS["csv"].fingerprint(AB, ("a",), {}),
    ]
    assert len({base, *others}) == len(others) + 1


def test_a_fingerprint_does_not_depend_on_how_a_default_is_given() -> None:
    json = FORMATS["json"]
    assert json.fingerprint(AB, ("a",), {}) == json.fingerprint(AB, ("a",), {"ignore-parse-errors": "FALSE"})


def test_a_fingerprint_is_the_same_in_another_process() -> None:
    code = (
        "from penstock.core import types as t; from penstock.formats import FORMATS;"
        "fields = (t.Field('a', t.INT), t.Field('b', t.STRING));"
        "print(FORMATS['json'].fingerprint(fields, ('a',), {}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == FORMATS["json"].fingerprint(AB, ("a",), {})
