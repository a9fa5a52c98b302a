"""schemas/*.avsc: registered when the project starts, checked before, and collab's that go with them."""

from __future__ import annotations

import io
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import penstock
import penstock.apps.collab
from penstock.connectors.registry import Subjects
from penstock.core.errors import ConfigError, RegistryError
from penstock.project.check import check
from penstock.project.schemas import register_schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.penstock import Penstock

SQL = """
CREATE TABLE clicks (id BIGINT, page STRING) WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json');
CREATE TABLE pages (page STRING) WITH ('connector' = 'kafka', 'topic' = 'pages', 'format' = 'json');
INSERT INTO pages SELECT page FROM clicks;
"""
SCHEMA = {
    "type": "record",
    "name": "Click",
    "fields": [{"name": "id", "type": "long"}, {"name": "page", "type": "string"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sql").mkdir()
    (tmp_path / "schemas").mkdir()
    (tmp_path / "penstock.toml").write_text('[topics.clicks]\nalso-format = "avro-confluent"\n')
    (tmp_path / "sql" / "pages.sql").write_text(SQL)
    (tmp_path / "schemas" / "clicks.avsc").write_text(json.dumps(SCHEMA))
    return tmp_path


def test_a_topic_takes_json_and_avro(folder: Path) -> None:
    with penstock.open(folder) as p:
        p.run(bounded=True)
        version = Subjects(p.log).version("clicks-value")
        avro = b"\0" + version.id.to_bytes(4, "big") + b"\x02\x02/"
        p.append("clicks", pl.DataFrame({"value": [b'{"id":1,"page":"/a"}', avro, b"\1"]}))
        p.run(bounded=True)
        assert p.query("SELECT page FROM pages ORDER BY page").rows() == [("/",), ("/a",)]
        assert p.query("SELECT count(*) FROM penstock.rejects").rows() == [(1,)]


def test_subjects_are_named_by_the_files(folder: Path) -> None:
    (folder / "schemas" / "clicks-key.avsc").write_text('"string"')
    with penstock.open(folder) as p:
        assert register_schemas(folder, p.log) == {"clicks-key": 1, "clicks-value": 2}
        assert register_schemas(folder, p.log) == {"clicks-key": 1, "clicks-value": 2}


def test_a_schema_that_does_not_fit_the_last_one(folder: Path) -> None:
    with penstock.open(folder) as p:
        p.run(bounded=True)
    edited = {**SCHEMA, "fields": [*SCHEMA["fields"], {"name": "user", "type": "string"}]}
    (folder / "schemas" / "clicks.avsc").write_text(json.dumps(edited))
    found = [f for f in check(folder, folder / ".penstock") if f.level == "error"]
    assert [(f.code, f.where) for f in found] == [("registry-incompatible", "schemas/clicks.avsc")]
    with penstock.open(folder) as p, pytest.raises(RegistryError, match="does not fit the earlier versions of subject"):
        p.run(bounded=True)


def test_a_schema_that_is_none(folder: Path) -> None:
    (folder / "schemas" / "clicks.avsc").write_bytes(b"\xff")
    with penstock.open(folder) as p, pytest.raises(ConfigError, match=r"schemas/clicks\.avsc cannot be read"):
        p.run(bounded=True)


def test_formats_that_cannot_be_told_apart(folder: Path) -> None:
    (folder / "sql" / "pages.sql").write_text(SQL.replace("'format' = 'json'", "'format' = 'avro'"))
    found = [f.message for f in check(folder, folder / ".penstock") if f.code == "format-either"]
    assert set(found) == {"topic 'clicks' has also-format = \"avro-confluent\", which cannot be told from avro"}


def test_what_flink_needs_beside(folder: Path) -> None:
    (folder / "sql" / "pages.sql").write_text(SQL.replace("'format' = 'json'", "'format' = 'avro-confluent'"))
    found = {f.message: f.hint for f in check(folder, folder / ".penstock") if f.code == "registry-own"}
    assert found == {
        "its schemas are in the project's own registry; Flink needs the address of one": (
            "'avro-confluent.url' = 'http://localhost:8081' leads both to that one"
        )
    }


def written(schema: str, values: dict[str, Any]) -> bytes:
    """A datum as Apache's own library writes it."""
    from avro.io import BinaryEncoder, DatumWriter
    from avro.schema import parse

    out = io.BytesIO()
    writer: Any = DatumWriter(parse(schema))
    encoder: Any = BinaryEncoder(out)
    writer.write(values, encoder)
    return out.getvalue()


LAG = {"event_id": "e", "user_id": "u", "meeting_id": "m", "event_type": "network_lag", "timestamp": 1_767_268_800_000}


@pytest.fixture(scope="module")
def collab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Penstock]:
    folder = tmp_path_factory.mktemp("schemas") / "collab"
    shutil.copytree(Path(penstock.apps.collab.__file__).parent / "project", folder)
    with penstock.open(folder) as project:
        yield project


@pytest.mark.parametrize(
    ("topic", "event"),
    [
        ("user_events", {**LAG, "event_type": "join"}),
        ("chat_events", {**LAG, "event_type": "message", "message_length": 5}),
        ("meeting_events", {**LAG, "latency_ms": 80, "packet_loss": Decimal("0.1250")}),
        (
            "meeting_events",
            {**LAG, "user_id": None, "event_type": "screen_share", "latency_ms": None, "packet_loss": None},
        ),
    ],
)
def test_collabs_events_are_the_same_in_json_and_avro(collab: Penstock, topic: str, event: dict[str, Any]) -> None:
    number = register_schemas(collab.folder, collab.log)[f"{topic}-value"]
    avro = written(Subjects(collab.log).known(number), event)
    text = json.dumps({k: float(v) if isinstance(v, Decimal) else v for k, v in event.items()})
    collab.append(topic, pl.DataFrame({"value": [b"\0" + number.to_bytes(4, "big") + avro, text.encode()]}))
    columns = ", ".join(f"`{name}`" for name in event)
    found = collab.sql(f"SELECT {columns}, event_time FROM {topic}")
    assert found is not None
    first, second = found.rows()[-2:]
    assert first == second
    assert first[:-1] == tuple(event.values())
    assert first[-1].year == 2026
