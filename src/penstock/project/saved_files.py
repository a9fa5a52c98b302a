"""Files that people save by calls: what was changed in them is in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.project.audit import audited, told_text
from penstock.project.project_file import difference

if TYPE_CHECKING:
    from penstock.log import Log
    from penstock.project.project_file import Folder, ProjectFile

__all__ = ["put_file", "remove_file"]


def put_file(log: Log, folder: Folder, name: str, text: str, tag: str | None) -> ProjectFile:
    """`Folder.save`, written down."""
    before = "" if tag is None else folder.text(name)
    file = folder.save(name, text, tag)
    audited(log, f"{folder.noun}-save", name, tag=file.tag, difference=told_text(difference(before, text, name)))
    return file


def remove_file(log: Log, folder: Folder, name: str, tag: str) -> None:
    """`Folder.delete`, written down."""
    before = folder.read(name).text
    folder.delete(name, tag)
    audited(log, f"{folder.noun}-delete", name, difference=told_text(difference(before, "", name)))
