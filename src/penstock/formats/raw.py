"""The format raw: a message is one value, its bytes as they are."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.core.errors import ConfigError, UnsupportedError
from penstock.core.options import Kind, Option, Values, choice
from penstock.formats.block import PAD, Block
from penstock.formats.format import Decoded, Fault, pick, stable_hash, touched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.formats.format import Decoder, Encoder

__all__ = ["Raw"]


def _charset(name: str) -> str:
    """Python's name of a charset of texts."""
    try:
        "".encode(name)  # refuses those that are no charset, such as base64
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError(name) from None


CHARSET = Option(
    "charset", Kind("a charset such as UTF-8, ISO-8859-1, UTF-16", _charset), "utf-8", "How a text is encoded."
)
ENDIANNESS = Option(
    "endianness", choice("big-endian", "little-endian"), "big-endian", "Which byte of a number comes first."
)

_VERSION = 1
_NUMBERS = (t.Integer, t.Float, t.Double)
_LONE_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_REPLACEMENT = "\ufffd".encode()


class Raw:
    """The format raw."""

    name = "raw"
    options: tuple[Option[Any], ...] = (CHARSET, ENDIANNESS)

    def decoder(self, schema: tuple[t.Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> Decoder:
        column = self._only_column(schema)
        return RawDecoder(column, pick(schema, wanted), Values(self.options, options, "format raw"))

    def encoder(self, schema: tuple[t.Field, ...], options: Mapping[str, str]) -> Encoder:
        return RawEncoder(self._only_column(schema), Values(self.options, options, "format raw"))

    def fingerprint(self, schema: tuple[t.Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> str:
        values = Values(self.options, options, "format raw")
        return stable_hash(self.name, _VERSION, schema, wanted, values, self.options)

    def _only_column(self, schema: tuple[t.Field, ...]) -> t.Field:
        if len(schema) != 1:
            names = ", ".join(f.name for f in schema) or "none"
            raise ConfigError(
                f"the format raw needs a table of one physical column; there are {names}",
                code="format-columns",
                hint="declare the others as computed columns, or as METADATA",
            )
        type_ = schema[0].type
        simple = (t.Boolean, t.Char, t.Varchar, t.Binary, t.Varbinary, *_NUMBERS)
        if not isinstance(type_, simple):
            raise UnsupportedError(f"the format raw does not have the type {type_.name}", code="format-type")
        return schema[0]


class RawDecoder:
    """Decodes values; a null message is a row of NULL, a line of a file is a value."""

    def __init__(self, column: t.Field, wanted: tuple[t.Field, ...], options: Values) -> None:
        self._column = column
        self._wanted = wanted
        self._charset = options[CHARSET]
        self._big = options[ENDIANNESS] == "big-endian"

    def decode(self, values: pl.Series) -> Decoded:
        type_ = self._column.type
        if isinstance(type_, t.Char | t.Varchar):
            return self._decoded(self._texts(values), len(values))
        if isinstance(type_, t.Binary | t.Varbinary):
            return self._decoded(values, len(values))
        size = 1 if isinstance(type_, t.Boolean) else np.dtype(_numpy(type_)).itemsize
        wrong = (values.bin.size() != size).fill_null(False)
        bad = {row: self._misfit(values[row], size) for row in wrong.arg_true().to_list()}
        values = values.filter(~wrong) if bad else values
        numbers = _numbers(values, type_, "big" if self._big else "little")
        rows = (~wrong).arg_true() if bad else None
        return self._decoded(numbers, len(wrong), rows, bad)

    def decode_lines(self, block: bytes) -> Decoded:
        lines = Block.of_lines(block)
        cut = lines.series(lines.start, lines.end, None, pl.Binary())
        return self.decode(cut)

    def whole_lines(self, block: bytes) -> int:
        return block.rfind(b"\n") + 1

    def _texts(self, values: pl.Series) -> pl.Series:
        if self._charset == "utf-8":
            try:
                return values.cast(pl.String)
            except pl.exceptions.ComputeError:
                return pl.Series([None if v is None else _lenient(v) for v in values.to_list()], dtype=pl.String)
        texts = [None if v is None else self._text(v) for v in values.to_list()]
        return pl.Series(texts, dtype=pl.String)

    def _text(self, value: bytes) -> str:
        big = self._charset == "utf-16" and value[:2] not in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
        return value.decode("utf-16-be" if big else self._charset, "replace")

    def _misfit(self, value: bytes, size: int) -> Fault:
        f = self._column
        return Fault("raw-value", f"column {f.name}: {len(value)} bytes are no {f.type.name}, which has {size}")

    def _decoded(
        self, column: pl.Series, height: int, rows: pl.Series | None = None, bad: Mapping[int, Fault] | None = None
    ) -> Decoded:
        frame = (
            pl.DataFrame([column.alias(f.name) for f in self._wanted])
            if self._wanted
            else pl.DataFrame(height=len(column))
        )
        index = None if rows is None else rows.cast(pl.UInt32).alias("row")
        return Decoded(frame, index, touched(bad or {}), touched({}), height)


class RawEncoder:
    """Encodes values; NULL is a null message."""

    def __init__(self, column: t.Field, options: Values) -> None:
        self._column = column
        self._charset = options[CHARSET]
        self._big = options[ENDIANNESS] == "big-endian"

    def encode(self, frame: pl.DataFrame) -> pl.Series:
        values, type_ = frame.get_column(self._column.name), self._column.type
        if isinstance(type_, t.Binary | t.Varbinary):
            return values
        if isinstance(type_, t.Char | t.Varchar):
            if self._charset == "utf-8":
                return values.cast(pl.Binary)
            charset = "utf-16-be" if self._charset == "utf-16" else self._charset
            mark = b"\xfe\xff" if self._charset == "utf-16" else b""
            spelt = [
                None if v is None else (mark if v else b"") + v.encode(charset, "replace") for v in values.to_list()
            ]
            return pl.Series(values.name, spelt, dtype=pl.Binary)
        dtype = np.dtype(np.uint8 if isinstance(type_, t.Boolean) else _numpy(type_))
        data = values.fill_null(0 if not isinstance(type_, t.Boolean) else False).to_numpy().astype(dtype)
        text = data.astype(dtype.newbyteorder(">" if self._big else "<")).tobytes()
        ends = PAD + np.arange(1, len(data) + 1) * dtype.itemsize
        block = Block(text, ends - PAD - dtype.itemsize, ends - PAD)
        valid = values.is_not_null().to_numpy() if values.null_count() else None
        return block.series(block.start, block.end, valid, pl.Binary()).alias(values.name)


def _numpy(type_: t.DataType) -> str:
    if isinstance(type_, t.Integer):
        return f"int{type_.bits}"
    return "float32" if isinstance(type_, t.Float) else "float64"


def _numbers(values: pl.Series, type_: t.DataType, order: str) -> pl.Series:
    if isinstance(type_, t.Boolean):
        return values.bin.reinterpret(dtype=pl.UInt8(), endianness="little") != 0
    return values.bin.reinterpret(dtype=type_.polars, endianness=order)  # type: ignore[arg-type]


def _lenient(value: bytes) -> str:
    """As Java: what is not UTF-8 becomes U+FFFD, an encoded half of a surrogate pair one of them."""
    return _LONE_SURROGATE.sub(_REPLACEMENT, value).decode("utf-8", "replace")
