"""The schema of a source whose file is not there yet: types by what most values of a sample are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.core.errors import DataError
from penstock.warehouse.cleaning.names import sanitised
from penstock.warehouse.cleaning.notation import USUAL
from penstock.warehouse.cleaning.values import DATES, MOMENTS, TIMES, read_values
from penstock.warehouse.schema import Column, Schema
from penstock.warehouse.sources.source import raw_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from penstock.warehouse.sources.csv.spelling import Spelling
    from penstock.warehouse.sources.source import Part

__all__ = ["column_of", "inferred"]

_SAMPLE = 100_000
"""Rows that are looked at."""
_TOLD = 10
"""Columns that are named in an error."""
_MOST = 0.9
"""A column is of a type if so large a share of its values is: the rest is set aside, as later ones will be."""
_NOTHING = ("NULL", "null", "N/A", "n/a", "#N/A", "\\N", "-")
"""What stands for a missing value, in any column."""
_NO_VALUE = ("NA", "na", "None", "none", "nan", "NaN", "?")
"""And where values are not texts."""
_DATES = (*DATES, "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%Y%m%d", "%d %b %Y", "%d. %b %Y",
          "%b %d, %Y", "%d.%m.%y")  # fmt: skip
_CLOCKS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
           "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d %b %Y %H:%M:%S")  # fmt: skip
_TRUE, _FALSE = ("true", "t", "yes", "y", "ja", "oui", "si", "sí", "x"), ("false", "f", "no", "n", "nein", "non")
_LOCALES = ("en", "de", "fr", "it", "es")


def inferred(name: str, parts: Iterable[Part], spelling: Spelling | None = None) -> Schema:
    """A schema that fits a sample of the parts' rows.

    Raises DataError where there are none, or where files, which have a `spelling`, do not have the same columns.
    """
    sample = _sample(parts if spelling is None else _alike(name, parts))
    if sample is None or not sample.height:
        raise DataError(f"source {name} has no rows, so the types of its columns cannot be inferred", code="infer-none")
    raw = raw_columns(sample)
    columns = (column_of(made, sample[column]) for made, column in zip(sanitised(raw), raw, strict=True))
    note = (
        f"Inferred from {sample.height:,} rows: read it through, name the key, and say what becomes of missing values."
    )
    return Schema(name, tuple(columns), spelling=spelling, note=note)


def _alike(name: str, parts: Iterable[Part]) -> Iterator[Part]:
    """The parts, as long as each has the columns of the first: a schema of all would set the rows of each aside."""
    first: tuple[str, set[str]] | None = None
    for part in parts:
        frame = next(part.frames(), None)
        if frame is not None:
            columns = set(raw_columns(frame))
            first = first or (part.name, columns)
            different = sorted(columns ^ first[1])
            if different:
                raise DataError(
                    f"{first[0]} and {part.name} do not have the same columns, so the schema cannot be inferred:"
                    f" only one of them has {', '.join(map(repr, different[:_TOLD]))}",
                    code="infer-columns",
                    hint="move the one away that does not belong there, let the source's path pass it over, or write"
                    f" schemas/{name}.toml first",
                )
        yield part


def _sample(parts: Iterable[Part]) -> pl.DataFrame | None:
    frames: list[pl.DataFrame] = []
    rows = 0
    for frame in chain.from_iterable(part.frames() for part in parts):
        frames.append(frame.head(_SAMPLE - rows))
        rows += frames[-1].height
        if rows >= _SAMPLE:
            break
    return pl.concat(frames, how="diagonal_relaxed") if frames else None


def column_of(name: str, raw: pl.Series) -> Column:
    """A column that fits most of the values of `raw`."""
    if raw.dtype != pl.String:
        return Column(name, _typed(raw.dtype), str(raw.name))
    texts = raw.drop_nulls().str.strip_chars()
    texts = texts.filter(texts != "")
    seen = set(texts.filter(texts.is_in([*_NOTHING, *_NO_VALUE])).unique().to_list())
    nulls = tuple(one for one in _NOTHING if one in seen)
    fewer = (*nulls, *(one for one in _NO_VALUE if one in seen))
    counted = texts.filter(~texts.is_in(list(fewer))).value_counts(sort=True)
    text = Column(name, t.STRING, raw.name, nulls=nulls)
    if counted.is_empty():
        return text
    values = _Values(counted.to_series(0), counted.to_series(1))
    found = _boolean(text, values) or _number(text, values) or _time(text, values)
    return text if found is None else replace(found, nulls=fewer)


@dataclass(frozen=True, slots=True)
class _Values:
    """Distinct texts, and how often each is there."""

    texts: pl.Series
    counts: pl.Series

    def share(self, column: Column) -> float:
        """Of how many the column's type and formats make a value."""
        read = read_values(self.texts, column).is_not_null()
        return int(self.counts.filter(read).sum()) / int(self.counts.sum())

    def matching(self, pattern: str) -> float:
        return int(self.counts.filter(self.texts.str.contains(pattern)).sum()) / int(self.counts.sum())


def _boolean(text: Column, values: _Values) -> Column | None:
    seen = set(values.texts.str.to_lowercase().to_list())
    true, false = (tuple(one for one in words if one in seen) for words in (_TRUE, _FALSE))
    if not true or not false:
        return None
    digits = tuple((one,) if one in seen else () for one in ("1", "0"))  # beside words they are booleans too
    found = replace(text, type=t.BOOLEAN, true=(*true, *digits[0]), false=(*false, *digits[1]))
    return found if values.share(found) >= _MOST else None


def _number(text: Column, values: _Values) -> Column | None:
    """Whole numbers, but not what begins with a nought: that is a number of a customer, a house, a telephone."""
    if values.matching(r"^[+-]?0[0-9]") > 1 - _MOST:
        return None
    whole, double = replace(text, type=t.BIGINT), replace(text, type=t.DOUBLE)
    if values.share(whole) >= _MOST:
        plain = values.share(double)
        return whole if plain == values.share(whole) else double
    return _covered(double, values, "numbers", USUAL) if values.share(double) < _MOST else double


def _time(text: Column, values: _Values) -> Column | None:
    for kind, formats in (
        (t.DATE, _DATES),
        (t.Time(), TIMES),
        (t.TimestampLtz(6), tuple(one for one in MOMENTS if "z" in one)),
        (t.Timestamp(6), (*(one for one in MOMENTS if "H" in one), *_CLOCKS)),
    ):
        for locale in _LOCALES:
            column = replace(text, type=kind, locale=locale)
            found = _covered(column, values, "formats", formats)
            if found is not None:
                return found
            if not values.matching(r"\p{L}{3}"):
                break
    return None


def _covered(column: Column, values: _Values, option: str, ways: Sequence[object]) -> Column | None:
    """The column with the fewest ways, best first, that read most values; None where they do not."""
    chosen: tuple[object, ...] = ()
    best = 0.0
    while len(chosen) < len(ways):
        tries = [(*chosen, way) for way in ways if way not in chosen]
        shares = [values.share(replace(column, **{option: one})) for one in tries]  # type: ignore[arg-type]
        if max(shares) <= best:
            break
        best = max(shares)
        chosen = tries[shares.index(best)]
        if best == 1:
            break
    return replace(column, **{option: chosen}) if best >= _MOST else None  # type: ignore[arg-type]


def _typed(kind: pl.DataType) -> t.DataType:
    """The type of a column that a source gives with its type."""
    match kind:
        case pl.Int8() | pl.Int16() | pl.Int32() | pl.Int64() | pl.UInt8() | pl.UInt16() | pl.UInt32():
            return t.BIGINT
        case pl.Float32() | pl.Float64():
            return t.DOUBLE
        case pl.Decimal():
            return t.Decimal(kind.precision or 38, kind.scale)
        case pl.Boolean():
            return t.BOOLEAN
        case pl.Date():
            return t.DATE
        case pl.Time():
            return t.Time()
        case pl.Datetime():
            return t.Timestamp(6) if kind.time_zone is None else t.TimestampLtz(6)
    return t.STRING
