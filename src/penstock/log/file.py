"""One SQLite file in WAL mode: opening it, its connections, and SQLite's errors in our words.

A commit of durability `full` is in the WAL and synced before it returns (`synchronous=FULL`; on macOS the
drive's own cache too, `fullfsync`). Every page carries a checksum that is verified when it is read.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import apsw
import apsw.sqlite_extra

from penstock.core.errors import CorruptLogError, LogError, StorageError
from penstock.log.recovery import lost_commits
from penstock.log.schema import APPLICATION_ID, CREATE, FORMAT, PAGE_BYTES
from penstock.log.wal import WalKeeper

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Connection", "Durability", "LogFile"]

Durability = Literal["full", "relaxed"]

SYNCHRONOUS: dict[Durability, str] = {"full": "full", "relaxed": "normal"}

OLDEST_SQLITE = (3, 51, 3)
"""Older ones can corrupt a WAL that two connections reset."""

LOCK_WAIT_SECONDS = 20.0
LOCK_POLL_SECONDS = 0.000_25
WAL_KEPT_BYTES = 64 << 20
READERS_KEPT = 4


class Connection(apsw.Connection):
    """A connection to a log's file."""

    def rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """All rows of some statements: a cursor left open would keep its snapshot, and run none after its first row."""
        return self.execute(sql, arguments).fetchall()


class LogFile:
    """The file at `path`, or in memory where that is None.

    Raises StorageError where the file cannot be opened or made, CorruptLogError where it is damaged,
    LogError where it is not a log, or one of a later version.
    """

    def __init__(
        self, path: Path | None, durability: Durability = "full", *, read_only: bool = False, salvage: bool = False
    ) -> None:
        _require_sqlite()
        self.path = path
        self.name = str(path) if path else "the log in memory"
        self.read_only = read_only
        self._durability = durability
        self._readers: list[Connection] = []
        self._watcher: Connection | None = None
        self._mutex = threading.RLock()
        self._open = True
        self._writing = threading.Lock()
        self._wal = WalKeeper(self.connect, self._writing)
        with self.errors():
            if path is None:
                self.writer = _configured(Connection(":memory:"), "off")
                self.writer.rows(CREATE)
                return
            if not path.exists() and not read_only:
                _create(path, durability)
            self._check_file(path)
            try:
                self.writer = self.connect()
                self._check_version(self.writer)
            except apsw.NotADBError as error:
                raise _foreign(path) from error
            if not salvage:
                self._check_recovery(path)
            self.writer.set_wal_hook(self._wal.committed)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection with one snapshot: for one fetch, all of whose rows are taken before it ends."""
        if self.path is None:
            with self._mutex, self.errors():
                self._require_open()
                yield self.writer
            return
        with self.errors():
            with self._mutex:
                self._require_open()
                connection = self._readers.pop() if self._readers else None
            connection = connection or self.connect()
            try:
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one writing connection of this process, holding the write lock of the file; all or nothing."""
        with self._mutex if self.path is None else self._writing, self.errors():
            self._require_open()
            if self.read_only:
                raise StorageError(
                    f"{self.name} was opened read-only",
                    code="storage-read-only",
                    hint=f"to write, {self._folder} and the file must be writable",
                )
            connection = self.writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def checkpoint_wal(self, *, least_pages: int = 0) -> None:
        """Write the WAL back into the file, as far as no reader needs it; the file then has its true size.

        Not where it has fewer than `least_pages`, after this process' last commit.
        """
        if self.path is not None and not self.read_only and self._wal.pages >= least_pages:
            with self.errors():
                self._wal.checkpoint()

    def vacuum(self) -> None:
        """Write the file anew with nothing in it but what it holds, and empty the WAL.

        Raises StorageError where a reader, in whatever process, still needs what the WAL has.
        """
        if self.path is None:
            self.writer.rows("VACUUM")
            return
        with self._writing, self.errors(), closing(self.connect()) as connection:
            connection.rows("PRAGMA temp_store=file; VACUUM")
            try:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            except apsw.BusyError:
                raise StorageError(
                    f"somebody reads {self.name}, so that its WAL cannot be emptied",
                    code="storage-busy",
                    hint="close what has the log open, and repeat this",
                ) from None

    def data_version(self) -> int:
        """A number that changes when another process commits."""
        with self._mutex, self.errors():
            self._require_open()
            if self._watcher is None:
                self._watcher = self.writer if self.path is None else self.connect()
            return int(self._watcher.execute("PRAGMA data_version").get)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """SQLite's errors, as errors of the log."""
        try:
            yield
        except apsw.Error as error:
            self._raise(error)

    def close(self) -> None:
        """Idempotent; what comes after raises StorageError."""
        with self._mutex:
            if not self._open:
                return
            self._open = False
        self._wal.close()
        with self._mutex:
            watching = [] if self._watcher is None or self._watcher is self.writer else [self._watcher]
            for connection in [*self._readers, *watching, self.writer]:
                connection.close()
            self._readers.clear()

    def _give_back(self, connection: Connection) -> None:
        with self._mutex:
            if self._open and len(self._readers) < READERS_KEPT:
                self._readers.append(connection)
                return
        connection.close()

    @property
    def _folder(self) -> Path | str:
        return self.path.parent if self.path else ""

    def _require_open(self) -> None:
        if not self._open:
            raise StorageError(f"{self.name} is closed", code="storage-closed")

    def connect(self) -> Connection:
        """A new connection to the file, to be closed by who asked for it."""
        path = str(self.path)
        if not self.read_only:
            flags = apsw.SQLITE_OPEN_READWRITE
        else:
            flags = apsw.SQLITE_OPEN_READONLY
            if not Path(path + "-wal").exists() and not os.access(Path(path).parent, os.W_OK):
                # without a WAL and the right to make one, nobody can be writing
                path, flags = f"{Path(path).resolve().as_uri()}?immutable=1", flags | apsw.SQLITE_OPEN_URI
        connection = Connection(path, flags=flags, vfs="cksmvfs")
        return _configured(connection, SYNCHRONOUS[self._durability])

    @staticmethod
    def _check_file(path: Path) -> None:
        # it is not opened: whoever closes a file gives up all locks that SQLite has on it in this process
        if reason := _why_unreadable(path):
            raise StorageError(
                f"cannot open the log {path}: {os.strerror(reason)}",
                code="storage-open",
                hint="" if path.exists() else "a reader needs a log that exists",
            )
        if path.stat().st_size == 0:
            raise _foreign(path)

    def _check_version(self, connection: Connection) -> None:
        if connection.pragma("application_id") != APPLICATION_ID:
            raise LogError(
                f"{self.name} is a SQLite file, but not a Penstock log", code="log-foreign", hint="name another file"
            )
        version = connection.pragma("user_version")
        if not 1 <= version <= FORMAT:
            raise LogError(
                f"{self.name} has format {version}; this Penstock reads formats up to {FORMAT}",
                code="log-version",
                hint="upgrade Penstock, or use the version that wrote the log",
            )
        if not connection.pragma("checksum_verification"):
            raise CorruptLogError(f"the header of {self.name} is damaged: it denies the checksums of its pages")

    def _check_recovery(self, path: Path) -> None:
        # another process may start the WAL anew while it is looked at: damage is there to stay
        for _ in range(3):
            lost = lost_commits(path, PAGE_BYTES, self._recovered_frames)
            if lost < 2:
                return
        # closing must leave all as it is, or the next to open would see nothing amiss
        self.writer.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self.writer.close()
        raise CorruptLogError(
            f"{self.name}-wal is damaged: the last {lost} commits in it cannot be read",
            hint="restore both files from a copy, or open the log with salvage to go on without these commits",
        )

    def _recovered_frames(self) -> int:
        return self.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)[0]

    def _raise(self, error: apsw.Error) -> NoReturn:
        extended = getattr(error, "extendedresult", 0)
        if isinstance(error, apsw.FullError):
            raise StorageError(
                f"no space left for {self.name}",
                code="storage-full",
                hint="nothing of this write was kept: free disk space and repeat it; what was acknowledged is safe",
            ) from error
        if isinstance(error, apsw.BusyError):
            raise StorageError(
                f"another process has held the write lock of {self.name} for more than {LOCK_WAIT_SECONDS:.0f} s",
                code="storage-busy",
                hint="look for a stopped process that has the file open",
            ) from error
        if isinstance(error, apsw.CorruptError | apsw.NotADBError) or extended == apsw.SQLITE_IOERR_DATA:
            raise CorruptLogError(
                f"{self.name} is damaged: {_reason(error)}", hint="restore it from a copy; do not write to it"
            ) from error
        if isinstance(error, apsw.ReadOnlyError | apsw.CantOpenError | apsw.PermissionsError):
            raise StorageError(
                f"cannot {'read' if self.read_only else 'write'} {self.name}: the file or its folder is read-only",
                code="storage-read-only",
                hint=f"make {self._folder} writable"
                + (", or copy it: its -wal has to be read into it" if self.read_only else ""),
            ) from error
        if isinstance(error, apsw.IOError):
            raise StorageError(
                f"the disk refused {self.name}: {_reason(error)}",
                code="storage-io",
                hint="nothing of this write was kept: check the disk, its space and the limits on file size",
            ) from error
        if isinstance(error, apsw.TooBigError):
            raise StorageError(
                f"a value is larger than {self.name} can hold (1 GB after compression)", code="storage-too-big"
            ) from error
        raise error


def _why_unreadable(path: Path) -> int:
    """The number of the operating system's error; 0 for a file that can be read."""
    try:
        path.stat()
    except OSError as error:
        return error.errno or errno.EIO
    if path.is_dir():
        return errno.EISDIR
    return 0 if os.access(path, os.R_OK) else errno.EACCES


def _foreign(path: Path) -> LogError:
    return LogError(
        f"{path} is not a Penstock log, or its first page is damaged",
        code="log-foreign",
        hint="name another file, or restore this one from a copy",
    )


def _reason(error: apsw.Error) -> str:
    if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA:
        return "a page does not match its checksum"
    return str(error)


def _require_sqlite() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < OLDEST_SQLITE:
        raise StorageError(
            f"SQLite {apsw.sqlite_lib_version()} is too old for the log, which needs 3.51.3",
            code="storage-sqlite",
            hint="install a newer apsw",
        )
    if "cksmvfs" in apsw.vfs_names():
        return
    loader = apsw.Connection(":memory:")
    try:
        apsw.sqlite_extra.load(loader, "cksumvfs")
    except (apsw.sqlite_extra.NotAvailable, apsw.ExtensionLoadingError, LookupError) as error:
        raise StorageError(
            f"this apsw lacks SQLite's page checksums (cksumvfs): {error}",
            code="storage-sqlite",
            hint="install apsw from its wheels",
        ) from error
    finally:
        loader.close()


def _configured(connection: Connection, synchronous: str) -> Connection:
    connection.set_busy_handler(_wait_for_lock)
    connection.rows(
        f"PRAGMA synchronous={synchronous}; PRAGMA fullfsync=1; PRAGMA checkpoint_fullfsync=1;"
        f"PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit={WAL_KEPT_BYTES};"
        "PRAGMA cache_size=-4000; PRAGMA temp_store=memory; PRAGMA trusted_schema=0;"
    )
    return connection


def _wait_for_lock(tries: int) -> bool:
    """SQLite's own handler sleeps up to 100 ms; a short poll keeps two writing processes fair."""
    if tries * LOCK_POLL_SECONDS >= LOCK_WAIT_SECONDS:
        return False
    time.sleep(LOCK_POLL_SECONDS)
    return True


def _create(path: Path, durability: Durability) -> None:
    """Make a whole, empty log and link it to its name, so that no half-made file is ever seen."""
    if not path.parent.is_dir():
        raise StorageError(f"the folder {path.parent} of the log does not exist", code="storage-open", hint="make it")
    making = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    making.unlink(missing_ok=True)  # of a process that died, and had our number
    try:
        connection = _configured(Connection(str(making), vfs="cksmvfs"), SYNCHRONOUS[durability])
        try:
            connection.reserve_bytes("main", 8)  # SQLite ignores it once auto_vacuum is set
            connection.rows(
                f"PRAGMA page_size={PAGE_BYTES}; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
                f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}; BEGIN; {CREATE} COMMIT;"
            )
        finally:
            connection.close()
        if durability == "full":
            _sync(making)
        try:
            os.link(making, path)
        except FileExistsError:
            return  # another process made it in the meantime
        if durability == "full":
            _sync(path.parent)
    finally:
        making.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
