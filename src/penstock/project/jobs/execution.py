"""A run's row of the warehouse's table `pipeline_executions`, which is begun with the run and ended after it.

That there is one is a fact of the log. The end of the run, whoever writes it, puts into that fact what the row is to
say, in one transaction; `sweep` brings it into the warehouse, as soon as that can be reached, and takes the fact away.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson

from penstock.core.errors import WarehouseError
from penstock.core.logs import tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.jobs import Run
    from penstock.log import Log
    from penstock.log.transaction import Transaction
    from penstock.project.penstock import Penstock
    from penstock.warehouse.executions import Status

__all__ = ["begin", "end", "rows_owed", "sweep"]

_FACT = "executions/"
_STATUS: dict[str, Status] = {"success": "SUCCESS", "partial": "PARTIAL", "failed": "FAILED", "cancelled": "FAILED"}


def begin(penstock: Penstock, run: Run) -> None:
    """A run is begun, or goes on. Raises WarehouseError where its row cannot be written now: then `sweep` makes it."""
    from penstock.warehouse.executions import Executions

    penstock.log.facts.put(_FACT + run.id, b"")
    Executions(penstock.warehouse.database()).begin(run.id, run.job, _began(run))


def end(penstock: Penstock, run: Run, transaction: Transaction) -> None:
    """Write with the end of a run what its row is to say, where it has one."""
    from penstock.warehouse.executions import Execution

    if penstock.log.facts.get(_FACT + run.id) is None:
        return
    assert run.ended is not None
    said = Execution(run.id, run.job, _STATUS[run.state], run.rows, _began(run), run.ended, _error(run))
    transaction.put(_FACT + run.id, orjson.dumps(asdict(said)))


def rows_owed(log: Log) -> Mapping[str, bytes]:
    """By run what its row is to say, which the warehouse does not say yet; nothing of one that goes on."""
    return log.facts.scan(_FACT)


def sweep(penstock: Penstock) -> None:
    """Bring the ends of runs into the warehouse; while that is out of reach they wait for the next time."""
    owed = {key: said for key, said in rows_owed(penstock.log).items() if said}
    if not owed:
        return
    from penstock.warehouse.executions import Execution, Executions

    try:
        found = [Execution(**orjson.loads(said)) for said in owed.values()]
        Executions(penstock.warehouse.database()).end(found)
    except WarehouseError as error:
        tell("warning", "executions-wait", f"the ends of {len(owed):,} runs are not in the warehouse yet", error=error)
        return
    for key, said in owed.items():
        penstock.log.facts.swap({key: said}, {key: None})  # a run that was begun again since has another one


def _began(run: Run) -> int:
    return run.created if run.began is None else run.began


def _error(run: Run) -> str | None:
    """What the row says of the end of a run."""
    if run.state == "cancelled":
        by = f" by {run.cancelled_by}" if run.cancelled_by else ""
        return f"it was cancelled{by}: {run.error}" if run.error else f"it was cancelled{by}"
    if run.state == "failed":
        return run.failure
    return "\n".join(run.left) or None
