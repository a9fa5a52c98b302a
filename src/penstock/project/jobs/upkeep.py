"""The kind ``upkeep``: what `penstock upkeep` does, on a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.errors import LockedError
from penstock.jobs import Outcome, Step
from penstock.project.upkeep import upkeep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.core.options import Option
    from penstock.jobs import Job, Note, Run
    from penstock.project.penstock import Penstock
    from penstock.project.upkeep import Done

__all__ = ["Upkeep"]


class Upkeep:
    """Large files for days that are over, the archive for old ones. Done again it does what is left."""

    options: tuple[Option[Any], ...] = ()

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock

    def require(self, job: Job) -> None:
        """There is nothing to be said."""

    def steps(self, job: Job, run: Run) -> Iterable[Step]:
        """One: all tables."""
        return [Step("upkeep", self._do)]

    def _do(self, note: Note) -> Outcome:
        def report(done: Done) -> None:
            note(f"{done.table} {done.partition}: {done.act} {done.reason}".rstrip())

        try:
            done = upkeep(self._penstock, report=report)
        except LockedError as error:
            return Outcome(note=f"another upkeep is at work: {error.message}", partial=True)
        acted = [one for one in done if one.act != "skip"]
        counts = {"partitions": len(acted), "files": sum(one.files_before for one in acted)}
        return Outcome(counts, note="" if acted else "nothing to do")
