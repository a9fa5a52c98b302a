"""Logs of older formats: migrated after a copy, or left as they are."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.errors import StorageError
from penstock.log import Log, migrating
from penstock.log.schema import FORMAT

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.log.commit import Write


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A log as the first format had it."""
    path = tmp_path / "log.db"
    with Log.open(path) as log:
        log.create_topic("t")
        log.append("t", pl.DataFrame({"value": [b"one", b"two"]}))

        def age(write: Write) -> None:
            write.connection.execute("DROP TABLE claim")
            write.connection.execute("PRAGMA user_version = 1")

        log._writer.run(age)
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def values(log: Log) -> list[bytes]:
    return [value for frame in log.read("t") for value in frame["value"]]


def test_an_older_log_is_migrated_after_a_copy_of_it(old: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Log.open(old) as log:
        log.append("t", pl.DataFrame({"value": [b"three"]}))
        assert log.claims.find("scope", "key") is None
        log.verify()
        assert values(log) == [b"one", b"two", b"three"]
    kept = old.with_name("log.db.format-1")
    assert (version(old), version(kept)) == (FORMAT, 1)
    with Log.open(kept, read_only=True) as before:
        before.verify()
        assert values(before) == [b"one", b"two"]
    assert f"had format 1 and has format {FORMAT} now; log.db.format-1 beside it is as it was before" in caplog.text
    kept.unlink()
    Log.open(old).close()
    assert not kept.exists()


def test_reading_alone_migrates_nothing(old: Path) -> None:
    with Log.open(old, read_only=True) as log:
        assert values(log) == [b"one", b"two"]
    assert version(old) == 1


def test_a_migration_that_fails_leaves_the_log_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "MIGRATIONS", ("CREATE TABLE claim(a); CREATE TABLE claim(a);",))
    with pytest.raises(Exception, match="table claim already exists"):
        Log.open(old)
    assert version(old) == 1
    monkeypatch.undo()
    Log.open(old).close()
    assert version(old) == FORMAT


def test_without_a_copy_there_is_no_migration(old: Path) -> None:
    old.with_name("log.db.format-1").mkdir()
    (old.parent / "log.db.format-1" / "in the way").touch()
    with pytest.raises(StorageError) as caught:
        Log.open(old)
    assert caught.value.message.startswith(f"{old} has format 1 and is not migrated to {FORMAT}, since it could not be")
    assert version(old) == 1


DEATHS = {
    "when the copy is made": "real = m.copy; m.copy = lambda *given: (real(*given), os._exit(9))",
    "when the copy has its name": "real = Path.rename; Path.rename = lambda *given: (real(*given), os._exit(9))",
    "inside of the migration": "m.MIGRATIONS = Dying()",
    "after the migration": "m.tell = lambda *given, **more: os._exit(9)",
}
CHILD = """
import os, sys
from pathlib import Path
from penstock.log import Log
import penstock.log.migrating as m

class Dying:
    statements = m.MIGRATIONS
    def __getitem__(self, part):
        yield from self.statements[part]
        os._exit(9)

{death}
Log.open(Path(sys.argv[1]))
"""


@pytest.mark.real
@pytest.mark.parametrize("when", DEATHS)
def test_a_death_anywhere_leaves_a_log_that_the_next_one_migrates(old: Path, when: str) -> None:
    child = subprocess.run([sys.executable, "-c", CHILD.format(death=DEATHS[when]), str(old)], check=False)
    assert child.returncode == 9
    with Log.open(old) as log:
        log.verify()
        assert values(log) == [b"one", b"two"]
        assert log.claims.find("scope", "key") is None
    assert version(old) == FORMAT
    assert version(old.with_name("log.db.format-1")) == 1
