"""Events over HTTP: each answered by itself, the bytes kept, a key that makes a request happen once."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

import penstock
from penstock.core.clock import ManualClock
from penstock.log import Log
from penstock.project.ingest import Delivery, Once, Way, deliver
from tests.cli.shell import make_project, started
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = {"content-type": "application/x-ndjson"}


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path / "p", engine=False, rows=0) as served:
        served.post("/api/topics", {"name": "in", "partitions": 3}, 201)
        served.post("/api/topics", {"name": "small", "configs": {"max.message.bytes": "20"}}, 201)
        served.post("/api/topics", {"name": "keyed", "configs": {"cleanup.policy": "compact"}}, 201)
        yield served


def values(served: Served, topic: str) -> list[tuple[bytes | None, bytes]]:
    return [row for f in served.penstock.log.read(topic) for row in f.select("key", "value").iter_rows()]


def test_one_a_batch_and_lines_keep_their_bytes(inbox: Served) -> None:
    json = {"content-type": "application/json"}
    one = inbox.call("POST", "/api/topics/in/records", 200, content=b' {"a": 1.50}\n', headers=json)
    assert (one["accepted"], one["refused"], len(one["events"])) == (1, 0, 1)
    batch = b'[{"a" : 1.50}, "x,]",\n 5 ]'
    inbox.call("POST", "/api/topics/in/records", 200, content=batch, headers=json)
    inbox.call("POST", "/api/topics/in/records", 200, content=b'{"b": 1}\r\n\nno json\n{"c":2}', headers=LINES)
    assert [v for _, v in values(inbox, "in")] == [
        b'{"a": 1.50}',
        b'{"a" : 1.50}',
        b'"x,]"',
        b"5",
        b'{"b": 1}',
        b"no json",
        b'{"c":2}',
    ]


@pytest.mark.parametrize("between", [",", ", ", " ,\n ", ",\n"])
def test_an_array_is_cut_between_its_elements_and_nowhere_else(inbox: Served, between: str) -> None:
    json = {"content-type": "application/json"}
    for events in (['{"a":[{},{}, {}]}', '{"b":"},{"}'], ['{"c":1}', '{"d":{"e":{}}}', "3"], ['{"f":"}, {"}'] * 3):
        before = len(values(inbox, "in"))
        body = f"[ {between.join(events)}\n]"
        inbox.call("POST", "/api/topics/in/records?partition=0", 200, content=body.encode(), headers=json)
        assert [v.decode() for _, v in values(inbox, "in")[before:]] == events
    for end in ("2]", "2},]", "2}", "2},", "2}}", "2}x"):  # also one that is cut off behind an event
        inbox.call("POST", "/api/topics/in/records", 400, content=f'[{{"a":1}},{{"b":{end}'.encode(), headers=json)


def test_keys_are_made_as_asked_or_as_the_table_declares(inbox: Served) -> None:
    inbox.call("POST", "/api/topics/in/records?key=k", 200, content=b'{"k": "a"}\n{"k": 7}\n{}\nnope', headers=LINES)
    assert [k for k, _ in values(inbox, "in")] == [b"a", b"7", None, None]
    inbox.post("/api/topics/orders/records", {"id": 1, "customer": "ada"})
    assert values(inbox, "orders") == [(b"ada", b'{"id":1,"customer":"ada"}')]
    placed = inbox.post("/api/topics/in/records?key=k&partition=2", [{"k": "a"}, {"k": "b"}])
    assert [e["partition"] for e in placed["events"]] == [2, 2]


def test_what_a_topic_does_not_take_is_refused_alone(inbox: Served) -> None:
    answer = inbox.post("/api/topics/small/records", [{"a": 1}, {"a": "x" * 40}, {"a": 2}])
    assert (answer["accepted"], answer["refused"]) == (2, 1)
    assert answer["events"][0] == {"partition": 0, "offset": 0}
    assert answer["events"][1]["error"]["detail"] == "the event has 48 bytes; topic 'small' allows 20"
    assert answer["events"][2] == {"partition": 0, "offset": 1}
    alone = inbox.post("/api/topics/small/records", {"a": "x" * 40}, 413)
    assert alone["code"] == "record-too-large"
    keyless = inbox.post("/api/topics/keyed/records?key=k", [{"k": 1}, {"j": 1}])
    assert keyless["events"][1]["error"]["code"] == "record-key"
    assert inbox.post("/api/topics/keyed/records", {"k": 1}, 422)["hint"] == "give the field of the key: ?key=FIELD"


def test_a_body_that_is_no_event(inbox: Served) -> None:
    json = {"content-type": "application/json"}
    broken = inbox.call("POST", "/api/topics/in/records", 400, content=b'{"a": ', headers=json)
    assert broken["detail"].startswith("the body is not JSON: ")
    number = inbox.call("POST", "/api/topics/in/records", 400, content=b"5", headers=json)
    assert number["detail"] == "the body is neither an object nor an array of events"
    assert inbox.post("/api/topics/inn/records", {}, 404)["hint"] == "did you mean in?"
    assert inbox.post("/api/topics/in/records", [])["events"] == []


def test_a_topic_of_results_takes_no_events(inbox: Served) -> None:
    for asked in ("", "?partition=0"):
        refused = inbox.post(f"/api/topics/revenue/records{asked}", {"nonsense": 1}, 409)
        assert refused["code"] == "topic-written"
        assert refused["detail"] == "topic 'revenue' holds the results of pipeline orders: events are not taken there"
    assert values(inbox, "revenue") == []


def test_requests_of_one_moment_each_get_their_own_answer(inbox: Served) -> None:
    def ask(number: int) -> tuple[int, dict[str, Any]]:
        answer = inbox.client.post("/api/topics/orders/records", json={"id": number, "customer": "ada"})
        assert answer.status_code == 200, answer.text
        return number, answer.json()["events"][0]

    with ThreadPoolExecutor(16) as clients:
        answers = dict(clients.map(ask, range(200)))
    rows = [r for f in inbox.penstock.log.read("orders", columns=("partition", "offset", "value")) for r in f.rows()]
    assert {n: (a["partition"], a["offset"]) for n, a in answers.items()} == {
        orjson.loads(value)["id"]: (partition, offset) for partition, offset, value in rows
    }


def test_a_topic_of_a_table_that_is_deleted_is_made_again(inbox: Served) -> None:
    for _ in range(2):
        placed = inbox.post("/api/topics/orders/records", {"id": 1})
        assert placed["events"] == [{"partition": placed["events"][0]["partition"], "offset": 0}]
        inbox.penstock.log.delete_topic("orders")
    inbox.post("/api/topics/in/records", {})
    inbox.penstock.log.delete_topic("in")
    assert inbox.post("/api/topics/in/records", {}, 404)["detail"] == "there is no topic 'in'"


def test_the_bytes_of_one_event_are_kept_and_an_envelope_is_refused(inbox: Served) -> None:
    odd = b"\x00\n\xff"
    inbox.call("POST", "/api/topics/in/records", 200, content=odd, headers={"content-type": "application/octet-stream"})
    kind = "application/vnd.kafka.avro.v2+json"
    body = b'{"records": [{"value": {"id": 1}}]}'
    refused = inbox.call("POST", "/api/topics/in/records", 415, content=body, headers={"content-type": kind})
    assert refused["detail"] == f"events do not come in an envelope, as {kind} has them"
    assert [v for _, v in values(inbox, "in")] == [odd]


def test_a_long_stream_is_appended_as_it_comes(inbox: Served) -> None:
    def lines() -> Iterator[bytes]:
        for first in range(0, 20_000, 1_000):
            yield b"".join(b'{"n": %d}\n' % n for n in range(first, first + 1_000))

    answer = inbox.call("POST", "/api/topics/in/records?partition=0", 200, content=lines(), headers=LINES)
    assert answer["accepted"] == 20_000
    assert [e["offset"] for e in answer["events"]] == list(range(20_000))
    found = [orjson.loads(v)["n"] for _, v in values(inbox, "in")]
    assert found == list(range(20_000))


def test_a_line_without_an_end_is_cut_off_and_what_came_before_stays(inbox: Served) -> None:
    body = b'{"n": 1}\n' + b"x" * (5 << 20)
    answer = inbox.call("POST", "/api/topics/in/records", 413, content=body, headers=LINES)
    assert (answer["detail"], answer["accepted"]) == ("a line has more than 4 MB", 1)
    assert answer["events"] == [{"partition": answer["events"][0]["partition"], "offset": 0}]


def test_a_repeated_key_gives_the_same_answer_and_another_request_is_refused(inbox: Served) -> None:
    key = {"idempotency-key": "order-17"}
    first = inbox.post("/api/topics/in/records", [{"a": 1}, {"a": 2}], headers=key)
    assert inbox.post("/api/topics/in/records", [{"a": 1}, {"a": 2}], headers=key) == first
    assert len(values(inbox, "in")) == 2
    other = inbox.post("/api/topics/in/records", [{"a": 1}], 422, headers=key)
    assert other["detail"] == "another request was made under the key 'order-17'"
    assert inbox.post("/api/topics/in/records", {}, 400, headers={"idempotency-key": "a b"})["code"] == "request-form"
    assert inbox.post("/api/topics/small/records", [{"a": 1}, {"a": 2}], headers=key)["accepted"] == 2, "of its topic"


def delivered(log: Log, *deliveries: Delivery) -> list[bytes]:
    deliver(log, *deliveries)
    return [delivery.answer for delivery in deliveries]


def test_a_key_holds_for_a_day() -> None:
    clock = ManualClock(1_000)
    with Log.open(None, clock=clock) as log:
        log.create_topic("in")
        way, once = Way("in", None, None), Once("k", b"digest")
        first = delivered(log, Delivery(way, [b"1"], once))
        clock.advance(86_399_999)
        assert delivered(log, Delivery(way, [b"1"], once)) == first
        clock.advance(1)
        assert delivered(log, Delivery(way, [b"1"], once)) != first
        assert log.ends("in") == {0: 2}
        clock.advance(86_400_000)
        assert log.claims.expire()
        assert not log.claims.expire()
        assert delivered(log, Delivery(way, [])) == [b'{"accepted":0,"refused":0,"events":[]}']


def test_what_comes_together_is_answered_each_by_itself() -> None:
    """One commit, in the order in which they came; a mistake in one is none in another."""
    with Log.open(None) as log:
        log.create_topic("in", 2)
        log.create_topic("small", configs={"max.message.bytes": "4"})
        into, small = Way("in", None, 1), Way("small", None, None)
        key = Once("k", b"digest")
        asked = [
            Delivery(into, [b"a", b"b"]),
            Delivery(small, [b"12345", b"1234"]),
            Delivery(into, []),
            Delivery(into, [b"once"], key),
            Delivery(into, [b"once"], key),
            Delivery(into, [b"other"], Once("k", b"another")),
            Delivery(Way("in", None, 7), [b"nowhere"]),
            Delivery(Way("gone", None, None), [b"nowhere"]),
            Delivery(into, [b"c"]),
        ]
        deliver(log, *asked)
        assert [delivery.error and delivery.error.message for delivery in asked] == [
            *[None] * 5,
            "another request was made under the key 'k'",
            "there is no partition 7 in topic 'in'",
            "there is no topic 'gone'",
            None,
        ]
        assert [asked[n].places.tolist() for n in (0, 2, 8)] == [[[1, 0], [1, 1]], [], [[1, 2]]]
        assert asked[3].answer == asked[4].answer == b'{"accepted":1,"refused":0,"events":[{"partition":1,"offset":3}]}'
        assert asked[1].places.tolist() == [[-1, -1], [0, 0]]
        assert asked[1].refused[0].message == "the event has 5 bytes; topic 'small' allows 4"
        assert [v for f in log.read("in") for v in f["value"]] == [b"a", b"b", b"c", b"once"]
        before = log.traffic.seconds.read().count
        deliver(log, Delivery(into, [b"d"]), Delivery(small, [b"e"]), Delivery(into, [b"f"], Once("l", b"digest")))
        assert log.traffic.seconds.read().count == before + 1, "commits"


def test_a_topic_that_was_altered_meanwhile_takes_what_it_now_takes(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log.db") as log, Log.open(tmp_path / "log.db") as other:
        log.create_topic("in")
        way = Way("in", None, None)
        first, large, small = (Delivery(way, [value]) for value in (b"1", b"12345", b"12"))
        deliver(log, first)
        other.alter_topic("in", configs={"max.message.bytes": 3})
        deliver(log, large, small)
        assert large.refused[0].message == "the event has 5 bytes; topic 'in' allows 3"
        assert small.places.tolist() == [[0, 1]]
        other.alter_topic("in", configs={"max.message.bytes": 5})
        deliver(log, again := Delivery(way, [b"12345"]))
        assert again.places.tolist() == [[0, 2]]


@pytest.mark.real
def test_a_key_repeated_after_a_kill_gives_the_same_offsets(tmp_path: Path) -> None:
    """The answer may be lost, and the append not: asked for again it is what it was, and nothing is there twice."""
    folder = make_project(tmp_path / "p")

    def run() -> Any:
        child = started("run", folder, "--port", "0")
        assert child.stderr is not None
        while not (line := child.stderr.readline()).startswith("page and API at "):
            assert line
        return child, line.split()[-1]

    def ask(url: str, key: str) -> dict[str, Any]:
        answer = httpx.post(
            f"{url}api/topics/orders/records", json=[{"id": 1}] * 3, headers={"idempotency-key": key}, timeout=60
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    child, url = run()
    answers = {key: ask(url, key) for key in ("a", "b", "c")}
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stderr is not None
    child.stderr.close()
    child.stdout.close()
    again, url = run()
    try:
        assert {key: ask(url, key) for key in answers} == answers
    finally:
        again.terminate()
        again.communicate()
    with penstock.open(folder) as project:
        assert project.query("SELECT count(*) FROM orders").rows() == [(3 * len(answers),)]
