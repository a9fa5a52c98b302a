"""Making a backup: the log and the files of tables as of one moment, and the project's own files."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

import orjson

from penstock import __version__
from penstock.connectors.filesystem.exchange import held
from penstock.connectors.filesystem.naming import is_hidden
from penstock.connectors.filesystem.staging import STAGING_PREFIX, sync
from penstock.core.errors import ConfigError, WarehouseError
from penstock.log import EngineLock
from penstock.project.audit import audited
from penstock.project.backup.manifest import FORMAT, HEAD, MANIFEST, Held, Manifest, writing
from penstock.project.backup.sealed import backup_key, seal
from penstock.project.file_places import file_places
from penstock.project.home import HOME, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.project.penstock import Penstock

__all__ = ["BACKUPS", "back_up"]

PIECE = 1 << 20
BACKUPS = "backup/"
"""How the facts begin that tell of backups that were made."""


def back_up(
    penstock: Penstock,
    target: Path,
    *,
    encrypted: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Manifest:
    """Make a backup in the new folder `target`, while the project runs or not; what it holds.

    The log, the states in it and the files that tables keep in the project's folder are of one moment: no process
    commits while the files are linked aside, which takes a few milliseconds for a hundred of them. All other files of
    the folder come as they are found a little later, but for hidden ones. With `encrypted` only the head can be read
    without the key, which is in the environment: see `sealed`. `progress` is told what is copied, and bytes done of
    all.

    The folder is there when all is written through to the disk, or not at all. Raises ConfigError for a target that
    does not fit or a missing key, LockedError while another backup of the project is made, StorageError.
    """
    home = _require_fit(penstock, target)
    key = backup_key() if encrypted else None
    partial = target.with_name(f".{target.name}.partial")
    work = home / "backup"
    with EngineLock(made(home) / "backup.lock", clock=penstock.clock), writing("the backup", target):
        for folder in (work, partial):  # of a backup that was cut off
            shutil.rmtree(folder, ignore_errors=True)
        try:
            work.mkdir()
            (partial / "files").mkdir(parents=True)
            made_of = _Backup(penstock, work, partial, key, progress)
            manifest = made_of.make()
            partial.rename(target)
            sync(target.parent)
            told = {"path": str(target), "time_ms": manifest.time_ms}
            penstock.log.facts.put(f"{BACKUPS}{manifest.time_ms}", orjson.dumps(told))
            audited(penstock.log, "backup", str(target), rows=manifest.last, encrypted=encrypted)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _require_fit(penstock: Penstock, target: Path) -> Path:
    """The project's home. Raises ConfigError where nothing can be backed up there."""
    if penstock.home is None:
        raise ConfigError("a project in memory cannot be backed up", code="backup-memory", hint="give it a folder")
    if target.exists():
        raise ConfigError(
            f"{target} is there already",
            code="backup-exists",
            hint="a backup is never written over: name another folder",
        )
    if Path(os.path.realpath(target)).is_relative_to(os.path.realpath(penstock.folder)):
        raise ConfigError(
            f"{target} lies inside of the project",
            code="backup-inside",
            hint="name a folder elsewhere, best on another disk",
        )
    return penstock.home


class _Backup:
    """One backup on its way: `work` is the project's folder for what is linked, `partial` the backup's."""

    def __init__(
        self,
        penstock: Penstock,
        work: Path,
        partial: Path,
        key: bytes | None,
        progress: Callable[[str, int, int], None] | None,
    ) -> None:
        self._penstock = penstock
        self._root = penstock.folder.absolute()
        self._work = work
        self._partial = partial
        self._key = key
        self._tell = progress or (lambda *_: None)
        places = list(file_places(penstock))
        paths = dict.fromkeys(path for place in places for path in place.paths)
        self._kept = [path for path in paths if path.is_relative_to(self._root)]
        self._beside = [str(path) for path in paths if not path.is_relative_to(self._root)]
        self._beside += dict.fromkeys(bucket for place in places for bucket in place.buckets)
        self._held: list[Held] = []
        self._done = self._all = 0

    def make(self) -> Manifest:
        now = self._penstock.clock.now_ms()
        log = self._work / "log.db"
        last = self._penstock.log.copy(log, self._link, lambda done, size: self._tell("the log", done, size))
        linked = self._work / "files"
        found = {name: linked / name for name in _files(linked, staged=True)} if linked.is_dir() else {}
        found |= {name: self._root / name for name in self._others()}
        found[f"{HOME}/log.db"] = log
        found |= self._warehouse()
        self._all = sum(path.stat().st_size for path in found.values() if path.exists())
        for name, path in sorted(found.items()):
            self._store(name, path)
        manifest = Manifest(self._penstock.settings.name, __version__, now, last, self._held, self._beside)
        self._write_head(manifest)
        return manifest

    def _warehouse(self) -> dict[str, Path]:
        """The warehouse's file, copied, by its name in the project; where it cannot be copied it is named instead."""
        warehouse = self._penstock.warehouse
        if warehouse.file is None:
            if warehouse.is_there:
                self._beside.append(f"the warehouse {self._penstock.settings.warehouse.url}")
            return {}
        copied = self._work / warehouse.file.name
        try:
            warehouse.copy(copied)
        except WarehouseError as error:
            if error.code != "warehouse-locked":
                raise
            self._beside.append(str(warehouse.file))
            return {}
        return {f"{HOME}/{copied.name}": copied}

    def _link(self) -> None:
        """Link the files of tables aside, while nobody commits, shows files or exchanges folders."""
        with ExitStack() as stack:
            for path in sorted(self._kept):
                stack.enter_context(held(path, alone=True))
            for path in self._kept:
                names = _files(path, staged=True) if path.is_dir() else [""] if path.is_file() else []
                for name in names:
                    source = path / name if name else path
                    target = self._work / "files" / source.relative_to(self._root)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    if not target.exists():  # two tables may share a folder
                        _link_or_copy(source, target)

    def _others(self) -> Iterator[str]:
        """The project's files that no table keeps."""
        for name in _files(self._root):
            if not any((self._root / name).is_relative_to(path) for path in self._kept):
                yield name

    def _store(self, name: str, source: Path) -> None:
        """Copy a file into the backup; one that has gone in the meantime is left out."""
        stored = f"files/{len(self._held) + 1:08}.sealed" if self._key else f"files/{name}"
        target = self._partial / stored
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        try:
            reading = source.open("rb")
        except FileNotFoundError:
            return
        with reading, target.open("xb") as file:
            pieces = self._pieces(name, reading, digest)
            if self._key:
                seal(self._key, stored, pieces, file)
            else:
                for piece in pieces:
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            size = reading.tell()
        self._held.append(Held(name, stored, size, digest.hexdigest()))

    def _pieces(self, name: str, reading: IO[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
        while piece := reading.read(PIECE):
            digest.update(piece)
            self._done += len(piece)
            self._tell(name, self._done, max(self._all, self._done))
            yield piece

    def _write_head(self, manifest: Manifest) -> None:
        """The manifest, in the head or sealed beside it; then all folders are written through."""
        head: dict[str, object] = {"format": FORMAT}
        if self._key:
            head["sealed"] = "AES-256-GCM"
            with (self._partial / MANIFEST).open("xb") as file:
                seal(self._key, MANIFEST, iter([manifest.encode()]), file)
                file.flush()
                os.fsync(file.fileno())
        else:
            head["manifest"] = orjson.loads(manifest.encode())
        (self._partial / HEAD).write_bytes(orjson.dumps(head, option=orjson.OPT_INDENT_2))
        sync(self._partial / HEAD)
        for folder, _, _ in os.walk(self._partial):
            sync(Path(folder))


def _files(root: Path, *, staged: bool = False) -> Iterator[str]:
    """The files below a folder by their paths in it, hidden ones left out.

    With `staged` those are told that lie aside in a table, but for what compaction has there: it can be made again.
    """

    def seen(name: str) -> bool:
        aside = staged and name.startswith(STAGING_PREFIX) and name != f"{STAGING_PREFIX}compacting"
        return aside or not is_hidden(name) or name.startswith("_")

    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if seen(name) and name != "__pycache__"]
        for name in files:
            path = Path(folder) / name
            if seen(name) and path.is_file():
                yield path.relative_to(root).as_posix()


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:  # somebody who is none of our pipelines has removed it
        return
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
