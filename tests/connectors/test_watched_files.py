"""Files that change between two looks: they grow, are rotated, cut, replaced, deleted."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.core import types as t
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, DataError, PositionLostError
from tests.connectors.helpers import INT, STRING, again, files, reader, rows, world

if TYPE_CHECKING:
    from pathlib import Path


class Watch:
    """A reader of a folder (or file) of lines that looks once a second; `look` lets a second pass."""

    def __init__(self, path: Path, *, skip_lost: bool = False, options: dict[str, str] | None = None) -> None:
        self.clock = ManualClock()
        self.place = world(path.parent, clock=self.clock, skip_lost=skip_lost)
        self.table = files({"s": STRING}, path, {"source.monitor-interval": "1 s", **(options or {})}, encoding="raw")
        self.reader = reader(self.table, self.place)
        self.position: Any = None
        self.last = -1

    def look(self, rows_at_once: int = 1000) -> list[str]:
        self.clock.advance(1000)
        return self.read(rows_at_once)

    def read(self, rows_at_once: int = 1000) -> list[str]:
        found: list[str] = []
        while (job := self.reader.read(rows_at_once)) is not None:
            scanned = job()
            frame = scanned.chunks["key"].frame
            assert frame["$seq"].is_sorted()
            assert frame["$seq"][0] > self.last
            self.last = frame["$seq"][-1]
            self.position = again(scanned.position)
            found += frame["s"].to_list()
        return found

    def restart(self) -> None:
        """As another process would go on."""
        self.reader.close()
        self.reader = reader(self.table, self.place)
        self.reader.seek(self.position)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


# -- growing -----------------------------------------------------------------------------------------


def test_new_files_and_new_lines_come_at_the_next_look(folder: Path) -> None:
    watch = Watch(folder)
    assert watch.look() == []
    append(folder / "b", "1\n2\n")
    assert watch.read() == []
    assert watch.look() == ["1", "2"]
    append(folder / "b", "3\n")
    append(folder / "a", "4\n")
    assert watch.look() == ["3", "4"]  # known files go first
    assert watch.look() == []
    assert not watch.reader.ended


@pytest.mark.parametrize("restarted", [False, True])
def test_half_a_line_waits_for_its_end(folder: Path, restarted: bool) -> None:
    watch = Watch(folder)
    append(folder / "a", "one\ntw")
    assert watch.look() == ["one"]
    if restarted:
        watch.restart()
    assert watch.look() == []
    append(folder / "a", "o\nthree")
    assert watch.look() == ["two"]
    if restarted:
        watch.restart()
    watch.reader.bound()
    assert watch.look() == ["three"]
    assert watch.reader.ended


def test_a_single_file_is_watched_too(tmp_path: Path) -> None:
    append(tmp_path / "log", "1\n")
    watch = Watch(tmp_path / "log")
    assert watch.look() == ["1"]
    append(tmp_path / "log", "2\n")
    append(tmp_path / "other", "no\n")
    assert watch.look() == ["2"]


def test_a_last_line_without_its_end_may_get_it_but_not_go_on(tmp_path: Path) -> None:
    path = tmp_path / "a"
    table, place = files({"s": STRING}, path, encoding="raw"), world(tmp_path)

    def goes_on(position: Any) -> tuple[list[Any], Any]:
        one = reader(table, place)
        one.seek(position)
        found, job = [], None
        while (job := one.read(10)) is not None:
            scanned = job()
            found += scanned.chunks["key"].frame["s"].to_list()
            position = again(scanned.position)
        assert one.ended
        return found, position

    append(path, "1\n2")
    found, position = goes_on(None)
    assert found == ["1", "2"]
    append(path, "\n3")
    found, after = goes_on(position)
    assert found == ["3"]
    assert goes_on(after)[0] == []
    append(path, "4\n")
    with pytest.raises(DataError, match=r"a': the line that ends at byte 5 was read before it was complete") as raised:
        goes_on(after)
    assert "'source.monitor-interval', which waits for the end of a line" in raised.value.hint


# -- rotation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("way", ["rename", "copy and cut"])
def test_a_log_that_is_rotated_is_read_to_its_end_and_then_the_new_one(
    tmp_path: Path, way: str, restarted: bool
) -> None:
    log = tmp_path / "app.log"
    append(log, "1\n2\n")
    watch = Watch(log)
    assert watch.look() == ["1", "2"]
    append(log, "3\n")
    if way == "rename":
        log.rename(tmp_path / "app.log.1")
    else:
        shutil.copyfile(log, tmp_path / "app.log.1")
        log.write_text("")
    append(log, "4\n")
    if restarted:
        watch.restart()
    assert watch.look() == ["3", "4"]
    append(log, "5\n")
    assert watch.look() == ["5"]


def test_a_log_that_is_rotated_within_a_watched_folder_is_not_read_twice(folder: Path) -> None:
    append(folder / "app.log", "1\n2\n")
    watch = Watch(folder)
    assert watch.look() == ["1", "2"]
    (folder / "app.log").rename(folder / "app.log.1")
    append(folder / "app.log", "3\n")
    assert watch.look() == ["3"]
    (folder / "app.log.1").rename(folder / "app.log.2")
    (folder / "app.log").rename(folder / "app.log.1")
    append(folder / "app.log", "4\n")
    assert watch.look() == ["4"]
    watch.restart()
    assert watch.look() == []


def test_a_log_that_is_rotated_while_it_is_read(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(log, "1\n2\n3\n")
    watch = Watch(log)
    first = watch.reader.read(1)
    log.rename(tmp_path / "app.log.1")
    append(log, "4\n")
    assert first().chunks["key"].frame["s"].to_list() == ["1"]
    watch.last = 1
    assert watch.read() == ["2", "3"]
    assert watch.look() == ["4"]


# -- what is lost ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message", "code"),
    [
        (
            lambda path: path.write_text("x\n"),
            "is another file than the one of which 4 bytes were read",
            "file-replaced",
        ),
        (lambda path: path.write_text("9\n9\n9\n"), "is another file than the one of which 4 bytes", "file-replaced"),
        (lambda path: path.unlink(), "is gone of which 4 bytes were read", "file-gone"),
    ],
)
def test_a_file_that_was_read_in_part_and_is_another_or_gone(
    folder: Path, change: Any, message: str, code: str
) -> None:
    append(folder / "a", "1\n2\n3\n4\n")
    append(folder / "b", "5\n")
    watch = Watch(folder)
    scanned = watch.reader.read(2)()
    watch.position = again(scanned.position)
    change(folder / "a")
    watch.restart()
    watch.last = 3
    with pytest.raises(PositionLostError, match=message) as raised:
        watch.look()
    assert raised.value.code == code
    assert raised.value.hint.startswith("put it back, or run with --skip-lost")
    watch.place = world(folder, clock=watch.clock, skip_lost=True)
    watch.restart()
    there = (folder / "a").read_text().split() if (folder / "a").exists() else []
    assert watch.look() == [*there, "5"]


def test_a_file_that_was_read_may_go(folder: Path) -> None:
    append(folder / "a", "1\n")
    append(folder / "b", "2\n")
    watch = Watch(folder)
    assert watch.look() == ["1", "2"]
    (folder / "a").unlink()
    assert watch.look() == []
    watch.restart()
    append(folder / "c", "3\n")
    assert watch.look() == ["3"]


def test_a_copy_of_a_file_is_a_file_of_its_own(folder: Path) -> None:
    append(folder / "a", "1\n")
    watch = Watch(folder)
    assert watch.look() == ["1"]
    shutil.copyfile(folder / "a", folder / "b")
    assert watch.look() == ["1"]
    assert watch.look() == []


def test_a_folder_that_goes_or_is_not_there_yet(folder: Path) -> None:
    watch = Watch(folder)
    assert watch.look() == []
    folder.rmdir()
    with pytest.raises(ConfigError, match=r"there is no file or folder '.*/in'"):
        watch.look()


# -- compressed files --------------------------------------------------------------------------------


def test_a_compressed_file_that_is_still_written_waits_for_its_end(folder: Path) -> None:
    text = b"".join(b"%d\n" % n for n in range(5000))
    packed = gzip.compress(text)
    (folder / "a.gz").write_bytes(packed[: len(packed) // 2])
    watch = Watch(folder)
    first = watch.look()
    assert 0 < len(first) < 5000
    assert watch.look() == []
    (folder / "a.gz").write_bytes(packed)
    assert first + watch.look(700) == [str(n) for n in range(5000)]
    assert watch.look() == []


def test_a_compressed_file_is_gone_on_with_after_a_restart(folder: Path) -> None:
    (folder / "a.gz").write_bytes(gzip.compress(b"".join(b"%d\n" % n for n in range(1000))))
    watch = Watch(folder)
    watch.clock.advance(1000)
    scanned = watch.reader.read(300)()
    watch.position = again(scanned.position)
    found = scanned.chunks["key"].frame["s"].to_list()
    watch.last = scanned.through
    watch.restart()
    assert found + watch.look() == [str(n) for n in range(1000)]


# -- Parquet -----------------------------------------------------------------------------------------


def numbers(path: Path, first: int, last: int, **more: Any) -> None:
    frame = pl.DataFrame({"a": range(first, last)}, schema={"a": pl.Int32}).with_columns(**more)
    frame.write_parquet(path, row_group_size=7)


def test_parquet_is_read_in_any_cut_and_after_a_restart(tmp_path: Path) -> None:
    numbers(tmp_path / "a.parquet", 0, 20, b=pl.lit("x"))
    numbers(tmp_path / "b.parquet", 20, 20)
    numbers(tmp_path / "c.parquet", 20, 33)
    columns: Any = {"a": INT, "b": STRING, "n": ("file.name", STRING)}
    table, place = files(columns, tmp_path, encoding="parquet"), world(tmp_path)
    expected = [(n, "x" if n < 20 else None, "a.parquet" if n < 20 else "c.parquet") for n in range(33)]
    assert rows(reader(table, place)) == expected
    for cut in (1, 6, 25):
        assert rows(reader(table, place), cut) == expected
        one = reader(table, place)
        scanned = one.read(cut)()
        frame = scanned.chunks["key"].frame
        assert frame["$seq"].to_list() == list(range(frame.height))
        other = reader(table, place)
        other.seek(again(scanned.position))
        assert frame.drop("$seq").rows() + rows(other, cut) == expected
    assert rows(reader(table, place, "n"))[19:21] == [("a.parquet",), ("c.parquet",)]


def test_where_a_row_of_parquet_came_from(tmp_path: Path) -> None:
    numbers(tmp_path / "a.parquet", 0, 3)
    numbers(tmp_path / "b.parquet", 3, 5)
    job = reader(files({"a": INT}, tmp_path, encoding="parquet"), world(tmp_path)).read(10)
    chunk = job().chunks["key"]
    found = chunk.origins(chunk.frame["$seq"].to_numpy()[[1, 4]])
    paths = [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    assert found.rows() == [(paths[0], 0, 1, None), (paths[1], 0, 1, None)]


def test_parquet_files_that_do_not_fit(tmp_path: Path) -> None:
    numbers(tmp_path / "a.parquet", 0, 3)
    with pytest.raises(DataError, match="column a: the file has Int32, which is not a DATE"):
        rows(reader(files({"a": t.DATE}, tmp_path, encoding="parquet"), world(tmp_path)))
    (tmp_path / "b.parquet").write_text("no")
    with pytest.raises(DataError, match="not a Parquet file"):
        rows(reader(files({"a": INT}, tmp_path, encoding="parquet"), world(tmp_path)))


def test_new_parquet_files_in_a_watched_folder(tmp_path: Path) -> None:
    clock = ManualClock()
    options = {"source.monitor-interval": "1 s"}
    one = reader(files({"a": INT}, tmp_path, options, encoding="parquet"), world(tmp_path, clock=clock))
    assert rows(one) == []
    numbers(tmp_path / ".a.parquet", 0, 2)
    clock.advance(1000)
    assert rows(one) == []
    (tmp_path / ".a.parquet").rename(tmp_path / "a.parquet")
    clock.advance(1000)
    assert rows(one) == [(0,), (1,)]
    numbers(tmp_path / "a.parquet", 5, 9)
    clock.advance(1000)
    assert rows(one) == [(5,), (6,), (7,), (8,)]  # all of the old one was read: this is a new file
