"""Which SQL files are not as the pipelines were started with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import orjson

from penstock.project.definition import sql_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log import Log
    from penstock.project.penstock import Penstock

__all__ = ["FILES", "FileChange", "applied_texts", "changed_files", "put_of"]

FILES = "files"
"""The fact that holds the files as they were applied."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is not as it was when it was applied."""

    path: str
    what: Literal["changed", "added", "removed"]


def put_of(texts: Mapping[str, str]) -> bytes:
    """The fact that `texts` are what is applied, by path."""
    return orjson.dumps(dict(texts))


def applied_texts(log: Log) -> dict[str, str] | None:
    """The files as they were applied, by path; None where no pipeline was started yet."""
    kept = log.facts.get(FILES)
    return None if kept is None else orjson.loads(kept)


def changed_files(penstock: Penstock) -> list[FileChange]:
    """By path; none where no pipeline was started yet."""
    before = applied_texts(penstock.log)
    if before is None or penstock.home is None:
        return []
    now: dict[str, str | None] = {}
    for path in sql_files(penstock.folder):
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):  # it has gone just now, or is not to be read: it is not what it was
            text = None
        now[str(path.relative_to(penstock.folder))] = text
    found = [FileChange(path, "added") for path in now.keys() - before.keys()]
    found += [FileChange(path, "removed") for path in before.keys() - now.keys()]
    found += [FileChange(path, "changed") for path in now.keys() & before.keys() if now[path] != before[path]]
    return sorted(found, key=lambda f: f.path)
