"""`CsvSource`: the files that a pattern finds, each known by a digest of its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.core.errors import DataError, WarehouseError
from penstock.core.file_pattern import files_of, require_pattern
from penstock.core.options import Option, text
from penstock.warehouse.sources.csv.blocks import blocks, unreadable
from penstock.warehouse.sources.csv.records import frames
from penstock.warehouse.sources.csv.spelling import Spelling, sniffed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import polars as pl

    from penstock.core.toml_table import TomlTable

__all__ = ["NONE", "OPTIONS", "CsvPart", "CsvSource", "read_csv"]

PATH = Option("path", text, "", "The files, below the project: data/raw/*.csv.", required=True)
OPTIONS = (PATH,)
NONE = "csv-none"
"""The code of the error that no file is there."""


@dataclass(frozen=True, slots=True)
class CsvPart:
    """A file; `name` is its path below the project, `mark` the SHA-256 of its bytes.

    `state` is its size and the time of its last change, before `mark` was computed.
    """

    name: str
    mark: str
    path: Path
    spelling: Spelling
    state: tuple[int, int]

    def frames(self) -> Iterator[pl.DataFrame]:
        """Its rows as texts. Raises DataError where it cannot be read, WarehouseError where it changes meanwhile."""
        yield from frames(blocks(self.path, self.spelling.encoding), self.spelling)
        if _state(self.path) != self.state:
            raise WarehouseError(
                f"{self.name} was changed while it was read: nothing of its source is loaded",
                code="csv-changed",
                where=str(self.path),
                hint="write a file elsewhere, and move it here when it is whole",
            )


@dataclass(frozen=True, slots=True)
class CsvSource:
    """Files of one spelling. As a `snapshot` they say together what there is, so all are read where one is new."""

    project: Path
    pattern: str
    spelling: Spelling
    snapshot: bool

    def paths(self) -> list[Path]:
        """The files, by name; what lies outside the project is none of its files. Raises DataError for none at all."""
        paths = files_of(self.project, self.pattern)
        if not paths:
            raise DataError(f"no file is called {self.pattern}", code=NONE, where=str(self.project))
        return paths

    def parts(self, seen: Mapping[str, str]) -> Iterator[CsvPart]:
        """The files that are new by their content. Raises DataError where there is no file, or one cannot be read."""
        found = [self._part(path) for path in self.paths()]
        if not self.snapshot:
            known = set(seen.values())
            yield from (part for part in found if part.mark not in known)
        elif {part.name: part.mark for part in found} != seen:
            yield from found

    def _part(self, path: Path) -> CsvPart:
        state = _state(path)
        return CsvPart(path.relative_to(self.project).as_posix(), _digest(path), path, self.spelling, state)


def read_csv(table: TomlTable, project: Path, spelling: Spelling | None, *, snapshot: bool) -> CsvSource:
    """The files that a source file names; without a spelling the first one's is sniffed.

    Raises ConfigError at the line of what does not fit, DataError where there is no file to sniff.
    """
    pattern = table.values(OPTIONS)[PATH]
    below = "a path below the project's folder, such as data/raw/*.csv"
    require_pattern(pattern, table.where(PATH.name), code="source-path", hint=below)
    source = CsvSource(project, pattern, spelling or Spelling(), snapshot)
    return source if spelling else replace(source, spelling=sniffed(source.paths()[0]))


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise unreadable(path, error) from None
    return found.st_size, found.st_mtime_ns


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None
