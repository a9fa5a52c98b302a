"""What a scan of a `filesystem` table wants of its files, and pieces of files as chunks of rows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.connectors.bad_rows import bad_rows
from penstock.connectors.filesystem.partitions import folder_value
from penstock.core.batch import SEQ
from penstock.core.edges import Chunk, no_bad_rows
from penstock.core.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from penstock.connectors.filesystem.columnar import Slice
    from penstock.connectors.filesystem.folder import Found
    from penstock.connectors.filesystem.options import FileTable
    from penstock.connectors.filesystem.text import Piece
    from penstock.connectors.spec import TableOptions
    from penstock.core.types import Field
    from penstock.formats import Decoded, Decoder

__all__ = ["FileScan", "columnar_chunks", "file_scan", "text_chunks"]


@dataclass(slots=True)
class FileScan:
    """One scan: the columns it wants out of the files, of the folders' names, and of what is known of a file.

    `metadata` maps a column to the connector's key and the column's type. `spans_lines`: a record may.
    """

    key: str
    wanted: tuple[Field, ...]
    partitioned: tuple[Field, ...]
    metadata: dict[str, tuple[str, pl.DataType]]
    make_decoder: Callable[[], Decoder]
    spans_lines: bool = False
    decoders: deque[Decoder] = field(default_factory=deque)
    """Those not in use: a decoder learns from what it reads, and belongs to one thread at a time."""

    def decode(self, text: bytes) -> Decoded:
        """The rows of whole lines."""
        decoder = self.decoders.popleft() if self.decoders else self.make_decoder()
        decoded = decoder.decode_lines(text)
        self.decoders.append(decoder)
        return decoded


def file_scan(table: FileTable, key: str, needs: Sequence[str]) -> FileScan:
    """What a scan reads; `needs` are the stored columns of the table that somebody wants.

    As in Flink, values of other columns of a JSON or CSV file are not looked at.
    """
    options: TableOptions = table.options
    options.check_metadata(written=False)
    types = options.metadata_types
    by_name = {c.name: c for c in options.table.columns}
    wanted = tuple(f for f in table.columns if f.name in needs)
    use = options.value_format
    schema = wanted if use.format.name == "json" else table.columns
    return FileScan(
        key,
        wanted,
        tuple(f for f in table.partitioned if f.name in needs),
        {n: (by_name[n].metadata or "", types[n].polars) for n in needs if n in types},
        lambda: use.format.decoder(schema, tuple(f.name for f in wanted), use.options),
        spans_lines=use.format.name == "csv",
    )


def text_chunks(table: FileTable, scans: Sequence[FileScan], pieces: Sequence[Piece], first: int) -> dict[str, Chunk]:
    """The rows of pieces of text, by scan; `first` is the place of the first byte."""
    text = pieces[0].text() if len(pieces) == 1 else b"".join(p.text() for p in pieces)
    begins = np.cumsum([0, *(p.size for p in pieces[:-1])])
    chunks = {}
    for scan in scans:
        decoded = scan.decode(text)
        starts = _starts(text, decoded.count) if decoded.starts is None else decoded.starts
        rows = starts if decoded.rows is None else starts[decoded.rows.to_numpy()]
        frame = _with_file_columns(table, scan, decoded.frame, [p.file for p in pieces], begins, rows)
        bad = bad_rows(decoded, pl.Series(starts + first))
        origins = _Lines(tuple(pieces), begins, first, text, scan.make_decoder if scan.spans_lines else None)
        frame = frame.hstack([pl.Series(SEQ, rows + first)])
        chunks[scan.key] = Chunk(frame, decoded.count, bad, origins, decoded.skipped)
    return chunks


def columnar_chunks(
    table: FileTable, scans: Sequence[FileScan], pieces: Sequence[Slice], first: int
) -> dict[str, Chunk]:
    """The rows of pieces of columnar files, by scan; `first` is the place of the first row."""
    begins = np.cumsum([0, *(p.rows for p in pieces[:-1])])
    places = np.arange(sum(p.rows for p in pieces))
    origins = _Rows(tuple(pieces), begins, first)
    chunks = {}
    for scan in scans:
        frame = pl.concat([p.read(scan.wanted) for p in pieces])
        frame = _with_file_columns(table, scan, frame, [p.file for p in pieces], begins, places)
        frame = frame.with_columns(pl.Series(SEQ, places + first))
        chunks[scan.key] = Chunk(frame, len(places), no_bad_rows(), origins)
    return chunks


def _starts(text: bytes, count: int) -> NDArray[np.int64]:
    """Where each of the `count` lines begins."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
    if len(ends) != count:
        raise InternalError(f"a block of {len(ends)} lines was decoded as {count}")
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    return starts


def _with_file_columns(
    table: FileTable,
    scan: FileScan,
    frame: pl.DataFrame,
    files: list[Found],
    begins: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> pl.DataFrame:
    """`frame` with the columns that are the same for all rows of a file; `rows` are their places, from 0."""
    if not scan.partitioned and not scan.metadata:
        return frame
    at = [f.name for f in table.partitioned]
    columns = [
        pl.concat([folder_value(f.partition[at.index(c.name)], c, table.default_name, table.where) for f in files])
        for c in scan.partitioned
    ]
    columns += [
        pl.Series(name, [_FILE[kind](f) for f in files], dtype=_RAW[kind]).cast(dtype)
        for name, (kind, dtype) in scan.metadata.items()
    ]
    file = np.searchsorted(begins, rows, side="right") - 1
    return frame.with_columns(pl.DataFrame(columns)[file])


_FILE: dict[str, Callable[[Found], str | int]] = {
    "file.path": lambda f: f.path,
    "file.name": lambda f: f.path.rpartition("/")[2],
    "file.size": lambda f: f.size,
    "file.modification-time": lambda f: f.modified // 1_000_000,
}
_RAW: dict[str, pl.DataType] = {
    "file.path": pl.String(),
    "file.name": pl.String(),
    "file.size": pl.Int64(),
    "file.modification-time": pl.Datetime("ms", "UTC"),
}


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where rows of text came from: the path as topic, the byte of the (unpacked) text as offset, the line or lines."""

    pieces: tuple[Piece, ...]
    begins: NDArray[np.int64]
    first: int
    text: bytes
    make_decoder: Callable[[], Decoder] | None

    def __call__(self, seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:
        at = seq - self.first
        return _origins(self.pieces, self.begins, at, [self._line(int(a)) for a in at] if raw else None)

    def _line(self, start: int) -> bytes:
        end = self.text.index(b"\n", start) + 1
        if self.make_decoder is not None:
            decoder = self.make_decoder()
            while decoder.whole_lines(self.text[start:end]) < end - start and end < len(self.text):
                end = self.text.index(b"\n", end) + 1
        return self.text[start:end].removesuffix(b"\n").removesuffix(b"\r")


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where rows of columnar files came from: the path as topic, the number of the row as offset."""

    pieces: tuple[Slice, ...]
    begins: NDArray[np.int64]
    first: int

    def __call__(self, seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:
        return _origins(self.pieces, self.begins, seq - self.first, None)


def _origins(
    pieces: Sequence[Piece | Slice], begins: NDArray[np.int64], at: NDArray[np.int64], raw: Sequence[bytes] | None
) -> pl.DataFrame:
    """The file, as topic, and the place in it of the rows `at` of what was read, with their `raw` bytes if given."""
    piece = np.searchsorted(begins, at, side="right") - 1
    starts = np.array([p.start for p in pieces], np.int64)
    return pl.DataFrame(
        {
            "topic": pl.Series([p.file.path for p in pieces], dtype=pl.String).gather(piece),
            "partition": pl.repeat(0, len(at), dtype=pl.Int32, eager=True),
            "offset": starts[piece] + at - begins[piece],
            "raw": pl.repeat(None, len(at), dtype=pl.Binary, eager=True)
            if raw is None
            else pl.Series(raw, dtype=pl.Binary),
        }
    )
