"""`CsvSource`: the files that a pattern finds, each known by a digest of its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import DataError
from penstock.warehouse.sources.csv.blocks import blocks
from penstock.warehouse.sources.csv.records import frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import polars as pl

    from penstock.warehouse.sources.csv.spelling import Spelling

__all__ = ["CsvPart", "CsvSource"]


@dataclass(frozen=True, slots=True)
class CsvPart:
    """A file; `name` is its path below the project, `mark` the SHA-256 of its bytes."""

    name: str
    mark: str
    path: Path
    spelling: Spelling

    def frames(self) -> Iterator[pl.DataFrame]:
        """Its rows as texts. Raises DataError where it cannot be read."""
        return frames(blocks(self.path, self.spelling.encoding), self.spelling)


@dataclass(frozen=True, slots=True)
class CsvSource:
    """Files of one spelling. As a `snapshot` they say together what there is, so all are read where one is new."""

    project: Path
    pattern: str
    spelling: Spelling
    snapshot: bool

    def paths(self) -> list[Path]:
        """The files, by name; what lies outside the project is none of its files."""
        root = self.project.resolve()
        found = (path for path in self.project.glob(self.pattern) if path.is_file())
        return sorted(path for path in found if path.resolve().is_relative_to(root))

    def parts(self, seen: Mapping[str, str]) -> Iterator[CsvPart]:
        """The files that are new by their content. Raises DataError where there is no file, or one cannot be read."""
        paths = self.paths()
        if not paths:
            raise DataError(f"no file is called {self.pattern}", code="csv-none", where=str(self.project))
        found = [CsvPart(self._name(path), _digest(path), path, self.spelling) for path in paths]
        if not self.snapshot:
            known = set(seen.values())
            yield from (part for part in found if part.mark not in known)
        elif {part.name: part.mark for part in found} != seen:
            yield from found

    def _name(self, path: Path) -> str:
        return path.relative_to(self.project).as_posix()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error}", code="csv-file", where=str(path)) from None
