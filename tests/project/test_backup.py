"""Backups: of one moment while the project runs, whole or refused, encrypted where that is asked for."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import orjson
import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, StorageError
from penstock.project.backup import sealed
from penstock.project.backup.backup import back_up
from penstock.project.backup.restore import Backup, newer_beside, restore
from penstock.project.warehouse import warehouse
from tests.cli.shell import call, make_project, orders
from tests.parts import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.project.penstock import Penstock

KEY = "5e" * 32
SQL = """\
CREATE TABLE orders (id BIGINT, customer STRING, amount DECIMAL(10, 2), ts TIMESTAMP(3)) WITH (
  'connector' = 'kafka', 'topic' = 'orders', 'scan.startup.mode' = 'earliest-offset', 'value.format' = 'json');
CREATE TABLE kept (id BIGINT, customer STRING) PARTITIONED BY (customer) WITH (
  'connector' = 'filesystem', 'path' = 'out/kept', 'format' = 'parquet', 'sink.rolling-policy.rows' = '10');
INSERT INTO kept SELECT id, customer FROM orders;
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_project(tmp_path / "shop", SQL)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sealed.KEY_VARIABLE, KEY)


def taken(project: Penstock) -> int:
    return int(project.ledger().filter(pl.col("operator") == "source orders")["taken"].sum())


def ids(project: Penstock) -> list[int]:
    return sorted(row[0] for row in project.query("SELECT id FROM kept").rows())


def backed_up(shop: Path, target: Path, rows: int = 95, *, encrypted: bool = False) -> Path:
    """A backup of a project that runs, and goes on with other rows afterwards."""
    with penstock.open(shop) as project:
        project.start()
        project.append("orders", orders(rows))
        until(lambda: taken(project) == rows, "the rows are not committed")
        back_up(project, target, encrypted=encrypted)
        project.append("orders", orders(40, first=rows))
        until(lambda: taken(project) == rows + 40, "the rows are not committed")
    return target


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_backup_has_what_was_there_at_one_moment(shop: Path, tmp_path: Path, key: None, *, encrypted: bool) -> None:
    backup = backed_up(shop, tmp_path / "backup", encrypted=encrypted)
    restore(Backup.open(backup), tmp_path / "again")
    parquet = tmp_path / "again" / "out" / "kept" / "**" / "*.parquet"
    found = duckdb.sql(f"SELECT count(*), count(DISTINCT id), max(id) FROM read_parquet('{parquet}')").fetchall()
    assert found == [(90, 90, 89)]  # files of ten rows of each of three customers; the others are in the state
    with closing(sqlite3.connect(tmp_path / "again" / ".penstock" / "log.db")) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("SELECT sum(rows) FROM batch").fetchall() == [(95,)]
    with penstock.open(tmp_path / "again") as project:
        project.log.verify()
        project.append("orders", orders(5, first=95))
        project.run(bounded=True)
        assert ids(project) == [*range(100)]
    assert not (shop / ".penstock" / "backup").exists()
    raw_bytes = b"".join(p.read_bytes() for p in backup.rglob("*") if p.is_file())
    assert (b"CREATE TABLE orders" in raw_bytes) is not encrypted


def test_what_is_shown_after_the_moment_of_a_backup_is_not_in_it(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with penstock.open(shop) as project:
        project.start()
        project.append("orders", orders(95))
        until(lambda: taken(project) == 95, "the rows are not committed")
        copy = project.log.copy

        def held_up(target: Path, still: Callable[[], None], progress: Callable[[int, int], None]) -> int:
            def then_goes_on(done: int, size: int) -> None:
                if taken(project) == 95:
                    project.append("orders", orders(300, first=95))
                    until(lambda: taken(project) == 395, "the engine does not go on beside the backup")
                progress(done, size)

            return copy(target, still, then_goes_on)

        monkeypatch.setattr(project.log, "copy", held_up)
        back_up(project, tmp_path / "backup")
    restore(Backup.open(tmp_path / "backup"), tmp_path / "again")
    with penstock.open(tmp_path / "again") as project:
        project.run(bounded=True)
        assert ids(project) == [*range(95)]


def test_a_backup_refuses_what_does_not_fit(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.delenv(sealed.KEY_VARIABLE, raising=False)
    for target, message in {
        tmp_path / "there": f"{tmp_path / 'there'} is there already\nhint: a backup is never written over",
        shop / "inside": f"{shop / 'inside'} lies inside of the project\nhint: name a folder elsewhere",
    }.items():
        found = call("backup", shop, target)
        assert (found.code != 0, message in found.err) == (True, True), found.err
    found = call("backup", shop, tmp_path / "new", "--encrypted")
    assert "the environment has no key for backups, PENSTOCK_BACKUP_KEY\nhint: export PENSTOCK_BACKUP_KEY=" in found.err
    monkeypatch.setenv(sealed.KEY_VARIABLE, "secret")
    found = call("backup", shop, tmp_path / "new", "--encrypted")
    assert "PENSTOCK_BACKUP_KEY is no key: it has to be 64 hexadecimal digits" in found.err
    assert "secret" not in found.err
    assert not (tmp_path / "new").exists()
    with penstock.memory() as project, pytest.raises(ConfigError, match="a project in memory cannot be backed up"):
        back_up(project, tmp_path / "new")


def test_nothing_is_restored_over_anything_and_what_is_newer_is_told(shop: Path, tmp_path: Path) -> None:
    backup = backed_up(shop, tmp_path / "backup")
    found = call("restore", backup, shop)
    # forty, and the record of the audit log that the backup was made
    assert f"{shop} is there already, with a log that holds 41 rows more than the backup\nhint: nothing is" in found.err
    found = call("restore", backup, "--check")
    assert found.out.startswith(f"{backup} is whole; it has shop as of ")
    assert "what came after row 95 of the log is not in it" in found.err
    found = call("restore", tmp_path, tmp_path / "again")
    assert f"{tmp_path} is no backup: it has no backup.json\nhint: a folder called .NAME.partial" in found.err
    assert "give the folder DIR to restore to, or --check" in call("restore", backup).err


def test_files_outside_of_the_folder_are_named_and_the_newer_ones_counted(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    sql = SQL.replace("out/kept", str(outside))
    shop = make_project(tmp_path / "shop", sql, toml=f'[files]\nroots = ["{tmp_path}"]\n')
    backup = Backup.open(backed_up(shop, tmp_path / "backup"))
    assert backup.manifest.beside == [str(outside)]
    (words,) = newer_beside(backup)
    assert words.startswith(f"{outside} is not in the backup: ")
    assert words.endswith(" of its files are newer")
    assert int(words.split()[-6]) >= 3


def test_the_warehouse_comes_along_as_it_is_at_one_moment(shop: Path, tmp_path: Path) -> None:
    with penstock.open(shop) as project:
        with project.warehouse.database().transaction() as session:
            session.run("CREATE TABLE staging.orders AS SELECT 7 AS id")
        with project.warehouse.database().transaction() as session:  # a load that goes on
            session.run("INSERT INTO staging.orders VALUES (8)")
            assert back_up(project, tmp_path / "backup").beside == []
    backup = Backup.open(tmp_path / "backup")
    backup.verify()
    restore(backup, tmp_path / "again")
    with penstock.open(tmp_path / "again") as project:
        assert project.query("SELECT id FROM staging.orders").rows() == [(7,)]


def test_a_warehouse_that_another_process_has_open_is_named(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "_QUESTION_WAITS", 0.0)
    with penstock.open(shop) as project:
        project.warehouse.database()
        file = project.warehouse.file
    holds = f"import duckdb; held = duckdb.connect({str(file)!r}); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        done = call("backup", shop, tmp_path / "backup")
        process.communicate(b"\n")
    assert done.code == 0
    assert f"{file} is not in the backup\n" in done.err
    assert newer_beside(Backup.open(tmp_path / "backup")) == [
        f"{file} is not in the backup, and may have what is newer"
    ]


def change_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut_off_the_last_chunk(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: -((len(data) - 32) % 80 or 80)])


def change_the_order(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:32] + data[112:192] + data[32:112] + data[192:])


def repeat_a_chunk(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:112] + data[32:])


@pytest.mark.parametrize("harm", [change_a_byte, cut_off_the_last_chunk, change_the_order, repeat_a_chunk])
def test_a_sealed_file_that_was_changed_does_not_open(
    shop: Path, tmp_path: Path, key: None, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(sealed, "CHUNK", 64)
    with penstock.open(shop) as project:
        project.append("orders", orders(5))
        back_up(project, tmp_path / "backup", encrypted=True)
    backup = Backup.open(tmp_path / "backup")
    backup.verify()
    (sql,) = (f.stored for f in backup.manifest.files if f.path.endswith(".sql"))
    harm(tmp_path / "backup" / sql)
    with pytest.raises(StorageError) as caught:
        restore(backup, tmp_path / "again")
    assert caught.value.message == (
        f"'{Path(sql).name}' does not open: PENSTOCK_BACKUP_KEY is not the key of this backup, or the file was changed"
    )
    assert not (tmp_path / "again").exists()


def test_files_of_a_sealed_backup_do_not_change_places(shop: Path, tmp_path: Path, key: None) -> None:
    with penstock.open(shop) as project:
        back_up(project, tmp_path / "backup", encrypted=True)
    backup = Backup.open(tmp_path / "backup")
    one, other = (tmp_path / "backup" / backup.manifest.files[n].stored for n in (-1, -2))
    shutil.copy(one, other)
    with pytest.raises(StorageError, match="does not open"):
        backup.verify()


def test_the_wrong_key_opens_nothing(shop: Path, tmp_path: Path, key: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with penstock.open(shop) as project:
        back_up(project, tmp_path / "backup", encrypted=True)
    monkeypatch.setenv(sealed.KEY_VARIABLE, "00" * 32)
    with pytest.raises(StorageError, match=r"'manifest\.sealed' does not open: PENSTOCK_BACKUP_KEY is not the key"):
        Backup.open(tmp_path / "backup")


def test_a_damaged_backup_is_refused_before_anything_is_written(shop: Path, tmp_path: Path) -> None:
    with penstock.open(shop) as project:
        back_up(project, tmp_path / "backup")
    change_a_byte(tmp_path / "backup" / "files" / "sql" / "01-orders.sql")
    with pytest.raises(StorageError, match=r"'sql/01-orders\.sql' of the backup has [\d,]+ bytes that are not the"):
        restore(Backup.open(tmp_path / "backup"), tmp_path / "again")
    assert not (tmp_path / "again").exists()
    head = tmp_path / "backup" / "backup.json"
    said = orjson.loads(head.read_bytes())
    said["manifest"]["files"][0]["path"] = "../elsewhere"
    head.write_bytes(orjson.dumps(said))
    with pytest.raises(StorageError, match=r"names '\.\./elsewhere', which is no path inside a folder"):
        Backup.open(tmp_path / "backup")
    said["format"] = 2
    head.write_bytes(orjson.dumps(said))
    with pytest.raises(StorageError) as caught:
        Backup.open(tmp_path / "backup")
    assert caught.value.message == "the backup has format 2; this Penstock reads formats up to 1"
