"""The way of an event from its arrival to the commit of what it led to, as spans of one trace."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from penstock.core.errors import ConfigError
from penstock.core.trace import HEADER, current
from penstock.project.tracing import OpenTelemetry, tracer_of
from penstock.server.metrics.requests import Requests
from penstock.server.observed import Observed
from penstock.server.serve import Serving
from tests.engine.project import TOTALS, append, event, opened, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def project(tmp_path: Path, spans: InMemorySpanExporter) -> Iterator[Penstock]:
    """A project whose spans are kept, of callers that ask for it alone."""
    provider = TracerProvider(ParentBasedTraceIdRatio(0))
    provider.add_span_processor(SimpleSpanProcessor(spans))
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as made:
        made.tracer = OpenTelemetry(provider)
        yield made


def ask(project: Penstock, *rows: dict[str, Any], traceparent: str | None) -> None:
    """A request that appends rows, as a server passes it on."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.to_thread(project.append, "e", rows)
        await send({"type": "http.response.start", "status": 201})

    async def send(message: Any) -> None:
        pass

    async def receive() -> Any:
        raise AssertionError

    headers = [(b"traceparent", traceparent.encode())] if traceparent else []
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    asyncio.run(Observed(app, Requests(), project.tracer)(scope, receive, send))


def lineage(found: tuple[ReadableSpan, ...]) -> list[str]:
    """The names of spans, each under that of its parent."""
    by_id = {span.context.span_id: span for span in found if span.context is not None}

    def path(span: ReadableSpan) -> str:
        parent = by_id.get(span.parent.span_id) if span.parent is not None else None
        return f"{path(parent)} > {span.name}" if parent is not None else span.name

    return sorted(path(span) for span in found)


def test_a_trace_goes_from_the_request_to_the_sink(project: Penstock, spans: InMemorySpanExporter) -> None:
    ask(project, event(1, 1), event(2, 30), traceparent=CALLER)
    ask(project, event(3, 31), traceparent=None)
    project.run(bounded=True)
    found = spans.get_finished_spans()
    assert lineage(found) == [
        "POST other",
        "POST other > append e",
        "POST other > append e > process main",
        "POST other > append e > process main > commit main",
        "POST other > append e > process main > commit main > write r",
    ]
    assert {format(span.context.trace_id, "032x") for span in found if span.context is not None} == {TRACE}
    attributes = {span.name: dict(span.attributes or {}) for span in found}
    assert attributes["POST other"]["http.response.status_code"] == 201
    assert attributes["append e"] == {"messaging.destination.name": "e", "messaging.batch.message_count": 2}
    assert attributes["write r"] == {"penstock.table": "r", "penstock.rows": 2}


def test_the_context_is_a_header_of_the_first_record_beside_those_it_has(project: Penstock) -> None:
    headers = [[{"key": "of", "value": b"mine"}], None, []]
    kind = pl.List(pl.Struct({"key": pl.String, "value": pl.Binary}))
    frame = pl.DataFrame({"value": [b"{}"] * 3, "headers": pl.Series(headers, dtype=kind)})
    assert project.tracer is not None
    project.append("e", [event(0, 0)])
    with project.tracer.during("test", "internal", CALLER, {}) as span:
        token = current.set(span.context)
        project.append("e", frame)
        current.reset(token)
    stored = pl.concat(project.log.read("e"))
    first, *rest = stored["headers"].to_list()[1:]
    assert [one["key"] for one in first] == ["of", HEADER]
    assert first[1]["value"].decode().split("-")[1] == TRACE
    assert [one or [] for one in rest] == [[], []]


def test_what_is_not_sampled_leaves_nothing(project: Penstock, spans: InMemorySpanExporter) -> None:
    ask(project, event(1, 1), traceparent=CALLER.removesuffix("01") + "00")
    ask(project, event(2, 30), traceparent="nonsense")
    project.run(bounded=True)
    assert spans.get_finished_spans() == ()
    stored = pl.concat(project.log.read("e"))
    assert stored["headers"].null_count() == 2


def test_of_many_traced_records_some_are_followed(project: Penstock, spans: InMemorySpanExporter) -> None:
    for number in range(40):
        ask(project, event(number, 1), traceparent=CALLER)
    project.run(bounded=True)
    names = [span.name for span in spans.get_finished_spans()]
    assert (names.count("append e"), names.count("process main"), names.count("commit main")) == (40, 32, 32)


def test_traces_reach_a_collector(tmp_path: Path) -> None:
    """By OTLP over HTTP, to a receiver in this process."""
    received: list[ExportTraceServiceRequest] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        endpoint = f"http://127.0.0.1:{server.server_port}"
        write_project(tmp_path, TOTALS)
        file = tmp_path / "penstock.toml"
        file.write_text(file.read_text() + f'\n[tracing]\nendpoint = "{endpoint}"\nshare = 0\n')
        with opened(tmp_path) as made:
            made.tracer = tracer_of(endpoint, 0.0, {})
            ask(made, event(1, 1), event(2, 30), traceparent=CALLER)
            made.run(bounded=True)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    resources = [resource for message in received for resource in message.resource_spans]
    spans = [span for resource in resources for scope in resource.scope_spans for span in scope.spans]
    assert {span.name for span in spans} == {"POST other", "append e", "process main", "commit main", "write r"}
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    names = {a.value.string_value for r in resources for a in r.resource.attributes if a.key == "service.name"}
    assert names == {"penstock"}


def test_events_over_http_begin_a_trace(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    provider = TracerProvider(ParentBasedTraceIdRatio(0))
    provider.add_span_processor(SimpleSpanProcessor(spans))
    write_project(tmp_path, TOTALS)
    body = b'{"id":1,"k":"a","v":1,"ts":"2024-01-01 00:00:01"}\n{"id":2,"k":"a","v":1,"ts":"2024-01-01 00:00:30"}\n'
    headers = {"content-type": "application/x-ndjson", "traceparent": CALLER}
    with opened(tmp_path) as made:
        made.tracer = OpenTelemetry(provider)
        with Serving(made, port=0) as serving:
            serving.wait()
            for more in ({}, {"idempotency-key": "k"}):
                answer = httpx.post(f"{serving.url}api/topics/e/records", content=body, headers=headers | more)
                assert answer.json()["accepted"] == 2
        made.run(bounded=True)
    paths = lineage(spans.get_finished_spans())
    request = "POST /api/topics/{name}/records > append e"
    assert paths.count(request) == 2
    assert paths.count(f"{request} > process main > commit main > write r") == 2


def test_nobody_who_asks_means_no_tracer_and_no_header(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as made:
        append(made, [event(1, 1), event(2, 30)])
        run = made.start(bounded=True)
        assert run.wait(180)
        assert made.tracer is None
        assert all(pipeline.tracing is None for pipeline in run.pipelines)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_the_environment_may_say_no(environment: dict[str, str]) -> None:
    assert tracer_of("", 1.0, environment) is None


def test_without_opentelemetry_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match="OpenTelemetry is not installed") as caught:
        tracer_of("http://127.0.0.1:4318", 1.0, {})
    assert caught.value.hint == "pip install 'penstock[otel]'"
