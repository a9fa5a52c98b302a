"""A project folder that cannot be used whole: read-only, closed, or with a mistake in its SQL."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, SqlError

if TYPE_CHECKING:
    from pathlib import Path

SQL = """
CREATE TABLE clicks (id INT, page STRING) WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json',
  'properties.bootstrap.servers' = 'embedded');
CREATE TABLE pages (page STRING, n INT, PRIMARY KEY (page) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = 'pages', 'key.format' = 'json', 'value.format' = 'json', 'properties.bootstrap.servers' = 'embedded');
INSERT INTO pages SELECT page, id FROM clicks;
"""


@pytest.fixture
def folder(open_path: Path) -> Path:
    """A project that has run."""
    folder = open_path / "shop"
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text('[project]\nname = "shop"\n')
    (folder / "sql" / "pages.sql").write_text(SQL)
    with penstock.open(folder) as p:
        p.append("clicks", [{"id": 1, "page": "/"}])
        p.run(bounded=True)
    return folder


def read_only(folder: Path, script: str) -> list[str]:
    """What `script` prints as a user who may only read `folder`."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    begin = """
    import os, sys
    import penstock
    from penstock.core.errors import StorageError
    from penstock.project.penstock import Penstock
    with penstock.memory() as p:  # loads what nobody may not
        p.sql("SELECT 1")
        p.query("SELECT 1")
    if os.geteuid() == 0:  # whom no permission stops
        os.setgid(65534)
        os.setuid(65534)
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(begin) + textwrap.dedent(script), str(folder)],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_read_only_project_can_be_asked(folder: Path) -> None:
    assert read_only(
        folder,
        """
        with penstock.open(sys.argv[1]) as p:
            print(p.query("SELECT * FROM pages").rows())
            print(p.query("SELECT count(*) FROM clicks").rows())
            print(p.ledger().height > 0, p.why(), [t.name for t in p.log.topics()])
            try:
                p.append("clicks", [{"id": 2}])
            except StorageError as error:
                print(error)
        """,
    ) == [
        "[('/', 1)]",
        "[(1,)]",
        "True [] ['clicks', 'pages']",
        f"{folder}/.penstock/log.db was opened read-only",
        f"hint: to write, {folder}/.penstock and the file must be writable",
    ]


def test_a_read_only_project_that_never_ran_says_what_it_needs(folder: Path) -> None:
    for path in (folder / ".penstock").iterdir():
        path.unlink()
    (folder / ".penstock").rmdir()
    assert read_only(
        folder,
        """
        try:
            penstock.open(sys.argv[1]).ledger()
        except StorageError as error:
            print(error)
        """,
    ) == [f"cannot make {folder}/.penstock: Permission denied", f"hint: make {folder} writable"]


def test_a_mistake_in_sql_leaves_the_log_within_reach(folder: Path) -> None:
    (folder / "sql" / "pages.sql").write_text(SQL + "SELEC 1;")
    with penstock.open(folder) as p:
        assert [t.name for t in p.log.topics()] == ["clicks", "pages"]
        assert p.ledger().height
        for ask in (lambda: p.catalog, lambda: p.query("SELECT * FROM pages"), p.start, lambda: p.sql("SHOW TABLES")):
            with pytest.raises(SqlError, match="SELEC") as error:
                ask()
            assert "sql/pages.sql" in error.value.where
        assert p.append("pages", pl.DataFrame({"key": [b"x"], "value": [b"{}"]})).rows() == [(0, 1)]
        with pytest.raises(SqlError, match="SELEC"):
            p.append("page", pl.DataFrame({"key": [b"x"], "value": [b"{}"]}))
        assert repr(p).startswith(f"<Penstock shop in {folder}: ")


def test_a_project_says_what_it_is(folder: Path) -> None:
    with penstock.open(folder) as p:
        assert repr(p) == f"<Penstock shop in {folder}: pipelines pages; not running>"
    assert repr(p) == f"<Penstock shop in {folder}: pipelines pages; closed>"
    with penstock.memory("try") as p:
        assert repr(p) == "<Penstock try in memory: pipelines none; not running>"


def test_a_closed_project_stays_closed() -> None:
    with penstock.memory() as p:
        p.query("SELECT 1")
    p.close()
    with pytest.raises(ConfigError, match="this project is closed\nhint: open it again"):
        p.query("SELECT 1")


def test_the_package_shows_what_it_has() -> None:
    assert dir(penstock) == ["Penstock", "__version__", "memory", "open"]
