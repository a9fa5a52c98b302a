"""Which SQL files are not as the pipelines were started with."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

import orjson

from penstock.project.definition import sql_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log import Log
    from penstock.project.penstock import Penstock

__all__ = ["FILES", "FileChange", "changed_files", "digests_of"]

FILES = "files"
"""The fact that holds the digests of the files as they were applied."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is not as it was when it was applied."""

    path: str
    what: Literal["changed", "added", "removed"]


def digests_of(texts: Mapping[str, str]) -> bytes:
    """What tells whether a file is another: JSON, by path."""
    return orjson.dumps({path: _digest(text.encode()) for path, text in sorted(texts.items())})


def changed_files(penstock: Penstock) -> list[FileChange]:
    """By path; none where no pipeline was started yet."""
    before = _applied(penstock.log)
    if before is None or penstock.home is None:
        return []
    now = {}
    for path in sql_files(penstock.folder):
        try:
            now[str(path.relative_to(penstock.folder))] = _digest(path.read_bytes())
        except OSError:  # it has gone just now, or is not to be read: it is not what it was
            now[str(path.relative_to(penstock.folder))] = ""
    found = [FileChange(path, "added") for path in now.keys() - before.keys()]
    found += [FileChange(path, "removed") for path in before.keys() - now.keys()]
    found += [FileChange(path, "changed") for path in now.keys() & before.keys() if now[path] != before[path]]
    return sorted(found, key=lambda f: f.path)


def _applied(log: Log) -> dict[str, str] | None:
    kept = log.facts.get(FILES)
    return None if kept is None else orjson.loads(kept)


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()
