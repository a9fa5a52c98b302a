"""The format json: Flink's options, its values, and its way with what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core import types as t
from penstock.core.errors import ConfigError
from penstock.core.options import Kind, Option, Values, boolean, choice, text
from penstock.formats.format import Decoder, Encoder, pick, stable_hash
from penstock.formats.json.rules import Rules, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Json"]

FAIL_ON_MISSING = Option(
    "fail-on-missing-field", boolean, False, "Whether a message without one of the fields is an error."
)
IGNORE_ERRORS = Option(
    "ignore-parse-errors", boolean, False, "Make a field that cannot be read NULL, and drop a message that is no JSON."
)
TIMESTAMPS = Option(
    "timestamp-format.standard",
    Kind("SQL or ISO-8601", {"SQL": "SQL", "ISO-8601": "ISO-8601"}.__getitem__),
    "SQL",
    "How timestamps are written: 2024-01-02 03:04:05.678, or with a T between.",
)
NULL_KEYS = Option(
    "map-null-key.mode", choice("FAIL", "DROP", "LITERAL"), "FAIL", "What becomes of a NULL key of a MAP."
)
NULL_KEY = Option("map-null-key.literal", text, "null", "The key to write for NULL where the mode is LITERAL.")
PLAIN_DECIMALS = Option("encode.decimal-as-plain-number", boolean, False, "Write 0.0000001 and not 1E-7 for a DECIMAL.")
NO_NULLS = Option("encode.ignore-null-fields", boolean, False, "Leave out the fields of a row that are NULL.")
PARSER = Option(
    "decode.json-parser.enabled",
    boolean,
    True,
    "Read by tokens; false reads by way of a tree, as older versions of Flink did.",
)

_VERSION = 2
"""Goes up when equal bytes would decode to other columns."""


class Json:
    """The format json.

    Differs from Flink 2.3 in one thing: under ``ignore-parse-errors`` a message with a text that is not UTF-8 is
    dropped; Flink may go on behind the wrong byte.
    """

    name = "json"
    options: tuple[Option[Any], ...] = (
        FAIL_ON_MISSING,
        IGNORE_ERRORS,
        TIMESTAMPS,
        NULL_KEYS,
        NULL_KEY,
        PLAIN_DECIMALS,
        NO_NULLS,
        PARSER,
    )

    def decoder(self, schema: tuple[t.Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> Decoder:
        from penstock.formats.json.decoder import JsonDecoder

        return JsonDecoder(schema, pick(schema, wanted), self._rules(schema, self._values(options)))

    def encoder(self, schema: tuple[t.Field, ...], options: Mapping[str, str]) -> Encoder:
        from penstock.formats.json.encoder import JsonEncoder, Spelling

        values = Values(self.options, options, "format json")
        return JsonEncoder(
            schema,
            Spelling(
                separator=_separator(values),
                null_keys=values[NULL_KEYS],
                null_key=values[NULL_KEY],
                plain_decimals=values[PLAIN_DECIMALS],
                no_nulls=values[NO_NULLS],
            ),
        )

    def fingerprint(self, schema: tuple[t.Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> str:
        return stable_hash(self.name, _VERSION, schema, wanted, self._values(options), self.options)

    def _values(self, options: Mapping[str, str]) -> Values:
        values = Values(self.options, options, "format json")
        if values[FAIL_ON_MISSING] and values[IGNORE_ERRORS]:
            raise ConfigError(
                "fail-on-missing-field and ignore-parse-errors cannot both be true",
                code="format-options",
                where="format json",
                hint="leave one of them out",
            )
        return values

    def _rules(self, schema: tuple[t.Field, ...], values: Values) -> Rules:
        return Rules(
            separator=_separator(values),
            fail_on_missing=values[FAIL_ON_MISSING],
            ignore_errors=values[IGNORE_ERRORS],
            tree=not values[PARSER],
            exact_floats=any(isinstance(part, t.Decimal) for f in schema for part in parts_of(f.type)),
        )


def _separator(values: Values) -> str:
    return " " if values[TIMESTAMPS] == "SQL" else "T"
