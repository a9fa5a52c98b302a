"""Two formats on one topic, told apart by a message's first byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.formats.format import Decoded, Decoder, Encoder, Format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.core.options import Option
    from penstock.core.types import Field
    from penstock.formats.avro import AvroConfluent

__all__ = ["Either"]


class Either:
    """A text format whose messages may also be avro-confluent: those begin with a zero byte, and no text does.

    Options and what is written are the text format's.
    """

    def __init__(self, text: Format, avro: AvroConfluent) -> None:
        self._text = text
        self.avro = avro
        self.name = text.name
        self.options: tuple[Option[Any], ...] = text.options

    def decoder(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> Decoder:
        return _Decoder(self._text.decoder(schema, wanted, options), self.avro.decoder(schema, wanted, {}))

    def encoder(self, schema: tuple[Field, ...], options: Mapping[str, str]) -> Encoder:
        return self._text.encoder(schema, options)

    def fingerprint(self, schema: tuple[Field, ...], wanted: tuple[str, ...], options: Mapping[str, str]) -> str:
        avro = self.avro.fingerprint(schema, wanted, {})
        return f"{self._text.fingerprint(schema, wanted, options)}+{avro}"


class _Decoder:
    def __init__(self, text: Decoder, avro: Decoder) -> None:
        self._text = text
        self._avro = avro

    def decode(self, values: pl.Series) -> Decoded:
        is_avro = values.bin.starts_with(b"\0").fill_null(value=False)
        if not is_avro.any():
            return self._text.decode(values)
        if is_avro.all():
            return self._avro.decode(values)
        parts = ((self._text, ~is_avro), (self._avro, is_avro))
        return _merged([(d.decode(values.filter(mask)), mask.arg_true()) for d, mask in parts], len(values))

    def decode_lines(self, block: bytes) -> Decoded:
        return self._text.decode_lines(block)

    def whole_lines(self, block: bytes) -> int:
        return self._text.whole_lines(block)


def _merged(parts: list[tuple[Decoded, pl.Series]], count: int) -> Decoded:
    """Decodings of some of `count` messages each, with their places among all of them, as one."""
    rows = pl.concat([at if d.rows is None else at.gather(d.rows) for d, at in parts]).cast(pl.UInt32)
    order = np.argsort(rows.to_numpy(), kind="stable")
    frame = pl.concat([d.frame for d, _ in parts])[order]
    bad, ignored = (
        pl.concat([f.with_columns(at.gather(f["row"]).cast(pl.UInt32).alias("row")) for f, at in found]).sort("row")
        for found in ([(d.bad, at) for d, at in parts], [(d.ignored, at) for d, at in parts])
    )
    return Decoded(frame, rows[order].alias("row"), bad, ignored, count)
