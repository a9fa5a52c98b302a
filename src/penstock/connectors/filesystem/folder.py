"""Which files a table has now: a file, or all in a folder and below, in the order of their paths."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.connectors.filesystem.naming import is_hidden
from penstock.connectors.filesystem.options import REGEX, check_reach
from penstock.connectors.filesystem.partitions import escaped, unescaped
from penstock.core.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from penstock.connectors.filesystem.options import FileTable

__all__ = ["Found", "listed"]


_LOOKS = 20
"""So often files may go, one after the other, while a folder is looked at."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file: `name` is its path inside the table's folder; `partition` are the texts of its folders' values.

    `modified` is in nanoseconds since 1970.
    """

    name: str
    path: str
    inode: int
    size: int
    modified: int
    partition: tuple[str, ...] = ()


def listed(table: FileTable) -> list[Found]:
    """The table's files, by name.

    Raises ConfigError if there is neither a file nor a folder, or a folder is no partition; StorageError for
    what cannot be read.
    """
    pattern = table.options.values[REGEX]
    matches = re.compile(pattern).fullmatch if pattern else None
    try:
        if table.path.is_dir():
            files: Iterable[Found] = _all_inside(table)
        elif not table.path.exists():
            raise ConfigError(
                f"there is no file or folder '{table.path}'",
                code="path-missing",
                where=table.where,
                hint="a relative path begins in the project's folder",
            )
        else:
            files = _alone(table)
        return sorted((f for f in files if not matches or matches(f.path)), key=lambda f: f.name)
    except OSError as error:
        raise unreadable(error, table.where) from None


def _all_inside(table: FileTable) -> list[Found]:
    """The files of a table's folder. One that goes while it is looked at makes for another look."""
    for _ in range(_LOOKS):
        try:
            return list(_inside(table, str(table.path), "", ()))
        except FileNotFoundError:
            continue
    return list(_inside(table, str(table.path), "", ()))


def unreadable(error: OSError, where: str) -> StorageError:
    """The error that a file or folder cannot be read."""
    return StorageError(
        f"'{error.filename}' cannot be read: {error.strerror}",
        code="file-unreadable",
        where=where,
        hint="check that it is there and may be read by this user",
    )


def _alone(table: FileTable) -> Iterator[Found]:
    if table.partitioned:
        raise ConfigError(
            f"'{table.path}' is a file, but the table is partitioned",
            code="path-file",
            where=table.where,
            hint="give the folder that holds " + escaped(table.partitioned[0].name) + "=...",
        )
    if not is_hidden(table.path.name):
        yield _found(table.path.name, str(table.path), table.path.stat(), ())


def _inside(table: FileTable, folder: str, prefix: str, partition: tuple[str, ...]) -> Iterator[Found]:
    """The files of a folder and below; the first levels of a partitioned table are its partitions."""
    level = len(partition)
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_hidden(entry.name):
                continue
            if entry.is_symlink():
                check_reach(Path(entry.path), table.roots, table.where)
            name = prefix + entry.name
            if level < len(table.partitioned):
                value = _value(table, entry, level)
                yield from _inside(table, entry.path, name + "/", (*partition, value))
            elif entry.is_dir():
                yield from _inside(table, entry.path, name + "/", partition)
            elif entry.is_file():
                yield _found(name, entry.path, entry.stat(), partition)


def _value(table: FileTable, entry: os.DirEntry[str], level: int) -> str:
    """The text of the value that a folder stands for."""
    key = table.partitioned[level].name
    name, sign, value = entry.name.partition("=")
    if not entry.is_dir() or not sign or unescaped(name) != key:
        raise ConfigError(
            f"'{entry.path}' is no folder of a partition, and the table is PARTITIONED BY"
            f" ({', '.join(f.name for f in table.partitioned)})",
            code="partition-folder",
            where=table.where,
            hint=f"folders at this level are called {escaped(key)}=VALUE; move what else is there away",
        )
    return unescaped(value)


def _found(name: str, path: str, stat: os.stat_result, partition: tuple[str, ...]) -> Found:
    return Found(name, path, stat.st_ino, stat.st_size, stat.st_mtime_ns, partition)
