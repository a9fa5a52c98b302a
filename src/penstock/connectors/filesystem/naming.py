"""The names of files: which are a table's, and those that a sink gives."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.temporal.patterns import split

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FileNames", "is_hidden"]

_BRACES = re.compile(r"\{([^{}]*)\}")
_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the table's: temporary, a marker, or hidden."""
    return name.startswith((".", "_"))


@dataclass(slots=True)
class FileNames:
    """Names by a `pattern`, or Flink's: ``part-UUID-0-NUMBER``; `ending` is added to all."""

    pattern: str | None
    ending: str
    where: str
    _run: str = field(default_factory=lambda: str(uuid.uuid4()))
    _number: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError for a pattern that makes no name."""
        if self.pattern is None:
            return
        name = self._dated(0)
        if not name or "/" in name or name.startswith((".", "_")):
            raise ConfigError(
                f"option 'sink.file-name' gives the name '{name}'",
                code="option-value",
                where=self.where,
                hint="a name begins neither with '.' nor '_', which readers pass over, and has no '/'",
            )

    def next(self, now_ms: int, taken: Callable[[str], bool]) -> str:
        """A name that is not `taken`, for a file that is finished at `now_ms`."""
        while self.pattern is None:
            name = f"part-{self._run}-0-{self._number}{self.ending}"
            self._number += 1
            if not taken(name):
                return name
        name = self._dated(now_ms).removesuffix(self.ending)
        number = 1
        full = name + self.ending
        while taken(full):
            full = f"{name}_{number}{self.ending}"
            number += 1
        return full

    def _dated(self, now_ms: int) -> str:
        moment = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC)
        return _BRACES.sub(lambda braces: self._part(braces[1], moment), self.pattern or "")

    def _part(self, pattern: str, moment: dt.datetime) -> str:
        try:
            parts = split(pattern, brackets=False)
            return "".join(moment.strftime(_LETTERS[str(p)]) if p.count else p.text for p in parts)
        except (ArgumentError, KeyError):
            raise ConfigError(
                f"option 'sink.file-name' has '{{{pattern}}}'",
                code="option-value",
                where=self.where,
                hint="between braces stand " + ", ".join(_LETTERS) + " and what separates them",
            ) from None
