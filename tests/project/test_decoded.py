"""Avro values of a topic are told as JSON beside their bytes, by call and command; what is broken says why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from penstock.connectors.registry import Subjects
from penstock.project.opening import open_project
from penstock.server.serve import Serving
from tests.cli.shell import call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

SQL = """
CREATE TABLE clicks (id BIGINT, page STRING) WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'avro-confluent');
CREATE TABLE bare (id BIGINT NOT NULL, page STRING NOT NULL) WITH ('connector' = 'kafka', 'topic' = 'bare', 'format' = 'avro');
CREATE TABLE mixed (id BIGINT, page STRING) WITH ('connector' = 'kafka', 'topic' = 'mixed', 'format' = 'json');
CREATE TABLE plain (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 'plain', 'format' = 'json');
"""  # noqa: E501
SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "Click",
        "fields": [
            {"name": "id", "type": "long"},
            {"name": "page", "type": "string"},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        ],
    }
)
DATUM = b"\x0e\x04/a" + b"\0"
SAID = '{"id":7,"page":"/a","at":"1970-01-01 00:00:00Z"}'


def numbered(number: int, datum: bytes = DATUM) -> bytes:
    return b"\0" + number.to_bytes(4, "big") + datum


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Penstock]:
    (tmp_path / "sql").mkdir()
    (tmp_path / "penstock.toml").write_text('[topics.mixed]\nalso-format = "avro-confluent"\n')
    (tmp_path / "sql" / "tables.sql").write_text(SQL)
    with open_project(tmp_path) as penstock:
        assert Subjects(penstock.log).register("untabled-value", SCHEMA) == 1
        for topic in ("clicks", "bare", "mixed", "plain", "untabled"):
            penstock.create_topic(topic, 1, {})
        yield penstock


def test_by_call_and_command(project: Penstock) -> None:
    values: dict[str, list[bytes | None]] = {
        "clicks": [numbered(1), numbered(9), numbered(1, b"\x0e\x7f"), b"{}", None],
        "bare": [b"\x0e\x04/a", b"\x0e\x04/a!", b"\x80"],
        "mixed": [b'{"id":1}', numbered(1)],
        "plain": [b"\0\0\0\0\1abc"],
        "untabled": [numbered(1), b"text"],
    }
    for topic, some in values.items():
        project.log.append(topic, pl.DataFrame({"value": some}, schema={"value": pl.Binary}))
    with Serving(project, port=0) as serving:
        serving.wait()

        def told(topic: str) -> list[Any]:
            asked = {"decoded": "true"}
            answer = httpx.get(f"{serving.url}api/topics/{topic}/records", params=asked, timeout=60)
            assert answer.status_code == 200, answer.text
            found = [record["decoded"] for record in answer.json()["records"]]
            return [one and (one["schema_id"], one["text"] or one["error"]) for one in found]

        assert told("clicks") == [
            (1, SAID),
            (9, "schema 9 is not known to the schema registry"),
            (1, "not Avro of this schema: it ends at byte 7, inside a value"),
            (None, "it does not begin with a zero byte and the four of its schema's number"),
            None,
        ]
        assert told("bare") == [
            (None, '{"id":7,"page":"/a"}'),
            (None, "not Avro of this schema: 1 bytes stand behind it"),
            (None, "not Avro of this schema: it ends at byte 1, inside a value"),
        ]
        assert told("mixed") == [None, (1, SAID)]
        assert told("plain") == [None]
        assert told("untabled") == [(1, SAID), None]
        bare = httpx.get(f"{serving.url}api/topics/clicks/records", timeout=60).json()["records"]
        assert {record["decoded"] for record in bare} == {None}
    listed = call("topic", "read", project.folder, "clicks", "--decoded", "--format", "json")
    lines = [json.loads(line)["value"] for line in listed.out.splitlines()]
    assert lines[0] == SAID
    assert lines[1].endswith(" (schema 9 is not known to the schema registry)")
    assert call("topic", "read", project.folder, "clicks", "--decoded", "--format", "raw").err.startswith(
        "error[usage]"
    )


def test_many_schemas_are_not_asked_for_at_once(project: Penstock) -> None:
    project.log.append("clicks", pl.DataFrame({"value": [numbered(n) for n in range(1, 41)]}))
    from penstock.project.decoded import Decoding

    decoding = Decoding(project, "clicks")
    said = [decoding.of(numbered(n)) for n in range(1, 41)]
    assert [one.error for one in said if one is not None][-1] == (
        "the messages name more than 32 schemas: ask for fewer of them"
    )
