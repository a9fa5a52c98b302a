"""Avro messages to columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.core.errors import ConfigError, UnsupportedError
from penstock.formats.avro.columns import Walk, is_flat
from penstock.formats.avro.datum import AvroError, Cursor, Read, TruncatedError, reader_of
from penstock.formats.avro.schema import AvroRecord, Node, parse_schema
from penstock.formats.batch import Part, frame_of_parts
from penstock.formats.block import Block
from penstock.formats.format import Decoded, Fault, Touched
from penstock.formats.pieces import Piece, assemble, piece_of_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.formats.block import Ints, Mask

__all__ = ["AvroDecoder", "ConfluentDecoder"]

_HEADER = 5


class Reading:
    """How datums of one writer's schema become rows of a table."""

    def __init__(self, writer: Node, schema: tuple[t.Field, ...], wanted: tuple[t.Field, ...]) -> None:
        self._schema = schema
        self._wanted = wanted
        self._row = t.Row(schema, nullable=False)
        self._writer = writer
        self._flat = writer if isinstance(writer, AvroRecord) and is_flat(writer, self._row) else None
        self._read: Read = reader_of(writer, self._row, "")

    def read(self, block: Block, rows: Ints, skip: int, bad: Touched) -> list[Piece]:
        """The datums of `rows`, which begin `skip` bytes behind their messages' start."""
        pieces: list[Piece] = []
        if self._flat is not None and len(rows):
            walk = Walk(block, block.start[rows] + skip, block.end[rows], np.ones(len(rows), bool))
            walk.record(self._flat, self._row, ())
            try:
                good, frame = self._flat_piece(block, rows, walk)
            except pl.exceptions.ComputeError:
                walk.ok &= self._texts_are_utf8(block, walk)
                good, frame = self._flat_piece(block, rows, walk)
            pieces.append((good, frame))
            rows = rows[~walk.ok]
        found: list[list[Any]] = []
        sources: list[int] = []
        for row in rows.tolist():
            data = block.slice(int(block.start[row]), int(block.end[row]))
            try:
                found.append(list(self._read(Cursor(data, skip)).values()))
                sources.append(row)
            except AvroError as error:
                bad[row] = Fault("avro-truncated" if isinstance(error, TruncatedError) else "avro-value", str(error))
        if found:
            pieces.append(piece_of_rows(sources, found, self._schema, self._wanted))
        return pieces

    def _flat_piece(self, block: Block, rows: Ints, walk: Walk) -> Piece:
        part = Part(rows, walk.leaves, walk.present)
        part = part if walk.ok.all() else part.take(walk.ok)
        frame, good = frame_of_parts(block, [part], self._wanted, base64=False)
        return good, frame

    def _texts_are_utf8(self, block: Block, walk: Walk) -> Mask:
        """Which datums have no text that is not UTF-8, bytes counted as texts."""
        fine = np.ones(len(walk.at), bool)
        high = np.flatnonzero(block.raw >= 128)
        for leaf in walk.leaves.values():
            if leaf.start is None or leaf.end is None:
                continue
            among = np.searchsorted(high, leaf.end) > np.searchsorted(high, leaf.start)
            for i in np.flatnonzero(among & walk.ok).tolist():
                try:
                    block.slice(int(leaf.start[i]), int(leaf.end[i])).decode()
                except UnicodeDecodeError:
                    fine[i] = False
        return fine


class AvroDecoder:
    """Decodes bare datums of one schema, the table's own."""

    def __init__(self, schema: tuple[t.Field, ...], wanted: tuple[t.Field, ...], writer: Node) -> None:
        self._wanted = wanted
        self._reading = Reading(writer, schema, wanted)

    def decode(self, values: pl.Series) -> Decoded:
        block = Block.of_values(values)
        bad: Touched = {}
        pieces = self._reading.read(block, np.flatnonzero(values.is_not_null().to_numpy()), 0, bad)
        return assemble([nothing(self._wanted), *pieces], bad, {}, len(values))

    def decode_lines(self, block: bytes) -> Decoded:
        raise no_lines("avro")

    def whole_lines(self, block: bytes) -> int:
        raise no_lines("avro")


class ConfluentDecoder:
    """Decodes datums behind a header: a zero byte, and the number of the writer's schema in four bytes."""

    def __init__(
        self, schema: tuple[t.Field, ...], wanted: tuple[t.Field, ...], writer_of: Callable[[int], str | None]
    ) -> None:
        self._schema = schema
        self._wanted = wanted
        self._writer_of = writer_of
        self._readings: dict[int, Reading] = {}

    def decode(self, values: pl.Series) -> Decoded:
        block = Block.of_values(values)
        bad: Touched = {}
        rows = np.flatnonzero(values.is_not_null().to_numpy())
        head = block.word(block.start[rows])
        headed = (block.end[rows] - block.start[rows] >= _HEADER) & ((head & np.uint64(0xFF)) == 0)
        for row in rows[~headed].tolist():
            bad[row] = Fault(
                "avro-header", "not Avro with a schema's number: it does not begin with a zero byte and four more"
            )
        numbers = ((head >> np.uint64(8)).astype(np.uint32)).byteswap()
        pieces: list[Piece] = []
        for number in np.unique(numbers[headed]).tolist():
            of_number = rows[headed & (numbers == number)]
            try:
                reading = self._reading(number)
            except (ConfigError, UnsupportedError) as error:
                code = error.code if error.code == "avro-unknown-schema" else "avro-schema"
                fault = Fault(code, f"schema {number}: {error.message}")
                bad.update(dict.fromkeys(of_number.tolist(), fault))
                continue
            pieces += reading.read(block, of_number, _HEADER, bad)
        return assemble([nothing(self._wanted), *pieces], bad, {}, len(values))

    def _reading(self, number: int) -> Reading:
        if number not in self._readings:
            text = self._writer_of(number)
            if text is None:
                raise ConfigError("it is not known to the schema registry", code="avro-unknown-schema")
            self._readings[number] = Reading(parse_schema(text, f"schema {number}"), self._schema, self._wanted)
        return self._readings[number]

    def decode_lines(self, block: bytes) -> Decoded:
        raise no_lines("avro-confluent")

    def whole_lines(self, block: bytes) -> int:
        raise no_lines("avro-confluent")


def nothing(wanted: tuple[t.Field, ...]) -> Piece:
    return np.zeros(0, np.int64), pl.DataFrame(schema={f.name: f.type.polars for f in wanted})


def no_lines(name: str) -> UnsupportedError:
    return UnsupportedError(f"a file of lines cannot have the format {name}", code="format-lines")
