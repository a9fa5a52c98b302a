"""BIN, HEX and UNHEX: numbers and bytes in base 2 and 16."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import cast_to, is_character
from penstock.sql.functions.building import columnwise, define
from penstock.sql.functions.signatures import CHARACTER, ArgumentError, nullable, takes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS"]

_BITS = pl.Series([f"{i:08b}" for i in range(256)])
_HEX = pl.Series([f"{i:02X}" for i in range(256)])


def _digits(numbers: pl.Series, digits: pl.Series) -> pl.Series:
    """The two's complement of BIGINTs, `digits` for each value of a byte, without leading zeros."""
    octets = numbers.fill_null(0).to_numpy().astype(">i8").view(np.uint8).reshape(-1, 8)
    columns = [digits.gather(pl.Series(octets[:, i])).alias(str(i)) for i in range(8)]
    text = pl.DataFrame(columns).select(pl.concat_str(pl.all())).to_series().str.strip_chars_start("0")
    return text.replace("", "0").set(numbers.is_null(), None)


def _of_number(number: pl.Expr, digits: pl.Series) -> pl.Expr:
    long = number.cast(pl.Int64)
    return long.map_batches(lambda s: _digits(s, digits), return_dtype=pl.String, is_elementwise=True)


def _bind_bin(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 1 or not isinstance(args[0].type, t.Integer):
        raise ArgumentError(f"takes a whole number, got ({', '.join(str(a.type) for a in args)})")
    return (cast_to(args[0], t.BIGINT),), t.Varchar(nullable=args[0].type.nullable)


def _bind_hex(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 1 or not (isinstance(args[0].type, t.Integer) or is_character(args[0].type)):
        raise ArgumentError(f"takes a whole number or a text, got ({', '.join(str(a.type) for a in args)})")
    return args, t.Varchar(nullable=args[0].type.nullable)


def _hex(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    (value,) = args
    if is_character(value.type):
        return value.expr.cast(pl.Binary).bin.encode("hex").str.to_uppercase()
    return _of_number(value.expr, _HEX)


def _unhex(text: pl.Expr) -> pl.Expr:
    """Of an odd number of digits the first one counts for nothing."""
    odd = text.str.len_bytes() % 2 == 1
    even = pl.when(odd & text.str.contains("^[0-9A-Fa-f]")).then("00" + text.str.slice(1)).otherwise(text)
    return even.str.decode("hex", strict=False)


FUNCTIONS = (
    define(
        "BIN",
        "arithmetic",
        "BIN(x)",
        "A whole number in base 2; a negative one as the 64 bits of its two's complement.",
        _bind_bin,
        columnwise(lambda x: _of_number(x, _BITS)),
        ("BIN(4)", "100"),
        ("BIN(0)", "0"),
        ("BIN(CAST(NULL AS INT))", None),
    ),
    define(
        "HEX",
        "arithmetic",
        "HEX(x)",
        "A whole number, or the UTF-8 bytes of a text, in base 16.",
        _bind_hex,
        _hex,
        ("HEX(255)", "FF"),
        ("HEX(-1)", "FFFFFFFFFFFFFFFF"),
        ("HEX('é')", "C3A9"),
    ),
    define(
        "UNHEX",
        "arithmetic",
        "UNHEX(x)",
        "The bytes that a text writes in base 16; NULL if it does not. Of an odd number of digits the first is 0.",
        takes(CHARACTER, gives=nullable(t.BYTES)),
        columnwise(_unhex),
        ("UNHEX('666F6f')", "0x666f6f"),
        ("UNHEX('F61')", "0x0061"),
        ("UNHEX('xy')", None),
    ),
)
