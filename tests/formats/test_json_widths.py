"""Guessed widths of values: what a wrong guess costs, and nothing else."""

from __future__ import annotations

import polars as pl

from penstock.core import types as t
from penstock.formats import format_named

SCHEMA = (t.Field("a", t.STRING), t.Field("n", t.INT), t.Field("z", t.INT))


def test_a_wider_text_among_values_of_two_kinds() -> None:
    """The first batch teaches the width of `a`; in the second `n` is a number or null, and one `a` is wider."""
    decoder = format_named("json").decoder(SCHEMA, ("a", "n", "z"), {})
    alike = [b'{"a":"xx","n":1,"z":1}'] * 1_000
    mixed = [b'{"a":"xx","n":1,"z":1}', b'{"a":"xx","n":null,"z":1}'] * 500
    odd = [*mixed[:600], b'{"a":"wider","n":7,"z":1}', *mixed[600:]]
    for values in (alike, mixed, odd, alike, odd):
        decoded = decoder.decode(pl.Series("value", values, pl.Binary))
        assert not decoded.bad.height
        assert decoded.frame.to_dicts() == pl.read_ndjson(b"\n".join(values)).select("a", "n", "z").to_dicts()


def test_wider_values_beside_broken_messages() -> None:
    """Broken messages in one block after another do not keep the wider values of later ones from being read."""
    decoder = format_named("json").decoder(SCHEMA, ("a", "n", "z"), {})
    alike = [b'{"a":"xx","n":1,"z":1}'] * 20_000
    broken, wider = [b'{"a":"xx","n":'] * 150, [b'{"a":"wider","n":1,"z":1}'] * 150
    for odd in ([], broken, broken, wider, [*broken, *wider], wider):
        decoded = decoder.decode(pl.Series("value", [*alike[len(odd) :], *odd], pl.Binary))
        assert decoded.bad.height == odd.count(b'{"a":"xx","n":')
        assert decoded.frame["a"].value_counts(sort=True).rows() == [
            (text, count)
            for text, count in (("xx", len(alike) - len(odd)), ("wider", odd.count(b'{"a":"wider","n":1,"z":1}')))
            if count
        ]
