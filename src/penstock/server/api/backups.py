"""Backups in the folder that penstock.toml names for them, and upkeep: begun by a call, and then operations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from penstock.project.backup.kept import kept_backups
from penstock.project.long_work import begin_backup, begin_check, begin_upkeep
from penstock.server.api.model import Given, Model, Project
from penstock.server.api.operations import OperationAnswer

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["keeping"])


class BackupAnswer(Model):
    name: str = Field(examples=["monday"])
    encrypted: bool
    """Then nothing more is known of it without the key."""
    project: str | None
    time_ms: int | None
    """Of when it is, since 1970."""
    last: int | None
    """The last place of the log that it has."""
    files: int | None
    bytes: int | None
    error: str
    """Why it cannot be read."""


class BackupGiven(Given):
    name: str = Field(examples=["monday"])
    encrypted: bool = False
    """With AES-256-GCM, and the key in PENSTOCK_BACKUP_KEY of the process."""


class UpkeepGiven(Given):
    dry_run: bool = False
    """Say what would be done, and change nothing."""


@router.get("/backups", operation_id="backups")
def list_backups(penstock: Project) -> list[BackupAnswer]:
    """Those in the folder for backups."""
    return [BackupAnswer.model_validate(one) for one in kept_backups(penstock)]


@router.post("/backups", operation_id="backup_make", status_code=202)
def make_backup(penstock: Project, body: BackupGiven) -> OperationAnswer:
    """Begin a backup while the project runs; it has its name when it is whole."""
    return OperationAnswer.model_validate(begin_backup(penstock, body.name, encrypted=body.encrypted))


@router.post("/backups/{name}/check", operation_id="backup_check", status_code=202)
def check_backup(penstock: Project, name: Annotated[str, Path(examples=["monday"])]) -> OperationAnswer:
    """Begin to read every file of a backup, and compare it with what was written."""
    return OperationAnswer.model_validate(begin_check(penstock, name))


@router.post("/upkeep", operation_id="upkeep", status_code=202)
def do_upkeep(penstock: Project, body: UpkeepGiven) -> OperationAnswer:
    """Begin the upkeep of all tables of Parquet files: large files for days that are over, old ones to the archive."""
    return OperationAnswer.model_validate(begin_upkeep(penstock, dry_run=body.dry_run))
