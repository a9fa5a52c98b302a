"""Disks that are full, read-only or damaged: a clear error, nothing lost, and on it goes when that is mended."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import CorruptLogError, StorageError
from tests.crash.workload import outcome, project, records, same, undisturbed
from tests.engine.project import fates, opened, restored

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDS = 600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "project"


def filled(folder: Path, **engine: object) -> Path:
    """A project with its input, a third of which is read."""
    project(folder, file_rows=2, **engine)
    with opened(folder) as penstock:
        penstock.append("e", records(0, RECORDS))
        with restored(penstock) as pipeline:
            pipeline.step(RECORDS // 3)
            pipeline.commit()
    return folder


def assert_whole(folder: Path) -> None:
    """Run to the end, the results are those of a run that nothing disturbed."""
    with opened(folder) as penstock:
        penstock.run(bounded=True)
        assert fates(penstock)["source e"]["taken"] == RECORDS
        assert same(outcome(penstock), undisturbed(folder.parent / "undisturbed", penstock))


def test_a_log_without_space_ends_the_run_and_it_goes_on_when_there_is_some(folder: Path) -> None:
    filled(folder, batch_rows=50, checkpoint_interval="0 ms")
    with opened(folder) as penstock:
        before = penstock.log.state.checkpoint("main")
        writer = penstock.log._file.writer
        writer.pragma("max_page_count", writer.pragma("page_count"))
        with pytest.raises(StorageError) as caught:
            penstock.run(bounded=True)
        assert caught.value.code == "storage-full"
        assert str(caught.value) == (
            f"no space left for {folder / '.penstock' / 'log.db'}\n"
            "hint: nothing of this write was kept: free disk space and repeat it; what was acknowledged is safe"
        )
        after = penstock.log.state.checkpoint("main")
        assert before is not None
        assert after is not None
        assert before.epoch <= after.epoch < before.epoch + RECORDS // 50
        writer.pragma("max_page_count", 1_000_000)
    assert_whole(folder)


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """The folder of the results, as a file system of 300 kB, where this user may mount one."""
    mount = folder / "out"
    mount.mkdir(parents=True)
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(mount)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small file system here: {mounted.stderr.strip()}")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_results_without_space_end_the_run_and_it_goes_on_when_there_is_some(folder: Path, small_disk: Path) -> None:
    filled(folder, batch_rows=50, checkpoint_interval="0 ms")
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space left"):
        while True:
            ballast.write(bytes(4096))
    with opened(folder) as penstock:
        with pytest.raises(StorageError) as caught:
            penstock.run(bounded=True)
        assert caught.value.code == "storage-full"
        text = str(caught.value)
        assert "No space left on device" in text
        assert "table f\nhint: free disk space and run again: it goes on from the last checkpoint" in text
    (small_disk / "ballast").unlink()
    assert_whole(folder)


def test_a_read_only_project_cannot_run_and_says_why(open_path: Path) -> None:
    folder = filled(open_path / "project")
    home = folder / ".penstock"
    modes = {path: path.stat().st_mode for path in (home, *home.iterdir())}
    for path in home.iterdir():
        path.chmod(0o444)
    home.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(READ_ONLY), str(folder)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=Path.cwd(),
    )
    for path, mode in modes.items():
        path.chmod(mode)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "storage-read-only",
        f"cannot lock the project: {home / 'engine.lock'}: Permission denied",
        f"hint: make {home} writable",
    ]
    assert_whole(folder)


READ_ONLY = """
    import os, sys
    from penstock.core.errors import StorageError
    from penstock.log import Log
    from penstock.project.opening import open_project
    import penstock.engine.pipeline, penstock.project.build, penstock.connectors.filesystem
    if os.geteuid() == 0:  # whom no permission stops
        Log.open(None).close()  # loads what nobody may not
        os.setgid(65534)
        os.setuid(65534)
    try:
        open_project(sys.argv[1]).run(bounded=True)
    except StorageError as error:
        print(error.code)
        print(error)
"""


def test_damaged_input_ends_the_run_by_name_and_it_goes_on_from_a_copy(folder: Path) -> None:
    filled(folder)
    log = folder / ".penstock" / "log.db"
    shutil.copy(log, folder / "copy.db")
    for position in range(0, log.stat().st_size, 4096):  # a bit in each part of the file
        with log.open("r+b") as file:
            file.seek(position + 2048)
            byte = file.read(1)
            file.seek(position + 2048)
            file.write(bytes([(byte or b"\0")[0] ^ 1]))
    with pytest.raises(CorruptLogError) as caught, opened(folder) as penstock:
        penstock.run(bounded=True)
    assert str(log) in str(caught.value)
    assert "damaged" in str(caught.value)
    shutil.copy(folder / "copy.db", log)
    assert_whole(folder)
