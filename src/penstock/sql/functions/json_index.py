"""Where everything stands in many JSON texts at once: their tokens as arrays, and which texts are JSON at all.

All texts are laid end to end, so that every step is one operation of NumPy over bytes or tokens. A text is JSON as
Jackson reads it for Flink: the first value counts, what follows it is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from penstock.sql.functions.json_text import unescaped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["ARRAY", "LITERAL", "NUMBER", "OBJECT", "STRING", "Index"]

OBJECT: Final = 1
OBJECT_END: Final = 2
ARRAY: Final = 3
ARRAY_END: Final = 4
COLON: Final = 5
COMMA: Final = 6
STRING: Final = 7
NUMBER: Final = 8
LITERAL: Final = 9
_BLANK: Final = 10

_MAX_DEPTH = 1000
_MAX_NUMBER = 1000
_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_WORD = r"(?s)^(true|false|null)(?:\$|[^\pL\pM\pN\p{Sc}\p{Pc}])"
_QUOTE, _BACKSLASH = ord('"'), ord("\\")

_KINDS = np.full(256, LITERAL, dtype=np.uint8)
for _kind, _characters in (
    (OBJECT, "{"),
    (OBJECT_END, "}"),
    (ARRAY, "["),
    (ARRAY_END, "]"),
    (COLON, ":"),
    (COMMA, ","),
    (STRING, '"'),
    (NUMBER, "-0123456789"),
    (_BLANK, " \t\n\r"),
):
    _KINDS[[ord(c) for c in _characters]] = _kind
_HEX = np.zeros(256, dtype=np.bool_)
_HEX[[ord(c) for c in "0123456789abcdefABCDEF"]] = True
_ESCAPES = np.zeros(256, dtype=np.bool_)
_ESCAPES[[ord(c) for c in '"\\/bfnrtu']] = True


@dataclass(frozen=True, slots=True)
class _Strings:
    """`inside`: from each opening quote to before its closing one; `escaped`: places behind an escaping backslash."""

    opening: Ints
    closing: Ints
    inside: Flags
    escaped: Ints


class Index:
    """The tokens of `texts`, which may be NULL: arrays with an entry a token, of the valid texts only.

    `doc` is the text's number; `kind` one of this module's constants; `start` and `end` are places in `bytes`
    (a string's without its quotes); `parent` is the token of the bracket around a
    value, -1 for a root; `ordinal` its place there; `is_key` and `is_value` tell the tokens that are keys of
    objects and that begin a value; `close` is the closing bracket's token; `level` counts brackets around.
    `root` has, a text, the token of its value, or -1 if it is no JSON.
    """

    def __init__(self, texts: pl.Series) -> None:
        self.texts = texts
        self.size = len(texts)
        lengths = texts.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
        self._stops = np.cumsum(lengths + 1) - 1
        self._starts = self._stops - lengths
        self.bytes = np.frombuffer(("\n".join(texts.fill_null("").to_list()) + "\n").encode(), dtype=np.uint8)
        strings = self._strings()
        self._tokens(strings)
        self._keep_first_values()
        self._nest()
        self._drop(self._bad_grammar())
        self._drop(self._bad_scalars())
        self._drop(self._bad_strings(strings))
        self._slashes = np.flatnonzero(self.bytes == _BACKSLASH)

    # -- tokens ----------------------------------------------------------------------------------

    def _strings(self) -> _Strings:
        data = self.bytes
        quotes = data == _QUOTE
        slashes = np.flatnonzero(data == _BACKSLASH)
        escaped = slashes
        if slashes.size:
            fresh = np.diff(slashes, prepend=-2) != 1
            first = slashes[np.maximum.accumulate(np.where(fresh, np.arange(slashes.size), 0))]
            escaped = slashes[(slashes - first) % 2 == 0] + 1
            quotes[escaped] = False
        # an unclosed string ends with its text
        if self.size:
            odd = np.add.reduceat(quotes, self._starts, dtype=np.int64) % 2 == 1
            quotes[self._stops[odd]] = True
        inside = (np.cumsum(quotes, dtype=np.uint8) & 1).astype(np.bool_)
        return _Strings(np.flatnonzero(quotes & inside), np.flatnonzero(quotes & ~inside), inside, escaped)

    def _tokens(self, strings: _Strings) -> None:
        kinds = _KINDS[self.bytes]
        outside = ~strings.inside
        scalar = outside & ((kinds == LITERAL) | (kinds == NUMBER))
        begins = scalar.copy()
        begins[1:] &= ~scalar[:-1]
        ends = scalar.copy()
        ends[:-1] &= ~scalar[1:]
        marks = (outside & (kinds < STRING)) | begins
        marks[strings.opening] = True
        start = np.flatnonzero(marks)
        self.kind = kinds[start]
        self.end = start + 1
        is_string = self.kind == STRING
        self.end[is_string] = strings.closing
        self.end[(self.kind == NUMBER) | (self.kind == LITERAL)] = np.flatnonzero(ends) + 1
        self.start = start + is_string
        counts = np.diff(np.searchsorted(start, self._starts), append=start.size)
        self.doc = np.repeat(np.arange(self.size), counts)

    def _keep_first_values(self) -> None:
        """Drops texts without a whole value, and tokens behind the first one."""
        opens = (self.kind == OBJECT) | (self.kind == ARRAY)
        closes = (self.kind == OBJECT_END) | (self.kind == ARRAY_END)
        total = np.cumsum(opens.astype(np.int64) - closes)
        first = np.searchsorted(self.doc, np.arange(self.size + 1))
        outer = np.concatenate(([0], total))[first[:-1]]
        depth = total - outer[self.doc]
        whole = np.flatnonzero(depth <= 0)
        at = np.searchsorted(whole, first[:-1])
        last = np.append(whole, self.kind.size)[at]
        found = last < first[1:]
        keep = found[self.doc] & (np.arange(self.kind.size) <= last[self.doc])
        self.level = (depth + closes)[keep]
        self.kind = self.kind[keep]
        self.start, self.end, self.doc = self.start[keep], self.end[keep], self.doc[keep]
        self.root = np.full(self.size, -1)
        firsts = np.flatnonzero(np.diff(self.doc, prepend=-1))
        self.root[self.doc[firsts]] = firsts
        self.value_end = np.zeros(self.size, dtype=np.int64)
        lasts = np.flatnonzero(np.diff(self.doc, append=self.size))
        self.value_end[self.doc[lasts]] = self.end[lasts]

    def _nest(self) -> None:
        """Brackets around each token: sorted by level, the tokens directly inside one bracket stand together."""
        tokens = np.arange(self.kind.size)
        opens = (self.kind == OBJECT) | (self.kind == ARRAY)
        order = np.argsort(np.minimum(self.level, _MAX_DEPTH + 1).astype(np.int16), kind="stable")
        place = np.maximum.accumulate(np.where(opens[order], tokens, 0)) if tokens.size else tokens
        around = np.empty_like(tokens)
        around[order] = order[place]
        around[self.level == 0] = -1
        commas = np.cumsum(self.kind[order] == COMMA)
        ordinal = np.empty_like(tokens)
        ordinal[order] = commas - commas[place]
        closes = (self.kind == OBJECT_END) | (self.kind == ARRAY_END)
        self.close = np.full(tokens.size, -1)
        self.close[around[closes & (around >= 0)]] = tokens[closes & (around >= 0)]
        previous = np.maximum(tokens - 1, 0)
        behind_open = opens[previous]
        self.parent = np.where(opens, np.where(behind_open, previous, around[previous]), around)
        self.ordinal = np.where(opens, np.where(behind_open, 0, ordinal[previous]), ordinal)
        roots = self.root[self.root >= 0]
        self.parent[roots] = -1
        self.ordinal[roots] = 0

    # -- what is no JSON -------------------------------------------------------------------------

    def _bad_grammar(self) -> Flags:
        """The tokens that may not stand where they do."""
        kind = self.kind
        first = np.zeros(kind.size, dtype=np.bool_)
        first[self.root[self.root >= 0]] = True
        before = np.concatenate((kind[-1:], kind[:-1]))
        around = np.where(self.parent >= 0, kind[self.parent], 0)
        in_object = around == OBJECT
        opens = (kind == OBJECT) | (kind == ARRAY)
        closes = (kind == OBJECT_END) | (kind == ARRAY_END)
        starts = opens | (kind >= STRING)
        self.is_key = (kind == STRING) & in_object & ~first & ((before == OBJECT) | (before == COMMA))
        self.is_value = starts & ~self.is_key
        key_before = np.concatenate((self.is_key[-1:], self.is_key[:-1]))
        value_before = ((before == OBJECT_END) | (before == ARRAY_END) | (before >= STRING)) & ~key_before
        wanted = np.where(before == COMMA, around == ARRAY, (before == ARRAY) | (before == COLON))
        fits = np.where(
            self.is_key,
            True,
            np.where(
                starts,
                first | wanted,
                np.where(
                    kind == COLON,
                    key_before & in_object & ~first,
                    np.where(
                        closes,
                        ~first & (around == kind - 1) & (value_before | (before == kind - 1)),
                        ~first & value_before & (self.parent >= 0),
                    ),
                ),
            ),
        )
        bad: Flags = ~fits | (self.level > _MAX_DEPTH)
        return bad

    def _bad_scalars(self) -> Flags:
        bad: Flags = np.zeros(self.kind.size, dtype=np.bool_)
        self._end_words()
        places = np.flatnonzero((self.kind == NUMBER) | (self.kind == LITERAL))
        text = self.slices(places)
        number = self.kind[places] == NUMBER
        right = text.str.contains(_NUMBER).to_numpy() & (self.end[places] - self.start[places] <= _MAX_NUMBER)
        bad[places] = ~np.where(number, right, text.is_in(["true", "false", "null"]).to_numpy())
        # Jackson wants white space behind a number that is all of the text
        lonely = places[number & (self.parent[places] < 0)]
        bad[lonely] |= _KINDS[self.bytes[self.end[lonely]]] != _BLANK
        return bad

    def _end_words(self) -> None:
        """A word that is all of a text ends before what cannot be part of a name; Jackson looks no further."""
        words = self.root[self.root >= 0]
        words = words[self.kind[words] == LITERAL]
        found = self.slices(words).str.extract(_WORD).str.len_bytes()
        words, lengths = words[found.is_not_null().to_numpy()], found.drop_nulls().to_numpy()
        self.end[words] = self.start[words] + lengths
        self.value_end[self.doc[words]] = self.end[words]

    def _bad_strings(self, strings: _Strings) -> Flags:
        bad: Flags = (self.kind == STRING) & (self.end >= self._stops[self.doc])
        data, escaped = self.bytes, strings.escaped
        control = np.flatnonzero((data < 32) & strings.inside)
        wrong = escaped[~_ESCAPES[data[escaped]] & strings.inside[escaped]]
        codes = escaped[(data[escaped] == ord("u")) & strings.inside[escaped]]
        padded = np.concatenate((_HEX[data], np.zeros(4, dtype=np.bool_)))
        wrong_codes = codes[~(padded[codes + 1] & padded[codes + 2] & padded[codes + 3] & padded[codes + 4])]
        places = np.concatenate((control, wrong, wrong_codes))
        docs = np.searchsorted(self._stops, places)
        hit = docs[places < self.value_end[docs]]
        bad[self.root[hit[self.root[hit] >= 0]]] = True
        return bad

    def _drop(self, bad: Flags) -> None:
        """Makes the texts of the `bad` tokens invalid; their tokens stay, but nothing leads to them."""
        self.root[self.doc[bad]] = -1

    # -- reading ---------------------------------------------------------------------------------

    @property
    def valid(self) -> Flags:
        """Whether each text is JSON; FALSE where it is NULL."""
        valid: Flags = self.root >= 0
        return valid

    @property
    def documents(self) -> Flags:
        """The valid texts that are not ``null``."""
        null = (self.kind == LITERAL) & (self.bytes[self.start] == ord("n"))
        documents: Flags = self.valid & ~np.append(null, False)[self.root]
        return documents

    def slices(self, tokens: Ints) -> pl.Series:
        """What is written at tokens: strings without their quotes, with their escapes."""
        docs = self.doc[tokens]
        frame = pl.DataFrame(
            {
                "text": self.texts.gather(docs),
                "start": self.start[tokens] - self._starts[docs],
                "length": self.end[tokens] - self.start[tokens],
            }
        )
        return frame.select(pl.col("text").cast(pl.Binary).bin.slice("start", "length").cast(pl.String)).to_series()

    def strings(self, tokens: Ints) -> pl.Series:
        """The texts of strings, without escapes."""
        written = self.slices(tokens)
        escaped = self._escaped(tokens)
        if not escaped.any():
            return written
        mended = unescaped(written.filter(pl.Series(escaped)))
        return written.scatter(np.flatnonzero(escaped), mended)

    def keys_named(self, name: str) -> Ints:
        """The keys that say `name`."""
        keys = np.flatnonzero(self.is_key)
        wanted = np.frombuffer(name.encode(), dtype=np.uint8)
        same = self.end[keys] - self.start[keys] == wanted.size
        for i, byte in enumerate(wanted):
            same[same] = self.bytes[self.start[keys[same]] + i] == byte
        escaped = self._escaped(keys)
        if escaped.any():
            same[escaped] = (unescaped(self.slices(keys[escaped])) == name).to_numpy()
        found: Ints = keys[same]
        return found

    def _escaped(self, tokens: Ints) -> Flags:
        """Which tokens have a backslash in them."""
        if not self._slashes.size:
            return np.zeros(tokens.size, dtype=np.bool_)
        before = np.searchsorted(self._slashes, self.start[tokens])
        escaped: Flags = np.searchsorted(self._slashes, self.end[tokens]) > before
        return escaped
