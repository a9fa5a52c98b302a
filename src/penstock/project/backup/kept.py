"""The folder that penstock.toml names for backups: what is made there by its name, and what is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, PenstockError, did_you_mean
from penstock.project.backup.manifest import HEAD, Manifest, read_head

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock

__all__ = ["Kept", "kept_backup", "kept_backups", "new_backup"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup: what its head says; of an encrypted one no more than that it is one. `error`: why it cannot be read."""

    name: str
    encrypted: bool
    project: str | None = None
    time_ms: int | None = None
    last: int | None = None
    files: int | None = None
    bytes: int | None = None
    error: str = ""


def new_backup(penstock: Penstock, name: str) -> Path:
    """Where a backup of that name is to be made. Raises ConfigError for a bad name, or where no folder is named."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"'{name}' is no name of a backup",
            code="backup-name",
            hint="letters, digits, '.', '_' and '-', a letter or digit first",
        )
    return _folder(penstock) / name


def kept_backup(penstock: Penstock, name: str) -> Path:
    """Where the backup of that name is. Raises ConfigError where there is none, or no folder is named."""
    known = [one.name for one in kept_backups(penstock)]
    if name not in known:
        hint = did_you_mean(name, known) or ("there are " + ", ".join(known) if known else "there is none")
        raise ConfigError(f"there is no backup '{name}'", code="backup-unknown", hint=hint)
    return _folder(penstock) / name


def kept_backups(penstock: Penstock) -> list[Kept]:
    """Those in the folder, by name. Raises ConfigError where none is named."""
    folder = _folder(penstock)
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [_kept(path) for path in found if _NAME.fullmatch(path.name) and (path / HEAD).is_file()]


def _folder(penstock: Penstock) -> Path:
    said = penstock.settings.backups
    if not said:
        raise ConfigError(
            "no folder for backups is named",
            code="backup-folder",
            hint='[backup] folder = "/backups" in penstock.toml, and start the process again',
        )
    return (penstock.folder / said).absolute()


def _kept(path: Path) -> Kept:
    try:
        head = read_head(path)
        if "sealed" in head:
            return Kept(path.name, encrypted=True)
        held = Manifest.decode(head.get("manifest"), path)
    except PenstockError as error:
        return Kept(path.name, encrypted=False, error=error.message)
    return Kept(path.name, False, held.name, held.time_ms, held.last, len(held.files), held.total)
