"""The ledger: what became of each row, per operator, and the proof that none was lost.

Each row that an operator took in has exactly one fate; every fate is counted where it happens::

    carried + taken = passed + filtered + superseded + expired + late + rejected + held

and on every edge, rows given by one operator = rows taken by the next, since the query was edited last.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from penstock.core.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FATES", "Counts", "Entry", "check"]

FATES = ("passed", "filtered", "superseded", "expired", "late", "rejected", "held")


@dataclass(slots=True)
class Counts:
    """Rows of one operator since the pipeline began.

    `taken` came in and `given` went out; `passed` were forwarded or have had their effect emitted, `held`
    are in its state now. A windowing function or a firing gives another number of rows than it takes.
    Where the query around it was edited, `taken_before` and `given_before` are of before: operators above and below it
    that came or went then have not met those rows. `carried` were in its state when older versions counted anew.
    """

    carried: int = 0
    taken: int = 0
    given: int = 0
    passed: int = 0
    filtered: int = 0
    superseded: int = 0
    expired: int = 0
    late: int = 0
    rejected: int = 0
    held: int = 0
    taken_before: int = 0
    given_before: int = 0

    @property
    def missing(self) -> int:
        """Rows without a fate (negative: rows with more than one)."""
        fates: list[int] = [getattr(self, fate) for fate in FATES]
        return self.carried + self.taken - sum(fates)

    def edited(self) -> Counts:
        """The same, counted on among other operators."""
        return replace(self, taken_before=self.taken, given_before=self.given)

    def as_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, values: dict[str, int]) -> Counts:
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in values.items() if k in known})


@dataclass(frozen=True, slots=True)
class Entry:
    """One operator's line: its name, kind, counts, and the names of those it takes from."""

    operator: str
    kind: str
    counts: Counts
    inputs: tuple[str, ...]


def check(pipeline: str, entries: Iterable[Entry]) -> None:
    """Raise LedgerError unless every row of every operator has one fate and every edge balances."""
    by_name = {e.operator: e for e in entries}
    for entry in by_name.values():
        if entry.counts.missing:
            word = "lost" if entry.counts.missing > 0 else "counted twice"
            raise LedgerError(
                f"pipeline '{pipeline}': {abs(entry.counts.missing)} rows are {word} in {entry.operator}:"
                f" {entry.counts}",
                code="ledger-fate",
                hint="nothing was committed since the last checkpoint; please report this with the plan",
            )
        if entry.inputs:
            given = sum(by_name[i].counts.given - by_name[i].counts.given_before for i in entry.inputs)
            taken = entry.counts.taken - entry.counts.taken_before
            if given != taken:
                raise LedgerError(
                    f"pipeline '{pipeline}': {', '.join(entry.inputs)} gave {given} rows,"
                    f" {entry.operator} took {taken}",
                    code="ledger-edge",
                    hint="nothing was committed since the last checkpoint; please report this with the plan",
                )
