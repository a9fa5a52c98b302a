"""How figures are printed: a line each, as soon as it is known, with its target and whether it was met."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Report", "Target", "median"]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must reach at least, and should; `below`: smaller is better."""

    least: float
    aim: float
    below: bool = False

    def verdict(self, value: float) -> str:
        """`met`, `missed`, or `aim met`."""
        if value <= self.aim if self.below else value >= self.aim:
            return "aim met"
        return "met" if (value <= self.least if self.below else value >= self.least) else "MISSED"

    def __str__(self) -> str:
        return f"{'at most' if self.below else 'at least'} {_short(self.least)}, aim {_short(self.aim)}"


class Report:
    """Prints, and keeps what was missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def title(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def note(self, text: str) -> None:
        print(f"  {text}", flush=True)

    def figure(self, what: str, values: float | Sequence[float], unit: str, target: Target | None = None) -> float:
        """One figure; of several values the median, and the spread beside it. Returns it."""
        several = [values] if isinstance(values, float | int) else list(values)
        value = median(several)
        spread = f"({_short(min(several))} to {_short(max(several))})" if len(several) > 1 else ""
        goal = ""
        if target is not None:
            verdict = target.verdict(value)
            goal = f"{target}: {verdict}"
            if verdict == "MISSED":
                self.missed.append(f"{what}: {_short(value)} {unit}, {target}")
        print(f"  {what:<62} {_short(value):>9} {unit:<9} {spread:<22} {goal}".rstrip(), flush=True)
        return value


def _short(value: float) -> str:
    """Three digits that count."""
    if value == 0:
        return "0"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            value, unit = value / (1e3 if letter == "k" else size), letter
            return f"{value:.{max(0, 2 - len(str(int(abs(value)))) + 1)}f} {unit}"
    return f"{value:.{max(0, 3 - len(str(int(abs(value)))))}f}" if abs(value) >= 1 else f"{value:.3g}"
