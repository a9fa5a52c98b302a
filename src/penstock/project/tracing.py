"""OpenTelemetry: where spans go, if anywhere."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock import __version__
from penstock.core.errors import ConfigError
from penstock.core.trace import HEADER, Span, current
from penstock.log import RECORD_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry import trace as otel
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

    from penstock.core.trace import SpanKind, Tracer

__all__ = ["OpenTelemetry", "sent", "tracer_of"]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def tracer_of(endpoint: str, share: float, environment: Mapping[str, str] = os.environ) -> Tracer | None:
    """A tracer that sends `share` of the traces begun here by OTLP over HTTP to `endpoint`; None where nobody asks.

    Without an endpoint, OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and its like) name it;
    `OTEL_TRACES_SAMPLER` goes before `share`. A trace that a caller has begun is sampled as the caller says. Raises
    ConfigError where OpenTelemetry is not installed.
    """
    off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none"
    )
    if off or not (endpoint or any(environment.get(name) for name in _ENDPOINTS)):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError:
        raise ConfigError(
            "traces are asked for, and OpenTelemetry is not installed",
            code="tracing-missing",
            hint="pip install 'penstock[otel]'",
        ) from None
    ours = Resource({SERVICE_NAME: "penstock", SERVICE_VERSION: __version__})
    sampler = None if "OTEL_TRACES_SAMPLER" in environment else ParentBasedTraceIdRatio(share)
    provider = TracerProvider(sampler, ours.merge(OTELResourceDetector().detect()))
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return OpenTelemetry(provider)


@contextmanager
def sent(tracer: Tracer | None, topic: str, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The span of an append that is done inside, under the request that asks for it.

    Gives `records`, the first of which has the span's context among its headers where it is sampled.
    """
    if tracer is None or not records.height:
        yield records
        return
    attributes: dict[str, str | int] = {
        "messaging.destination.name": topic,
        "messaging.batch.message_count": records.height,
    }
    with tracer.during(f"append {topic}", "producer", current.get(), attributes) as span:
        yield records if span.context is None else _marked(records, span.context)


def _marked(records: pl.DataFrame, context: str) -> pl.DataFrame:
    """`records` with one more header of the first."""
    kind = RECORD_COLUMNS["headers"]
    mine = pl.Series("headers", [[{"key": HEADER, "value": context.encode()}]] + [[]] * (records.height - 1), kind)
    if "headers" not in records.columns:
        return records.with_columns(mine)
    given = records.get_column("headers")
    whole = (
        given.fill_null(pl.Series([[]], dtype=kind)).list.concat(mine)
        if given.null_count()
        else given.list.concat(mine)
    )
    return records.with_columns(whole.alias("headers"))


class OpenTelemetry:
    """A `Tracer` over OpenTelemetry's SDK."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("penstock", __version__)
        self._texts = TraceContextTextMapPropagator()

    @contextmanager
    def during(self, name: str, kind: SpanKind, parent: str | None, attributes: dict[str, str | int]) -> Iterator[Span]:
        context = self._context(parent)
        with self._tracer.start_as_current_span(name, context, _kind(kind), attributes) as span:
            sampled = span.get_span_context().trace_flags.sampled
            going = Span(self._text(span) if sampled else None, name)
            try:
                yield going
            finally:
                span.update_name(going.name)
                span.set_attributes(going.attributes)

    def done(
        self, name: str, kind: SpanKind, parent: str, times: tuple[int, int], attributes: dict[str, str | int]
    ) -> str:
        began, ended = times
        span = self._tracer.start_span(name, self._context(parent), _kind(kind), attributes, start_time=began)
        span.end(ended)
        return self._text(span)

    def close(self) -> None:
        self._provider.shutdown()

    def _context(self, parent: str | None) -> Context:
        from opentelemetry.context import Context

        return self._texts.extract({HEADER: parent} if parent else {}, Context())

    def _text(self, span: otel.Span) -> str:
        from opentelemetry.trace import set_span_in_context

        carrier: dict[str, str] = {}
        self._texts.inject(carrier, set_span_in_context(span))
        return carrier[HEADER]


def _kind(kind: SpanKind) -> Any:
    from opentelemetry.trace import SpanKind as Kinds

    return Kinds[kind.upper()]
