"""Bringing a log of an older format to the present one, after a copy of it as it was lies beside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from penstock.core.errors import PenstockError, StorageError
from penstock.core.logs import tell
from penstock.log.copying import copy
from penstock.log.schema import FORMAT, MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.log.file import LogFile

__all__ = ["KEPT", "migrate"]

KEPT = "{name}.format-{version}"
"""How the copy is called."""


def migrate(file: LogFile) -> None:
    """Bring the log of `file` to FORMAT, in one transaction, if it is older; else nothing happens.

    Raises StorageError where the copy or the migration is not to be had; the log is then as it was.
    """
    version = _version(file)
    if version == FORMAT or file.path is None:
        return
    kept = file.path.with_name(KEPT.format(name=file.path.name, version=version))
    _keep(file, kept, version)
    with file.writing() as connection:
        now = int(connection.execute("PRAGMA user_version").get)  # others may have opened it at the same time
        for statements in MIGRATIONS[now - 1 :]:
            connection.rows(statements)
        connection.rows(f"PRAGMA user_version={FORMAT}")
    tell(
        "warning",
        "log-migrated",
        f"{file.name} had format {version} and has format {FORMAT} now; {kept.name} beside it is as it was before",
    )


def _keep(file: LogFile, kept: Path, version: int) -> None:
    """Copy the log to `kept`, whole or not at all; not where it has another version by now."""
    making = kept.with_name(f".{kept.name}.{os.getpid()}")
    try:
        copy(file, making, lambda: None, None)
        if _version(file) == version:
            making.rename(kept)
    except (PenstockError, OSError) as error:
        reason = error.message if isinstance(error, PenstockError) else error.strerror
        raise StorageError(
            f"{file.name} has format {version} and is not migrated to {FORMAT}, since it could not be copied: {reason}",
            code=error.code if isinstance(error, PenstockError) else "storage-io",
            hint=f"make room for another {file.path.stat().st_size >> 20 if file.path else 0:,} MB beside it",
        ) from error
    finally:
        making.unlink(missing_ok=True)


def _version(file: LogFile) -> int:
    with file.reading() as connection:
        return int(connection.execute("PRAGMA user_version").get)
