"""Cuts blocks of CSV into records, all at once where they are spelt plainly; those that are not, one by one.

A record is plain whose quotes each enclose a whole field. The others are read as Python's csv module reads them, and
what has not as many fields as the header is a fault.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.errors import InternalError
from penstock.warehouse.sources.csv.blocks import REPLACED
from penstock.warehouse.sources.source import FAULT, LINE, RAW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from penstock.warehouse.sources.csv.spelling import Spelling

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["Lines", "frames", "header"]

_LINE_FEED, _RETURN = 10, 13
_LONGEST = 1 << 20
"""Bytes that a record of several lines may have: a quote that is never closed would take the rest of the file."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Records of a block: their bytes ``start:end`` without the line's end, and the number of the first line of each.

    `open` are those with a quote that is never closed.
    """

    start: Ints
    end: Ints
    number: Ints
    open: Mask


def header(fields: list[str]) -> list[str]:
    """Names of columns as they stand there, and numbered where they would be twice or are empty."""
    names: list[str] = []
    taken: set[str] = set()
    for at, field in enumerate(fields, 1):
        plain = field.strip() or f"column {at}"
        name, count = plain, 1
        while name.casefold() in taken or name.startswith("_"):
            count += 1
            name = f"{plain.lstrip('_') or 'column'} ({count})"
        names.append(name)
        taken.add(name.casefold())
    return names


def frames(blocks: Iterable[bytes], spelling: Spelling) -> Iterator[pl.DataFrame]:
    """The rows as texts, with LINE, and with FAULT and RAW where a block has what cannot be read."""
    rest, line, names = b"", 1, None
    skip = spelling.skip
    for block, last in _and_last(blocks):
        data = rest + (block.replace(b"\r", b"\n") if spelling.newline == "\r" else block)
        lines, used, line = _cut(data, line, spelling, last=last)
        data, rest = data[:used], data[used:]
        if names is None:
            passed = min(skip, len(lines.start))
            skip -= passed
            lines = _from(lines, passed)
            if skip or not len(lines.start):
                continue
            fields = _fields(data[lines.start[0] : lines.end[0]], spelling)
            if spelling.header:
                names, lines = header(fields), _from(lines, 1)
            else:
                names = [f"column {at}" for at in range(1, len(fields) + 1)]
        if len(lines.start):
            yield _frame(data, lines, names, spelling)
    if names is not None:
        yield pl.DataFrame(schema={**dict.fromkeys(names, pl.String), LINE: pl.Int64})


def _and_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    held: bytes | None = None
    for block in blocks:
        if held is not None:
            yield held, False
        held = block
    if held is not None:
        yield held, True


def _from(lines: Lines, at: int) -> Lines:
    return Lines(lines.start[at:], lines.end[at:], lines.number[at:], lines.open[at:])


def _places(data: bytes, raw: NDArray[np.uint8], character: str) -> Ints:
    """Where a character stands; nowhere for none."""
    if not character or character.encode() not in data:
        return np.empty(0, np.int64)
    return np.flatnonzero(raw == ord(character))


def _cut(data: bytes, line: int, spelling: Spelling, *, last: bool) -> tuple[Lines, int, int]:
    """The whole records of `data` but blank ones, how many bytes they take, and the number of the line after them."""
    raw = np.frombuffer(data, np.uint8)
    feeds = np.flatnonzero(raw == _LINE_FEED)
    if last and (not len(feeds) or feeds[-1] != len(data) - 1):
        feeds = np.append(feeds, len(data))
    start = np.concatenate(([0], feeds[:-1] + 1)) if len(feeds) else np.empty(0, np.int64)
    number = np.arange(line, line + len(feeds))
    is_open = np.zeros(len(feeds), bool)
    first = np.ones(len(feeds), bool)
    end = feeds.copy()
    quotes = _places(data, raw, spelling.quote)
    kept = len(feeds)
    if len(quotes):
        counts = np.diff(np.searchsorted(quotes, feeds), prepend=0)
        odd = np.flatnonzero(counts % 2)
        kept = _join(data, start, end, odd, first, is_open, spelling, last=last)
    used = int(feeds[kept - 1]) + 1 if kept else 0
    begins = np.flatnonzero(first[:kept])
    start, end, number, is_open = start[begins], end[begins], number[begins], is_open[begins]
    ends_in_return = (end > start) & (raw[np.maximum(end, 1) - 1] == _RETURN)
    end = end - ends_in_return
    there = end > start
    return Lines(start[there], end[there], number[there], is_open[there]), min(used, len(data)), line + kept


def _join(
    data: bytes, start: Ints, end: Ints, odd: Ints, first: Mask, is_open: Mask, spelling: Spelling, *, last: bool
) -> int:
    """Join the lines of records that go over several: from one with an odd number of quotes to the next such one.

    Changes `end`, `first` and `is_open`; how many lines are used: those of a record that is not over wait.
    """
    at = 0
    while at < len(odd):
        opening = int(odd[at])
        at += 1
        if not _opens(data[start[opening] : end[opening]], spelling):
            continue
        if at == len(odd):
            if not last and len(data) - start[opening] < _LONGEST:
                return opening
            is_open[opening] = True
            continue
        closing = int(odd[at])
        if end[closing] - start[opening] > _LONGEST:
            is_open[opening] = True
            continue
        at += 1
        end[opening] = end[closing]
        first[opening + 1 : closing + 1] = False
    return len(first)


def _opens(line: bytes, spelling: Spelling) -> bool:
    """Whether a quote of this line encloses what follows on the next one."""
    try:
        list(csv.reader([line.decode("utf-8", "replace") + "\n"], strict=True, **_reading(spelling)))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _reading(spelling: Spelling) -> dict[str, Any]:
    escape = spelling.escape if spelling.escape != spelling.quote else ""
    return {
        "delimiter": spelling.delimiter,
        "quotechar": spelling.quote or None,
        "quoting": csv.QUOTE_MINIMAL if spelling.quote else csv.QUOTE_NONE,
        "escapechar": escape or None,
    }


def _fields(record: bytes, spelling: Spelling) -> list[str]:
    """Raises csv.Error."""
    return next(csv.reader(io.StringIO(record.decode("utf-8", "replace"), newline=""), **_reading(spelling)), [])


def _frame(data: bytes, lines: Lines, names: list[str], spelling: Spelling) -> pl.DataFrame:
    raw = np.frombuffer(data, np.uint8)
    plain = _plain(data, raw, lines, len(names), spelling)
    unknown = _undecoded(data, lines, replaced=not spelling.is_utf8)
    plain &= ~unknown
    found = _read(_joined(data, lines, plain), names, spelling)
    if found.height != int(plain.sum()):
        raise InternalError(f"{int(plain.sum())} records of CSV were read as {found.height} rows")
    found = found.with_columns(pl.Series(LINE, lines.number[plain]))
    if plain.all():
        return found
    others = _one_by_one(data, lines, np.flatnonzero(~plain), unknown, names, spelling)
    return pl.concat([found, others], how="diagonal").sort(LINE)


def _plain(data: bytes, raw: NDArray[np.uint8], lines: Lines, width: int, spelling: Spelling) -> Mask:
    """Which records have `width` fields that are spelt plainly."""
    start, end = lines.start, lines.end
    marks = _places(data, raw, spelling.delimiter)
    upto = np.searchsorted(marks, end)
    first_mark = np.append(np.searchsorted(marks, start[:1]), upto[:-1])  # there are none between two records
    counts = upto - first_mark
    fields = counts + 1
    quotes = _places(data, raw, spelling.quote)
    strange = np.zeros(len(start), bool)
    if spelling.escape != spelling.quote:
        escapes = _places(data, raw, spelling.escape)
        strange |= np.searchsorted(escapes, end) > np.searchsorted(escapes, start)
    if len(quotes):
        first = np.searchsorted(quotes, start)
        among = np.searchsorted(quotes, end) - first
        strange |= among % 2 == 1
        owner, turn = _each(among)
        mine = quotes[first[owner] + turn]
        strange[owner[_astray(raw, mine, turn, start[owner], end[owner], spelling)]] = True
        quoted = np.flatnonzero(among)
        owner, turn = _each(counts[quoted])
        theirs = marks[first_mark[quoted][owner] + turn]
        inside = (np.searchsorted(quotes, theirs) - first[quoted][owner]) % 2 == 1
        fields[quoted] -= np.bincount(owner[inside], minlength=len(quoted))
    plain: Mask = (fields == width) & ~strange & ~lines.open
    return plain


def _each(counts: Ints) -> tuple[Ints, Ints]:
    """For so many of each: whose it is, and which of them, from 0."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _astray(raw: NDArray[np.uint8], quotes: Ints, turn: Ints, start: Ints, end: Ints, spelling: Spelling) -> Mask:
    """Which quotes neither begin nor end a field nor are doubled; `turn` counts those of a record."""
    mark, quote = ord(spelling.delimiter), ord(spelling.quote)
    before, after = raw[np.maximum(quotes, 1) - 1], raw[np.minimum(quotes + 1, len(raw) - 1)]
    opens = (quotes == start) | (before == mark) | ((before == quote) & (turn > 0))
    closes = (quotes + 1 == end) | (after == mark) | (after == quote)
    astray: Mask = np.where(turn % 2 == 0, ~opens, ~closes)
    return astray


def _undecoded(data: bytes, lines: Lines, *, replaced: bool) -> Mask:
    """Which records have bytes that are no text in their encoding: those of others are `replaced` already."""
    found = np.zeros(len(lines.start), bool)
    if replaced:
        places = []
        place = data.find(REPLACED)
        while place >= 0:
            places.append(place)
            place = data.find(REPLACED, place + 1)
        owner = np.searchsorted(lines.end, np.array(places, np.int64), side="right")
        found[owner[owner < len(found)]] = True
        return found
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        for at, (start, end) in enumerate(zip(lines.start.tolist(), lines.end.tolist(), strict=True)):
            try:
                data[start:end].decode("utf-8")
            except UnicodeDecodeError:
                found[at] = True
    return found


def _joined(data: bytes, lines: Lines, wanted: Mask) -> bytes:
    """The text of the wanted records, each with its line's end."""
    if wanted.all() and len(wanted) and lines.start[0] == 0 and data.count(b"\n") == len(wanted):
        return data
    follows = np.zeros(len(wanted), bool)
    follows[1:] = wanted[:-1] & (np.diff(lines.number) == 1) & (lines.start[1:] - lines.end[:-1] <= 2)
    begin = np.flatnonzero(wanted & ~follows)
    stop = np.flatnonzero(wanted & ~np.append((follows & wanted)[1:], False))
    runs = zip(lines.start[begin].tolist(), lines.end[stop].tolist(), strict=True)
    return b"".join(data[start:end] + b"\n" for start, end in runs)


def _read(text: bytes, names: list[str], spelling: Spelling) -> pl.DataFrame:
    if not text:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return pl.read_csv(
        text,
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        separator=spelling.delimiter,
        quote_char=spelling.quote or None,
    )


def _one_by_one(
    data: bytes, lines: Lines, others: Ints, unknown: Mask, names: list[str], spelling: Spelling
) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = []
    nothing = (None,) * len(names)
    for at in others.tolist():
        record = data[lines.start[at] : lines.end[at]]
        fields: list[str] = []
        why = ""
        if lines.open[at]:
            why = "a quote is never closed"
        elif unknown[at]:
            why = f"bytes that are not {spelling.encoding}"
        else:
            try:
                fields = _fields(record, spelling)
            except csv.Error as error:
                why = str(error)
            if not why and len(fields) != len(names):
                why = f"{len(fields)} fields where the header has {len(names)}"
        number = int(lines.number[at])
        values = nothing if why else tuple(field or None for field in fields)
        rows.append((*values, number, why or None, record.decode("utf-8", "replace") if why else None))
    schema = {**dict.fromkeys(names, pl.String), LINE: pl.Int64, FAULT: pl.String, RAW: pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
