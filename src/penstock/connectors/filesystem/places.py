"""The archive of a table, as penstock.toml names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.connectors.filesystem.archive import FolderPlace
from penstock.connectors.filesystem.bucket import bucket_of, is_bucket
from penstock.connectors.filesystem.options import local_path
from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from penstock.connectors.filesystem.bucket import Bucket
    from penstock.connectors.filesystem.options import FileTable
    from penstock.connectors.world import World

__all__ = ["archive_of"]


def archive_of(table: FileTable, world: World) -> FolderPlace | Bucket | None:
    """Where the old days of a table are; None where none is declared.

    Raises ConfigError for a place out of reach, or inside the table's own folder.
    """
    settings = world.tables.get(table.name)
    if settings is None or settings.archive is None:
        return None
    where = f"penstock.toml, [tables.{table.name}]"
    if is_bucket(settings.archive):
        return bucket_of(settings.archive, world, where)
    path = local_path(settings.archive, world, where)
    if path.is_relative_to(table.path) or table.path.is_relative_to(path):
        raise ConfigError(
            f"archive '{path}' and the table's folder '{table.path}' are one inside the other",
            code="archive-place",
            where=where,
            hint=f'archive = "archive/{table.name}"',
        )
    return FolderPlace(path, where)
