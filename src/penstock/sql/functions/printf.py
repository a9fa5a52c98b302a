"""PRINTF: Java's formats. What does not fit its argument makes the whole text NULL, as in Flink."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts import cast
from penstock.sql.coercion import is_character
from penstock.sql.expr import Literal
from penstock.sql.functions.building import checked, define, utf16_cut, utf16_units
from penstock.sql.functions.signatures import ANY, CHARACTER, ArgumentError, literal, nullable, takes
from penstock.sql.functions.spec import Failure, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]

_SPECIFIER = re.compile(r"%(?:(\d+)\$|(<))?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])?")
_DIGITS = "0123456789abcdef"
_FLAGS = {"s": "-", "b": "-", "d": "-+ 0,(", "x": "-#0", "o": "-#0", "f": "-+ 0,(", "%": "-", "n": ""}
_SHOWN = (t.Boolean, t.Integer, t.Decimal, t.Float, t.Double, t.Null)
_BEYOND = "hHeEgGaAtTcC"


@dataclass(frozen=True, slots=True)
class _Part:
    """``%conversion`` of argument `index`, -1 for none."""

    conversion: str
    index: int
    flags: str
    width: int
    precision: int | None


def _parts(template: str) -> list[str | _Part] | None:
    """Texts and specifiers; None if Java refuses the format. Raises ArgumentError for what is beyond columns."""
    out: list[str | _Part] = []
    at = ordinary = 0
    last = -1
    while (found := template.find("%", at)) >= 0:
        out.append(template[at:found])
        match = _SPECIFIER.match(template, found)
        assert match
        explicit, again, flags, width, precision, conversion = match.groups()
        if not conversion:
            return None
        if conversion in _BEYOND:
            raise ArgumentError(f"cannot show %{conversion} of '{template}' in columns: supported are s, d, f, x, o, b")
        index = -1
        if conversion not in "%n":
            index = last if again else int(explicit) - 1 if explicit else ordinary
            ordinary += not again and not explicit
            if index < 0:
                return None
            last = index
        part = _Part(conversion, index, flags, int(width or 0), None if precision is None else int(precision))
        if not _is_right(part):
            return None
        out.append(part)
        at = match.end()
    out.append(template[at:])
    return out


def _is_right(part: _Part) -> bool:
    kind = part.conversion.lower() if part.conversion in "SBX" else part.conversion
    if kind not in _FLAGS or len(set(part.flags)) < len(part.flags):
        return False
    if part.precision is not None and kind not in "sbf":
        return False
    if kind == "n":
        return not part.width
    padded = "-" in part.flags or "0" in part.flags
    return (
        all(flag in _FLAGS[kind] for flag in part.flags)
        and not (padded and not part.width)
        and not ("-" in part.flags and "0" in part.flags)
        and not ("+" in part.flags and " " in part.flags)
    )


def _fits(part: _Part, kind: DataType) -> bool:
    match part.conversion.lower():
        case "d" | "x" | "o":
            return isinstance(kind, (t.Integer, t.Null))
        case "f":
            return isinstance(kind, (t.Float, t.Double, t.Null))
    return True


def _check(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> None:
    template = args[0]
    assert isinstance(template, Literal)
    for part in _parts(str(template.value)) or () if template.value is not None else ():
        if isinstance(part, _Part) and part.conversion in "sS" and part.index + 1 < len(args):
            kind = args[part.index + 1].type
            if not (is_character(kind) or isinstance(kind, _SHOWN)):
                raise ArgumentError(
                    f"shows no {kind.with_nullable()}, of which Flink shows its inner form: CAST it to STRING"
                )


def _printf(context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr | Value:
    template, *values = args
    parts = None if template.constant is None else _parts(str(template.constant))
    missing = pl.lit(None, pl.String)
    if parts is None:
        return missing
    shown: list[pl.Expr] = []
    failures: list[Failure] = []
    for part in parts:
        if isinstance(part, str):
            shown.append(pl.lit(part))
            continue
        if part.index >= len(values):
            return missing
        value = Value(pl.lit(None, pl.String), t.STRING) if part.index < 0 else values[part.index]
        fits = _fits(part, value.type)
        text = _shown(part, value, context) if fits else missing
        if part.conversion == "f" and fits:
            lost = text.is_null() & value.expr.is_not_null()
            failures.append(Failure(lost, "printf", "PRINTF cannot show a number of more than 38 digits with %f"))
        null = ("NULL" if part.conversion.isupper() else "null")[: part.precision]
        unknown = value.expr.is_null() if part.index >= 0 and part.conversion not in "bB" else pl.lit(False)
        shown.append(_padded(part, pl.when(unknown).then(pl.lit(null)).otherwise(text)))
    return Value(pl.concat_str(shown), result, tuple(failures))


def _shown(part: _Part, value: Value, context: Context) -> pl.Expr:
    """The text of a value, before it is as wide as it must be; NULL for a NULL number."""
    number = value.expr
    match part.conversion.lower():
        case "%":
            return pl.lit("%")
        case "n":
            return pl.lit("\n")
        case "b":
            flag = number if isinstance(value.type, t.Boolean) else number.is_not_null()
            return _letters(part, flag.fill_null(False).cast(pl.String))
        case _ if isinstance(value.type, t.Null):
            return pl.lit(None, pl.String)
        case "d":
            wide = number.cast(pl.Int64)
            return _signed(part, wide.cast(pl.String).str.strip_prefix("-"), wide < 0)
        case "x" | "o":
            return _letters(part, _unsigned(part, value))
        case "f":
            exact = t.Decimal(38, min(6 if part.precision is None else part.precision, 38))
            size = cast(Value(number.abs().cast(pl.Float64), t.DOUBLE), exact, context).expr.cast(pl.String)
            endless = pl.when(number > 0).then(pl.lit("Infinity")).otherwise(pl.lit("-Infinity"))
            plain = pl.when(number.is_infinite()).then(endless).otherwise(_signed(part, size, number < 0))
            return pl.when(number.is_nan()).then(pl.lit("NaN")).otherwise(plain)
    text = number.cast(pl.String) if isinstance(value.type, t.Boolean) else cast(value, t.STRING, context).expr
    return _letters(part, text)


def _letters(part: _Part, text: pl.Expr) -> pl.Expr:
    if part.precision is not None:
        text = utf16_cut(utf16_units(text), pl.lit(0), pl.lit(part.precision))
    return text.str.to_uppercase() if part.conversion.isupper() else text


def _signed(part: _Part, size: pl.Expr, negative: pl.Expr) -> pl.Expr:
    if "," in part.flags:
        whole = size.str.extract(r"^(\d+)", 1).str.reverse().str.replace_all(r"(\d{3})", "${1},").str.reverse()
        size = whole.str.strip_prefix(",") + size.str.extract(r"^\d+(.*)$", 1)
    before, behind = ("(", ")") if "(" in part.flags else ("-", "")
    plus = "+" if "+" in part.flags else " " if " " in part.flags else ""

    def wide(taken: int) -> pl.Expr:
        return size.str.pad_start(max(part.width - taken, 0), "0") if "0" in part.flags else size

    below = pl.lit(before) + wide(len(before + behind)) + pl.lit(behind)
    return pl.when(negative).then(below).otherwise(pl.lit(plus) + wide(len(plus)))


def _unsigned(part: _Part, value: Value) -> pl.Expr:
    """The bits of a whole number, in hexadecimal or octal digits."""
    assert isinstance(value.type, t.Integer)
    base, prefix = (16, "0x") if part.conversion in "xX" else (8, "0")
    number = value.expr.cast(pl.Int64)
    if value.type.bits < 64:
        number = pl.when(number < 0).then(number + 2**value.type.bits).otherwise(number)
    bits = number.reinterpret(signed=False)
    places = range(16 if base == 16 else 22)
    digits = pl.concat_str(
        (bits // base**i % base).replace_strict(list(range(base)), list(_DIGITS[:base]), return_dtype=pl.String)
        for i in reversed(places)
    )
    short = digits.str.strip_chars_start("0")
    short = pl.when(short == "").then(pl.lit("0")).otherwise(short)
    prefix = prefix if "#" in part.flags else ""
    return pl.lit(prefix) + (short.str.pad_start(max(part.width - len(prefix), 0), "0") if "0" in part.flags else short)


def _padded(part: _Part, text: pl.Expr) -> pl.Expr:
    if not part.width:
        return text
    return text.str.pad_end(part.width, " ") if "-" in part.flags else text.str.pad_start(part.width, " ")


FUNCTIONS = (
    define(
        "PRINTF",
        "string",
        "PRINTF(format, value, ...)",
        "Values in a constant format of Java's: %s, %d, %f, %x, %o, %b with flags, width and precision. NULL if a "
        "value is missing or does not fit; a NULL value is shown as null.",
        checked(takes(literal(CHARACTER), variadic=ANY, gives=nullable(t.STRING)), _check),
        _printf,
        ("PRINTF('%s-%05d', 'a', 42)", "a-00042"),
        ("PRINTF('%,.2f|%x', CAST(1234.5 AS DOUBLE), 255)", "1,234.50|ff"),
        ("PRINTF('Hello %s', CAST(NULL AS STRING))", "Hello null"),
        ("PRINTF('%d', 'a')", None),
    ),
)
