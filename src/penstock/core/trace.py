"""Traces: the way of an event from its arrival to where its results go, as W3C trace contexts.

A context travels as its `traceparent` text: in a request's header, then in a record's header of the same name. Nothing
here knows who collects spans; without a `Tracer` there are none.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["HEADER", "Span", "SpanKind", "Tracer", "current"]

HEADER = "traceparent"

SpanKind = Literal["server", "producer", "consumer", "internal"]

current: ContextVar[str | None] = ContextVar("penstock_trace", default=None)
"""The context of the request that is being answered."""


@dataclass(slots=True)
class Span:
    """A span that goes on. `context` is None where it is not sampled; name and attributes count as of its end."""

    context: str | None
    name: str
    attributes: dict[str, str | int] = field(default_factory=dict)


class Tracer(Protocol):
    """Takes spans; threads may share it."""

    def during(
        self, name: str, kind: SpanKind, parent: str | None, attributes: dict[str, str | int]
    ) -> AbstractContextManager[Span]:
        """A span for as long as the block runs; an exception that leaves it is its error."""
        ...

    def done(
        self, name: str, kind: SpanKind, parent: str, times: tuple[int, int], attributes: dict[str, str | int]
    ) -> str:
        """A span that is over, which began and ended at these times (ns since 1970); its context."""
        ...

    def close(self) -> None:
        """Hand over what is not yet, and end."""
        ...
