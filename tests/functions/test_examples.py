"""Every example of every function, as constants and as columns with NULLs around; types and NULL-ability hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import BindError
from penstock.sql.functions import FUNCTIONS
from tests.functions.harness import Sheet, evaluate, literals_as_columns

if TYPE_CHECKING:
    from penstock.sql.functions.spec import Example, Function

UNTESTED = {"GROUPING", "GROUPING_ID", "GROUP_ID", "CURRENT_WATERMARK"}
"""Functions that have a value in a query only: tested with those."""

FUNCTIONS_ONCE = list({id(f): f for f in FUNCTIONS.values()}.values())
EXAMPLES = [
    pytest.param(function, example, id=f"{function.name}: {example.sql}")
    for function in FUNCTIONS_ONCE
    for example in function.examples
]


def test_every_function_has_an_example_and_a_text() -> None:
    assert [f.name for f in FUNCTIONS_ONCE if not f.examples and f.name not in UNTESTED] == []
    assert [f.name for f in FUNCTIONS_ONCE if not f.text.endswith(".") or not f.syntax] == []


def _same(actual: object, example: Example) -> bool:
    if isinstance(example.result, float) and isinstance(actual, (int, float)):
        return bool(actual == pytest.approx(example.result, rel=1e-12))
    return bool(actual == example.result)


@pytest.mark.parametrize(("function", "example"), EXAMPLES)
def test_as_constants(function: Function, example: Example) -> None:
    """Beside a column, so that a constant must become as long as the frame."""
    answer = evaluate(example.sql)
    assert _same(answer.value, example), answer
    many = evaluate(example.sql, {"beside": ("INT", [1, 2, 3])})
    assert all(_same(v, example) for v in many.values), many
    assert answer.value is not None or not answer.type.endswith("NOT NULL")


@pytest.mark.parametrize(("function", "example"), EXAMPLES)
def test_as_columns(function: Function, example: Example) -> None:
    """The literals in the first and last row, and in between each of them NULL once."""
    node, literals = literals_as_columns(example.sql)
    if not literals:
        pytest.skip("no literal in it")
    rows = len(literals) + 2
    columns = {
        name: (kind, [value if row != place + 1 else None for row in range(rows)])
        for place, (name, (kind, (value,))) in enumerate(literals.items())
    }
    try:
        answer = Sheet(columns).evaluate(example.sql, node)
    except BindError as error:
        if "constant" not in error.message:
            raise
        pytest.skip("asks for a constant")
    assert _same(answer.values[0], example), answer
    assert _same(answer.values[-1], example), answer
    if answer.type.endswith("NOT NULL"):
        assert None not in answer.values
