"""Numbers that come more than once, in memory and beyond."""

from __future__ import annotations

import polars as pl
import pytest

from penstock.warehouse import repeats
from penstock.warehouse.repeats import Repeats


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_each_number_that_comes_again_is_found_at_each_of_its_places(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"_HELD": 8 * size, "_SLICE": size, "_READ": size + 1}.items():
        monkeypatch.setattr(repeats, name, value)
    numbers = [5, -1, 2**63 - 1, 5, 7, -(2**63), -1, 5, 8]
    found = Repeats()
    for first in range(0, len(numbers), 2):
        found.add(pl.Series(numbers[first : first + 2], dtype=pl.Int64))
    expected = [(place, number) for place, number in enumerate(numbers) if numbers.count(number) > 1]
    assert found.found().rows() == expected


def test_nothing_comes_again_where_nothing_came() -> None:
    assert Repeats().found().rows() == []
