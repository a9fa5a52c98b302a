"""Traces: the way of an event from its arrival to where its results go, as W3C trace contexts.

A context travels as its `traceparent` text: in a request's header, then in a record's header of the same name. Nothing
here knows who collects spans; without a `Tracer` there are none.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["HEADER", "SpanKind", "Tracer", "current"]

HEADER = "traceparent"

SpanKind = Literal["server", "producer", "consumer", "internal"]

current: ContextVar[str | None] = ContextVar("penstock_trace", default=None)
"""The context of the request that is being answered."""


class Tracer(Protocol):
    """Takes spans; threads may share it."""

    def during(
        self, name: str, kind: SpanKind, parent: str | None, attributes: dict[str, str | int]
    ) -> AbstractContextManager[str | None]:
        """A span for as long as the block runs; gives its context, None where it is not sampled."""
        ...

    def done(
        self, name: str, kind: SpanKind, parent: str, times: tuple[int, int], attributes: dict[str, str | int]
    ) -> str:
        """A span that is over, which began and ended at these times (ns since 1970); its context."""
        ...

    def close(self) -> None:
        """Hand over what is not yet, and end."""
        ...
