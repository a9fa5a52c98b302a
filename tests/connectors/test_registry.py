"""The connectors as they are declared, and the page that is made of that."""

from __future__ import annotations

from pathlib import Path

import pytest

import penstock.connectors
from penstock.connectors import CONNECTORS, connector_named
from penstock.connectors.page import page
from penstock.connectors.spec import TableOptions
from penstock.core import types as t
from penstock.core.errors import ConfigError, UnsupportedError
from penstock.formats import FORMATS
from penstock.sql.catalog import Table
from penstock.sql.session import Session
from tests.connectors.helpers import INT, STRING, files, sink, table, world

PAGE = Path(penstock.connectors.__file__).parents[3] / "docs" / "connectors.md"


def test_the_page_is_what_the_declarations_make() -> None:
    assert PAGE.read_text() == page(), "python scripts/pages.py writes it"


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_declaration_is_whole(name: str) -> None:
    connector = CONNECTORS[name]
    assert connector.text.endswith(".")
    assert all(option.text for option in connector.all_options)
    assert len({o.name for o in connector.all_options}) == len(connector.all_options)
    assert set(connector.formats) <= set(FORMATS)
    assert connector.sink or connector.make_sink is None
    assert connector.source or connector.make_reader is None
    assert set(connector.writable_metadata) <= set(connector.metadata)
    if connector.sink and connector.replace is None:
        assert connector.why_not_replace


def test_every_default_is_a_value_of_its_option() -> None:
    for connector in CONNECTORS.values():
        for option in connector.all_options:
            if isinstance(option.default, str | bool) and option.default != "" and not option.required:
                assert option.read(option.default, "") == option.default


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"connector": "filesytem"}, "there is no connector 'filesytem'", "did you mean filesystem?"),
        ({"connector": "zzzzz"}, "there is no connector 'zzzzz'", "there are blackhole, datagen, filesystem, http,"),
        ({}, "a table needs a connector", "there are blackhole, datagen, filesystem, http, kafka,"),
    ],
)
def test_a_name_that_there_is_not(given: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        connector_named(table({"a": INT}, (), **given))
    assert raised.value.hint.startswith(hint)
    assert raised.value.where == "table t"


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"paht": "x"}, "unknown option 'paht'", "did you mean path?"),
        ({"format": "jsno", "path": "x"}, "connector 'filesystem' has no format 'jsno'", "did you mean json?"),
        (
            {"format": "avro-confluent", "path": "x"},
            "has no format 'avro-confluent'",
            "there are json, csv, raw, parquet",
        ),
        ({"format": "json"}, "option 'path' is required", ""),
        (
            {"path": "x", "format": "json", "json.ignore-parse-errors": "yes"},
            "option 'json.ignore-parse-errors' is 'yes', allowed is true or false",
            "",
        ),
        (
            {"path": "x", "format": "csv", "csv.field-delimeter": ";"},
            "unknown option 'csv.field-delimeter'",
            "did you mean csv.field-delimiter?",
        ),
        (
            {"path": "x", "sink.rolling-policy.file-size": "many"},
            "option 'sink.rolling-policy.file-size' is 'many', allowed is a size such as 64 kb, 128 mb, 1 gb",
            "",
        ),
    ],
)
def test_options_that_do_not_fit(given: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        TableOptions(table({"a": INT}, (), connector="filesystem", **given), CONNECTORS["filesystem"])
    assert raised.value.hint == hint


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"auto-compaction": "true"}, "'auto-compaction' is not supported", "make larger files with sink.rolling"),
        ({"partition.time-extractor.kind": "custom"}, "classes of Java are not supported", "use partition.time-ex"),
        (
            {"sink.partition-commit.policy.kind": "metastore,success-file"},
            "the partition commit policy 'metastore' is not supported",
            "'sink.partition-commit.policy.kind' = 'success-file'",
        ),
        (
            {
                "partition.time-extractor.timestamp-formatter": "QQQ",
                "sink.partition-commit.policy.kind": "success-file",
            },
            "option 'partition.time-extractor.timestamp-formatter' is 'QQQ', which is not read",
            "made of the letters y, M, d, H, m, s, S, with y, M and d",
        ),
    ],
)
def test_what_the_filesystem_does_not_do(tmp_path: Path, options: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(UnsupportedError, match=message) as raised:
        sink(files({"a": INT, "p": STRING}, tmp_path, options, partitioned_by=("p",)), world(tmp_path))
    assert raised.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sink.partition-commit.policy.kind": "succes"}, "option 'sink.partition-commit.policy.kind' is 'succes'"),
        (
            {"sink.partition-commit.policy.kind": "success-file", "sink.partition-commit.watermark-time-zone": "Mars"},
            "option 'sink.partition-commit.watermark-time-zone' is 'Mars', no time zone",
        ),
        ({"sink.file-name": "_{yyyy}"}, "option 'sink.file-name' gives the name '_1970'"),
        ({"sink.file-name": "a/b"}, "option 'sink.file-name' gives the name 'a/b'"),
        ({"sink.file-name": "a{QQ}"}, r"option 'sink.file-name' has '\{QQ\}'"),
    ],
)
def test_options_of_the_sink_that_do_not_fit(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sink(files({"a": INT, "p": STRING}, tmp_path, options, partitioned_by=("p",)), world(tmp_path))


def test_columns_that_no_folder_can_be_named_after(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"column 'p' is ARRAY<INT>, no type for PARTITIONED BY"):
        sink(files({"a": INT, "p": t.Array(INT)}, tmp_path, partitioned_by=("p",)), world(tmp_path))
    with pytest.raises(ConfigError, match="all columns of table t are in PARTITIONED BY, none is left for the files"):
        sink(files({"p": INT}, tmp_path, partitioned_by=("p",)), world(tmp_path))
    (tmp_path / "x").touch()
    with pytest.raises(ConfigError, match="x' is a file, and rows are written to a folder"):
        sink(files({"a": INT}, tmp_path / "x"), world(tmp_path))


def test_metadata_of_files_cannot_be_written(tmp_path: Path) -> None:
    of = files({"a": INT, "n": STRING}, tmp_path)
    from dataclasses import replace

    columns = (of.columns[0], replace(of.columns[1], metadata="file.name"))
    with pytest.raises(UnsupportedError, match=r"metadata 'file.name' of connector 'filesystem' can only be read"):
        sink(replace(of, columns=columns), world(tmp_path))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            "'connector' = 'kafka',\n  'topc' = 'a', 'format' = 'json'",
            (
                "unknown option 'topc'\ntable a\nsql/a.sql:3:3\n3 |   'topc' = 'a', 'format' = 'json'\n"
                "      ^^^^^^^^^^^^\nhint: did you mean topic?"
            ),
        ),
        (
            "'connector' = 'kafka',\n  'topic' = 'a', 'format' = 'jsn'",
            (
                "connector 'kafka' has no format 'jsn'\ntable a\nsql/a.sql:3:18\n"
                "3 |   'topic' = 'a', 'format' = 'jsn'\n                     ^^^^^^^^^^^^^^^^\nhint: did you mean json?"
            ),
        ),
        (
            "'connector' = 'prnt'",
            (
                "there is no connector 'prnt'\ntable a\nsql/a.sql:2:3\n2 |   'connector' = 'prnt'\n"
                "      ^^^^^^^^^^^^^^^^^^^^\nhint: did you mean print?"
            ),
        ),
        (
            "'connector' = 'kafka', 'format' = 'json',\n  'json.ignore-parse-errors' = 'yes'",
            (
                "option 'json.ignore-parse-errors' is 'yes', allowed is true or false\ntable a\nsql/a.sql:3:3\n"
                "3 |   'json.ignore-parse-errors' = 'yes'\n      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"
            ),
        ),
        (
            "'connector' = 'filesystem', 'format' = 'json'",
            "option 'path' is required\ntable a\nsql/a.sql:1:14\n1 | CREATE TABLE a (n INT) WITH (\n                 ^",
        ),
    ],
)
def test_an_option_that_is_wrong_is_shown_where_it_stands(options: str, error: str) -> None:
    session = Session()
    list(session.run(f"CREATE TABLE a (n INT) WITH (\n  {options}\n)", "sql/a.sql"))
    found = session.catalog.get(("a",))
    assert isinstance(found, Table)
    with pytest.raises(ConfigError) as raised:
        TableOptions(found, connector_named(found))
    assert str(raised.value) == error


def test_an_option_stands_where_it_was_given_last() -> None:
    session = Session()
    list(session.run("CREATE TABLE a (n INT) WITH ('connector' = 'print')"))
    list(session.run("ALTER TABLE a SET ('standard-eror' = 'true');\nCREATE TABLE b LIKE a"))
    found = session.catalog.get(("b",))
    assert isinstance(found, Table)
    with pytest.raises(ConfigError) as raised:
        TableOptions(found, connector_named(found))
    assert raised.value.where == (
        "table b\nline 1, column 20\n1 | ALTER TABLE a SET ('standard-eror' = 'true');\n"
        "                       ^^^^^^^^^^^^^^^^^^^^^^^^"
    )
    with pytest.raises(ConfigError, match="unknown option 'standard-eror'") as raised:
        TableOptions(found, connector_named(found), {"standard-eror": "1"})
    assert raised.value.where == "table b"
