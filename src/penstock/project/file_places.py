"""Where the tables of a project keep their files: their folders, and the archives of old days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.connectors import connector_named
from penstock.connectors.filesystem.archive import FolderPlace
from penstock.connectors.filesystem.options import file_table
from penstock.connectors.filesystem.places import archive_of
from penstock.connectors.spec import TableOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.connectors.filesystem.bucket import Bucket
    from penstock.connectors.filesystem.options import FileTable
    from penstock.project.penstock import Penstock

__all__ = ["FilePlace", "file_places"]


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A table of files, with its archive if it has one."""

    table: FileTable
    archive: FolderPlace | Bucket | None

    @property
    def paths(self) -> list[Path]:
        """Its places on this machine: its own, then its archive's, since files move in that order."""
        own = [] if self.table.bucket is not None else [self.table.path]
        return own + ([self.archive.path] if isinstance(self.archive, FolderPlace) else [])

    @property
    def buckets(self) -> list[str]:
        """The names of its places elsewhere."""
        found = (self.table.bucket, None if isinstance(self.archive, FolderPlace) else self.archive)
        return [bucket.name for bucket in found if bucket is not None]


def file_places(penstock: Penstock) -> Iterator[FilePlace]:
    """Of all tables of files. Raises ConfigError for one whose options do not fit, or that is out of reach."""
    for table in penstock.definition.tables:
        if table.connector == "filesystem":
            files = file_table(TableOptions(table, connector_named(table)), penstock.world)
            yield FilePlace(files, archive_of(files, penstock.world))
