"""`http`: what a URL answers, asked again and again. It is kept in a topic, and read from there like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.connectors.kafka import BOUNDED_MODE, FORMATS, METADATA, STARTUP_MODE, STARTUP_TIMESTAMP, TOPIC
from penstock.connectors.spec import FORMAT, Connector
from penstock.core.options import Option, choice, duration, memory, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BACKOFF", "BODY_SIZE", "HTTP", "INTERVAL", "RECORDS", "TIMEOUT", "URL"]

URL = Option("url", text, "", "Where to ask: http or https.", required=True)
INTERVAL = Option("poll-interval", duration, 60_000, "From one question to the next.")
TIMEOUT = Option("timeout", duration, 10_000, "For so long an answer is waited for.")
BACKOFF = Option(
    "max-backoff",
    duration,
    300_000,
    "While there is no answer the next question waits 1 s, 2 s, 4 s and so on, at most so long.",
)
RECORDS = Option(
    "records",
    choice("elements", "body"),
    "elements",
    "elements: each element of a JSON array is a record, and what is no array is one; body: an answer is one.",
)
BODY_SIZE = Option("max-body", memory, 16 << 20, "An answer of more counts as none.")

OPTIONS: tuple[Option[Any], ...] = (
    TOPIC,
    URL,
    FORMAT,
    INTERVAL,
    TIMEOUT,
    BACKOFF,
    RECORDS,
    BODY_SIZE,
    STARTUP_MODE,
    STARTUP_TIMESTAMP,
    BOUNDED_MODE,
)

_READ_ONLY: Mapping[str, Any] = {key: kind for key, kind in METADATA.items() if key != "headers"}

HTTP = Connector(
    name="http",
    text="What a URL answers, asked again and again, kept in a topic of the log.",
    options=OPTIONS,
    notes="""
Flink has no such connector: there, the topic is filled by something else.

Each answer is appended to the topic before anything reads it, together with what the server said of its version, so a
pipeline reads the same rows again however often, and a crash neither loses nor repeats an answer. The metadata column
`timestamp` is when the answer came.

* A question is conditional: the `ETag` and `Last-Modified` of the last answer go with it, and a 304 appends nothing.
* Only a process that runs pipelines asks, and only for tables that these read. A bounded run asks once, first.
* No answer within `timeout`, a status of 400 or more, and a body of more than `max-body` are outages. An outage ends
  nothing: `penstock why` and the table `penstock.polls` tell since when, why, and when it is asked again. The waiting
  times vary by up to a half, so that many who wait do not come back at once; a `Retry-After` is kept to.
* The address is looked up once for each question. One of this machine or its network has to stand in
  `[network] allow` of penstock.toml; this holds for redirects (five at most) too.
""",
    formats=FORMATS,
    metadata=_READ_ONLY,
    sink=False,
    strict_time=False,
    own=True,
)
