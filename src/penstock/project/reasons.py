"""Why nothing comes out of a project, whether its pipelines run or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.engine.why import Reason, unreachable, why
from penstock.project.polling import outages
from penstock.project.standing import cramped, halted
from penstock.project.system import facts

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["reasons"]


def reasons(penstock: Penstock) -> list[Reason]:
    """Which source does not answer, what each open window waits for, and what to set."""
    if penstock.running:
        found = {p.name: (p.windows(), p.watermarks()) for p in penstock.running}
    else:
        watermarks, windows = facts(penstock.log, "watermarks/"), facts(penstock.log, "windows/")
        found = {name: (windows.get(name, []), w) for name, w in watermarks.items()}
    told = [*outages(penstock), *halted(penstock), *cramped(penstock)] if penstock.fault is None else []
    still, now = {one.pipeline for one in told if one.code in ("paused", "stopped")}, penstock.clock.now_ms()
    blocked = [(p.name, p.obstacle) for p in penstock.running if p.obstacle is not None and p.name not in still]
    told += [unreachable(name, obstacle.error, obstacle.since, now) for name, obstacle in blocked]
    waiting = {name: of for name, of in found.items() if name not in still}
    return [*told, *why(waiting, now)]
