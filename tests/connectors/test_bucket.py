"""Tables of Parquet files in a bucket: what is refused, and with a real S3 server that every row is there once."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

import penstock
from penstock.connectors.filesystem.bucket import Bucket, bucket_of
from penstock.connectors.world import S3Settings
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, PenstockError, StorageError, UnsupportedError
from penstock.project.definition import read_definition
from penstock.project.penstock import Penstock
from penstock.project.upkeep import upkeep
from tests.connectors.helpers import world
from tests.connectors.versitygw import KEYS, versitygw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SQL = """
CREATE TABLE numbers (n BIGINT, meeting STRING, `date` STRING)
WITH ('connector' = 'kafka', 'topic' = 'numbers', 'format' = 'json');
CREATE TABLE metrics (n BIGINT, meeting STRING, `date` STRING) PARTITIONED BY (`date`)
WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'parquet', 'sink.rolling-policy.rows' = '2',
      'sink.file-name' = 'metrics_{{yyyyMMdd}}', 'sink.partition-commit.policy.kind' = 'success-file');
INSERT INTO metrics SELECT * FROM numbers;
"""
COUNT = 'SELECT "date", count(*), count(DISTINCT n) FROM metrics GROUP BY ALL ORDER BY ALL'


def project(folder: Path, path: str, toml: str = "", sql: str = SQL) -> Path:
    (folder / "sql").mkdir()
    (folder / "sql" / "metrics.sql").write_text(sql.format(path))
    (folder / "penstock.toml").write_text('[network]\nallow = ["127.0.0.1"]\n' + toml)
    return folder


def rows(count: int, date: str = "2026-05-01") -> list[dict[str, Any]]:
    return [{"n": n, "meeting": f"m{n % 3}", "date": date} for n in range(count)]


# -- what is refused -------------------------------------------------------------------------------


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("path", "changes", "message"),
    [
        ("s3://", {}, "'s3://' names no bucket"),
        ("s3://My_Bucket/x", {}, "'s3://My_Bucket/x' names no bucket"),
        ("s3://bucket/../x", {}, "'s3://bucket/../x' names no bucket"),
        ("s3://bucket/x", {}, "'http://127.0.0.1:1' leads to 127.0.0.1, a loopback address"),
        (
            "s3://bucket/x",
            {"s3": S3Settings(endpoint="http://169.254.169.254")},
            "'http://169.254.169.254' leads to 169.254.169.254, a link-local address",
        ),
        (
            "s3://bucket/x",
            {"s3": S3Settings(secret_key="${NO_SUCH_VARIABLE}")},
            "the environment has no variable NO_SUCH_VARIABLE",
        ),
    ],
)
@pytest.mark.usefixtures("keys")
def test_places_that_are_refused(tmp_path: Path, path: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        bucket_of(path, world(tmp_path, **changes), "table t")
    assert raised.value.message.startswith(message)


def test_a_bucket_needs_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="there are no keys for s3://bucket/x"):
        bucket_of("s3://bucket/x", world(tmp_path), "table t")


def test_a_secret_in_a_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    project(tmp_path, "out", '[s3]\nsecret-key = "hush"\n')
    with pytest.raises(ConfigError, match="a secret stands in the file, and is allowed in the environment") as raised:
        penstock.open(tmp_path)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (SQL.replace("INSERT INTO", "INSERT OVERWRITE"), "INSERT OVERWRITE into s3://bucket/x is not supported"),
        (
            SQL.partition("INSERT")[0].replace("{{", "{").replace("}}", "}").replace("'{}'", "'s3://bucket/x'")
            + "INSERT INTO numbers SELECT * FROM metrics;",
            "a pipeline cannot read the files of s3://bucket/x",
        ),
    ],
)
@pytest.mark.usefixtures("keys")
def test_what_a_bucket_cannot_do(tmp_path: Path, sql: str, message: str) -> None:
    sql = sql.format("s3://bucket/x") if "{}" in sql else sql
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "metrics.sql").write_text(sql)
    (tmp_path / "penstock.toml").write_text('[network]\nallow = ["127.0.0.1"]\n')
    with penstock.open(tmp_path) as p, pytest.raises(UnsupportedError, match=message):
        p.run(bounded=True)


# -- a real server ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a server's bucket, with its address and keys in the environment."""
    folder = tmp_path_factory.mktemp("s3")
    with versitygw(folder, "bucket") as url, pytest.MonkeyPatch.context() as patch:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": url}.items():
            patch.setenv(name, value)
        yield folder / "root" / "bucket"


def there(server: Path, prefix: str) -> list[str]:
    return sorted(p.relative_to(server / prefix).as_posix() for p in (server / prefix).rglob("*") if p.is_file())


@pytest.mark.real
def test_rows_go_into_a_bucket_and_questions_read_them(server: Path, tmp_path: Path) -> None:
    with penstock.open(project(tmp_path, "s3://bucket/plain")) as p:
        p.append("numbers", [*rows(5), *rows(3, "2026-05-02")])
        p.run(bounded=True)
        p.run(bounded=True)
        assert p.query(COUNT).rows() == [("2026-05-01", 5, 5), ("2026-05-02", 3, 3)]
        assert p.query("SELECT sum(n) FROM metrics WHERE meeting = 'm1'").rows() == [(6,)]
        names = there(server, "plain")
        assert [n for n in names if n.endswith("_SUCCESS")] == ["date=2026-05-01/_SUCCESS", "date=2026-05-02/_SUCCESS"]
        assert len([n for n in names if n.endswith(".parquet")]) == 5
        assert not [n for n in names if ".penstock-" in n]
        today = f"{dt.datetime.now(dt.UTC):%Y%m%d}"  # noqa: TID251
        assert f"date=2026-05-01/metrics_{today}_1.parquet" in names
        p.start(fresh=True, bounded=True).wait()
        p.stop()
        assert p.query(COUNT).rows() == [("2026-05-01", 5, 5), ("2026-05-02", 3, 3)]


class CrashError(BaseException):
    """Nothing handles it, as nothing handles a power cut."""


@pytest.mark.real
def test_a_crash_before_any_act_loses_nothing_and_repeats_nothing(server: Path, tmp_path: Path) -> None:
    for act in range(100):
        folder = tmp_path / str(act)
        folder.mkdir()
        project(folder, f"s3://bucket/crash-{act}")
        done = 0
        with pytest.MonkeyPatch.context() as patch:
            for name in ("put", "put_new", "delete"):
                patch.setattr(Bucket, name, _counted(name, act))
            with penstock.open(folder) as p:
                p.append("numbers", [*rows(5), *rows(2, "2026-05-02")])
            try:
                _run(folder)
                done = act
            except PenstockError as error:
                assert "act" in str(error)
        with penstock.open(folder) as p:
            stored = bool(p.log.state.checkpoints())
            p.run(bounded=True)
            assert p.query(COUNT).rows() == [("2026-05-01", 5, 5), ("2026-05-02", 2, 2)]
            assert not (stored and [n for n in there(server, f"crash-{act}") if ".penstock-" in n])
        if done:
            break
    assert 10 < act < 100


def _run(folder: Path) -> None:
    with penstock.open(folder) as p:
        p.run(bounded=True)


_ACTS: dict[int, int] = {}


def _counted(name: str, last: int) -> Any:
    act = getattr(Bucket, name)

    def acting(*args: Any) -> Any:
        _ACTS[last] = _ACTS.get(last, 0) + 1
        if _ACTS[last] > last:
            raise StorageError(f"act {last}", code="test")
        return act(*args)

    return acting


KILLED = """
    import os, signal, sys, penstock
    from penstock.connectors.filesystem.bucket import Bucket
    name, which = sys.argv[2], int(sys.argv[3])
    act = getattr(Bucket, name)
    calls = 0
    def killed(*args):
        global calls
        calls += 1
        if calls == which:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*args)
    setattr(Bucket, name, killed)
    with penstock.open(sys.argv[1]) as p:
        p.run(bounded=True)
"""


@pytest.mark.real
@pytest.mark.parametrize(
    ("act", "which"),
    [("put_new", 1), ("put_new", 2), ("delete", 2), ("delete", 5)],
    ids=["between upload and commit", "between two files", "before the first is cleaned up", "before the last"],
)
def test_a_killed_process(server: Path, tmp_path: Path, act: str, which: int) -> None:
    prefix = f"killed-{act}-{which}"
    with penstock.open(project(tmp_path, f"s3://bucket/{prefix}")) as p:
        p.append("numbers", rows(7))
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), act, str(which)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        timeout=120,
    )
    assert child.returncode == -signal.SIGKILL
    assert [n for n in there(server, prefix) if ".penstock-" in n]
    with penstock.open(tmp_path) as p:
        p.run(bounded=True)
        assert p.query(COUNT).rows() == [("2026-05-01", 7, 7)]
    assert not [n for n in there(server, prefix) if ".penstock-" in n]


@pytest.mark.real
@pytest.mark.usefixtures("server")
def test_archived_days_in_a_bucket_answer_by_the_tables_name(tmp_path: Path) -> None:
    toml = '[tables.metrics]\nretention = "3 d"\narchive = "s3://bucket/archive/metrics"\n'
    project(tmp_path, "metrics", toml)
    clock = ManualClock(int(dt.datetime(2026, 5, 10, tzinfo=dt.UTC).timestamp() * 1000))
    with Penstock(read_definition(tmp_path), tmp_path / ".penstock", clock) as p:
        p.append("numbers", [*rows(9), *rows(4, "2026-05-09")])
        p.run(bounded=True)
        before = p.query(COUNT).rows()
        done = [(one.partition, one.act, one.rows) for one in upkeep(p)]
        assert ("date=2026-05-01", "archive", 9) in done
        assert not (tmp_path / "metrics" / "date=2026-05-01").exists()
        assert p.query(COUNT).rows() == before == [("2026-05-01", 9, 9), ("2026-05-09", 4, 4)]


@pytest.mark.real
def test_a_wrong_key_is_a_clear_error(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with penstock.open(project(tmp_path, "s3://bucket/wrong")) as p:
        p.append("numbers", rows(1))
        with pytest.raises(StorageError, match=r"s3://bucket/wrong: .* failed: ") as raised:
            p.run(bounded=True)
    assert "another" not in json.dumps(str(raised.value))
    assert there(server, "wrong") == []
