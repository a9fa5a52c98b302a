"""Ctrl-C and SIGTERM, as a real process meets them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.cli.interrupt import Interrupt
from tests.cli.shell import PATIENCE, append, call, make_project, orders, started
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock


def running(shop: Path) -> subprocess.Popen[str]:
    """A run that has made its first topic, so that it has started."""
    child = started("run", shop, "--no-serve")
    assert child.stderr is not None
    assert child.stderr.readline() == "made topic revenue with 1 partition\n"
    return child


def committed(child: subprocess.Popen[str], project: Penstock) -> None:
    """Returns after the first commit of a run."""
    until(lambda: project.log.state.checkpoints() or child.poll() is not None, "it commits nothing", PATIENCE)
    assert child.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.real)])
def test_the_first_commits_and_ends_well(shop: Path, number: int) -> None:
    child = running(shop)
    with penstock.open(shop) as project:
        committed(child, project)
        child.send_signal(number)
        out, err = child.communicate(timeout=PATIENCE)
        assert (child.returncode, err) == (0, "stopping after a last commit; Ctrl-C again ends at once\n")
        assert "orders: 130 rows read" in out
        append(shop, *orders(60, first=130))
        assert "60 rows read" in call("run", shop, "--bounded").out
        assert project.query("SELECT sum(orders) FROM revenue").rows() == [(190,)]


def test_the_second_ends_at_once() -> None:
    code = (
        "import os, signal; from penstock.cli.interrupt import Interrupt\n"
        "with Interrupt() as interrupt:\n"
        "    os.kill(os.getpid(), signal.SIGINT); assert interrupt.asked.wait(180)\n"
        "    os.kill(os.getpid(), signal.SIGTERM); print('still here')\n"
    )
    done = subprocess.run(["python", "-c", code], capture_output=True, text=True, check=False, env=_env())
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_run_that_waits_for_rows_says_how_to_feed_it(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    child = started("run", folder, "--no-serve")
    assert child.stderr is not None
    assert child.stderr.readline() == "there is nothing to read: orders is empty; feed it with\n"
    assert child.stderr.readline().endswith(f" topic write {folder} orders FILE\n")
    assert child.stderr.readline() == "made 2 topics with 1 partition each: orders, revenue\n"
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=PATIENCE)[0].startswith("orders: 0 rows read")
    assert child.returncode == 0


def _env() -> dict[str, str]:
    import sys
    from pathlib import Path

    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def test_afterwards_signals_mean_what_they_meant() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) is before


def test_elsewhere_than_in_the_main_thread_signals_are_left_alone() -> None:
    seen = []

    def look() -> None:
        with Interrupt():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


def test_while_an_engine_runs_others_may_look_but_not_run(shop: Path) -> None:
    child = running(shop)
    try:
        with penstock.open(shop) as project:
            committed(child, project)
        rows = call("query", shop, 'SELECT window_end, orders, final FROM "revenue$open"', "--format", "json").out
        assert json.loads(rows.splitlines()[-1]) == {
            "window_end": "2025-01-01 00:03:00.000",
            "orders": 10,
            "final": False,
        }
        waits = call("why", shop).out
        assert (
            "orders (needs-later-event): revenue waits: window aggregate holds 10 rows; its next window closes when"
            in waits
        )
        refused = call("run", shop, "--bounded")
        assert refused.code == 1
        assert re.match(
            rf"error\[locked\]: the project is in use by process {child.pid} \(.* run {shop} \.\.\.\) since",
            refused.err,
        )
        assert "hint: stop that process first; reading and appending need no lock" in refused.err
        assert call("savepoint", "restore", shop, "x").code == 1
    finally:
        child.terminate()
        child.communicate(timeout=PATIENCE)
