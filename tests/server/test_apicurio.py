"""Against a real registry, Apicurio: it holds the schemas of a table, and it and ours agree on what fits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

import penstock
from penstock.connectors.registry.compatibility import misfits
from tests.server.apicurio import apicurio
from tests.server.test_registry import LATER, MISFIT, PAID, SQL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

FIELDS: tuple[list[dict[str, Any]], ...] = (
    [{"name": "a", "type": "int"}],
    [{"name": "a", "type": "long"}],
    [{"name": "a", "type": "string"}],
    [{"name": "a", "type": "bytes"}],
    [{"name": "a", "type": ["null", "int"], "default": None}],
    [{"name": "a", "type": "int"}, {"name": "b", "type": "string"}],
    [{"name": "a", "type": "int"}, {"name": "b", "type": "string", "default": ""}],
    [{"name": "c", "type": "int", "aliases": ["a"]}],
    [{"name": "a", "type": {"type": "enum", "name": "e", "symbols": ["x"]}}],
    [{"name": "a", "type": {"type": "enum", "name": "e", "symbols": ["x", "y"]}}],
    [{"name": "a", "type": {"type": "enum", "name": "e", "symbols": ["z"], "default": "z"}}],
    [{"name": "a", "type": {"type": "fixed", "name": "f", "size": 4}}],
    [{"name": "a", "type": {"type": "fixed", "name": "f", "size": 8}}],
    [{"name": "a", "type": {"type": "array", "items": "int"}}],
    [{"name": "a", "type": {"type": "array", "items": "double"}}],
    [{"name": "a", "type": {"type": "map", "values": ["null", "int"]}}],
    [{"name": "a", "type": {"type": "record", "name": "s", "fields": [{"name": "x", "type": "int"}]}}],
    [{"name": "a", "type": ["int", "string"]}],
    [{"name": "a", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}}],
)


def of(fields: list[dict[str, Any]]) -> str:
    return json.dumps({"type": "record", "name": "r", "fields": fields})


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with apicurio(tmp_path_factory.mktemp("apicurio")) as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": url, "timeout": 30}) as found:
        found.set_compatibility(level="BACKWARD")
        yield found


def test_a_table_over_it_reads_and_writes_what_confluents_client_does(
    url: str, client: SchemaRegistryClient, tmp_path: Path
) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "paid.sql").write_text(SQL.format(f", 'avro-confluent.url' = '{url}'"))
    (tmp_path / "penstock.toml").write_text('[network]\nallow = ["127.0.0.1"]\n')
    context = SerializationContext("paid", MessageField.VALUE)
    values = [
        AvroSerializer(client, json.dumps(schema))(row, context)
        for schema, row in ((PAID, {"id": 1, "what": "tea"}), (LATER, {"id": 2, "what": None, "more": "x"}))
    ]
    with pytest.raises(SchemaRegistryError) as raised:
        AvroSerializer(client, json.dumps(MISFIT))({"id": 3, "what": "x", "other": "y"}, context)
    assert raised.value.http_status_code == 409
    with penstock.open(tmp_path) as p:
        p.append("paid", pl.DataFrame({"value": values}))
        found = p.sql("SELECT id, what FROM paid")
        assert found is not None
        assert found.rows() == [(1, "tea"), (2, None)]
        p.sql(SQL.replace("paid", "sold").format(f", 'avro-confluent.url' = '{url}'"))
        p.append("sold", [{"id": 7, "what": "cup", "price": "2.50"}])
        value = next(p.log.read("sold"))["value"][0]
    told = AvroDeserializer(client)(value, SerializationContext("sold", MessageField.VALUE))
    assert {k: str(v) for k, v in told.items()} == {"id": "7", "what": "cup", "price": "2.50"}


@pytest.mark.parametrize("level", ["BACKWARD", "FORWARD"])
def test_it_and_ours_agree_on_what_fits(client: SchemaRegistryClient, level: str) -> None:
    differ = []
    for number, old in enumerate(FIELDS):
        subject = f"{level}-{number}"
        client.register_schema(subject, Schema(of(old), "AVRO"))
        client.set_compatibility(subject, level)
        for new in FIELDS:
            theirs = client.test_compatibility_all_versions(subject, Schema(of(new), "AVRO"))
            if theirs != (not misfits(level, of(new), [of(old)])):
                differ.append((old, new, theirs))
    assert differ == []
