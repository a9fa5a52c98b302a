"""What a batch costs an operator with many keys in state, against one with a thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from bench.machine import cores, pin
from bench.table import Target, median

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.__main__ import Bench

__all__ = ["BATCH", "Filled", "compared"]

BATCH = 5_000


class Filled(Protocol):
    """An operator that has seen each of its keys."""

    def spent(self) -> float:
        """Seconds that one more batch takes, BATCH rows of keys drawn at random."""


F = TypeVar("F", bound=Filled)


def compared(bench: Bench, title: str, queries: Mapping[str, str], filled: Callable[[str, int], F]) -> Iterator[F]:
    """Prints the rates of each query with few and with many keys, and gives what has many; all on one core."""
    report, keys, rounds = bench.report, 100_000 if bench.quick else 1_000_000, 20 if bench.quick else 100
    report.title(f"{title}, {BATCH:,} rows a batch over keys drawn at random, 1 core")
    before = cores()
    pin(before[:1])
    try:
        for name, query in queries.items():
            few, many = filled(query, 1_000), filled(query, keys)
            small, large = ([one.spent() for _ in range(rounds)] for one in (few, many))
            report.figure(f"{name}, 1,000 keys", [BATCH / s for s in small], "rows/s")
            report.figure(f"{name}, {keys:,} keys", [BATCH / s for s in large], "rows/s")
            report.figure("the one against the other", median(small) / median(large), "x", Target(0.5, 0.8))
            yield many
    finally:
        pin(before)
