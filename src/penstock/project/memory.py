"""The memory that a project's process has: one number, and who holds what of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["Held", "Memory", "machine_memory", "memory_of", "own_memory", "resident"]

_PROC = Path("/proc")
_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Held:
    """What the state of one operator takes, bytes."""

    pipeline: str
    operator: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Memory:
    """All in bytes: what the process has, `held` by states (the largest first), and how much it could have.

    `limit` is what penstock.toml gives it, else what the container or else the machine has, of which `available` are
    free; None where the system does not tell. `own` is what it has allocated: `resident` has files that the system
    keeps for it beside. `running`: whether an engine runs in it. `questions` may take so much now. What is meant for
    all states, and for all questions, is 0 where penstock.toml sets no limit.
    """

    running: bool
    resident: int | None
    own: int | None
    limit: int | None
    available: int | None
    held: tuple[Held, ...]
    questions: int
    for_states: int
    for_questions: int

    @property
    def states(self) -> int:
        """What all states take together."""
        return sum(one.bytes for one in self.held)


def memory_of(penstock: Penstock) -> Memory:
    """Of this process, as of now."""
    held = [
        Held(pipeline.name, vertex.operator.name, vertex.operator.state_bytes)
        for pipeline in penstock.running
        for vertex in pipeline.executor.graph.vertices
    ]
    total, available = machine_memory() or (None, None)
    return Memory(
        penstock.current is not None,
        resident(),
        own_memory(),
        penstock.budget.limit or _contained(total),
        available,
        tuple(sorted((one for one in held if one.bytes), key=lambda one: (-one.bytes, one.pipeline, one.operator))),
        penstock.budget.lent,
        penstock.budget.for_states,
        penstock.budget.for_questions,
    )


def resident() -> int | None:
    """What this process has of the machine's memory, bytes; None but on Linux."""
    pages = _pages()
    return None if pages is None else pages[0] * os.sysconf("SC_PAGE_SIZE")


def own_memory() -> int | None:
    """The same without the files that are mapped into it, which the system can take away."""
    pages = _pages()
    return None if pages is None else (pages[0] - pages[1]) * os.sysconf("SC_PAGE_SIZE")


def _pages() -> tuple[int, int] | None:
    """How many this process has, and how many of them are of files."""
    place = _PROC / "self" / "statm"
    if not place.exists():
        return None
    _, has, shared = place.read_text().split()[:3]
    return int(has), int(shared)


def machine_memory() -> tuple[int, int] | None:
    """The machine's memory, and how much of it is available, bytes; None but on Linux."""
    place = _PROC / "meminfo"
    if not place.exists():
        return None
    told = dict(line.split(":", 1) for line in place.read_text().splitlines())
    total, available = (int(told[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    return total, available


def _contained(total: int | None) -> int | None:
    """The smaller one of the machine's memory and what its container may have."""
    text = _LIMIT.read_text().strip() if _LIMIT.exists() else "max"
    limits = [n for n in (total, int(text) if text.isdigit() else None) if n is not None]
    return min(limits, default=None)
