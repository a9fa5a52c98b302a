"""Events files: lines that do not fit are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.connectors.events import EventsFile
from penstock.core.errors import ConfigError, DataError, UnsupportedError
from penstock.project.client import Client, Selected

if TYPE_CHECKING:
    from pathlib import Path

GOOD = '{"table":"t","row":{"n":1.0}}\n'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "this is not JSON: "),
        ("[1]", "an event is an object of table, row, raw, timestamp, watermark, idle, sleep"),
        ('{"tabel":"t"}', "an event is an object of table, row, raw, timestamp, watermark, idle, sleep"),
        ('{"table":"t"}', "an event needs a table, and a row or raw bytes"),
        ('{"row":{"n":1}}', "an event needs a table, and a row or raw bytes"),
        ('{"watermark":"noon"}', "'noon' is no watermark"),
    ],
)
def test_a_line_that_does_not_fit(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(f"{GOOD}\n{line}\n")
    with pytest.raises(ConfigError) as raised:
        EventsFile(path)
    assert raised.value.message.startswith(words)
    assert raised.value.where == f"{path}, line 3"


def test_updates_of_rows_that_never_change_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"table":"t","op":"-D","row":{"n":1}}\n')
    with penstock.memory() as p, pytest.raises(UnsupportedError) as raised:
        p.sql("CREATE TABLE t (n INT) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json')")
        list(Client(p, events=EventsFile(path)).run("SELECT * FROM t"))
    assert str(raised.value) == (
        f"events with op -D are not supported: the rows of table t never change\n{path}\n"
        "hint: declare it with connector 'upsert-kafka' and a PRIMARY KEY"
    )


def test_a_kind_of_row_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"table":"t","op":"+D","row":{"n":1}}\n')
    with pytest.raises(ConfigError, match="'\\+D' is no kind of row"):
        EventsFile(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"events file .*none\.jsonl cannot be read: No such file"):
        EventsFile(tmp_path / "none.jsonl")


def test_values_keep_their_digits(tmp_path: Path) -> None:
    """What was written 1.0 is no INT."""
    path = tmp_path / "events.jsonl"
    path.write_text(GOOD + '{"table":"t","row":{"n":12345678901234567890.10}}\n')
    assert EventsFile(path).tables["t"].values == [b'{"n":1.0}', b'{"n":12345678901234567890.10}']


def test_metadata_that_events_do_not_carry(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"table":"t","row":{"n":1}}\n')
    with penstock.memory() as p:
        client = Client(p, events=EventsFile(path))
        p.sql("""
            CREATE TABLE t (n INT, f STRING METADATA FROM 'file.name')
            WITH ('connector' = 'filesystem', 'path' = 'x', 'format' = 'json')
        """)
        (answer,) = (a for a in client.run("SELECT * FROM t") if isinstance(a, Selected))
        with pytest.raises(DataError, match=r"events carry no metadata 'file.name'\ntable t"):
            list(answer)
