"""The time zone of the person at the terminal, by its name."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["zone_name"]


def zone_name(localtime: Path = Path("/etc/localtime")) -> str:
    """That of TZ, else of the system; UTC where neither has a name."""
    named = os.environ.get("TZ", "").removeprefix(":") or str(localtime.resolve()).rpartition("zoneinfo/")[2]
    try:
        return ZoneInfo(named).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
