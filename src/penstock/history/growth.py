"""Functions that make much of little: bounded, as DuckDB neither counts their memory nor can break them off.

Asked for `repeat('x', 4000000000)` it takes 8 GB and a minute, whatever its limits. What would grow too large is an
error of the question instead, at the argument that asks for it.
"""

from __future__ import annotations

import re

from sqlglot import exp

from penstock.core.errors import QueryError

__all__ = ["bound_growth"]

_MOST_LETTERS = 100_000
_MOST_ELEMENTS = 10_000
_MOST_WIDTH = 1_000
_WIDE = re.compile(r"\d{4,}|\{[^{}]*\{|%[^%a-zA-Z]*\*")
"""A width of four digits or more in a format, or one that is an argument."""


def bound_growth(tree: exp.Expr) -> None:
    """Bound the functions in a question. Raises QueryError for a format that cannot be bounded."""
    for node in [found for found in tree.find_all(exp.Func) if not isinstance(found.parent, exp.Table)]:
        match node:
            case exp.Repeat(this=text):
                count = node.args["times"]
                size = exp.Mul(this=exp.func("LENGTH", text.copy()), expression=exp.Paren(this=count.copy()))
                node.set("times", _bounded(count, size, _MOST_LETTERS, "letters"))
            case exp.Space(this=count):
                node.set("this", _bounded(count, count.copy(), _MOST_LETTERS, "letters"))
            case exp.Pad(expression=count):
                node.set("expression", _bounded(count, count.copy(), _MOST_LETTERS, "letters"))
            case exp.GenerateSeries():
                node.set("end", _near(node))
            case exp.Anonymous() | exp.Format():
                _by_name(node)


def _by_name(node: exp.Expr) -> None:
    name = "format" if isinstance(node, exp.Format) else node.name.lower()
    arguments = node.expressions
    if name in ("list_resize", "array_resize") and len(arguments) > 1:
        arguments[1].replace(_bounded(arguments[1], arguments[1].copy(), _MOST_ELEMENTS, "elements"))
    elif name == "bitstring" and len(arguments) > 1:
        arguments[1].replace(_bounded(arguments[1], arguments[1].copy(), _MOST_LETTERS, "bits"))
    elif name == "bar" and len(arguments) > 3:
        arguments[3].replace(_bounded(arguments[3], arguments[3].copy(), _MOST_WIDTH, "letters"))
    elif name in ("format", "printf"):
        said = node.this if isinstance(node, exp.Format) else arguments[0] if arguments else None
        if not isinstance(said, exp.Literal) or _WIDE.search(said.name):
            raise QueryError(
                f"a format of {name} is a text without widths of more than three digits", code="query-forbidden"
            )


def _bounded(value: exp.Expr, size: exp.Expr, most: int, noun: str) -> exp.Expr:
    """`value`, or an error where `size` is more than `most`."""
    small = exp.LTE(this=exp.Paren(this=size), expression=exp.Literal.number(most))
    return _or_error(value, small, f"more than {most} {noun} would come of it")


def _near(series: exp.Expr) -> exp.Expr:
    """The end of a series, or an error where it has more than so many elements: of numbers, dates or moments."""
    start, end, step = (series.args.get(name) for name in ("start", "end", "step"))
    assert start is not None
    assert end is not None
    step = step or exp.Literal.number(1)
    length = exp.Mul(this=exp.Literal.number(_MOST_ELEMENTS), expression=exp.Paren(this=step.copy()))
    far = exp.Paren(this=exp.Add(this=exp.Paren(this=start.copy()), expression=length))
    low, high = exp.func("LEAST", start.copy(), end.copy()), exp.func("GREATEST", start.copy(), end.copy())
    beyond = exp.and_(
        exp.Between(this=far, low=low, high=high), exp.NEQ(this=far.copy(), expression=exp.Paren(this=end.copy()))
    )
    return _or_error(end, exp.not_(exp.Paren(this=beyond)), f"more than {_MOST_ELEMENTS} elements would come of it")


def _or_error(value: exp.Expr, fits: exp.Expr, message: str) -> exp.Expr:
    # the value itself is guarded: a condition around the whole call would be folded after the call
    error = exp.Anonymous(this="error", expressions=[exp.Literal.string(message)])
    return exp.Case().when(fits, value.copy()).else_(error)
