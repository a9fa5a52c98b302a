"""`Loaded`: what a load has done, as it is kept with its mark."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Self

from penstock.core.errors import LedgerError
from penstock.warehouse.target import Changes

__all__ = ["Counts", "Loaded", "Phase"]


@dataclass(slots=True)
class Counts:
    """The rows of a load, each counted where it happens: read = loaded + duplicate + quarantined + dropped.

    `loaded` are those that staging has thanks to the run, changed or not.
    """

    read: int = 0
    duplicate: int = 0
    dropped: int = 0
    quarantined: int = 0
    loaded: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether rows were read and none is loaded: each was set aside or dropped, or is the double of such a one."""
        return self.read > 0 and self.loaded == 0

    def require_whole(self) -> None:
        """Raises LedgerError where a row was lost, or counted twice."""
        told = self.loaded + self.duplicate + self.quarantined + self.dropped
        if told != self.read:
            raise LedgerError(f"{self.read:,} rows were read and {told:,} accounted for: {self}")


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a load: so many rows in so many seconds."""

    name: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load has done: its rows by their fate, the changes of each table, and how long each phase took.

    `rules` is by what rows were set aside, and how many; one that breaks several rules stands with each. `schema` is
    the schema file where the load has written it.
    """

    counts: Counts = field(default_factory=Counts)
    changes: dict[str, Changes] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    note: str = ""
    rules: dict[str, int] = field(default_factory=dict)
    schema: str = ""

    @property
    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Out of `text`."""
        said = json.loads(text)
        return cls(
            Counts(**said["counts"]),
            {table: Changes(**changes) for table, changes in said["changes"].items()},
            tuple(Phase(**phase) for phase in said["phases"]),
            said["note"],
            said.get("rules", {}),
            said.get("schema", ""),
        )
