"""penstock.toml and sql/: what is wrong is named with its file, its section and what was allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.core.errors import PenstockError
from penstock.project.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
[project]
name = "shop"
[engine]
on-bad-row = "flink"
checkpoint-interval = "5 s"
idle-timeout = "1 min"
time-zone = "Europe/Berlin"
[log]
durability = "relaxed"
[topics.clicks]
partitions = 10
also-format = "avro-confluent"
"retention.ms" = 86400000
"cleanup.policy" = "compact"
[files]
roots = ["/data"]
[network]
allow = ["localhost:8081"]
"""


def write(folder: Path, toml: str | None, **sql: str) -> Path:
    folder.mkdir(exist_ok=True)
    if toml is not None:
        (folder / "penstock.toml").write_text(toml)
    (folder / "sql").mkdir(exist_ok=True)
    for name, text in sql.items():
        (folder / "sql" / f"{name}.sql").write_text(text)
    return folder


def test_all_settings(tmp_path: Path) -> None:
    found = read_settings(write(tmp_path, GOOD))
    assert (found.name, found.on_bad_row, found.checkpoint_interval) == ("shop", "flink", 5_000)
    assert (found.idle_timeout, found.time_zone, found.durability) == (60_000, "Europe/Berlin", "relaxed")
    assert found.topics["clicks"].partitions == 10
    assert found.topics["clicks"].configs == {"retention.ms": "86400000", "cleanup.policy": "compact"}
    assert found.topics["clicks"].also == "avro-confluent"
    assert found.roots == ("/data",)
    assert found.allow == ("localhost:8081",)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (None, "is no Penstock project: it has no penstock.toml\nhint: penstock init"),
        ("[engine", "penstock.toml is not TOML: "),
        ("[engin]\n", "there is no section [engin]"),
        ("[engine]\non-bad-rows = 'x'\n", "did you mean on-bad-row?"),
        ("[engine]\non-bad-row = 'skip'\n", "reject, flink"),
        ("[engine]\ncheckpoint-interval = 'soon'\n", "checkpoint-interval"),
        ("[engine]\nbatch-rows = 0\n", "batch-rows"),
        ("[engine]\ntime-zone = 'Mars/Olympus'\n", "Mars/Olympus"),
        ("[log]\ndurability = 'most'\n", "full, relaxed"),
        ("[topics.clicks]\npartitions = 0\n", "[topics.clicks]"),
        ("[topics.clicks]\n'retention.msx' = 5\n", "did you mean retention.ms?"),
        ("[topics]\nclicks = 5\n", "topics are sections: [topics.NAME]"),
        ("[files]\nroots = 'x'\n", "option 'roots' is 'x', allowed is a list of folders"),
        ("[files]\nroot = ['x']\n", "did you mean roots?"),
        ("[network]\nallow = 'x'\n", "option 'allow' is 'x', allowed is a list of hosts"),
        ("[topics.clicks]\nalso-format = 'csv'\n", "allowed is one of avro-confluent"),
        ("engine = 5\n", "'engine' is a section: [engine]"),
    ],
)
def test_wrong_settings(tmp_path: Path, toml: str | None, words: str) -> None:
    with pytest.raises(PenstockError) as error:
        penstock.open(write(tmp_path, toml, one="CREATE VIEW v AS SELECT 1 AS a;"))
    assert words in str(error.value)


def test_a_project_without_sql_says_where_it_goes(tmp_path: Path) -> None:
    with pytest.raises(PenstockError, match="has no SQL files\nhint: put CREATE TABLE and INSERT statements into"):
        penstock.open(write(tmp_path, ""))


def test_a_wrong_statement_is_underlined_in_its_file(tmp_path: Path) -> None:
    project = penstock.open(write(tmp_path, "", **{"1_tables": "CREATE VIEW v AS SELECT 1 AS a;", "2": "DROP VIEW w;"}))
    with pytest.raises(PenstockError) as error:
        project.run()
    assert "sql/2.sql" in str(error.value)


def test_a_query_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    project = penstock.open(write(tmp_path, "", one="SELECT 1 AS a;"))
    with pytest.raises(PenstockError, match="a query in a project's SQL file leads nowhere"):
        project.run()


def test_pipelines_are_called_after_their_files(tmp_path: Path) -> None:
    tables = "CREATE TABLE {} (a INT) WITH ('connector' = 'blackhole');"
    with penstock.open(
        write(
            tmp_path,
            "",
            **{
                "1_tables": tables.format("x") + tables.format("y"),
                "20-load": "INSERT INTO x VALUES (1);",
                "30 both": "INSERT INTO x VALUES (1); INSERT INTO y VALUES (1);",
                "40": "SET 'pipeline.name' = 'named'; INSERT INTO x VALUES (1);",
            },
        )
    ) as project:
        assert [d.name for d in project.definition.pipelines] == ["load", "both.x", "both.y", "named"]
