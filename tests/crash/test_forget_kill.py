"""Forgetting that is killed in the middle is done by doing it again; the project goes on either way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import penstock
from tests.cli.shell import call, make_project, started
from tests.project.test_forget import SQL, WHO, found, visited

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.real
def test_forgetting_is_killed_and_done_again(tmp_path: Path) -> None:
    shop = visited(make_project(tmp_path / "shop", SQL))
    forgetting = ("forget", shop, "--column", "email", "--value", WHO, "--yes")
    cut = 0
    for attempt in range(12):
        child = started(*forgetting)
        time.sleep(0.5 + 0.1 * attempt)  # sooner or later in its work
        child.kill()
        child.communicate()
        cut += child.returncode != 0
        with penstock.open(shop) as project:
            project.log.verify()
    assert cut > 3
    ended = call(*forgetting)
    assert (ended.code, ended.err) == (0, "")
    assert found(shop, WHO) == []
    with penstock.open(shop) as project:
        before = project.query("SELECT count(*) FROM visits").rows()
        project.run(bounded=True)
        assert project.query("SELECT sum(n) FROM counts").rows()[0][0] >= before[0][0]
        project.log.verify()
