"""Which types meet in one, and which are cast unasked: every pair of types, as the real Flink has them.

``recorded/types.json`` holds, for each call, the type that Flink gave to each pair of types (None: it refused), by
their places in the list `types`; the results are numbered too. INSERT's table stands here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from penstock.core import types as t
from penstock.core.errors import SqlError
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.coercion import cast_to, may_cast_implicitly
from penstock.sql.expr import Cast, Literal, Ref
from penstock.sql.grammar import parse_expression
from penstock.sql.plan import Column
from tests.functions.harness import type_of
from tests.functions.recorded import HERE

if TYPE_CHECKING:
    from penstock.core.types import DataType

RECORDED: dict[str, Any] = json.loads((HERE / "types.json").read_text("utf-8"))
TYPES: list[str] = RECORDED["types"]
CONSTANTS = {
    "INTERVAL MONTH": "INTERVAL '1' MONTH",
    "INTERVAL SECOND(3)": "INTERVAL '1' DAY",
    "NULL": "NULL",
    "MULTISET<INT>": "CAST(NULL AS MULTISET<INT>)",
}
"""What stands for a type that no column of Flink's JSON format has."""

TEXTS = {"CHAR(3)", "VARCHAR(5)", "STRING"}
ODD = {"BOOLEAN", "INTERVAL MONTH", "INTERVAL SECOND(3)"}
NESTED = {"ARRAY<INT>", "ARRAY<STRING>", "MULTISET<INT>", "MAP<STRING,INT>", "ROW<a INT>", "ROW<a BIGINT>"}


def refused_on_purpose(call: str, left: str, right: str) -> bool:
    """Flink compares these with no sensible answer (texts with BOOLEAN are never equal), or we cannot."""
    pair = {left, right}
    if bool(pair & TEXTS) and bool(pair & ODD):
        return True
    if call.startswith(("COALESCE", "CASE")):
        # an interval and a number; an ARRAY and a MULTISET
        return bool(pair & ODD) or "MULTISET<INT>" in pair
    return bool(pair & NESTED)


def scope() -> Scope:
    columns = [Column(f"c{i}", type_of(kind)) for i, kind in enumerate(TYPES) if kind not in CONSTANTS]
    return Scope.of(Origin(""), [*columns, Column("b", t.BOOLEAN)], ("t",))


@pytest.mark.parametrize("call", RECORDED["calls"])
def test_pairs_of_types(call: str) -> None:
    binder = ExpressionBinder(scope())
    names = [CONSTANTS.get(kind, f"c{i}") for i, kind in enumerate(TYPES)]
    differing = []
    for i, row in enumerate(RECORDED["calls"][call]):
        for j, number in enumerate(row):
            theirs = RECORDED["results"][number]
            try:
                ours = str(binder.bind(parse_expression(call.format(x=names[i], y=names[j]))).type)
            except SqlError:
                ours = None
            lenient = theirs is None and "NULL" in (TYPES[i], TYPES[j])
            strict = ours is None and refused_on_purpose(call, TYPES[i], TYPES[j])
            times = call == "{x} IN ({y})" and theirs is None and {TYPES[i], TYPES[j]} == {"TIME(0)", "TIME(3)"}
            if ours != theirs and not (lenient or strict or times):
                differing.append((TYPES[i], TYPES[j], ours, theirs))
    assert not differing, "(left, right, our type, Flink's)"


INSERT = """
CHAR(3)             Y Y Y Y . . . . . . . . . . . . . . . . . . . . . .
CHAR(5)             Y Y Y Y . . . . . . . . . . . . . . . . . . . . . .
VARCHAR(3)          . . Y Y . . . . . . . . . . . . . . . . . . . . . .
STRING              . . Y Y . . . . . . . . . . . . . . . . . . . . . .
BOOLEAN             . . . . Y . . . . . . . . . . . . . . . . . . . . .
BINARY(3)           . . . . . Y Y Y . . . . . . . . . . . . . . . . . .
VARBINARY(2)        . . . . . . Y Y . . . . . . . . . . . . . . . . . .
BYTES               . . . . . . Y Y . . . . . . . . . . . . . . . . . .
DECIMAL(5, 2)       . . . . . . . . Y Y . . . Y Y . . . . . . . . . . .
DECIMAL(4, 0)       . . . . . . . . Y Y . . . Y Y . . . . . . . . . . .
TINYINT             . . . . . . . . Y Y Y Y Y Y Y . . . . . . . . . . .
INT                 . . . . . . . . Y Y . Y Y Y Y . . . . . . . . . . .
BIGINT              . . . . . . . . Y Y . . Y Y Y . . . . . . . . . . .
FLOAT               . . . . . . . . Y Y . . . Y Y . . . . . . . . . . .
DOUBLE              . . . . . . . . Y Y . . . . Y . . . . . . . . . . .
DATE                . . . . . . . . . . . . . . . Y . . . . . . . . . .
TIME(0)             . . . . . . . . . . . . . . . . Y . . . . . . . . .
TIMESTAMP(3)        . . . . . . . . . . . . . . . Y Y Y Y Y Y . . . . .
TIMESTAMP(0)        . . . . . . . . . . . . . . . Y Y Y Y Y Y . . . . .
TIMESTAMP_LTZ(3)    . . . . . . . . . . . . . . . . . Y Y Y Y . . . . .
TIMESTAMP_LTZ(6)    . . . . . . . . . . . . . . . . . Y Y Y Y . . . . .
ARRAY<INT>          . . . . . . . . . . . . . . . . . . . . . Y Y . . .
ARRAY<BIGINT>       . . . . . . . . . . . . . . . . . . . . . . Y . . .
MAP<STRING, INT>    . . . . . . . . . . . . . . . . . . . . . . . Y . .
ROW<a INT>          . . . . . . . . . . . . . . . . . . . . . . . . Y Y
ROW<b BIGINT>       . . . . . . . . . . . . . . . . . . . . . . . . . Y
"""
"""What INSERT takes for a column: from the type of the line to those of the lines, in the same order."""


def test_implicit_casts() -> None:
    lines = [line.rsplit(maxsplit=26) for line in INSERT.strip().splitlines()]
    kinds = [type_of(name) for name, *_ in lines]
    ours = [["Y" if may_cast_implicitly(a, b) else "." for b in kinds] for a in kinds]
    assert ours == [marks for _, *marks in lines]
    assert all(may_cast_implicitly(t.NULL, kind) for kind in kinds)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1, t.INT, t.BIGINT, 1),
        (1, t.INT, t.DOUBLE, 1.0),
        (1, t.INT, t.Decimal(3, 2), 1),
        ("ab", t.Char(2), t.STRING, "ab"),
        (None, t.INT, t.STRING, None),
    ],
)
def test_a_constant_stays_one_in_a_wider_type(value: Any, source: DataType, target: DataType, expected: Any) -> None:
    bound = cast_to(Literal(source.with_nullable(False), value), target)
    assert isinstance(bound, Literal)
    assert bound.value == expected
    assert bound.type == target.with_nullable(value is None)


def test_other_casts_are_for_the_run() -> None:
    column = Ref(t.INT.with_nullable(False), "x")
    assert cast_to(column, t.INT) is column
    assert cast_to(column, t.BIGINT) == Cast(t.BIGINT.with_nullable(False), column)
    assert isinstance(cast_to(Literal(t.INT, 300), t.TINYINT), Cast)
    assert isinstance(cast_to(Literal(t.Char(3), "abc"), t.Varchar(2)), Cast)
