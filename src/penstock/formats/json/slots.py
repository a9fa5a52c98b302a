"""The cells of one slot as values of its type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.formats import cells as read
from penstock.formats.json import tokens as tk
from penstock.formats.scalars import time_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.formats.block import Block, Mask
    from penstock.formats.json.cells import Cells
    from penstock.formats.json.rules import Rules

__all__ = ["Values", "false_numbers", "is_text", "values_of"]

_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BIGGEST_INT = (1 << 31) - 1
_SURE_SINGLE = 8
"""A number so long is the same FLOAT, by way of a double or not."""


class Values(NamedTuple):
    """Physical values (None for texts: the cells are the values); which are not null, which were read (None: all)."""

    values: NDArray[Any] | None
    valid: Mask | None
    ok: Mask | None


def is_text(type_: t.DataType) -> bool:
    """Whether values of the type are kept as slices of the block."""
    return isinstance(type_, t.Char | t.Varchar | t.Binary | t.Varbinary)


def values_of(block: Block, cells: Cells, type_: t.DataType, rules: Rules) -> Values:
    """Read the cells whose spelling is the usual one of the type; the rest is not `ok`."""
    number = cells.kind == tk.NUMBER
    text = cells.kind == tk.TEXT
    valid = _valid(cells)
    values: NDArray[Any] | None = None
    if isinstance(type_, t.Char | t.Varchar):
        read_all = cells.escaped is None and not (rules.tree and np.any(number))
        return Values(None, valid, None if read_all else _texts(cells, number if rules.tree else False))
    match type_:
        case t.Boolean():
            values, ok = read.booleans(block, cells.start, cells.end)
            ok &= ~np.asarray(number)
        case t.Integer() | t.IntervalYear() | t.IntervalDay():
            values, ok = _integers(block, cells, _whole(type_), number)
        case t.Float() | t.Double():
            single = isinstance(type_, t.Float)
            values, ok = read.floats(block, cells.start, cells.end, number=number, single=single)
            if rules.tree:  # where -0 is a whole number, and a FLOAT a double first
                ok &= (values != 0) | ~np.signbit(values)
                ok &= (cells.end - cells.start <= _SURE_SINGLE) | (not single)
        case t.Decimal():
            values, fits, ok = read.decimals(block, cells.start, cells.end, type_.precision, type_.scale, number=number)
            fits |= ~ok
            if not fits.all():
                valid = fits if valid is None else valid & fits
        case t.Date():
            values, ok = read.dates(block, cells.start, cells.end)
            ok &= text
        case t.Time():
            values, ok = read.times(block, cells.start, cells.end)
            ok &= text
        case t.Timestamp() | t.TimestampLtz():
            zulu, unit = isinstance(type_, t.TimestampLtz), time_unit(type_)
            values, ok = read.timestamps(block, cells.start, cells.end, sep=rules.separator, zulu=zulu, unit=unit)
            ok &= text
        case t.Binary() | t.Varbinary():
            ok = _base64(block, cells) & text
        case _:
            ok = np.zeros(cells.start.shape, bool)
    if cells.escaped is not None:
        ok &= ~cells.escaped
    if valid is not None:
        ok |= ~valid
    return Values(values, valid, None if ok.all() else ok)


def _valid(cells: Cells) -> Mask | None:
    if isinstance(cells.kind, int):
        return None if cells.kind != tk.NULL else np.zeros(cells.start.shape, bool)
    valid: Mask = cells.kind != tk.NULL
    return None if valid.all() else valid


def _texts(cells: Cells, number: Mask | bool) -> Mask:
    ok: Mask = np.ones(cells.start.shape, bool) if cells.escaped is None else ~cells.escaped
    ok = ok & ~np.asarray(number, bool)
    if not isinstance(cells.kind, int):
        ok |= cells.kind == tk.NULL
    return ok


def _whole(type_: t.Integer | t.IntervalYear | t.IntervalDay) -> t.Integer:
    if isinstance(type_, t.Integer):
        return type_
    return t.INT if isinstance(type_, t.IntervalYear) else t.BIGINT


def _integers(block: Block, cells: Cells, type_: t.Integer, number: Mask | bool) -> tuple[NDArray[Any], Mask]:
    values, ok = read.integers(block, cells.start, cells.end, type_, number=number)
    rows = np.flatnonzero(~ok & number)
    if rows.size and type_.bits >= 32:  # numbers with a fraction lose it
        some = read.plain(block, cells.start[rows], cells.end[rows], json=True, point=True)
        fine = some.ok & (some.wholes + some.places <= 15) & (some.whole < _BIGGEST_INT)
        whole = some.whole.view(np.int64)[fine]
        values[rows[fine]] = np.where(some.negative[fine], -whole, whole)
        ok[rows[fine]] = True
    return values, ok


def _base64(block: Block, cells: Cells) -> Mask:
    """Which cells are base64 without blanks."""
    ok: Mask = (cells.end - cells.start) % 4 == 0
    ok = ok & np.asarray(cells.kind == tk.TEXT)
    if cells.escaped is not None:
        ok &= ~cells.escaped
    texts = block.series(cells.start, cells.end, ok, pl.String())
    decoded: Mask = texts.str.decode("base64", strict=False).is_not_null().to_numpy()
    return ok & decoded


def false_numbers(block: Block, cells: Cells) -> Mask | None:
    """Which cells should be numbers and are not spelt as JSON wants; None: there is none."""
    number = cells.kind == tk.NUMBER
    if not np.any(number):
        return None
    false = ~read.plain(block, cells.start, cells.end, json=True, point=True).ok & number
    for row in np.flatnonzero(false).tolist():
        text = block.slice(int(cells.start[row]), int(cells.end[row]))
        false[row] = _NUMBER.fullmatch(text) is None
    return false if false.any() else None
