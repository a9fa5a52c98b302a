"""SQL files that are saved by a call: what they would make of the project is looked at before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.project.definition import begin_definition
from penstock.project.project_file import Folder
from penstock.project.saved_files import put_file

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from penstock.project.project_file import ProjectFile

__all__ = ["save_sql_file", "sql_folder"]


def sql_folder(project: Path) -> Folder:
    """The files of a project's tables, views and pipelines."""
    return Folder(project, "sql", ".sql", "sql-file")


def save_sql_file(penstock: Penstock, name: str, text: str, tag: str | None) -> ProjectFile:
    """Save a file of sql/ where the project would fit with it; it is announced, and applied when that is told.

    Raises SqlError or ConfigError where it would not, and what `Folder.save` raises.
    """
    definition, files = begin_definition(penstock.folder)
    new = penstock.folder / "sql" / f"{name}.sql"
    for path in sorted({*files, new}):
        if path == new:
            definition.add_text(text, new.relative_to(penstock.folder))
        else:
            definition.add_file(path)
    return put_file(penstock.log, sql_folder(penstock.folder), name, text, tag)
