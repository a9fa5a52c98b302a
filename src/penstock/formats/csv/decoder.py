"""CSV records to columns: the plain ones a column at a time, the others one by one."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.core.errors import InternalError
from penstock.formats import cells as read
from penstock.formats.arrow import Column, frame_of
from penstock.formats.block import PAD, Block, stands, words_of
from penstock.formats.csv.leaves import RowReader, fault_of
from penstock.formats.csv.records import CsvSyntaxError, read_record
from penstock.formats.csv.scan import Fields, scan
from penstock.formats.format import Fault
from penstock.formats.nested import series_of
from penstock.formats.pieces import Piece, assemble, piece_of_rows
from penstock.formats.scalars import time_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.core.types import Field
    from penstock.formats.block import Ints, Mask
    from penstock.formats.csv.rules import Rules
    from penstock.formats.format import Decoded, Touched

__all__ = ["CsvDecoder"]

_GREGORIAN = -141_427
"""15 October 1582, from which java.sql.Date counts as everyone does."""
_TIME_STEPS = {0: 1_000_000_000, 1: 100_000_000, 2: 10_000_000, 3: 1_000_000}
_MARK = b"\xef\xbb\xbf"
_LONGEST = 1 << 20
"""A quoted field is given up that does not end within so many bytes."""
_SIMPLE = (t.Boolean, t.Integer, t.Float, t.Double, t.Decimal, t.Date, t.Time, t.Timestamp, t.TimestampLtz)


class CsvDecoder:
    """Decodes CSV as Flink's csv format does.

    A message is one record: what follows it in the message is not read. In a file records may span lines.
    """

    def __init__(self, schema: tuple[Field, ...], wanted: tuple[Field, ...], rules: Rules) -> None:
        """Raises UnsupportedError for a type that CSV does not have."""
        self.schema = schema
        self.wanted = wanted
        self.rules = rules
        self.reader = RowReader(schema, rules)

    def decode(self, values: pl.Series) -> Decoded:
        run = _Run(self, Block.of_values(values))
        present = np.flatnonzero(values.is_not_null().to_numpy())
        run.plain(present[run.sizes[present] > 0])
        run.one_by_one(present, file=False)
        return run.result()

    def decode_lines(self, block: bytes) -> Decoded:
        run = _Run(self, Block.of_lines(block))
        run.spanning()
        rows = np.arange(len(run.done))
        run.plain(rows)
        run.one_by_one(rows, file=True)
        return run.result()

    def whole_lines(self, block: bytes) -> int:
        end = block.rfind(b"\n") + 1
        quote = None if self.rules.quote is None else self.rules.quote.encode()
        while quote and end and block.count(quote, 0, end) % 2:
            end = block.rfind(b"\n", 0, block.rfind(quote, 0, end)) + 1
        return end if end or len(block) < _LONGEST else block.rfind(b"\n") + 1


class _Run:
    """One block on its way; `done` are the rows that need no more reading."""

    def __init__(self, decoder: CsvDecoder, block: Block) -> None:
        self._decoder = decoder
        self._block = block
        self._pieces: list[Piece] = []
        self._found: list[tuple[int, list[Any]]] = []
        self._bad: Touched = {}
        self._ignored: Touched = {}
        self._broken = block.broken()
        self.sizes = block.end - block.start
        self.done = np.zeros(len(block.start), bool)

    def result(self) -> Decoded:
        if self._found:
            self._found.sort(key=itemgetter(0))  # records over several lines were read before the others
            rows, values = [r for r, _ in self._found], [v for _, v in self._found]
            self._pieces.append(piece_of_rows(rows, values, self._decoder.schema, self._decoder.wanted))
        nothing = (np.zeros(0, np.int64), pl.DataFrame(schema={f.name: f.type.polars for f in self._decoder.wanted}))
        return assemble([nothing, *self._pieces], self._bad, self._ignored, len(self.done))

    def plain(self, rows: Ints) -> None:
        """Read the plain ones of `rows`."""
        decoder = self._decoder
        rows = rows[~self.done[rows]]
        if self._broken is not None:
            rows = rows[~self._broken[rows]]
        for fields in scan(self._block, rows, len(decoder.schema), decoder.rules):
            self.done[fields.rows] = True
            keep = np.ones(len(fields.rows), bool)
            read_columns = {}
            for i, f in enumerate(decoder.schema):
                column = self._column(i, f.type, fields, keep)
                if f in decoder.wanted:
                    read_columns[f.name] = column
            frame = _frame([read_columns[f.name] for f in decoder.wanted], decoder.wanted, len(fields.rows))
            self._pieces.append((fields.rows, frame) if keep.all() else (fields.rows[keep], frame.filter(keep)))

    def _column(self, i: int, type_: t.DataType, fields: Fields, keep: Mask) -> Column | pl.Series:
        """The field `i` of all records; clears `keep` where it cannot be read."""
        start, end = fields.start[i], fields.end[i]
        null = self._nulls(start, end)
        if isinstance(type_, t.Char | t.Varchar):
            return self._block.column(start, end, None if null is None else ~null, type_.polars)
        if not isinstance(type_, _SIMPLE):
            return series_of(type_, self._cells(i, fields, np.arange(len(start)), keep))
        values, fits, ok = _values(self._block, start, end, type_)
        valid = fits if null is None else fits & ~null
        odd = np.flatnonzero(~ok if null is None else ~(ok | null))
        if len(odd):
            values, valid = values.copy(), valid.copy()
            for k, value in zip(odd.tolist(), self._cells(i, fields, odd, keep), strict=True):
                valid[k] = value is not None
                if value is not None:
                    values[k] = words_of(value) if isinstance(type_, t.Decimal) else value
        return Column(type_.polars, values, None if valid.all() else valid)

    def _nulls(self, start: Ints, end: Ints) -> Mask | None:
        rules = self._decoder.rules
        null = start == end if rules.empty_as_null else None
        if rules.null is not None:
            text = rules.null.encode()
            spelt = (end - start == len(text)) & stands(self._block, start, text)
            null = spelt if null is None else null | spelt
        return null

    def _cells(self, i: int, fields: Fields, odd: Ints, keep: Mask) -> list[Any]:
        """The values of the field `i` of the records `odd`."""
        reader, values = self._decoder.reader, []
        for k in odd.tolist():
            text = self._block.slice(int(fields.start[i][k]), int(fields.end[i][k])).decode()
            value, reader.fault = None, None
            try:
                value = reader.value(i, text)
            except ValueError as error:
                keep[k] = False
                self._bad.setdefault(int(fields.rows[k]), fault_of(error))
            if reader.fault is not None:
                self._ignored.setdefault(int(fields.rows[k]), reader.fault)
            values.append(value)
        return values

    def spanning(self) -> None:
        """Read the records of a file that begin with a line of an odd number of quotes: some span several lines."""
        quote = self._decoder.rules.quote
        text = self._block.text
        if quote is None or quote.encode() not in text:
            return
        starts = self._block.start - PAD
        taken = 0
        for row in odd_lines(self._block, quote):
            start = int(starts[row])
            if start >= taken:
                taken = start + self._spanning_record(row, start)
                self.done[row : int(np.searchsorted(starts, max(taken, start + 1)))] = True

    def _spanning_record(self, row: int, start: int) -> int:
        """Read the record at `start`, however many lines it takes; its bytes, or those of its line if it is broken."""
        text, size = self._block.text, 1 << 10
        line = text.find(b"\n", start) + 1 or len(text)
        while True:
            window = text[start : start + size].decode("utf-8", "replace")
            over = start + size >= len(text) or size > _LONGEST
            try:
                record = read_record(window, 0, self._decoder.rules)
            except CsvSyntaxError:
                record = None
            if record is not None and (over or record.end < len(window)):
                data = window[: record.end].encode()
                self._read(row, data, file=True)
                return len(data)
            if over:
                self._read(row, text[start:line], file=True)
                return line - start
            size *= 8

    def one_by_one(self, rows: Ints, *, file: bool) -> None:
        """Read what is left of `rows`; in a `file` an empty line is an empty field and comments give no row."""
        for row in rows[~self.done[rows]].tolist():
            data = self._block.slice(int(self._block.start[row]), int(self._block.end[row]))
            self._read(row, data + b"\n" if file else data, file=file)

    def _read(self, row: int, data: bytes, *, file: bool) -> None:
        reader, rules = self._decoder.reader, self._decoder.rules
        faults = self._ignored if rules.ignore_errors else self._bad
        try:
            record = read_record(data.removeprefix(_MARK).decode(), 0, rules)
            if record is None and not file:
                raise CsvSyntaxError("not valid CSV: the message has no record")
            if record is not None:
                self._found.append((row, reader.read(record)))
                if reader.fault is not None:
                    faults[row] = reader.fault
        except UnicodeDecodeError:
            faults[row] = Fault("csv-syntax", "not valid CSV: not UTF-8")
        except ValueError as error:
            faults[row] = fault_of(error)


def odd_lines(block: Block, quote: str) -> list[int]:
    """The rows with an odd number of quotes."""
    if ord(quote) < 128:
        quotes = np.flatnonzero(block.raw == ord(quote))
        among = np.searchsorted(quotes, block.end) - np.searchsorted(quotes, block.start)
        return np.flatnonzero(among % 2).tolist()
    marks = quote.encode()
    spans = zip((block.start - PAD).tolist(), (block.end - PAD).tolist(), strict=True)
    return [i for i, (start, end) in enumerate(spans) if block.text.count(marks, start, end) % 2]


def _frame(columns: list[Column | pl.Series], fields: tuple[Field, ...], height: int) -> pl.DataFrame:
    """The columns under the names of `fields`."""
    flat = {f.name: c for f, c in zip(fields, columns, strict=True) if isinstance(c, Column)}
    frame = frame_of(flat, height)
    ready = [c.alias(f.name) for f, c in zip(fields, columns, strict=True) if isinstance(c, pl.Series)]
    return frame.hstack(ready).select([f.name for f in fields]) if ready else frame


def _values(block: Block, start: Ints, end: Ints, type_: t.DataType) -> tuple[NDArray[Any], Mask, Mask]:
    """Values of the usual spelling, which of them fit their type (else NULL), and which were read."""
    fits = np.ones(len(start), bool)
    values: NDArray[Any]
    match type_:
        case t.Boolean():
            values, ok = read.booleans(block, start, end)
        case t.Integer():
            values, ok = read.integers(block, start, end, type_, number=False)
        case t.Float() | t.Double():
            values, ok = read.floats(block, start, end, number=False, single=isinstance(type_, t.Float))
        case t.Decimal(precision=precision, scale=scale):
            values, fits, ok = read.decimals(block, start, end, precision, scale, number=False)
        case t.Date():
            values, ok = read.dates(block, start, end)
            ok &= values >= _GREGORIAN
        case t.Time(precision=precision):
            values, ok = read.times(block, start, end)
            values = values // _TIME_STEPS[precision] * _TIME_STEPS[precision]
        case t.Timestamp() | t.TimestampLtz():
            zulu, unit = isinstance(type_, t.TimestampLtz), time_unit(type_)
            values, ok = read.timestamps(block, start, end, sep=" ", zulu=zulu, unit=unit)
        case _:
            raise InternalError(f"no column of {type_.name} is read at once")
    return values, fits | ~ok, ok
