from __future__ import annotations

import pytest

from tests.functions.harness import evaluate


@pytest.mark.parametrize("rows", [1, 2, 1_000])
@pytest.mark.parametrize("type_", ["DOUBLE", "FLOAT"])
def test_a_quotient_is_the_nearest_number_for_any_cut_of_the_rows(rows: int, type_: str) -> None:
    """A constant divisor is not taken for its inverse: 3 * (1 / 5) is more than 3 / 5."""
    divided = evaluate(f"x / CAST(5 AS {type_})", {"x": (type_, [3.0] * rows)})
    assert divided.values == evaluate("x / y", {"x": (type_, [3.0] * rows), "y": (type_, [5.0] * rows)}).values
    assert float(divided.values[0]) == (0.6 if type_ == "DOUBLE" else pytest.approx(0.6, rel=1e-7))
