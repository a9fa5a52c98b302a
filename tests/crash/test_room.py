"""A disk that is nearly full: nothing is taken in or written, nothing is lost, and all goes on when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import StorageError
from tests.cli.shell import call, make_project, orders
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 MB, where this user may mount one."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    command = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(mount)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small file system here: {mounted.stderr.strip()}")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.real
def test_a_disk_that_is_nearly_full_takes_nothing_and_all_goes_on_when_there_is_room(disk: Path) -> None:
    folder = make_project(disk / "shop", toml='[log]\nleast-free = "48 mb"\n')
    event = {"id": 1, "customer": "c1", "amount": 1, "ts": "2025-01-01 00:10:00"}
    with serve(folder) as served:
        project = served.penstock
        (pipeline,) = project.running
        until(lambda: pipeline.rows == 130, "not all is read")
        (disk / "ballast").write_bytes(bytes(50 << 20))
        answer = served.client.post("/api/topics/orders/records", json=event)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        problem = answer.json()
        assert problem["code"] == "storage-low"
        assert problem["detail"].startswith("the disk under the log has ")
        assert problem["detail"].endswith(" MB left, and 48 MB are to stay free")
        assert problem["hint"].startswith("nothing of this was kept: repeat it when there is room")
        with pytest.raises(StorageError, match="48 MB are to stay free"):
            project.append("orders", orders(1))
        reasons = [r for r in project.why() if r.code == "disk-low"]
        assert [r.pipeline for r in reasons] == ["orders"]
        # what is in the log already waits too: the engine writes nothing
        last = next(project.log.last("orders", 10, ("key", "value")))
        with project.log.transaction() as transaction:
            transaction.append("orders", last)
        assert "disk-low" in call("why", folder).out
        assert (project.log.ends("orders")[0], pipeline.rows) == (140, 130)
        (disk / "ballast").unlink()
        until(lambda: pipeline.rows == 140, "it does not go on")
        assert served.client.post("/api/topics/orders/records", json=event).status_code < 300
        until(lambda: pipeline.rows == 141, "it does not go on")
        assert project.ledger()["rejected"].sum() == 0
        assert [r for r in project.why() if r.code == "disk-low"] == []
