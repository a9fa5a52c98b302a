"""The schema registry over HTTP, asked by Confluent's own client; and by ourselves, as another project's registry."""

from __future__ import annotations

import json
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

import penstock
from penstock.connectors.registry import RemoteRegistry
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, RegistryError
from tests.cli.shell import call, make_project
from tests.parts import until
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SQL = """
CREATE TABLE paid (id BIGINT, what STRING, price DECIMAL(9, 2))
WITH ('connector' = 'kafka', 'topic' = 'paid', 'format' = 'avro-confluent'{});
"""
PAID = {
    "type": "record",
    "name": "Paid",
    "fields": [{"name": "id", "type": "long"}, {"name": "what", "type": ["null", "string"], "default": None}],
}
LATER = {**PAID, "fields": [*PAID["fields"], {"name": "more", "type": "string", "default": ""}]}
MISFIT = {**PAID, "fields": [*PAID["fields"], {"name": "other", "type": "string"}]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("registry") / "shop", engine=False, rows=0) as shop:
        yield shop


@pytest.fixture
def client(served: Served) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": f"{served.serving.url}api/registry"}) as found:
        yield found


def schema(of: dict[str, Any]) -> Schema:
    return Schema(json.dumps(of), "AVRO")


def test_confluents_serializer_registers_and_its_bytes_are_rows(served: Served, client: SchemaRegistryClient) -> None:
    context = SerializationContext("paid", MessageField.VALUE)
    values = [
        AvroSerializer(client, json.dumps(of))(row, context)
        for of, row in ((PAID, {"id": 1, "what": "tea"}), (LATER, {"id": 2, "what": None, "more": "x"}))
    ]
    served.penstock.sql(SQL.format(""))
    bytes_of_one = {"content-type": "application/octet-stream"}
    for value in values:
        served.call("POST", "/api/topics/paid/records", 200, content=value, headers=bytes_of_one)
    assert served.penstock.query("SELECT id, what, price FROM paid ORDER BY id").rows() == [
        (1, "tea", None),
        (2, None, None),
    ]
    with pytest.raises(SchemaRegistryError) as raised:
        AvroSerializer(client, json.dumps(MISFIT))({"id": 3, "what": "x", "other": "y"}, context)
    assert (raised.value.http_status_code, raised.value.error_code) == (409, 409)
    assert "the schema does not fit the earlier versions of subject 'paid-value' (BACKWARD)" in str(raised.value)


def test_what_the_client_can_ask(client: SchemaRegistryClient) -> None:
    one = client.register_schema("asked-value", schema(PAID))
    assert client.register_schema("asked-value", schema(PAID)) == one
    two = client.register_schema("asked-value", schema(LATER))
    assert json.loads(client.get_schema(two).schema_str or "") == LATER
    assert "asked-value" in client.get_subjects()
    assert client.get_versions("asked-value") == [1, 2]
    latest = client.get_latest_version("asked-value")
    assert (latest.version, latest.schema_id, latest.subject) == (2, two, "asked-value")
    assert client.get_version("asked-value", 1).schema_id == one
    assert client.lookup_schema("asked-value", schema(PAID)).version == 1
    assert [(v.subject, v.version) for v in client.get_schema_versions(two)] >= [("asked-value", 2)]
    assert client.test_compatibility("asked-value", schema(LATER), 1)
    assert not client.test_compatibility_all_versions("asked-value", schema(MISFIT))
    assert client.get_compatibility() == "BACKWARD"
    client.set_compatibility("asked-value", "NONE")
    assert client.get_compatibility("asked-value") == "NONE"
    assert client.test_compatibility_all_versions("asked-value", schema(MISFIT))
    assert client.delete_version("asked-value", 1) == 1
    assert client.delete_subject("asked-value") == [2]
    assert client.delete_subject("asked-value", permanent=True) == [1, 2]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "number"),
    [
        ("GET", "/subjects/nothing/versions", None, 404, 40401),
        ("GET", "/subjects/known/versions/9", None, 404, 40402),
        ("GET", "/subjects/known/versions/first", None, 422, 42202),
        ("GET", "/schemas/ids/999999", None, 404, 40403),
        ("GET", "/schemas/ids/x", None, 400, 40001),
        ("POST", "/subjects/known", {"schema": '"double"'}, 404, 40403),
        ("POST", "/subjects/known/versions", {"schema": "{"}, 422, 42201),
        ("POST", "/subjects/known/versions", {"schema": '"int"', "schemaType": "JSON"}, 422, 42201),
        ("POST", "/subjects/known/versions", {"schema": '"int"'}, 409, 409),
        ("POST", "/subjects/known/versions", {}, 400, 40001),
        ("GET", "/config/known", None, 404, 40408),
        ("PUT", "/config", {"compatibility": "SIDEWAYS"}, 422, 42203),
        ("DELETE", "/subjects/known?permanent=true", None, 404, 40405),
    ],
)
def test_errors_have_confluents_body(
    served: Served, method: str, path: str, body: dict[str, Any] | None, status: int, number: int
) -> None:
    served.post("/api/registry/subjects/known/versions", {"schema": '"string"'})
    answer = served.client.request(method, f"/api/registry{path}", json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (status, number)
    assert answer.json()["message"] == answer.json()["detail"]
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"


def test_a_delete_with_a_body_says_its_type(served: Served) -> None:
    answer = served.client.request("DELETE", "/api/registry/subjects/x", content=b"{}")
    assert answer.status_code == 415


def test_another_projects_registry(served: Served, tmp_path: Path) -> None:
    """A table with a url: its schemas are registered there, and asked for there."""
    url = f"{served.serving.url}api/registry"
    host = url.removeprefix("http://").partition("/")[0]
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "paid.sql").write_text(SQL.replace("paid", "sold").format(f", 'avro-confluent.url' = '{url}'"))
    (tmp_path / "penstock.toml").write_text("")
    with penstock.open(tmp_path) as p, pytest.raises(ConfigError, match="is not among those allowed"):
        p.append("sold", [{"id": 1}])
    (tmp_path / "penstock.toml").write_text(f'[network]\nallow = ["{host}"]\n')
    with penstock.open(tmp_path) as p:
        p.append("sold", [{"id": 1, "price": "2.50"}])
        number = int.from_bytes(next(p.log.read("sold"))["value"][0][1:5], "big")
        assert number == served.get("/api/registry/subjects/sold-value/versions/latest")["id"]
        found = p.sql("SELECT * FROM sold")
        assert found is not None
        assert [str(v) for v in found.rows()[0]] == ["1", "None", "2.50"]


def test_a_number_that_a_message_made_up_may_be_a_schemas_later(served: Served) -> None:
    clock = ManualClock(0)
    registry = RemoteRegistry(f"{served.serving.url}api/registry", ["127.0.0.1"], clock)
    number = registry.register("first-value", '"int"') + 1
    assert registry.schema(number) is None
    assert registry.register("second-value", '{"type": "array", "items": "int"}') == number
    assert registry.schema(number) is None
    clock.advance(10_000)
    assert registry.schema(number) == '{"type":"array","items":"int"}'


def test_a_registry_that_refuses_or_is_not_there(served: Served) -> None:
    url = f"{served.serving.url}api/registry"
    clock = ManualClock(0)
    registry = RemoteRegistry(url, ["127.0.0.1"], clock)
    assert registry.schema(999_999) is None
    assert registry.schema(999_999) is None
    with pytest.raises(RegistryError, match=r"refuses: not an Avro schema: .* \(HTTP 422\)"):
        registry.register("t", "{")
    with pytest.raises(RegistryError, match=r"the schema registry http://127\.0\.0\.1:1 does not answer: "):
        RemoteRegistry("http://127.0.0.1:1", ["127.0.0.1"], clock).schema(1)
    with pytest.raises(RegistryError, match=r"refuses: .* \(HTTP 404\)"):
        RemoteRegistry(f"{url}/nowhere", ["127.0.0.1"], clock).schema(1)


def test_records_wait_for_a_registry_that_gives_no_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.pipeline._AGAIN_SECONDS", 0.02)
    registry = HTTPServer(("127.0.0.1", 0), _Schemas, bind_and_activate=False)
    registry.server_bind()  # nobody listens yet
    url = f"http://127.0.0.1:{registry.server_address[1]}"
    sql = SQL.format(f", 'avro-confluent.url' = '{url}'") + (
        "CREATE TABLE sold (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 'sold', 'format' = 'json');"
        "INSERT INTO sold SELECT id FROM paid;"
    )
    folder = make_project(tmp_path / "shop", sql)
    checked = call("check", folder)
    assert (checked.code, "error[network-refused]" in checked.out + checked.err) == (1, True)
    ran = call("run", folder, "--bounded")
    assert ran.code == 1
    allow = f'add it to penstock.toml: [network] allow = ["{url.removeprefix("http://")}"]'
    assert f"error[network-refused]: '{url}' leads to 127.0.0.1, a loopback address, and is not among" in ran.err
    assert allow in ran.err
    assert allow in checked.out + checked.err
    with (folder / "penstock.toml").open("a") as file:
        file.write('\n[network]\nallow = ["127.0.0.1"]\n')
    with penstock.open(folder) as project, registry:
        message = b"\0\0\0\0\1\6\0"
        project.append("paid", pl.DataFrame({"value": [message, message[:4], message[:5], message]}))
        with pytest.raises(RegistryError, match=rf"the schema registry {url} does not answer: "):
            project.run(bounded=True)
        project.start()
        until(lambda: any(one.code == "outage" for one in project.why()), "it does not say that it waits")
        (reason,) = project.why()
        assert reason.sentence.startswith(f"The schema registry {url} does not answer: ")
        assert "; its records wait since " in reason.sentence
        assert reason.setting.startswith("see 'avro-confluent.url' of the table")
        assert project.pipelines()[0].state == "running"
        assert project.rejects().height == 0
        registry.server_activate()
        thread = Thread(target=registry.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        until(lambda: project.query("SELECT id FROM sold").rows() == [(3,), (3,)], "it does not go on")
        until(lambda: project.rejects()["code"].to_list() == ["avro-header", "avro-truncated"], "not all is told")
        assert project.why() == []
        assert project.stop() == {}
        registry.shutdown()
        thread.join()


class _Schemas(BaseHTTPRequestHandler):
    """Every number is the schema of what is paid."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"schema": json.dumps(PAID)}).encode())

    def log_message(self, *_: Any) -> None:
        """Tests say nothing of what goes well."""


def test_the_projects_own_registry_is_asked_without_a_call() -> None:
    with penstock.memory() as p:
        p.sql(SQL.format(", 'avro-confluent.url' = 'http://localhost:8321/api/registry'"))
        p.append("paid", [{"id": 1, "price": "2.50"}])
        assert p.query("SELECT id, price FROM paid").rows() == [(1, Decimal("2.50"))]
