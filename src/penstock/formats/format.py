"""What a format is: options, a decoder, an encoder; and what a decoding says of rows that it could not read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import polars as pl

from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from penstock.core.options import Option, Values
    from penstock.core.types import DataType, Field

__all__ = [
    "TOUCHED",
    "Decoded",
    "Decoder",
    "Encoder",
    "Fault",
    "Format",
    "Touched",
    "pick",
    "shortened",
]

TOUCHED = pl.Schema({"row": pl.UInt32(), "code": pl.String(), "reason": pl.String()})
"""The columns of `Decoded.bad` and `Decoded.ignored`."""

_SHOWN = 60


class Fault(NamedTuple):
    """Why a row is in `Decoded.bad` or `Decoded.ignored`."""

    code: str
    reason: str


Touched = dict[int, Fault]
"""Faults by the row of the input."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a batch of messages, or of the lines of a block.

    `frame` has the columns asked for, in that order, with core.types' Polars types, and good rows only.
    `rows` is for each of them the row of the input it came from (UInt32, rising), or None where the two are the
    same: a message may give no row (a null, an empty line, a bad one), and a JSON array gives several.
    `bad` are the input's rows that Flink would fail the job on; `ignored` those that a declared
    ``ignore-parse-errors`` changed (a field made NULL) or dropped. Both have the columns `TOUCHED`, by row.
    `count` is the number of the input's rows; `starts` says where each begins in a block of lines, if the decoder
    has looked for that.
    """

    frame: pl.DataFrame
    rows: pl.Series | None
    bad: pl.DataFrame
    ignored: pl.DataFrame
    count: int
    starts: NDArray[np.int64] | None = None

    @property
    def skipped(self) -> int:
        """How many rows of the input gave no row, and are neither bad nor ignored."""
        if self.rows is None:
            return 0
        return self.count - pl.concat([self.rows, self.bad["row"], self.ignored["row"]]).n_unique()


class Decoder(Protocol):
    """Messages to columns. Not to be shared by threads: it may learn from what it reads."""

    def decode(self, values: pl.Series) -> Decoded:
        """A Binary series, a message each; a null gives no row."""
        ...

    def decode_lines(self, block: bytes) -> Decoded:
        """Newline-separated text, straight from a file; the last line needs no newline."""
        ...

    def whole_lines(self, block: bytes) -> int:
        """How many of the block's bytes are whole lines: where to cut a file that is read piece by piece."""
        ...


class Encoder(Protocol):
    """Columns to messages."""

    def encode(self, frame: pl.DataFrame) -> pl.Series:
        """A Binary series, a message per row of `frame`, whose columns are those of the schema.

        Raises DataError for a value that the format cannot say.
        """
        ...


class Format(Protocol):
    """A named format with its options (Flink's names without the format's prefix)."""

    name: str
    options: tuple[Option[Any], ...]

    def decoder(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> Decoder:
        """A decoder of rows of `schema` that gives the columns `wanted`.

        Every column of `schema` is judged, wanted or not, as Flink does; a connector that Flink lets push its
        projection down (filesystem) passes only the projected columns.

        Raises ConfigError for wrong options, UnsupportedError for a type that the format does not have.
        """
        ...

    def encoder(self, schema: tuple[Field, ...], options: Mapping[str, str]) -> Encoder:
        """An encoder of rows of `schema`. Raises as `decoder` does."""
        ...

    def fingerprint(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> str:
        """Names the decoding: equal texts decode equal bytes to equal columns, in any process and release."""
        ...


def touched(faults: Mapping[int, Fault]) -> pl.DataFrame:
    """`faults` as a frame with the columns `TOUCHED`, by row."""
    if not faults:
        return _UNTOUCHED
    rows = sorted(faults)
    columns = (rows, *zip(*[faults[r] for r in rows], strict=True))
    return pl.DataFrame([pl.Series(n, c, dtype=d) for (n, d), c in zip(TOUCHED.items(), columns, strict=True)])


_UNTOUCHED = pl.DataFrame(schema=TOUCHED)


def pick(schema: Iterable[Field], wanted: Iterable[str]) -> tuple[Field, ...]:
    """The fields of `wanted`, in that order. Raises ConfigError for a name that is not in `schema`."""
    by_name = {f.name: f for f in schema}
    missing = [name for name in wanted if name not in by_name]
    if missing:
        raise ConfigError(f"no column '{missing[0]}' to decode; there are {', '.join(by_name)}", code="format-column")
    return tuple(by_name[name] for name in wanted)


def stable_hash(
    name: str,
    version: int,
    schema: tuple[Field, ...],
    wanted: tuple[str, ...],
    options: Values,
    known: Iterable[Option[Any]],
) -> str:
    """The fingerprint of a decoding: format, its version, columns, and options with their defaults."""
    parts = [f"{name}/{version}"]
    parts += [f"{f.name}\x1f{f.type}" for f in schema]
    parts += ["", *wanted, ""]
    parts += [f"{o.name}\x1f{options[o]!r}" for o in known]
    return hashlib.blake2b("\x1e".join(parts).encode(), digest_size=16).hexdigest()


def with_article(type_: DataType) -> str:
    """The type for an error message: an INT, a STRING."""
    name = shortened(type_.name)
    return f"{'an' if name[0] in 'AI' else 'a'} {name}"


def shortened(value: str) -> str:
    """`value` for an error message: at most 60 characters, what is cut marked by an ellipsis."""
    cut = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode()
