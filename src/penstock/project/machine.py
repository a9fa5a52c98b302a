"""What Linux tells of the machine's processors; elsewhere those figures are left out."""

from __future__ import annotations

from pathlib import Path

__all__ = ["processor_ticks"]

_STAT = Path("/proc/stat")


def processor_ticks() -> tuple[int, int] | None:
    """Of all processors together since the machine's start, in ticks: how long they were busy, and how long there was.

    None but on Linux. Waiting for a disk is not being busy.
    """
    if not _STAT.exists():
        return None
    ticks = [int(n) for n in _STAT.read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
