"""Disks that are full, read-only or gone; files that are no log. After each the log goes on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from penstock.core.errors import LogError, StorageError
from penstock.log import Log
from penstock.log import file as file_module
from tests.log import children
from tests.log.rows import numbered, records, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.log.commit import Write


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, with this package."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=Path.cwd(),
    )


def test_a_full_disk_keeps_what_was_acknowledged_and_goes_on_when_there_is_space(log: Log, path: Path) -> None:
    log.create_topic("t")
    acknowledged = 0
    pages = log._file.writer.pragma("page_count")
    log._file.writer.pragma("max_page_count", pages + 20)
    with pytest.raises(StorageError) as caught:
        while True:
            log.append("t", records([os.urandom(5000)]))
            acknowledged += 1
    assert caught.value.code == "storage-full"
    assert str(caught.value) == (
        f"no space left for {path}\n"
        "hint: nothing of this write was kept: free disk space and repeat it; what was acknowledged is safe"
    )
    assert acknowledged > 10
    assert len(values_raw(log)) == acknowledged
    with pytest.raises(StorageError), log.transaction() as tx:
        tx.put("fact", b"x")
        tx.append("t", records([os.urandom(500_000)]))
    assert log.facts.get("fact") is None
    log._file.writer.pragma("max_page_count", 1_000_000)
    assert log.append("t", numbered(1)).offsets.to_list() == [acknowledged]
    assert log.verify().rows == acknowledged + 1


def values_raw(log: Log) -> list[bytes]:
    return [value for frame in log.read("t", columns=["value"]) for value in frame["value"]]


def test_a_limit_on_file_size_is_an_error_and_nothing_more(path: Path) -> None:
    """The real thing: the operating system refuses to let the WAL grow."""
    done = run(
        """
        import os, resource, sys
        from pathlib import Path
        import polars as pl
        from penstock.core.errors import StorageError
        from penstock.log import Log
        log = Log.open(Path(sys.argv[1]))
        log.create_topic("t")
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
        acknowledged = 0
        try:
            while True:
                log.append("t", pl.DataFrame({"value": [os.urandom(50_000)]}))
                acknowledged += 1
        except StorageError as error:
            print(error.code, acknowledged)
            print(sum(f.height for f in log.read("t")))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log.append("t", pl.DataFrame({"value": [b"more"]}))
        print(log.verify().rows)
        """,
        path,
    )
    assert done.returncode == 0, done.stderr
    (code, acknowledged), (held,), (rows,) = (line.split() for line in done.stdout.splitlines())
    assert code == "storage-io"
    assert int(acknowledged) > 5
    assert int(held) == int(acknowledged)
    assert int(rows) == int(acknowledged) + 1


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A file system of 3 MB, where this user may mount one."""
    mount = tmp_path / "small"
    mount.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(mount)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small file system here: {mounted.stderr.strip()}")
    try:
        ballast = mount / "ballast"
        ballast.write_bytes(bytes(500_000))
        with Log.open(mount / "log.db") as log:
            log.create_topic("t")
            acknowledged = 0
            with pytest.raises(StorageError) as caught:
                while True:
                    log.append("t", records([os.urandom(20_000)]))
                    acknowledged += 1
            assert caught.value.code == "storage-full"
            assert len(values_raw(log)) == acknowledged
            ballast.unlink()
            log.append("t", numbered(1))
        with Log.open(mount / "log.db") as log:
            assert log.verify().rows == acknowledged + 1
    finally:
        subprocess.run(["umount", str(mount)], check=True)


@pytest.fixture
def locked_folder(open_path: Path) -> Path:
    """A folder with a log, that nobody may write to."""
    folder = open_path / "project"
    folder.mkdir()
    with Log.open(folder / "log.db") as log:
        log.create_topic("t")
        log.append("t", numbered(5))
    (folder / "log.db").chmod(0o444)
    folder.chmod(0o555)
    return folder


def test_a_read_only_folder_can_be_read_but_not_written(locked_folder: Path) -> None:
    done = run(
        """
        import os, sys
        from pathlib import Path
        from penstock.core.errors import StorageError
        from penstock.log import Log
        if os.geteuid() == 0:  # whom no permission stops
            Log.open(None).close()  # loads what nobody may not
            os.setgid(65534)
            os.setuid(65534)
        path = Path(sys.argv[1])
        with Log.open(path, read_only=True) as log:
            print(sum(f.height for f in log.read("t")))
        try:
            with Log.open(path) as log:
                log.create_topic("u")
        except StorageError as error:
            print(error.code)
            print(error)
        try:
            Log.open(path.parent / "new.db")
        except StorageError as error:
            print(error.code)
        """,
        locked_folder / "log.db",
    )
    assert done.returncode == 0, done.stderr
    path = locked_folder / "log.db"
    assert done.stdout.splitlines() == [
        "5",
        "storage-read-only",
        f"cannot write {path}: the file or its folder is read-only",
        f"hint: make {locked_folder} writable",
        "storage-read-only",
    ]


def test_commits_that_are_only_in_the_wal_cannot_be_read_in_a_read_only_folder(locked_folder: Path) -> None:
    """As a process that died left them: nobody may read them into the file."""
    path = locked_folder / "log.db"
    locked_folder.chmod(0o755)
    with Log.open(path) as log:
        log.append("t", numbered(1))
        kept = path.read_bytes(), path.with_name("log.db-wal").read_bytes()
    for name, content in zip(("log.db", "log.db-wal"), kept, strict=True):
        path.with_name(name).unlink(missing_ok=True)
        path.with_name(name).write_bytes(content)
        path.with_name(name).chmod(0o444)
    locked_folder.chmod(0o555)
    done = run(
        """
        import os, sys
        from pathlib import Path
        from penstock.core.errors import StorageError
        from penstock.log import Log
        if os.geteuid() == 0:  # whom no permission stops
            Log.open(None).close()  # loads what nobody may not
            os.setgid(65534)
            os.setuid(65534)
        try:
            Log.open(Path(sys.argv[1]), read_only=True)
        except StorageError as error:
            print(error)
        """,
        path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"cannot read {path}: the file or its folder is read-only",
        f"hint: make {locked_folder} writable, or copy it: its -wal has to be read into it",
    ]


def test_a_log_opened_read_only_is_read_beside_its_writer(log: Log, path: Path) -> None:
    log.create_topic("t")
    log.append("t", numbered(3))
    with Log.open(path, read_only=True) as reader:
        assert values(reader, "t") == ["0", "1", "2"]
        log.append("t", numbered(1, 3))
        assert values(reader, "t") == ["0", "1", "2", "3"]
        with pytest.raises(StorageError) as caught:
            reader.append("t", numbered(1))
        assert str(caught.value) == (
            f"{path} was opened read-only\nhint: to write, {path.parent} and the file must be writable"
        )


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t(a)")
    connection.close()


def newer(path: Path) -> None:
    Log.open(path).close()
    with Log.open(path) as log:

        def work(write: Write) -> None:
            write.connection.execute("PRAGMA user_version = 3")

        log._writer.run(work)


@pytest.mark.parametrize(
    ("make", "code", "message"),
    [
        (
            lambda path: path.write_text("hello" * 100),
            "log-foreign",
            (
                "{path} is not a Penstock log, or its first page is damaged\n"
                "hint: name another file, or restore this one from a copy"
            ),
        ),
        (
            lambda path: path.write_bytes(b""),
            "log-foreign",
            (
                "{path} is not a Penstock log, or its first page is damaged\n"
                "hint: name another file, or restore this one from a copy"
            ),
        ),
        (foreign, "log-foreign", "{path} is a SQLite file, but not a Penstock log\nhint: name another file"),
        (
            newer,
            "log-version",
            (
                "{path} has format 3; this Penstock reads formats up to 2\n"
                "hint: upgrade Penstock, or use the version that wrote the log"
            ),
        ),
        (lambda path: path.mkdir(), "storage-open", "cannot open the log {path}: Is a directory"),
    ],
)
def test_what_is_no_log_is_refused(path: Path, make: Callable[[Path], object], code: str, message: str) -> None:
    make(path)
    with pytest.raises(LogError) as caught:
        Log.open(path)
    assert (caught.value.code, str(caught.value)) == (code, message.format(path=path))


def test_a_log_needs_a_folder_and_a_reader_a_log(path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        Log.open(path.parent / "nowhere" / "log.db")
    assert str(caught.value) == f"the folder {path.parent / 'nowhere'} of the log does not exist\nhint: make it"
    with pytest.raises(StorageError) as caught:
        Log.open(path, read_only=True)
    assert str(caught.value) == (
        f"cannot open the log {path}: No such file or directory\nhint: a reader needs a log that exists"
    )
    assert not path.exists()


def test_a_closed_log_says_so(log: Log, path: Path) -> None:
    log.create_topic("t")
    log.close()
    log.close()
    for attempt in (lambda: log.append("t", numbered(1)), lambda: log.poll(["t"], 0), lambda: log.wait(0, 0)):
        with pytest.raises(StorageError) as caught:
            attempt()
        assert str(caught.value) == f"{path} is closed"


def test_a_write_lock_that_is_held_on_is_named(log: Log, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "LOCK_WAIT_SECONDS", 0.05)
    holder = apsw.Connection(str(path), vfs="cksmvfs")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError) as caught:
        log.create_topic("t")
    assert caught.value.code == "storage-busy"
    assert str(caught.value) == (
        f"another process has held the write lock of {path} for more than 0 s\n"
        "hint: look for a stopped process that has the file open"
    )
    holder.execute("ROLLBACK")
    log.create_topic("t")
    holder.close()


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.45.0")
    with pytest.raises(StorageError) as caught:
        Log.open(path)
    assert str(caught.value) == ("SQLite 3.45.0 is too old for the log, which needs 3.51.3\nhint: install a newer apsw")


def test_full_durability_syncs_each_commit_and_relaxed_none(path: Path) -> None:
    for durability, expected in (("full", 2), ("relaxed", 1)):
        with Log.open(path, durability=durability) as log:  # type: ignore[arg-type]
            assert log._file.writer.pragma("synchronous") == expected
            assert log._file.writer.pragma("journal_mode") == "wal"
            assert log._file.writer.pragma("fullfsync") == 1


def test_several_that_open_a_new_log_at_once_make_one(path: Path) -> None:
    started = [children.start(children.open_and_append, str(path)) for _ in range(4)]
    for _, pipe in started:
        pipe.recv()
    for _, pipe in started:
        pipe.send("go")
    for child, pipe in started:
        assert pipe.recv() == "done"
        child.join()
        pipe.close()
    with Log.open(path) as log:
        assert values(log, "t") == ["x"] * 4
    assert [p.name for p in path.parent.iterdir()] == ["log.db"]


_LOCKS = """
import fcntl, sys
for name, start, size in (("-shm", 128, 1), ("", 0x40000002, 510)):
    with open(sys.argv[1] + name, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, size, start)
            print("free", name)
        except BlockingIOError:
            print("held", name)
"""


def test_opening_a_log_again_takes_no_lock_from_those_that_have_it_open(log: Log, path: Path) -> None:
    """Another process would take itself for the first, and truncate the memory that all of them share."""
    log.create_topic("t")
    with Log.open(path) as again, Log.open(path, read_only=True):
        assert again.topics()
    held = subprocess.run([sys.executable, "-c", _LOCKS, str(path)], capture_output=True, text=True, check=True)
    assert held.stdout.split() == ["held", "-shm", "held"]
