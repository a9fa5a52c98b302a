"""Decimal arithmetic against Python's decimals: exact, half up, NULL beyond the digits of the result."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from penstock.core import types as t
from penstock.sql.casts.decimals import rescaled
from penstock.sql.functions import decimal_arithmetic as arithmetic
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

EXACT = Context(prec=200, rounding=ROUND_HALF_UP)


@st.composite
def columns(draw: st.DrawFn) -> tuple[t.Decimal, list[Decimal]]:
    """A type, and values of it: many near its limits, many short, many nines and zeros."""
    precision = draw(st.one_of(st.integers(1, 38), st.sampled_from([1, 5, 18, 19, 37, 38])))
    scale = draw(st.integers(0, precision))
    limit = 10**precision - 1
    number = st.one_of(
        st.integers(-limit, limit),
        st.integers(0, 30).map(lambda x: limit - min(x, limit)),
        st.integers(-30, 30).map(lambda x: max(-limit, min(limit, x))),
        st.integers(0, precision).map(lambda x: 10**x - 1),
        st.integers(0, precision - 1).map(lambda x: -(10**x)),
        st.integers(0, precision - 1).map(lambda x: 5 * 10**x),
    )
    values = draw(st.lists(number, min_size=8, max_size=8))
    return t.Decimal(precision, scale), [Decimal(v).scaleb(-scale, EXACT) for v in values]


def fitted(value: Decimal, result: t.Decimal) -> Decimal | None:
    rounded = value.quantize(Decimal(1).scaleb(-result.scale), context=EXACT)
    return rounded if rounded.copy_abs() < Decimal(10) ** (result.precision - result.scale) else None


def check(
    left: tuple[t.Decimal, list[Decimal]],
    right: tuple[t.Decimal, list[Decimal]],
    result: t.Decimal,
    ours: pl.Expr,
    theirs: Callable[[Decimal, Decimal], Decimal | None],
) -> None:
    frame = pl.DataFrame(
        {"a": pl.Series(left[1], dtype=left[0].polars), "b": pl.Series(right[1], dtype=right[0].polars)}
    )
    got = frame.select(ours.alias("r"))["r"]
    assert got.dtype == result.polars
    with localcontext(EXACT):
        exact = [theirs(a, b) for a, b in zip(left[1], right[1], strict=True)]
    assert got.to_list() == [None if x is None else fitted(x, result) for x in exact]


@given(columns(), columns(), st.sampled_from([1, -1]))
@examples(40)
def test_sums(left: tuple[t.Decimal, list[Decimal]], right: tuple[t.Decimal, list[Decimal]], sign: int) -> None:
    result = arithmetic.sum_type(left[0], right[0])
    ours = arithmetic.sum_of(pl.col("a"), left[0], pl.col("b"), right[0], result, sign)
    check(left, right, result, ours, lambda a, b: a + sign * b)


@given(columns(), columns())
@examples(40)
def test_products(left: tuple[t.Decimal, list[Decimal]], right: tuple[t.Decimal, list[Decimal]]) -> None:
    result = arithmetic.product_type(left[0], right[0])
    ours = arithmetic.product(pl.col("a"), left[0], pl.col("b"), right[0], result)
    check(left, right, result, ours, lambda a, b: a * b)


def to_38_digits(a: Decimal, b: Decimal) -> Decimal | None:
    """Flink's quotient: rounded to 38 significant digits, before the result's scale rounds it again."""
    return Context(prec=38, rounding=ROUND_HALF_UP).divide(a, b) if b else None


@given(columns(), columns())
@examples(40)
def test_quotients(left: tuple[t.Decimal, list[Decimal]], right: tuple[t.Decimal, list[Decimal]]) -> None:
    result = arithmetic.quotient_type(left[0], right[0])
    ours = arithmetic.quotient(pl.col("a"), left[0], pl.col("b"), right[0], result)
    check(left, right, result, ours, to_38_digits)


def test_a_quotient_that_is_rounded_twice() -> None:
    """0.0...4999...9 to 38 digits is 0.0...5, and that is rounded up."""
    kind = t.Decimal(38, 0)
    a, b = [Decimal(5) * 10**36 - 1], [Decimal(10) ** 37 - 1]
    for result in (t.Decimal(38, 0), t.Decimal(38, 6)):
        ours = arithmetic.quotient(pl.col("a"), kind, pl.col("b"), kind, result)
        check((kind, a), (kind, b), result, ours, to_38_digits)


@given(columns(), columns())
@examples(40)
def test_remainders(left: tuple[t.Decimal, list[Decimal]], right: tuple[t.Decimal, list[Decimal]]) -> None:
    result = arithmetic.remainder_type(left[0], right[0])
    ours = arithmetic.remainder(pl.col("a"), left[0], pl.col("b"), right[0], result)
    check(left, right, result, ours, lambda a, b: a % b if b else None)


@given(columns(), st.integers(1, 38).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, p))))
@examples(40)
def test_scales(column: tuple[t.Decimal, list[Decimal]], digits: tuple[int, int]) -> None:
    result = t.Decimal(*digits)
    check(column, column, result, rescaled(pl.col("a"), column[0], result), lambda a, _: a)
