"""Sources become messages, each record once, and messages become rows, each read once, however often it is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.apps.warehouse.api import Api, ApiServer
from penstock.apps.warehouse.users import users
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, PositionLostError
from penstock.core.toml_table import read_toml
from penstock.log import Log
from penstock.warehouse.ingestion import Ingested, Ingestion
from penstock.warehouse.sources.http import Api as HttpApi
from penstock.warehouse.sources.http import Paging
from penstock.warehouse.sources.http.source import HttpSource
from penstock.warehouse.sources.source import FAULT, LINE, RAW
from penstock.warehouse.sources.topic import TopicSource, read_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = 1_767_268_800_000
COUNT = 120
CLOCK = ManualClock(NOON)


@pytest.fixture
def log() -> Iterator[Log]:
    with Log.open(None, clock=CLOCK) as found:
        found.create_topic("data-stream")
        yield found


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with ApiServer(Api({"users": users(COUNT)}), port=0) as found:
        yield found


def http(server: ApiServer) -> HttpSource:
    api = HttpApi("api_users", "sources/api_users.toml", f"{server.url}/link/users", paging=Paging("link"))
    return HttpSource(api, ("127.0.0.1",), ManualClock())


def ingest(log: Log, server: ApiServer, now: int = NOON) -> Ingested:
    return Ingestion(log, "data-stream", ManualClock(now)).ingest("api_users", http(server), lambda: None)


def rows(log: Log, source: TopicSource, seen: dict[str, str]) -> pl.DataFrame:
    """What is new of a source; `seen` goes on."""
    frames: list[pl.DataFrame] = []
    for part in source.parts(dict(seen)):
        frames += part.frames()
        seen[part.name] = part.mark
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()


def append(log: Log, *values: bytes | None) -> None:
    log.append("data-stream", pl.DataFrame({"value": pl.Series(values, dtype=pl.Binary)}))


def test_the_same_record_read_twice_is_one_message(log: Log, api: ApiServer) -> None:
    assert ingest(log, api) == Ingested(COUNT, COUNT)
    assert ingest(log, api, NOON + 300_000) == Ingested(COUNT, 0, COUNT)
    api.api.lists["users"][0] = {**api.api.lists["users"][0], "address": {"city": "Zug"}}
    assert ingest(log, api, NOON + 600_000) == Ingested(COUNT, 1, COUNT - 1)
    messages = pl.concat(log.read("data-stream"))
    assert messages.height == COUNT + 1
    assert messages["key"].n_unique() == COUNT + 1
    last = json.loads(messages["value"][-1])
    assert list(last) == ["source", "timestamp", "payload"]
    assert (last["source"], last["timestamp"]) == ("api_users", "2026-01-01T12:10:00.000Z")
    assert (last["payload"]["id"], last["payload"]["address_city"]) == ("1", "Zug")
    assert None not in last["payload"].values()


def test_two_who_ingest_at_once_send_a_record_once(log: Log, api: ApiServer) -> None:
    first, second = (Ingestion(log, "data-stream", ManualClock(NOON)) for _ in range(2))
    assert first.ingest("api_users", http(api), lambda: None).loaded == COUNT
    assert second.ingest("api_users", http(api), lambda: None) == Ingested(COUNT, 0, COUNT)
    assert log.ends("data-stream") == {0: COUNT}


def test_what_is_unreadable_in_a_file_is_counted_and_sent_by_nobody(log: Log) -> None:
    frame = pl.DataFrame(
        {"a": ["1", None, "1"], LINE: [2, 3, 4], FAULT: [None, "too few fields", None], RAW: ["", "x", ""]}
    )

    class Part:
        name, mark = "a.csv", "digest"

        def frames(self) -> Iterator[pl.DataFrame]:
            yield frame

    class Source:
        def parts(self, seen: object) -> Iterator[Part]:
            assert seen == expected
            yield Part()

    expected: dict[str, str] = {}
    ingestion = Ingestion(log, "data-stream", ManualClock(NOON))
    assert ingestion.ingest("files", Source(), lambda: None) == Ingested(3, 1, 1, 1)
    expected = {"a.csv": "digest"}
    assert ingestion.ingest("files", Source(), lambda: None) == Ingested(3, 0, 2, 1)


def test_each_message_is_read_once_as_the_source_would_have_been(log: Log, api: ApiServer) -> None:
    ingest(log, api)
    append(log, b'{"source": "others", "payload": {"id": 1}}')
    source = TopicSource("sources/users.toml", log, "data-stream", "stream_processor_group", only="api_users")
    seen: dict[str, str] = {}
    found = rows(log, source, seen)
    (part,) = http(api).parts({})
    straight = pl.concat(part.frames())
    assert found.select(straight.columns).equals(straight)
    assert found[LINE].to_list() == list(range(COUNT))
    assert seen == {"data-stream/0": str(COUNT + 1)}
    source.commit(seen)
    (shown,) = log.groups.describe("stream_processor_group")
    assert (shown.offset, shown.lag) == (COUNT + 1, 0)
    assert rows(log, source, seen).is_empty()
    api.api.lists["users"][5] = {**api.api.lists["users"][5], "name": "Nina"}
    ingest(log, api, NOON + 1)
    assert rows(log, source, seen)["name"].to_list() == ["Nina"]


def test_messages_that_are_none_are_set_aside_with_their_bytes(log: Log) -> None:
    append(log, b'{"source": "a", "timestamp": "2026-01-01T00:00:00Z", "payload": {"id": 1}}', b"{", b"\xff", None)
    append(log, b'{"source": "a", "payload": [1]}', b'{"source": "b"}', b"7")
    found = rows(log, TopicSource("", log, "data-stream", only="a", sent="sent_at"), {})
    none, no_object = "the message is no JSON", "the message has no object 'payload'"
    assert found.select("id", "sent_at", LINE, FAULT, RAW).rows() == [
        ("1", "2026-01-01T00:00:00Z", 0, None, None),
        (None, None, 1, none, "{"),
        (None, None, 2, none, "ff"),
        (None, None, 3, none, None),
        (None, None, 4, no_object, '{"source": "a", "payload": [1]}'),
    ]
    everything = rows(log, TopicSource("", log, "data-stream"), {})
    assert everything[FAULT].to_list() == [None, none, none, none, no_object, no_object, no_object]
    whole = rows(log, TopicSource("", log, "data-stream", payload=""), {})
    assert whole[FAULT].to_list() == [None, none, none, none, None, None, "the message is no JSON object"]
    assert whole["payload_id"].to_list() == ["1", None, None, None, None, None, None]
    assert whole["payload"].to_list() == [None, None, None, None, "[1]", None, None]


def test_partitions_are_parts(log: Log) -> None:
    log.alter_topic("data-stream", partitions=3)
    messages = pl.DataFrame({"value": [b'{"payload": {"n": %d}}' % n for n in range(9)], "partition": [0, 1] * 4 + [0]})
    log.append("data-stream", messages.cast({"partition": pl.Int32}))
    seen: dict[str, str] = {}
    source = TopicSource("", log, "data-stream", "group")
    assert rows(log, source, seen)["n"].to_list() == ["0", "2", "4", "6", "8", "1", "3", "5", "7"]
    assert seen == {"data-stream/0": "5", "data-stream/1": "4"}
    source.commit(seen)
    assert log.groups.offsets("group") == {"data-stream": {0: 5, 1: 4}}


def file(said: str, log: Log) -> TopicSource:
    return read_topic(read_toml(said, "sources/users.toml"), log)


def test_what_retention_has_taken_is_not_passed_over_in_silence(log: Log) -> None:
    log.alter_topic("data-stream", configs={"retention.ms": 100})
    append(log, b'{"payload": {"n": 1}}')
    source = file('topic = "data-stream"', log)
    CLOCK.advance(1_000)
    append(log, b'{"payload": {"n": 2}}')
    log.maintain(10)
    seen = {"data-stream/0": "0"}
    with pytest.raises(PositionLostError, match="retention has deleted offsets 0 to 0 of data-stream/0, which were"):
        rows(log, source, seen)
    assert rows(log, file('topic = "data-stream"\nskip-lost = true', log), seen)["n"].to_list() == ["2"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "option 'topic' is required\nsources/users.toml"),
        ('topic = "a"\ngroups = "b"', "unknown option 'groups'\nsources/users.toml:2\nhint: did you mean group?"),
        (
            'topic = "a"\nbroker = "kafka:9092"',
            (
                "a broker is named (kafka:9092), and topics are those of the project's own log for now\n"
                "sources/users.toml:2\nhint: leave broker out; Kafka's own topics come with the cluster"
            ),
        ),
        ('topic = "data-strem"', "there is no topic 'data-strem'"),
    ],
)
def test_files_that_are_wrong(log: Log, said: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list(file(said, log).parts({}))
    assert told in str(caught.value)
