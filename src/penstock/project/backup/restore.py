"""Restoring a backup into a new folder, after all of it was verified."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from penstock.connectors.filesystem.staging import sync
from penstock.core.errors import ConfigError, PenstockError
from penstock.log import Log
from penstock.project.backup.manifest import MANIFEST, Manifest, backup_error, read_head, writing
from penstock.project.backup.sealed import backup_key, unsealed
from penstock.project.home import HOME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.project.backup.manifest import Held

__all__ = ["Backup", "newer_beside", "restore"]

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in `folder`; `key` is that of an encrypted one."""

    folder: Path
    manifest: Manifest
    key: bytes | None

    @classmethod
    def open(cls, folder: Path) -> Backup:
        """Raises StorageError where it is none or cannot be read, ConfigError where the key is missing."""
        head = read_head(folder)
        if "sealed" not in head:
            return cls(folder, Manifest.decode(head.get("manifest"), folder), None)
        key = backup_key()
        try:
            told = orjson.loads(b"".join(unsealed(key, MANIFEST, folder / MANIFEST)))
        except (OSError, orjson.JSONDecodeError) as error:
            raise backup_error(f"the manifest of the backup cannot be read: {error}", folder) from None
        return cls(folder, Manifest.decode(told, folder), key)

    def verify(self, progress: Callable[[str, int, int], None] | None = None) -> None:
        """Read every file. Raises StorageError naming the first that is not as it was written."""
        done = 0
        for file in self.manifest.files:
            for piece in self.content(file):
                done += len(piece)
                if progress is not None:
                    progress(f"verifying {file.path}", done, self.manifest.total)

    def content(self, file: Held) -> Iterator[bytes]:
        """A file in pieces. Raises StorageError, after the last one, where they are not those that were written."""
        path = self.folder / file.stored
        digest, size = hashlib.sha256(), 0
        try:
            for piece in unsealed(self.key, file.stored, path) if self.key else _pieces(path):
                digest.update(piece)
                size += len(piece)
                yield piece
        except OSError as error:
            raise backup_error(f"'{file.path}' of the backup cannot be read: {error.strerror}", path) from None
        if digest.hexdigest() != file.sha256:
            raise backup_error(
                f"'{file.path}' of the backup has {size:,} bytes that are not the {file.bytes:,} that were written",
                path,
            )


def restore(backup: Backup, folder: Path, progress: Callable[[str, int, int], None] | None = None) -> None:
    """Make the project of a backup in the new `folder`.

    Everything is verified before anything is written, and again while it is. The folder is there when all is written
    through to the disk, or not at all. Raises ConfigError for a folder that has something in it, saying by how much its
    project is newer than the backup; StorageError.
    """
    _require_free(backup, folder)
    backup.verify(progress)
    partial = folder.absolute().with_name(f".{folder.absolute().name}.partial")
    with writing("the project", folder):
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            _write(backup, partial, progress)
            if folder.is_dir():
                folder.rmdir()
            partial.rename(folder)
            sync(folder.absolute().parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def newer_beside(backup: Backup) -> list[str]:
    """What is not in the backup, and is newer, or may be: in words."""
    words = []
    for place in backup.manifest.beside:
        if not Path(place).is_dir():  # a bucket, the warehouse
            words.append(f"{place} is not in the backup, and may have what is newer")
            continue
        newer = sum(
            (Path(folder) / name).stat().st_mtime * 1000 > backup.manifest.time_ms
            for folder, _, names in os.walk(place)
            for name in names
        )
        words.append(f"{place} is not in the backup: {newer:,} of its files are newer")
    return words


def _write(backup: Backup, partial: Path, progress: Callable[[str, int, int], None] | None) -> None:
    done = 0
    for file in backup.manifest.files:
        target = partial / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as written:
            for piece in backup.content(file):
                written.write(piece)
                done += len(piece)
                if progress is not None:
                    progress(f"writing {file.path}", done, backup.manifest.total)
            written.flush()
            os.fsync(written.fileno())
    for inner, _, _ in os.walk(partial):
        sync(Path(inner))


def _require_free(backup: Backup, folder: Path) -> None:
    """Raises ConfigError where something is in the way, with what it has that the backup has not."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    raise ConfigError(
        f"{folder} is there already{_newer_in(backup, folder / HOME / 'log.db')}",
        code="backup-exists",
        hint="nothing is ever restored over something: name a new folder, or move that one away",
    )


def _newer_in(backup: Backup, log: Path) -> str:
    if not log.exists():
        return ""
    try:
        with Log.open(log, read_only=True) as found:
            newer = found.end_seq() - backup.manifest.last
    except PenstockError as error:
        return f", with a log that cannot be read: {error.message}"
    if newer <= 0:
        return ", with a log that holds nothing newer than the backup"
    return f", with a log that holds {newer:,} rows more than the backup"


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as reading:
        while piece := reading.read(PIECE):
            yield piece
