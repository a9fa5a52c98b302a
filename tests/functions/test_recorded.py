"""Calls on columns give what the real Flink gave (see recorded.py): types, values, failures and refusals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.errors import SqlError
from tests.functions import recorded
from tests.functions.harness import Fails, evaluate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.recorded import Recorded

CASES = [
    pytest.param(case, id=f"{file.stem}: {place} {case.call}")
    for file in recorded.files()
    for place, case in enumerate(recorded.read(file))
]


def same(ours: Any, theirs: Any, tolerance: float) -> bool:
    """Equal values; floating-point numbers to `tolerance`, a row that fails whatever its message."""
    match ours, theirs:
        case Fails(), _:
            return isinstance(theirs, dict) and "fails" in theirs
        case ((float() | int()), (float() | int())) if not isinstance(ours, bool):
            return math.isclose(ours, theirs, rel_tol=tolerance)
        case list(), list():
            return len(ours) == len(theirs) and all(same(a, b, tolerance) for a, b in zip(ours, theirs, strict=True))
        case dict(), dict():
            return list(ours) == list(theirs) and all(same(ours[k], theirs[k], tolerance) for k in ours)
    return bool(ours == theirs)


@pytest.mark.parametrize("case", CASES)
def test_a_call_gives_what_flink_gave(case: Recorded) -> None:
    assert case.answer, "not recorded yet: python -m tests.functions.recorded"
    if "refused" in case.answer:
        with pytest.raises(SqlError):
            evaluate(case.call, case.columns, zone=case.zone)
        return
    answer = evaluate(case.call, case.columns, zone=case.zone)
    assert answer.type == case.answer["type"]
    tolerance = 1e-6 if "FLOAT" in answer.type else 1e-12 if "DOUBLE" in answer.type else 0.0
    inputs = list(zip(*(values for _, values in case.columns.values()), strict=True)) or [()]
    differing = [
        (row, ours, theirs)
        for row, ours, theirs in zip(inputs, answer.values, case.answer["values"], strict=True)
        if not same(ours, theirs, tolerance)
    ]
    assert not differing, "(input, ours, Flink's)"


@pytest.mark.real
def test_the_records_are_what_flink_says(tmp_path: Path) -> None:
    from tests.flink.oracle import Oracle

    with Oracle() as flink:
        for file in recorded.files():
            cases = recorded.read(file)
            before = [case.line for case in cases]
            recorded.Recorder(flink, tmp_path).record(cases)
            assert [case.line for case in cases] == before
