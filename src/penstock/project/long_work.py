"""What of a project is done as an operation: a backup, its check, upkeep."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from penstock.project.audit import audited
from penstock.project.backup.backup import back_up
from penstock.project.backup.kept import kept_backup, new_backup
from penstock.project.backup.restore import Backup
from penstock.project.upkeep import upkeep

if TYPE_CHECKING:
    from penstock.project.backup.manifest import Manifest
    from penstock.project.operations import Operation, Tell
    from penstock.project.penstock import Penstock
    from penstock.project.upkeep import Done

__all__ = ["begin_backup", "begin_check", "begin_upkeep"]


def begin_backup(penstock: Penstock, name: str, *, encrypted: bool) -> Operation:
    """Begin to make the backup `name` in the folder for backups: see `back_up`."""
    target = new_backup(penstock, name)

    def work(tell: Tell) -> Any:
        target.parent.mkdir(parents=True, exist_ok=True)
        return _told(back_up(penstock, target, encrypted=encrypted, progress=tell))

    return penstock.operations.begin("backup", name, work)


def begin_check(penstock: Penstock, name: str) -> Operation:
    """Begin to read every file of the backup `name`, as restoring it would."""
    folder = kept_backup(penstock, name)

    def work(tell: Tell) -> Any:
        found = Backup.open(folder)
        found.verify(tell)
        return _told(found.manifest)

    return penstock.operations.begin("backup-check", name, work)


def begin_upkeep(penstock: Penstock, *, dry_run: bool) -> Operation:
    """Begin the upkeep of all tables; it can be ended between two partitions, and what is done by then stays."""

    def work(tell: Tell) -> Any:
        count = 0

        def report(done: Done) -> None:
            nonlocal count
            count += 1
            tell(f"{done.table} {done.partition}".strip(), count, 0)

        done = [asdict(one) for one in upkeep(penstock, dry_run=dry_run, report=report)]
        if done and not dry_run:
            audited(penstock.log, "upkeep", ", ".join(sorted({one["table"] for one in done})), partitions=len(done))
        return done

    return penstock.operations.begin("upkeep", penstock.settings.name, work)


def _told(made: Manifest) -> dict[str, Any]:
    return {
        "project": made.name,
        "time_ms": made.time_ms,
        "last": made.last,
        "files": len(made.files),
        "bytes": made.total,
        "beside": made.beside,
    }
