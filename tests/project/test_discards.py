"""Rows that were given up stay listed with the reason, count in the ledger, and are not replayed by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, LogError
from penstock.project.access.caller import Caller
from penstock.project.audit import done_by
from tests.cli.shell import call, make_project
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

BAD = [b'{"id": "x"}', b"no json", b"\xff"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Penstock]:
    """A project with three rejects."""
    with penstock.open(make_project(tmp_path / "shop")) as opened:
        opened.append("orders", pl.DataFrame({"value": BAD}))
        opened.run(bounded=True)
        yield opened


def test_a_discarded_row_is_told_with_its_reason(project: Penstock) -> None:
    with done_by(Caller("anna"), ""):
        assert project.discard("rejected", [1, 3, 3], " a test of the vendor ") == 2
    rows = project.query("SELECT id, discarded_by, discarded_reason FROM penstock.rejects ORDER BY id").rows()
    assert rows == [(1, "anna", "a test of the vendor"), (2, None, None), (3, "anna", "a test of the vendor")]
    assert project.set_aside("rejected", 1)["discarded"].null_count() == 0
    source = project.ledger().filter(pl.col("kind") == "source").row(0, named=True)
    assert (source["taken"], source["rejected"], source["discarded"], source["replayed"]) == (3, 3, 2, 0)


def test_a_row_has_one_fate(project: Penstock) -> None:
    project.discard("rejected", [1], "a test")
    with pytest.raises(LogError) as discarded:
        project.replay([1, 2])
    assert str(discarded.value) == "reject 1 was discarded: a test\nhint: --force replays it all the same"
    with pytest.raises(LogError, match="reject 1 was discarded already: a test"):
        project.discard("rejected", [1, 2], "again")
    project.replay([2])
    with pytest.raises(LogError, match="reject 2 was replayed, and is not discarded"):
        project.discard("rejected", [2, 3], "again")
    assert project.rejects().filter(pl.col("id") == 3)["discarded"].to_list() == [None], "nothing was done"
    assert project.rejects().filter(pl.col("id") == 2)["replayed"].null_count() == 0
    assert project.replay([1], force=True).copies.height == 1


def test_what_does_not_fit_is_refused(project: Penstock) -> None:
    with pytest.raises(ConfigError, match="to discard rows needs a reason\nhint: 1 to 1,000 characters"):
        project.discard("rejected", [1], "  ")
    with pytest.raises(LogError, match="there is no reject 9\nhint: penstock rejects list shows what there is"):
        project.discard("rejected", [1, 9], "a test")
    with pytest.raises(LogError, match="there is no late row 1"):
        project.discard("late", [1], "a test")
    assert project.rejects()["discarded"].null_count() == 3


def test_a_fresh_start_forgets_what_was_said_of_rows_that_are_gone(project: Penstock) -> None:
    project.discard("rejected", [1], "a test")
    project.start(bounded=True, fresh=True).wait(180)
    project.stop()
    assert project.rejects()["discarded"].to_list() == [None, None, None]


def test_over_http_and_by_command(tmp_path: Path) -> None:
    with serve(tmp_path / "p", rows=0) as served:
        folder = served.penstock.folder
        served.penstock.append("orders", pl.DataFrame({"value": BAD}))
        until(lambda: served.penstock.rejects().height == 3, "not all are rejected")
        assert served.post("/api/rejects/discard", {"ids": [1], "reason": "a test"}) == {"discarded": 1}
        assert served.post("/api/rejects/discard", {"ids": [1], "reason": ""}, 422)["code"] == "discard-reason"
        asked = call("rejects", "discard", folder, "--all", "--because", "old")
        assert "2 rows would be discarded; nobody can be asked here, so say --yes" in asked.err
        assert call("rejects", "discard", folder, "--all", "--because", "old", "--yes").out == "2 rows discarded\n"
        assert "discarded_reason" in call("rejects", "show", folder, "2").out
    again = call("rejects", "discard", folder, "--all", "--because", "old", "--yes")
    assert again.out == "there is no such row\n"
    assert "discarded" in call("ledger", folder).out
