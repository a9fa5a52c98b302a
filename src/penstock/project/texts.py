"""The texts that a project is made of, by their paths in it; each is saved only where it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, did_you_mean
from penstock.project.alerts.alert import drafted
from penstock.project.alerts.rule import rules_of
from penstock.project.dashboard import dashboards_of, read_dashboard
from penstock.project.edit.sql_file import save_sql_file, sql_folder
from penstock.project.project_file import ProjectFile
from penstock.project.saved_files import put_file, remove_file
from penstock.project.saved_query import queries_of, read_saved, require_askable

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from penstock.project.project_file import Folder

__all__ = ["place_of", "remove_text", "save_text", "text_paths"]

_FOLDERS = {"alerts": rules_of, "dashboards": dashboards_of, "queries": queries_of, "sql": sql_folder}


def text_paths(project: Path) -> list[str]:
    """Of all of them: alerts/slow.toml, sql/20_revenue.sql."""
    folders = [of(project) for of in _FOLDERS.values()]
    return [f"{folder.kind}/{name}{folder.ending}" for folder in folders for name in folder.names()]


def place_of(project: Path, path: str) -> tuple[Folder, str]:
    """The folder and the name that a path means, with its ending or without. Raises ConfigError for any other path."""
    kind, _, name = path.partition("/")
    if kind not in _FOLDERS or not name:
        raise ConfigError(
            f"'{path}' is no text of a project",
            code="text-path",
            hint=did_you_mean(path, text_paths(project)) or f"those are in {', '.join(_FOLDERS)}: alerts/slow.toml",
        )
    folder = _FOLDERS[kind](project)
    return folder, name.removesuffix(folder.ending)


def save_text(penstock: Penstock, path: str, text: str, tag: str | None) -> ProjectFile:
    """Save a text over the one that has `tag`, or a new one where that is None; it is in the audit log.

    What its kind takes up by itself is in force then; a file of sql/ is announced. Raises ConfigError, SqlError or
    QueryError where it does not fit, and what `Folder.save` raises.
    """
    folder, name = place_of(penstock.folder, path)
    if folder.kind == "sql":
        return save_sql_file(penstock, name, text, tag)
    file = ProjectFile(name, text)
    if folder.kind == "alerts":
        drafted(penstock.definition, file)
    elif folder.kind == "queries":
        require_askable(penstock, read_saved(file))
    else:
        read_dashboard(file)
    return put_file(penstock.log, folder, name, text, tag)


def remove_text(penstock: Penstock, path: str, tag: str) -> None:
    """Remove the text that has `tag`; it is in the audit log. Raises as `Folder.delete`."""
    folder, name = place_of(penstock.folder, path)
    remove_file(penstock.log, folder, name, tag)
