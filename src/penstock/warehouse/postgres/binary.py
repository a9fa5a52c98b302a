"""Frames as COPY's binary format: each value is its length and its bytes, as PostgreSQL's `recv` functions read them.

Measured over 18 columns: the server takes a third of the time that it takes for text. The bytes of all rows are laid
out at once, a column at a time. psycopg does it by the value; pgpq as we do, but with pyarrow, which is larger than all
else that Penstock needs, and by which DuckDB would read each frame of a question then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["encoded"]

_ROWS = 32_768
"""So many rows are encoded at once."""
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_EPOCH_DAYS = 10_957
"""2000-01-01, from which PostgreSQL counts, in days since 1970."""
_DAY = 86_400_000_000
_GROUP = 4
"""Decimal digits in each of those of a NUMERIC."""
_NEGATIVE = 0x4000
_KINDS: dict[str, tuple[pl.DataType, str]] = {
    "SMALLINT": (pl.Int16(), ">i2"),
    "INTEGER": (pl.Int32(), ">i4"),
    "BIGINT": (pl.Int64(), ">i8"),
    "REAL": (pl.Float32(), ">f4"),
    "DOUBLE PRECISION": (pl.Float64(), ">f8"),
    "BOOLEAN": (pl.Boolean(), "u1"),
    "DATE": (pl.Date(), ">i4"),
    "TIME WITHOUT TIME ZONE": (pl.Time(), ">i8"),
    "TIMESTAMP WITHOUT TIME ZONE": (pl.Datetime("us"), ">i8"),
    "TIMESTAMP WITH TIME ZONE": (pl.Datetime("us", "UTC"), ">i8"),
}
"""What the values of a type of fixed size are in Polars, and the numbers that stand for them."""


@dataclass(frozen=True, slots=True)
class _Column:
    """The values of a column: `size` bytes each, none where `there` is False; None where all are there.

    `words` are numbers of the type `kind`, laid out one after the other in each value (shape (rows, words)); `data`
    are the bytes of all texts.
    """

    size: Ints | int
    there: Mask | None
    kind: str = ""
    words: NDArray[np.generic] | None = None
    data: bytes = b""


def encoded(frame: pl.DataFrame, kinds: Mapping[str, str]) -> Iterator[bytes]:
    """The rows of a frame, piece by piece, for columns of these types, spelled as `Session.columns` spells them.

    Raises KeyError for a type that no column of a warehouse has, Polars' errors for values that are none of it.
    """
    yield _HEADER
    for rows in frame.iter_slices(_ROWS):
        yield _rows([_column(values, kinds[values.name]) for values in rows], rows.height)
    yield _END


def _rows(columns: list[_Column], height: int) -> bytes:
    lengths = np.full(height, 2 + 4 * len(columns), np.int64)
    for column in columns:
        lengths += column.size
    ends = np.cumsum(lengths)
    out = np.empty(int(ends[-1]) if height else 0, np.uint8)
    at = ends - lengths
    _put(out, ">i2", at, np.int16(len(columns)))
    at += 2
    for column in columns:
        some = column.there
        _put(out, ">i4", at, np.asarray(column.size) if some is None else np.where(some, column.size, -1))
        at += 4
        if column.words is not None:
            step = np.dtype(column.kind).itemsize
            first, words = (at, column.words) if some is None else (at[some], column.words[some])
            for turn in range(words.shape[1]):
                _put(out, column.kind, first + turn * step, words[:, turn])
        elif column.data:
            begins = np.cumsum(column.size) - column.size
            to = np.repeat(at - begins, column.size)
            to += np.arange(len(to))
            out[to] = np.frombuffer(column.data, np.uint8)
        at += column.size
    return out.tobytes()


def _put(out: NDArray[np.uint8], kind: str, at: Ints, values: NDArray[np.generic] | np.generic) -> None:
    """Write numbers at any places of `out`, big end first."""
    size = np.dtype(kind).itemsize
    everywhere = np.ndarray(max(0, len(out) - size + 1), np.dtype(kind), out.data, 0, (1,))
    everywhere[at] = values


def _column(values: pl.Series, kind: str) -> _Column:
    name = kind.partition("(")[0]
    there = values.is_not_null().to_numpy() if values.null_count() else None
    if name == "NUMERIC":
        return _numeric(values, there)
    if name == "BYTEA":
        data = bytes.fromhex(values.bin.encode("hex").str.join("", ignore_nulls=True)[0] or "")
        return _Column(_sizes(values.bin.size()), there, data=data)
    if name in ("TEXT", "CHARACTER VARYING"):
        texts = values.cast(pl.String)
        joined = texts.str.join("", ignore_nulls=True)[0] or ""
        return _Column(_sizes(texts.str.len_bytes()), there, data=joined.encode())
    own, number = _KINDS[name]
    words = _numbers(values.cast(own))
    return _Column(_fixed(np.dtype(number).itemsize, there), there, number, words.reshape(-1, 1))


def _fixed(size: int, there: Mask | None) -> Ints | int:
    return size if there is None else there * np.int64(size)


def _sizes(lengths: pl.Series) -> Ints:
    return lengths.fill_null(0).cast(pl.Int64).to_numpy()


def _numbers(values: pl.Series) -> NDArray[np.generic]:
    """What PostgreSQL keeps of values of a fixed size, 0 for NULL."""
    kind = values.dtype
    if kind == pl.Boolean:
        return values.fill_null(False).to_numpy()
    if kind.is_numeric():
        return values.fill_null(0).to_numpy()
    since = values.to_physical().fill_null(0).to_numpy()
    if kind == pl.Date:
        return since - np.int32(_EPOCH_DAYS)
    return since // 1_000 if kind == pl.Time else since - _EPOCH_DAYS * _DAY


def _numeric(values: pl.Series, there: Mask | None) -> _Column:
    """As many digits as the type has room for: the server takes the noughts at either end away."""
    exact = values if isinstance(values.dtype, pl.Decimal) else values.cast(pl.Decimal(38, 0))
    kind = exact.dtype
    assert isinstance(kind, pl.Decimal)
    number = pl.col("v").abs()
    whole, part = number // _power(kind.scale), number % _power(kind.scale)
    before = -(-((kind.precision or 38) - kind.scale) // _GROUP)
    digits = [whole // _power(_GROUP * turn) % _power(_GROUP) for turn in reversed(range(before))]
    digits += [
        part // _power(rest) % _power(_GROUP) if rest >= 0 else part % _power(rest + _GROUP) * _power(-rest)
        for rest in range(kind.scale - _GROUP, -_GROUP, -_GROUP)
    ]
    sign = pl.when(pl.col("v") < 0).then(_NEGATIVE).otherwise(0)
    head = [pl.lit(len(digits)), pl.lit(before - 1), sign, pl.lit(kind.scale)]
    found = (
        exact.to_physical()
        .alias("v")
        .to_frame()
        .select(one.cast(pl.Int16).fill_null(0).alias(str(turn)) for turn, one in enumerate([*head, *digits]))
    )
    words = found.to_numpy()
    return _Column(_fixed(2 * words.shape[1], there), there, ">i2", words)


def _power(exponent: int) -> pl.Expr:
    return pl.lit(10**exponent, pl.Int128)
