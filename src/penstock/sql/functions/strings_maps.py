"""STR_TO_MAP: a text of pairs as a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.expr import Literal
from penstock.sql.functions.building import checked, define, staged
from penstock.sql.functions.collections_rows import last_of_each_key
from penstock.sql.functions.patterns import translate
from penstock.sql.functions.signatures import CHARACTER, ArgumentError, literal, nullable, overloaded, takes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS"]

_CUT = "\uffff"  # no character: no text has it
_CONSTANT = literal(CHARACTER)
_MAP = t.Map(t.STRING, t.STRING)


def _check(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    for arg in args[1:]:
        assert isinstance(arg, Literal)
        if arg.value is None:
            continue
        pattern = translate(str(arg.value))
        if pattern.inner_end or pattern.at_end or pattern.mixed or not pattern.body:
            raise ArgumentError(f"takes regular expressions that match some text and no $, got '{arg.value}'")


def _str_to_map(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    """As Java splits: what is empty at the end does not count, and a value begins behind the first delimiter."""
    text = args[0].expr
    delimiters = [a.constant for a in args[1:]] or [",", "="]
    if None in delimiters:
        return pl.when(text.is_null()).then(pl.lit(None, result.polars))
    between, within = (translate(d).body for d in delimiters)
    pairs = text.str.replace_all(between, _CUT).str.strip_chars_end(_CUT)
    pair = pl.element().str.replace(within, _CUT).str.splitn(_CUT, 2)
    entries = pairs.str.split(_CUT).list.eval(
        pl.struct(pair.struct.field("field_0").alias("key"), pair.struct.field("field_1").alias("value"))
    )
    nothing = pl.lit([], result.polars)
    known = pl.when(pairs == "").then(nothing).when(text.is_not_null()).then(entries)
    return staged(lambda frame: last_of_each_key(frame["0"]), result.polars, known)


FUNCTIONS = (
    define(
        "STR_TO_MAP",
        "string",
        "STR_TO_MAP(text [, between, within])",
        "A map of the pairs in a text. What stands between pairs, and within one, are constant regular expressions, "
        "by default , and =.",
        checked(
            overloaded(
                takes(CHARACTER, gives=nullable(_MAP)),
                takes(CHARACTER, _CONSTANT, _CONSTANT, gives=nullable(_MAP)),
            ),
            _check,
        ),
        _str_to_map,
        ("STR_TO_MAP('k1=v1,k2=v2')", [["k1", "v1"], ["k2", "v2"]]),
        ("STR_TO_MAP('k1:v1;k2: v2', ';', ':')", [["k1", "v1"], ["k2", " v2"]]),
        ("STR_TO_MAP('a,b=1')", [["a", None], ["b", "1"]]),
    ),
)
