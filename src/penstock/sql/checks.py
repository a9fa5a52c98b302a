"""What each row of a table has to fulfil, and what becomes of one that does not: bound conditions, pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from penstock.sql.expr import Expr

__all__ = ["Check", "Consequence", "UniqueCheck"]

Consequence = Literal["warn", "quarantine", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule about single rows, from `file`.

    `form` is how the file says it. A row breaks it where `condition` (BOOLEAN over its columns) is FALSE or cannot be
    computed; NULL breaks nothing. `says` is what is wrong then, and `shown` the column whose value is told, if any.
    """

    file: str
    name: str
    form: str
    condition: Expr
    then: Consequence
    says: str
    shown: str = ""

    @property
    def path(self) -> str:
        """How people call it: file and name."""
        return f"{self.file}.{self.name}"


@dataclass(frozen=True, slots=True)
class UniqueCheck:
    """A rule that no two rows have the same values in `columns`: in order, all but the first break it.

    Rows with a NULL among them equal no other, as in SQL.
    """

    file: str
    name: str
    columns: tuple[str, ...]
    then: Consequence
    says: str

    @property
    def path(self) -> str:
        """How people call it: file and name."""
        return f"{self.file}.{self.name}"
