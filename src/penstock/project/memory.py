"""The memory that a project's process has: one number, and who holds what of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.penstock import Penstock

__all__ = ["Held", "Memory", "machine_memory", "memory_of", "own_memory", "resident"]

_PROC = Path("/proc")
_GROUPS = Path("/sys/fs/cgroup")


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
        penstock.budget.limit or total,
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
    """The machine's memory, and how much of it is available, bytes; None but on Linux.

    Where this process is in a container, or a service, that may have less, they are what that may have.
    """
    place = _PROC / "meminfo"
    if not place.exists():
        return None
    told = dict(line.split(":", 1) for line in place.read_text().splitlines())
    total, available = (int(told[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    for limit, used in _bounds():
        total, available = min(total, limit), min(available, max(limit - used, 0))
    return total, available


def _bounds() -> Iterator[tuple[int, int]]:
    """What each control group that this process is in may have, and has: of either version, and those around it."""
    place = _PROC / "self" / "cgroup"
    for line in place.read_text().splitlines() if place.exists() else ():
        _, kinds, path = line.split(":", 2)
        if not kinds:
            root, (limit, usage, idle) = _GROUPS, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in kinds.split(","):
            root = _GROUPS / "memory"
            limit, usage, idle = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
        else:
            continue
        group = root / path.strip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(root) or not (folder / limit).exists():
                continue
            most = (folder / limit).read_text().strip()
            if most.isdigit():  # the other word is max
                has = dict(line.split(" ", 1) for line in (folder / "memory.stat").read_text().splitlines())
                # files that nobody has looked at for a while are given up for whoever needs their place
                yield int(most), int((folder / usage).read_text()) - int(has.get(idle, 0))
