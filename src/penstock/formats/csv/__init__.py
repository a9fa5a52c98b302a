"""The format csv: Flink's options, its values, and its way with what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError
from penstock.core.options import Kind, Option, Values, boolean, text
from penstock.formats.csv.rules import Rules
from penstock.formats.format import Decoder, Encoder, pick, stable_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.core.types import Field

__all__ = ["Csv"]

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\b": "\b", "\\f": "\f", "\\\\": "\\", "\\'": "'", '\\"': '"'}


def _character(value: str) -> str:
    r"""A character, itself or as Java escapes it (\\t, \\u0001)."""
    if value.startswith("\\u") and len(value) == 6:
        return chr(int(value, 0))
    value = _ESCAPES.get(value, value)
    if len(value) != 1:
        raise ValueError(value)
    return value


character: Kind[str] = Kind("a single character, or an escape such as \\t or \\u0001", _character)

DELIMITER = Option("field-delimiter", character, ",", "The character between fields.")
NO_QUOTE = Option("disable-quote-character", boolean, False, "Whether quotes around fields have no meaning.")
QUOTE = Option("quote-character", character, '"', "The character around fields that hold delimiters.")
COMMENTS = Option("allow-comments", boolean, False, "Pass over lines that begin with #.")
IGNORE_ERRORS = Option(
    "ignore-parse-errors", boolean, False, "Make a field that cannot be read NULL, and drop a line that is no CSV."
)
BETWEEN_ELEMENTS = Option(
    "array-element-delimiter", character, ";", "The character between elements of an ARRAY or ROW."
)
ESCAPE: Option[str | None] = Option(
    "escape-character", character, None, "The character that takes the next one's meaning."
)
NULL: Option[str | None] = Option("null-literal", text, None, "The text that stands for NULL.")
SCIENTIFIC = Option(
    "write-bigdecimal-in-scientific-notation",
    boolean,
    True,
    "Without effect: DECIMAL is written plainly either way, as in Flink.",
)
TRIM = Option("trim-spaces", boolean, False, "Take away blanks around fields.")
UNMAPPABLE = Option("ignore-trailing-unmappable", boolean, False, "Pass over fields beyond the last column.")
TRAILING = Option("allow-trailing-comma", boolean, True, "Allow a delimiter behind the last field.")
MISSING = Option(
    "fail-on-missing-columns", boolean, False, "Drop a line with too few fields even where errors are ignored."
)
EMPTY = Option("empty-string-as-null", boolean, False, "Read empty fields as NULL.")

_VERSION = 1
"""Goes up when equal bytes would decode to other columns."""


class Csv:
    """The format csv."""

    name = "csv"
    options: tuple[Option[Any], ...] = (
        DELIMITER,
        NO_QUOTE,
        QUOTE,
        COMMENTS,
        IGNORE_ERRORS,
        BETWEEN_ELEMENTS,
        ESCAPE,
        NULL,
        SCIENTIFIC,
        TRIM,
        UNMAPPABLE,
        TRAILING,
        MISSING,
        EMPTY,
    )

    def decoder(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> Decoder:
        from penstock.formats.csv.decoder import CsvDecoder

        return CsvDecoder(schema, pick(schema, wanted), self._rules(options))

    def encoder(self, schema: tuple[Field, ...], options: Mapping[str, str]) -> Encoder:
        from penstock.formats.csv.encoder import CsvEncoder

        return CsvEncoder(schema, self._rules(options))

    def fingerprint(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> str:
        values = Values(self.options, options, "format csv")
        return stable_hash(self.name, _VERSION, schema, wanted, values, self.options)

    def _rules(self, options: Mapping[str, str]) -> Rules:
        values = Values(self.options, options, "format csv")
        if values[NO_QUOTE] and values.given(QUOTE):
            raise ConfigError(
                "quote-character is given and disable-quote-character is true",
                code="format-options",
                where="format csv",
                hint="leave one of them out",
            )
        return Rules(
            delimiter=values[DELIMITER],
            quote=None if values[NO_QUOTE] else values[QUOTE],
            escape=values[ESCAPE],
            between_elements=values[BETWEEN_ELEMENTS],
            null=values[NULL],
            comments=values[COMMENTS],
            ignore_errors=values[IGNORE_ERRORS],
            trim=values[TRIM],
            drop_unmappable=values[UNMAPPABLE],
            trailing_delimiter=values[TRAILING],
            fail_on_missing=values[MISSING],
            empty_as_null=values[EMPTY],
        )
