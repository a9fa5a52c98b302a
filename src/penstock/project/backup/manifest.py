"""What a backup holds: each file with its size and hash, and the moment that all of them are of."""

from __future__ import annotations

import errno
import re
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import orjson

from penstock.core.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FORMAT", "HEAD", "MANIFEST", "Held", "Manifest", "backup_error", "read_head", "writing"]

FORMAT = 1
"""The version of the layout of a backup; it is in the head, and a later one is refused by name."""

HEAD = "backup.json"
"""The file that makes a folder a backup. It is written last."""


MANIFEST = "manifest.sealed"
"""The manifest of an encrypted backup; another's is in the head."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file of a backup: its `path` in the project's folder, its bytes and their SHA-256; `stored` is where it is."""

    path: str
    stored: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup of the project `name`: the log through place `last`, as of `time_ms` (since 1970), by `version`.

    `beside` names what is not in the backup: places outside of the project's folder where its tables keep files, and a
    warehouse that is a PostgreSQL, or a file that another process had open.
    """

    name: str
    version: str
    time_ms: int
    last: int
    files: list[Held]
    beside: list[str]

    @property
    def total(self) -> int:
        """The bytes of all files."""
        return sum(file.bytes for file in self.files)

    def encode(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def decode(cls, found: Any, where: Path) -> Manifest:
        """Raises StorageError where it is none, or names a file that would lie outside of the project."""
        try:
            files = [Held(**file) for file in found["files"]]
            made = cls(**{**found, "files": files})
        except (TypeError, KeyError) as error:
            raise backup_error(f"the manifest of the backup cannot be read: {error}", where) from None
        for path in (name for file in files for name in (file.path, file.stored)):
            if not _is_inside(path):
                raise backup_error(f"the manifest names '{path}', which is no path inside a folder", where)
        return made


def backup_error(message: str, where: Path) -> StorageError:
    """The error that a backup is not whole, or not one."""
    return StorageError(
        message, code="backup-damaged", where=str(where), hint="nothing was written: use another backup"
    )


@contextmanager
def writing(what: str, target: Path) -> Iterator[None]:
    """Turn what the file system refuses while `what` is written to `target` into a StorageError."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise StorageError(
            f"{what} could not be written: {error.strerror or error}"
            + (f" ({error.filename})" if error.filename else ""),
            code="storage-full" if full else "storage-io",
            where=str(target),
            hint="nothing of it was kept: " + ("free disk space there" if full else "check the disk and its rights"),
        ) from None


def read_head(folder: Path) -> dict[str, Any]:
    """Raises StorageError where `folder` is no backup, or one of a later format than this version knows."""
    path = folder / HEAD
    try:
        found = orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise StorageError(
            f"{folder} is no backup: it has no {HEAD}",
            code="backup-missing",
            hint="a folder called .NAME.partial is of a backup that was cut off, which cannot be restored",
        ) from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise backup_error(f"{HEAD} cannot be read: {error}", path) from None
    if not isinstance(found, dict) or not isinstance(found.get("format"), int):
        raise backup_error(f"{HEAD} says no format", path)
    if found["format"] > FORMAT:
        raise StorageError(
            f"the backup has format {found['format']}; this Penstock reads formats up to {FORMAT}",
            code="backup-version",
            where=str(path),
            hint="upgrade Penstock",
        )
    return found


def _is_inside(path: object) -> bool:
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    return bool(parts) and not {"..", "/"} & {*parts} and not re.search(r"[\0]", str(path))
