"""One engine a project: the lock is the operating system's, and names its holder."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import LockedError, StorageError
from penstock.log import EngineLock
from tests.log.conftest import NOW

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_engine_is_refused_by_the_name_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    with EngineLock(path, "penstock run demo", ManualClock(NOW)), pytest.raises(LockedError) as caught:
        EngineLock(path)
    assert str(caught.value) == (
        f"the project is in use by process {os.getpid()} (penstock run demo) since 2023-11-14 22:13:20 UTC\n"
        f"{path}\nhint: stop that process first; reading and appending need no lock"
    )
    lock = EngineLock(path)
    lock.release()
    lock.release()
    EngineLock(path).release()


def test_the_lock_goes_with_its_process_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    script = (
        "import sys; from pathlib import Path; from penstock.log import EngineLock\n"
        "lock = EngineLock(Path(sys.argv[1]), 'other'); print('held', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(LockedError, match=rf"process {child.pid} \(other\) since"):
        EngineLock(path)
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    EngineLock(path).release()


def test_a_holder_that_has_not_said_who_it_is(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    with EngineLock(path):
        path.write_text("{")
        with pytest.raises(LockedError, match="in use by another process that has not yet said who it is"):
            EngineLock(path)


def test_a_project_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "engine.lock"
    with pytest.raises(StorageError) as caught:
        EngineLock(path)
    assert str(caught.value) == (
        f"cannot lock the project: {path}: No such file or directory\nhint: make {path.parent} writable"
    )


def test_a_full_disk_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    path.symlink_to("/dev/full")
    with pytest.raises(StorageError) as caught:
        EngineLock(path)
    assert str(caught.value) == (f"cannot lock the project: {path}: No space left on device\nhint: free disk space")
    assert caught.value.code == "storage-full"


def test_what_options_say_is_for_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "engine.lock"
    monkeypatch.setattr("sys.argv", ["penstock", "forget", "shop", "--column", "user_id", "--value", "u-4711"])
    with EngineLock(path), pytest.raises(LockedError, match=r"\(penstock forget shop \.\.\.\) since"):
        EngineLock(path)
    assert b"4711" not in path.read_bytes()
