"""Upkeep of Parquet tables: few large files for many small ones, and the archive; no row is ever missed or doubled."""

from __future__ import annotations

import datetime as dt
import errno
import os
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import penstock
from penstock.connectors.filesystem.archive import FolderPlace
from penstock.connectors.filesystem.exchange import held
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, LockedError, StorageError
from penstock.log import EngineLock
from penstock.project.definition import read_definition
from penstock.project.penstock import Penstock
from penstock.project.upkeep import Done, upkeep
from tests.cli.shell import call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPACTING = "penstock.connectors.filesystem.compacting"
NOW = dt.datetime(2026, 5, 10, 12, tzinfo=dt.UTC)
TABLE = """
CREATE TABLE metrics (meeting STRING, n BIGINT, `date` STRING) PARTITIONED BY (`date`)
WITH ('connector' = 'filesystem', 'path' = 'metrics', 'format' = 'parquet', 'sink.file-name' = 'metrics');
CREATE TABLE numbers (meeting STRING, n BIGINT, `date` STRING)
WITH ('connector' = 'kafka', 'topic' = 'numbers', 'format' = 'json');
INSERT INTO metrics SELECT * FROM numbers;
"""
ARCHIVE = '[tables.metrics]\nretention = "3 d"\narchive = "archive/metrics"\n'
DAYS = ("2026-05-01", "2026-05-08", "2026-05-09", "2026-05-10")


def fill(folder: Path, days: tuple[str, ...] = DAYS, files: int = 5, rows: int = 10) -> None:
    """Small files in a folder for each day; n counts through a day."""
    for day in days:
        (folder / f"date={day}").mkdir(parents=True)
        for number in range(files):
            n = range(number * rows, (number + 1) * rows)
            frame = pl.DataFrame({"meeting": [f"m{i % 3}" for i in n], "n": pl.Series(n, dtype=pl.Int64)})
            frame.write_parquet(folder / f"date={day}" / f"part-{number}.parquet")


def project(folder: Path, toml: str = "", sql: str = TABLE) -> Penstock:
    (folder / "sql").mkdir(exist_ok=True)
    (folder / "sql" / "metrics.sql").write_text(sql)
    (folder / "penstock.toml").write_text(toml)
    return Penstock(read_definition(folder), folder / ".penstock", ManualClock(int(NOW.timestamp() * 1000)))


@pytest.fixture
def metrics(tmp_path: Path) -> Iterator[Penstock]:
    fill(tmp_path / "metrics")
    with project(tmp_path, ARCHIVE) as found:
        yield found


def files(folder: Path) -> dict[str, int]:
    """How many files each day has that a reader sees."""
    return {d.name: len([f for f in d.iterdir() if f.name[0] not in "._"]) for d in sorted(folder.glob("[!._]*"))}


def asked(of: Penstock) -> list[tuple[Any, ...]]:
    return of.query('SELECT "date", count(*), sum(n) FROM metrics GROUP BY ALL ORDER BY ALL').rows()


def told(done: list[Done]) -> list[tuple[str, str, int, int, int]]:
    return [(one.partition, one.act, one.files_before, one.files_after, one.rows) for one in done]


def test_days_that_are_over_become_one_file_and_old_ones_move(metrics: Penstock) -> None:
    before = asked(metrics)
    assert told(upkeep(metrics)) == [
        ("date=2026-05-01", "compact", 5, 1, 50),
        ("date=2026-05-01", "archive", 1, 1, 50),
        ("date=2026-05-08", "compact", 5, 1, 50),
        ("date=2026-05-09", "compact", 5, 1, 50),
    ]
    assert files(metrics.folder / "metrics") == {"date=2026-05-08": 1, "date=2026-05-09": 1, "date=2026-05-10": 5}
    assert files(metrics.folder / "archive" / "metrics") == {"date=2026-05-01": 1}
    assert asked(metrics) == before == [(day, 50, 1225) for day in DAYS]
    (file,) = (metrics.folder / "metrics" / "date=2026-05-09").iterdir()
    assert pl.read_parquet(file, hive_partitioning=False)["n"].to_list() == [*range(50)]
    assert upkeep(metrics) == []


def test_a_dry_run_changes_nothing(metrics: Penstock) -> None:
    assert told(upkeep(metrics, dry_run=True))[:2] == [
        ("date=2026-05-01", "compact", 5, 0, 0),
        ("date=2026-05-01", "archive", 5, 0, 0),
    ]
    assert files(metrics.folder / "metrics") == {f"date={day}": 5 for day in DAYS}
    assert not (metrics.folder / "archive").exists()


def test_rows_that_come_late_to_an_archived_day(metrics: Penstock) -> None:
    """The sink gives its files names that were taken once; archived ones have names of their own."""
    for _ in range(2):
        metrics.append("numbers", [{"meeting": "m", "n": 1000, "date": "2026-05-01"}])
        metrics.run(bounded=True)
        upkeep(metrics)
    metrics.append("numbers", [{"meeting": "m", "n": 1000, "date": "2026-05-01"}])
    metrics.run(bounded=True)
    assert files(metrics.folder / "archive" / "metrics") == {"date=2026-05-01": 2}
    assert asked(metrics)[0] == ("2026-05-01", 53, 4225)


def test_readers_find_every_row_once_while_files_are_exchanged(tmp_path: Path) -> None:
    fill(tmp_path / "metrics", DAYS[:3], files=3)
    found: list[Any] = []
    stop = threading.Event()
    with project(tmp_path, ARCHIVE) as p:

        def look() -> None:
            while not stop.is_set():
                found.append(asked(p))

        reader = threading.Thread(target=look)
        reader.start()
        try:
            for round_ in range(100):
                if len(found) > 2:
                    break
                for day in DAYS[1:3]:  # a file without rows: the day is due again
                    frame = pl.DataFrame(schema={"meeting": pl.String, "n": pl.Int64})
                    frame.write_parquet(tmp_path / "metrics" / f"date={day}" / f"more-{round_}.parquet")
                upkeep(p)
        finally:
            stop.set()
            reader.join()
    assert found
    assert set(map(tuple, found)) == {tuple((day, 30, 435) for day in DAYS[:3])}


def test_a_file_that_is_shown_while_others_are_compacted_stays(metrics: Penstock, monkeypatch: Any) -> None:
    day = metrics.folder / "metrics" / "date=2026-05-09"

    def late(folder: Path, *, alone: bool) -> Any:
        pl.DataFrame({"meeting": ["late"], "n": pl.Series([7], dtype=pl.Int64)}).write_parquet(day / "late.parquet")
        (day / "_SUCCESS").touch()
        return held(folder, alone=alone)

    monkeypatch.setattr(f"{COMPACTING}.held", late)
    upkeep(metrics)
    assert (day / "late.parquet").exists()
    assert (day / "_SUCCESS").exists()
    assert asked(metrics)[2] == ("2026-05-09", 51, 1232)


def test_files_that_go_while_they_are_compacted(metrics: Penstock, monkeypatch: Any) -> None:
    """Somebody else has removed them: what was read of them must not come back."""

    def gone(folder: Path, *, alone: bool) -> Any:
        for day in DAYS[:3]:
            (folder / f"date={day}" / "part-0.parquet").unlink()
        monkeypatch.undo()
        return held(folder, alone=alone)

    monkeypatch.setattr(f"{COMPACTING}.held", gone)
    done = upkeep(metrics)
    assert (done[0].act, done[0].reason) == ("skip", "its files are changing just now")
    assert asked(metrics)[0] == ("2026-05-01", 40, 1180)


@pytest.mark.parametrize("step", ["exchange", "sync", "shutil"])
def test_a_crash_at_any_step_leaves_the_old_files_or_the_new(metrics: Penstock, monkeypatch: Any, step: str) -> None:
    class CrashError(BaseException):
        pass

    def crash(*given: Any, **_: Any) -> None:
        if step != "shutil" or given[0].exists():
            raise CrashError

    before = asked(metrics)
    with monkeypatch.context() as patched:
        if step == "shutil":
            patched.setattr("shutil.rmtree", crash)
        else:
            patched.setattr(f"{COMPACTING}.{step}", crash)
        with pytest.raises(CrashError):
            upkeep(metrics)
    assert asked(metrics) == before
    assert any((metrics.folder / "metrics").glob(".penstock-*"))
    upkeep(metrics)
    assert asked(metrics) == before
    assert not any((metrics.folder / "metrics").glob(".penstock-*"))


def test_an_archive_that_does_not_keep_what_it_is_given(metrics: Penstock, monkeypatch: Any) -> None:
    monkeypatch.setattr(FolderPlace, "get", lambda _self, _name: b"other")
    with pytest.raises(StorageError, match=r"reads differently from the archive .* than it was written") as raised:
        upkeep(metrics)
    assert raised.value.hint == "nothing of it was removed; check the archive, and run upkeep again"
    assert files(metrics.folder / "metrics")["date=2026-05-01"] == 1
    monkeypatch.undo()
    upkeep(metrics)
    assert asked(metrics)[0] == ("2026-05-01", 50, 1225)


def test_rows_that_come_late_after_a_crash_amid_a_move(metrics: Penstock, monkeypatch: Any) -> None:
    """Put together with the late rows under another name, its rows would count here and in the archive."""
    monkeypatch.setattr(FolderPlace, "get", lambda _self, _name: b"other")
    with pytest.raises(StorageError):
        upkeep(metrics)
    monkeypatch.undo()
    metrics.append("numbers", [{"meeting": "m", "n": 1000, "date": "2026-05-01"}])
    metrics.run(bounded=True)
    acts = [(one.act, one.rows) for one in upkeep(metrics) if one.partition == "date=2026-05-01"]
    assert acts == [("archive", 50), ("compact", 1), ("archive", 1)]
    assert asked(metrics)[0] == ("2026-05-01", 51, 2225)


def test_a_file_system_that_cannot_exchange(metrics: Penstock, monkeypatch: Any) -> None:
    def cannot(one: Path, other: Path) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(one))

    monkeypatch.setattr(f"{COMPACTING}.exchange", cannot)
    with pytest.raises(StorageError, match="cannot be exchanged in one step: Invalid argument"):
        upkeep(metrics)
    assert files(metrics.folder / "metrics") == {f"date={day}": 5 for day in DAYS}


def test_large_files_and_those_of_other_columns_keep_their_content(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(f"{COMPACTING}.LARGE", 2_000)
    monkeypatch.setattr(f"{COMPACTING}.TARGET", 4_000)
    monkeypatch.setattr(f"{COMPACTING}._SAMPLE", 1)
    fill(tmp_path / "metrics", DAYS[:1], files=12, rows=150)
    day = tmp_path / "metrics" / f"date={DAYS[0]}"
    pl.DataFrame({"n": pl.Series([1], dtype=pl.Int32)}).write_parquet(day / "other.parquet")
    pl.DataFrame({"meeting": [str(n) for n in range(900)], "n": range(900)}).write_parquet(day / "part-large.parquet")
    large = (day / "part-large.parquet").stat().st_ino
    with project(tmp_path) as p:
        before = asked(p)
        (done,) = upkeep(p)
        assert done.files_before == 14
        assert 3 < done.files_after < 9
        assert done.rows == 12 * 150 + 901
        assert asked(p) == before
        assert large in {f.stat().st_ino for f in day.iterdir()}


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            TABLE
            + "CREATE TABLE sums (n BIGINT) WITH ('connector' = 'blackhole'); INSERT INTO sums SELECT n FROM metrics;",
            "pipeline metrics.sums reads its files one by one",
        ),
        (TABLE.replace("INSERT INTO", "INSERT OVERWRITE"), "pipeline metrics overwrites its partitions"),
        (TABLE.replace("PARTITIONED BY (`date`)", ""), "it is not PARTITIONED BY a day"),
        (
            TABLE.replace("'sink.file-name' = 'metrics'", "'source.path.regex-pattern' = '.*'"),
            "'source.path.regex-pattern' chooses among its files by their names",
        ),
    ],
)
def test_tables_that_are_left_alone(tmp_path: Path, sql: str, reason: str) -> None:
    fill(tmp_path / "metrics")
    with project(tmp_path, sql=sql) as p:
        assert [(one.act, one.reason) for one in upkeep(p)] == [("skip", reason)]
    assert files(tmp_path / "metrics") == {f"date={day}": 5 for day in DAYS}


def test_partitions_that_are_no_days(tmp_path: Path) -> None:
    fill(tmp_path / "metrics", ("north",))
    with project(tmp_path) as p:
        assert [one.reason for one in upkeep(p)] == ["its first folder is no day, yyyy-MM-dd"]


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (
            '[tables.metrics]\nretention = "3 d"\n',
            "retention needs an archive: nothing is deleted that was not archived",
        ),
        ('[tables.metric]\narchive = "x"\n', r"penstock\.toml has \[tables\.metric\], and there is no such table"),
        ('[tables.metrics]\narchive = "metrics/old"\n', "are one inside the other"),
        ('[tables.metrics]\narchive = "/elsewhere"\n', "is outside of the folders that the project may use"),
    ],
)
def test_settings_that_do_not_fit(tmp_path: Path, toml: str, message: str) -> None:
    fill(tmp_path / "metrics")
    with pytest.raises(ConfigError, match=message), project(tmp_path, toml) as p:
        upkeep(p)


def test_one_upkeep_at_a_time(metrics: Penstock) -> None:
    assert metrics.home is not None
    metrics.home.mkdir()
    with EngineLock(metrics.home / "upkeep.lock"), pytest.raises(LockedError):
        upkeep(metrics)
    with penstock.memory() as memory, pytest.raises(ConfigError, match="a project in memory has no files to keep up"):
        upkeep(memory)


def test_from_the_command_line(tmp_path: Path) -> None:
    fill(tmp_path / "metrics", DAYS[:1])
    project(tmp_path).close()
    dry = call("upkeep", tmp_path, "--dry-run")
    assert "metrics date=2026-05-01: 5 files, " in dry.err
    done = call("upkeep", tmp_path, "--format", "json")
    assert "metrics date=2026-05-01: 50 rows, 5 files of " in done.err
    assert '"act":"compact"' in done.out
    assert call("upkeep", tmp_path).err == "nothing to do\n"
