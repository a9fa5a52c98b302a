"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Level"]

Level = Literal["error", "difference", "warning", "note"]
"""difference: Flink would do otherwise; warning: it may not do what one expects; note: good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; `code` is stable."""

    level: Level
    code: str
    message: str
    where: str = ""
    hint: str = ""
