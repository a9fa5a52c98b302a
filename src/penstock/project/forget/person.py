"""Who is to be forgotten: a value of a column, found in rows, in bytes and in texts."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from functools import cached_property
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson
import polars as pl

from penstock.core.errors import ConfigError

__all__ = ["Person", "with_others"]

_LEAST = 3
"""Characters of a value that is looked for in texts: a shorter one stands in much that is somebody else's."""
_KEY = re.compile(r"k\d+")
"""How states call the columns of a key."""


class Person:
    """`value` of one of `columns`, as text.

    In bytes and texts it counts as a word: not as a part of a longer one, nor of a longer address or name. Where it
    has to stay, since it is counted with others, `token` comes in its place: random, and another one each time.

    A number stands in the keys of states too, without the name of its column: there it is replaced with `in_keys`
    alone, since it may be somebody else's there. A `short` value counts in the columns alone, whole, in rows and in
    JSON that names them, and in no other text. Raises ConfigError for a value of nothing.
    """

    def __init__(self, columns: tuple[str, ...], value: str, *, in_keys: bool = False) -> None:
        if not columns or not value.strip():
            raise ConfigError("there is no value to forget", code="forget-value", hint="--value is the person's")
        self.columns = columns
        self.value = value
        self.in_keys = in_keys
        self.short = len(value.strip()) < _LEAST
        self.token = f"forgotten-{secrets.token_hex(6)}"
        self.number = -secrets.randbelow(2**30) - 2**30
        """In the place of a number."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """As it may stand in a text, without what is around it."""
        return tuple(one.decode() for one in self._spellings)

    @cached_property
    def _spellings(self) -> tuple[bytes, ...]:
        """As it stands in a text, in JSON and in the name of a folder."""
        json = orjson.dumps(self.value)[1:-1]
        ascii_json = re.sub(rb"[^\x00-\x7f]+", lambda m: _escaped(m[0].decode()), json)
        return tuple(dict.fromkeys((self.value.encode(), json, ascii_json, quote(self.value, safe="").encode())))

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        any_of = b"|".join(re.escape(one) for one in self._spellings)
        word = rb"[0-9A-Za-z_\x80-\xff]"
        return re.compile(
            rb"(?<!"
            + word
            + rb")(?<!"
            + word
            + rb"[.@+-])(?:"
            + any_of
            + rb")(?!"
            + word
            + rb")(?![.@-]"
            + word
            + rb")"
        )

    def may_be_in(self, data: bytes) -> bool:
        """Whether bytes have the value, as a part of a longer word perhaps."""
        return any(one in data for one in self._spellings)

    def is_in(self, data: bytes | str | None) -> bool:
        """Whether bytes or a text say the value."""
        data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        return data is not None and not self.short and self._pattern.search(data) is not None

    def without(self, text: str) -> str:
        """A text with the token where it says the value."""
        return self._pattern.sub(self.token.encode(), text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )

    def said(self, values: pl.Series) -> pl.Series:
        """Which texts or bytes of a series say it, shape (n,), Boolean."""
        texts = values.dtype == pl.String
        any_of = [s.str.contains(one.decode(), literal=True) for s in [values] for one in self._spellings if texts]
        any_of = any_of or [values.bin.contains(one) for one in self._spellings]
        may = any_of[0]
        for more in any_of[1:]:
            may = may | more
        at = may.fill_null(value=False).arg_true()
        sure = [i for i in at.to_list() if self.is_in(values[i])]
        found = np.zeros(len(values), np.bool_)
        found[sure] = True
        return pl.Series(values.name, found)

    def told(self, values: pl.Series) -> pl.Series:
        """Which texts or bytes of a series say it; of a short one, which are JSON with it under a column's name."""
        if not self.short:
            return self.said(values)
        return pl.Series(values.name, [self._named_in(value) for value in values.to_list()], dtype=pl.Boolean)

    def _named_in(self, data: bytes | str | None) -> bool:
        try:
            found = None if data is None else orjson.loads(data)
        except orjson.JSONDecodeError:
            return False
        open_ = [found]
        while open_:
            value = open_.pop()
            if isinstance(value, dict):
                open_ += value.values()
                cells = [cell for name, cell in value.items() if name in self.columns]
                if any(self.value == (c if isinstance(c, str) else orjson.dumps(c).decode()) for c in cells):
                    return True
            elif isinstance(value, list):
                open_ += value
        return False

    def equal(self, values: pl.Series) -> pl.Series:
        """Which values of a column are it, shape (n,), Boolean."""
        texts = values if values.dtype == pl.String else values.cast(pl.String, strict=False)
        return (texts == self.value).fill_null(value=False)

    def replaced(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """A frame with something else in the place of the value, and in how many cells.

        Of the named columns, and, unless it is short, any column of texts that are it or say it.
        """
        changed, cells = [], 0
        others: list[Any]
        for column in frame.get_columns():
            named = column.name in self.columns or (self.in_keys and _KEY.fullmatch(column.name) is not None)
            if column.dtype == pl.String and named and self.short:
                here = self.equal(column)
                others = [self.token] * int(here.sum())
            elif column.dtype == pl.String:
                here = self.said(column)
                others = [self.without(text) for text in column.filter(here)]
            elif column.dtype == pl.Binary:
                here = self.said(column)
                others = [self._pattern.sub(self.token.encode(), data) for data in column.filter(here)]
            elif named and column.dtype.is_integer():
                here = self.equal(column)
                others = [self.number] * int(here.sum())
            elif column.dtype.is_nested():
                here = self._said_inside(column)
                others = [_walked(value, self.without) for value in column.filter(here).to_list()]
            else:
                continue
            if n := int(here.sum()):
                cells += n
                changed.append(with_others(column, here, pl.Series(others, dtype=column.dtype)))
        return frame.with_columns(changed), cells

    def numbers(self, frame: pl.DataFrame) -> int:
        """How many numbers of a frame are the value."""
        return sum(int(self.equal(column).sum()) for column in frame.get_columns() if column.dtype.is_integer())

    def _said_inside(self, column: pl.Series) -> pl.Series:
        return pl.Series([self.is_in(orjson.dumps(value, default=str)) for value in column.to_list()], dtype=pl.Boolean)

    def in_json(self, data: bytes) -> bytes | None:
        """JSON data with the token where its texts, base64 of JSON among them, say the value; None: they do not."""
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        changed = _walked(found, self._in_text)
        return orjson.dumps(changed) if changed != found else None

    def _in_text(self, text: str) -> str:
        if self.is_in(text):
            return self.without(text)
        if len(text) >= _LEAST and len(text) % 4 == 0:
            try:
                inside = self.in_json(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                return text
            return text if inside is None else base64.b64encode(inside).decode()
        return text


def with_others(column: pl.Series, here: pl.Series, others: pl.Series) -> pl.Series:
    """A column with other values where `here` is true; what stood there is not even left under a null."""
    places = np.arange(len(column))
    places[here.to_numpy()] = len(column) + np.arange(len(others))
    return pl.concat([column, others.alias(column.name).cast(column.dtype)])[places]


def _walked(value: Any, change: Any) -> Any:
    """JSON data with each of its texts, names too, changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walked(one, change) for one in value]
    if isinstance(value, dict):
        return {change(name): _walked(one, change) for name, one in value.items()}
    return value


def _escaped(text: str) -> bytes:
    units = text.encode("utf-16-be")
    return b"".join(b"\\u%02x%02x" % (units[i], units[i + 1]) for i in range(0, len(units), 2))
