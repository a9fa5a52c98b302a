"""Files that are new: which there are, and which of them nobody has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.file_pattern import files_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Arrivals", "new_of"]


class Arrivals:
    """Looks at the files of a `folder` that a pattern names, again and again.

    A file has arrived when two looks have found it with the same size and time of change: it may still be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: dict[str, dict[str, str]] = {}

    def look(self, pattern: str) -> dict[str, str]:
        """The files that are there whole, by their paths in the folder, and what tells that one has changed."""
        now = {}
        for path in files_of(self._folder, pattern):
            try:
                found = path.stat()
            except OSError:  # it has gone since
                continue
            now[str(path.relative_to(self._folder))] = f"{found.st_size}:{found.st_mtime_ns}"
        before = self._before.get(pattern, {})
        self._before[pattern] = now
        return {path: mark for path, mark in now.items() if before.get(path) == mark}

    def going(self, pattern: str, path: str) -> bool:
        """Whether the last look at a pattern has found a file, whole or not."""
        return path in self._before.get(pattern, {})


def new_of(there: Mapping[str, str], seen: Mapping[str, str]) -> list[str]:
    """The files of `there` that are not among those `seen`, or are others now."""
    return [path for path, mark in there.items() if seen.get(path) != mark]
