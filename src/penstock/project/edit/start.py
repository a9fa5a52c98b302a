"""A start with SQL files that are not as they were applied: refused where state would be lost by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import StateError
from penstock.project.edit.files import applied_texts
from penstock.project.wish import wish_of

if TYPE_CHECKING:
    from penstock.project.edit.difference import PipelineChange
    from penstock.project.penstock import Penstock

__all__ = ["check_start"]


def check_start(penstock: Penstock) -> None:
    """Raises StateError where a pipeline that has state is gone, or is halted and its state would not fit any more.

    Those that are to run say so themselves when they are made.
    """
    before = applied_texts(penstock.log)
    if before is None or before == penstock.definition.texts:
        return
    from penstock.project.edit.difference import edit_of

    lost = [words for one in edit_of(penstock).difference.changed if (words := _lost(penstock, one))]
    if lost:
        raise StateError(
            f"the SQL files have changed, and state would be lost: {'; '.join(lost)}",
            code="state-mismatch",
            hint="penstock diff DIR shows it, and penstock apply DIR goes over with a savepoint of what was;"
            " penstock run DIR --fresh drops the state and results and reads the log again",
        )


def _lost(penstock: Penstock, one: PipelineChange) -> str:
    """What of a pipeline would be lost, in words; empty for nothing."""
    parts = [
        f"{o.operator} ({o.rows:,} row{'s' * (o.rows != 1)})" for o in one.operators if o.what == "lost" and o.rows
    ]
    if not parts:
        return ""
    if one.what == "removed":
        return f"pipeline '{one.name}' is gone, with {', '.join(parts)}"
    wanted = wish_of(penstock.log, one.name).wanted
    if wanted not in ("paused", "stopped"):
        return ""
    return f"pipeline '{one.name}', which is {wanted}, with {', '.join(parts)}"
