"""Every row is shown exactly once, wherever the process ends."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penstock
from penstock.core.clock import ManualClock
from penstock.core.errors import StateError
from penstock.project.build import make_pipeline
from tests.connectors.crashes import Crash, crash_before
from tests.connectors.helpers import INT, STRING, files, reader, rows, sink, world
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.sql.catalog import Table

OPTIONS = {"sink.rolling-policy.rows": 2, "sink.partition-commit.policy.kind": "success-file"}
ROWS = [(n, "xy"[n % 2]) for n in range(10)]


def frame(given_rows: list[tuple[int, str]]) -> pl.DataFrame:
    return pl.DataFrame(given_rows, schema={"a": pl.Int32, "p": pl.String}, orient="row")


class Log:
    """What a checkpoint keeps: the position, the token, the state; put in its place by one renaming."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def store(self, position: int, token: bytes, snapshot: tuple[Any, Mapping[str, pl.DataFrame]]) -> None:
        metadata, frames = snapshot
        aside = self.path.with_suffix(".tmp")
        aside.write_bytes(pickle.dumps((position, token, json.dumps(metadata), dict(frames))))
        aside.rename(self.path)

    def load(self) -> tuple[int, bytes, Any, dict[str, pl.DataFrame]] | None:
        if not self.path.exists():
            return None
        position, token, metadata, frames = pickle.loads(self.path.read_bytes())
        return position, token, json.loads(metadata), frames


def run(table: Table, folder: Path, log: Log, *, overwrite: bool = False, step: int = 4) -> None:
    """Go on from the last checkpoint: write `step` rows, make a checkpoint, until all are written."""
    out = sink(table, world(folder, bounded=True), overwrite=overwrite)
    stored = log.load()
    position = 0
    if stored is not None:
        position, token, metadata, frames = stored
        out.restore(metadata, frames)
        if token:
            out.commit(token)
    while position <= len(ROWS):
        if batch := ROWS[position : position + step]:
            out.write(frame(batch))
        position += step
        if position > len(ROWS):
            out.finish()
        token = out.prepare(0, None).token
        log.store(position, token, out.snapshot())
        if token:
            out.commit(token)
    out.close()


def shown(table: Table, folder: Path) -> list[Any]:
    return sorted(rows(reader(table, world(folder)))) if table_folder(table).is_dir() else []


def table_folder(table: Table) -> Path:
    return Path(table.options["path"])


def test_a_crash_before_any_act_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    options = OPTIONS | {"sink.file-name": "m_{yyyyMMdd}"}
    table = files({"a": INT, "p": STRING}, tmp_path / "out", options, partitioned_by=("p",))
    log = Log(tmp_path / "log")
    for act in range(1000):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        log.path.unlink(missing_ok=True)
        try:
            with crash_before(act):
                run(table, tmp_path, log)
            break
        except Crash:
            stored = log.load()
            seen = shown(table, tmp_path)
            assert len(set(seen)) == len(seen)
            assert set(seen) <= set(ROWS[: stored[0] if stored else 0])  # nothing that is not in a checkpoint
            for path in (tmp_path / "out").rglob("[!.]*.json"):
                assert path.read_bytes().endswith(b"}\n"), "a half file is seen"
        run(table, tmp_path, log)
        assert shown(table, tmp_path) == ROWS
        if stored is not None:
            assert list(tmp_path.rglob(".*")) == []
        assert sorted(p.parent.name for p in tmp_path.rglob("_SUCCESS")) == ["p=x", "p=y"]
    assert 40 < act < 1000


@pytest.mark.parametrize("partitioned", [True, False])
def test_overwriting_is_all_or_nothing_in_the_end(tmp_path: Path, partitioned: bool) -> None:
    keys = ("p",) if partitioned else ()
    table = files({"a": INT, "p": STRING}, tmp_path / "out", partitioned_by=keys)
    old, kept = [(-1, "x"), (-2, "y")], [(-3, "z")]
    log = Log(tmp_path / "log")
    for act in range(1000):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        log.path.unlink(missing_ok=True)
        before = sink(table, world(tmp_path))
        before.write(frame(old + kept))
        before.finish()
        before.commit(before.prepare(0, None).token)
        before.close()
        try:
            with crash_before(act):
                run(table, tmp_path, log, overwrite=True, step=6)
            break
        except Crash:
            seen = set(shown(table, tmp_path))
            assert not (seen & set(old) and seen & set(ROWS)) or partitioned
        run(table, tmp_path, log, overwrite=True, step=6)
        assert shown(table, tmp_path) == (kept if partitioned else []) + ROWS
    assert 10 < act < 1000


@examples(25)
@given(st.lists(st.sampled_from(["write", "commit", "restart", "later"]), max_size=20), st.integers(1, 9))
def test_any_order_of_writing_checkpoints_and_restarts(steps: list[str], most: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), ManualClock()
        options = {"sink.rolling-policy.rows": most, "sink.rolling-policy.inactivity-interval": "1 min"}
        table = files({"a": INT, "p": STRING}, folder, options, partitioned_by=("p",))
        place = world(folder, clock=clock)
        out = sink(table, place)
        stored: tuple[bytes, Any, dict[str, pl.DataFrame]] | None = None
        frames: dict[str, pl.DataFrame] = {}
        written: list[tuple[int, str]] = []
        safe = 0
        for step in [*steps, "end"]:
            if step == "write":
                new = [(len(written) + n, "xyz"[n % 3]) for n in range(5)]
                out.write(frame(new))
                written += new
            elif step == "later":
                clock.advance(70_000)
            elif step == "restart":
                del written[safe:]
                out = sink(table, place)
                if stored is not None:
                    out.restore(json.loads(stored[1]), stored[2])
                    if stored[0]:
                        out.commit(stored[0])
            else:
                if step == "end":
                    out.finish()
                token = out.prepare(0, None).token
                metadata, live = out.snapshot()
                for key, held in live.items():
                    assert key not in frames or frames[key].equals(held), "an id means another frame"
                frames |= live
                stored, safe = (token, json.dumps(metadata), dict(live)), len(written)
                if token:
                    out.commit(token)
                assert out.held_rows + len(shown(table, folder)) == len(written)
        assert shown(table, folder) == sorted(written)
        assert all(p.read_text().count("\n") <= most for p in folder.rglob("*.json"))


def test_a_file_that_is_gone_from_aside(tmp_path: Path) -> None:
    table = files({"a": INT, "p": STRING}, tmp_path, OPTIONS)
    out = sink(table, world(tmp_path, bounded=True), overwrite=True)
    out.write(frame(ROWS))
    out.prepare(0, None)
    state = out.snapshot()
    shutil.rmtree(next(tmp_path.glob(".penstock-*")))
    other = sink(table, world(tmp_path, bounded=True), overwrite=True)
    other.restore(*state)
    with pytest.raises(
        StateError, match=r"file '.*/0.json.tmp' is gone, which holds rows that were not shown yet"
    ) as raised:
        other.write(frame(ROWS))
    assert raised.value.hint == "put it back, or run with --fresh"


# -- with the log itself -----------------------------------------------------------------------------

SQL = """
CREATE TABLE numbers (n INT) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
CREATE TABLE kept (n INT, p INT) PARTITIONED BY (p)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet', 'sink.rolling-policy.rows' = '30');
INSERT INTO kept SELECT n, MOD(n, 2) FROM numbers;
"""
COUNT = 200


def make_project(folder: Path) -> None:
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text('[project]\nname = "numbers"\n')
    (folder / "sql" / "1.sql").write_text(SQL)
    (folder / "in").mkdir()
    (folder / "in" / "a.json").write_text("".join(f'{{"n":{n}}}\n' for n in range(COUNT)))


def run_project(folder: Path) -> None:
    """Small steps, each with its checkpoint."""
    with penstock.open(folder) as p:
        pipeline = make_pipeline(p.definition.pipelines[0], p.world, p.settings, bounded=True)
        pipeline.restore()
        while pipeline.step(70):
            pipeline.commit()
        pipeline.finish()
        pipeline.close()


def numbers(folder: Path) -> list[int]:
    found = [pl.read_parquet(f, columns=["n"])["n"].to_list() for f in (folder / "out").rglob("*.parquet")]
    return sorted(n for part in found for n in part)


def test_a_pipeline_that_crashes_before_any_act_goes_on_from_its_log(tmp_path: Path) -> None:
    make_project(tmp_path / "p")
    for act in range(0, 1000, 4):
        folder = tmp_path / str(act)
        shutil.copytree(tmp_path / "p", folder)
        try:
            with crash_before(act):
                run_project(folder)
            break
        except Crash:
            seen = numbers(folder)
            assert len(set(seen)) == len(seen)
        run_project(folder)
        assert numbers(folder) == list(range(COUNT))
        shutil.rmtree(folder)
    assert 30 < act < 1000


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.connectors.test_sink_crashes import run_project

left, rename = int(sys.argv[2]), os.rename

def killed_after(*args, **kwargs):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(*args, **kwargs)

os.rename = killed_after
run_project(Path(sys.argv[1]))
"""


def test_a_process_that_is_killed_between_two_renamings_goes_on(tmp_path: Path) -> None:
    make_project(tmp_path / "p")
    root = str(Path(__file__).parents[2])
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "p"), "1"],
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert ended.returncode == -signal.SIGKILL
    assert 0 < len(numbers(tmp_path / "p")) < COUNT
    run_project(tmp_path / "p")
    assert numbers(tmp_path / "p") == list(range(COUNT))
