"""Which SQL files are not as the pipelines were started with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import orjson

from penstock.project.definition import sql_files
from penstock.project.project_file import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.log import Log
    from penstock.project.penstock import Penstock

__all__ = ["FILES", "FileChange", "FileDifference", "applied_texts", "changed_files", "file_differences", "put_of"]

Became = Literal["changed", "added", "removed"]

FILES = "files"
"""The fact that holds the files as they were applied."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is not as it was when it was applied."""

    path: str
    what: Became


@dataclass(frozen=True, slots=True)
class FileDifference:
    """The same, and its text: from what was applied to what it is now, as lines of a unified difference."""

    path: str
    what: Became
    difference: str


def put_of(texts: Mapping[str, str]) -> bytes:
    """The fact that `texts` are what is applied, by path."""
    return orjson.dumps(dict(texts))


def applied_texts(log: Log) -> dict[str, str] | None:
    """The files as they were applied, by path; None where no pipeline was started yet."""
    kept = log.facts.get(FILES)
    return None if kept is None else orjson.loads(kept)


def changed_files(penstock: Penstock) -> list[FileChange]:
    """By path; none where no pipeline was started yet."""
    return [FileChange(path, what) for path, what, _, _ in _changed(penstock)]


def file_differences(penstock: Penstock) -> list[FileDifference]:
    """The same with what has changed in each, also where a file is wrong now."""
    return [
        FileDifference(path, what, difference(before, now, path, ("applied", "now")))
        for path, what, before, now in _changed(penstock)
    ]


def _changed(penstock: Penstock) -> Iterator[tuple[str, Became, str, str]]:
    """The path of each, what has become of it, and its text before and now; what cannot be read is empty."""
    before = applied_texts(penstock.log)
    if before is None or penstock.home is None:
        return
    now: dict[str, str | None] = {}
    for file in sql_files(penstock.folder):
        try:
            read = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):  # it has gone just now, or is not to be read: it is not what it was
            read = None
        now[str(file.relative_to(penstock.folder))] = read
    for path in sorted(before.keys() | now.keys()):
        text = now.get(path) or ""
        if path not in before:
            yield path, "added", "", text
        elif path not in now:
            yield path, "removed", before[path], ""
        elif now[path] != before[path]:
            yield path, "changed", before[path], text
