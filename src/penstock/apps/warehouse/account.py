"""What was delivered, counted where it was made: what a load must come to, known without loading anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Account"]


@dataclass(slots=True)
class Account:
    """The rows of one delivery of one source by what has to become of them.

    `duplicate` rows say what another row of the delivery says, `respelled` of them in other words. `dropped` ones lack
    what no row may lack. `broken` counts those that break one rule each, or cannot be read (`type`), by rule.
    """

    loaded: int = 0
    duplicate: int = 0
    respelled: int = 0
    dropped: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    """Loaded rows that break a rule which only warns."""
    defaulted: Counter[str] = field(default_factory=Counter)
    """Loaded rows whose value of a column was missing, and is the default now."""
    kept_missing: Counter[str] = field(default_factory=Counter)
    """Loaded rows whose value of a column was missing, and is NULL."""
    new: int = 0
    changed: int = 0
    deleted: int = 0
    """Keys, against the delivery before."""
    late: int = 0
    """Loaded rows of a day that was delivered before."""

    @property
    def quarantined(self) -> int:
        return self.broken.total()

    @property
    def read(self) -> int:
        return self.loaded + self.duplicate + self.dropped + self.quarantined
