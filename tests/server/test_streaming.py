"""The five calls of /api/streaming and ingest, over the project `parking`; each figure counted again from the log."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import polars as pl
import pytest

from penstock.apps.parking.city import MINUTE_MS, City, Faults
from penstock.project.opening import open_project
from penstock.server.serve import Serving
from tests.parts import until
from tests.projects.parking import project
from tests.server.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.penstock import Penstock


JSON = {"content-type": "application/json"}


def records(p: Penstock, topic: str) -> list[dict[str, Any]]:
    columns = ("partition", "offset", "key", "value")
    return [row for frame in p.log.read(topic, columns=columns) for row in frame.to_dicts()]


def size(found: list[dict[str, Any]]) -> int:
    return sum(len(r["key"] or b"") + len(r["value"] or b"") for r in found)


@pytest.fixture(scope="module")
def parking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two hours of polls are read; the city itself does not answer, and nothing is measured."""
    folder = project(tmp_path_factory.mktemp("streaming") / "p")
    settings = folder / "penstock.toml"
    settings.write_text(settings.read_text().replace('interval = "10 s"', 'interval = "1 d"'))
    with open_project(folder) as p:
        now = p.clock.now_ms() // MINUTE_MS
        found = City(3, Faults(garbage=0.02)).published(np.arange(now - 120, now))
        values = found["value"].cast(pl.Binary)
        p.append("parking_feed", pl.DataFrame({"value": values, "timestamp": found["minute"] * MINUTE_MS}))
        p.start()
        with Serving(p, port=0) as serving:
            serving.wait()
            with httpx.Client(base_url=serving.url, timeout=60) as client:
                served = Served(p, serving, client)
                until(lambda: not any(one.lag for one in p.pipelines()), "not all is read")
                yield served


def test_status_tells_of_topics_pipelines_and_the_source(parking: Served) -> None:
    p = parking.penstock
    until(lambda: any(r.code == "outage" for r in p.why()), "the source was not asked")
    said = parking.get("/api/streaming/status")
    assert set(said) == {"overall_status", "kafka", "flink", "topics", "streams", "mode"}
    assert (said["overall_status"], said["mode"]) == ("degraded", "embedded")
    assert said["kafka"]["healthy"] is said["flink"]["healthy"] is True
    assert said["flink"]["message"] == ("embedded engine: 2 of 2 pipelines run; no answer for table parking_feed")
    topics = {t["name"]: t for t in said["topics"]}
    streams = {"stavanger_parking_events": 3, "data_quality_alerts": 1, "system_metrics": 2}
    assert {name: topics[name]["partitions"] for name in streams} == streams
    for name in ("stavanger_parking_events", "parking_feed"):
        found = records(p, name)
        assert topics[name] == {
            "name": name, "partitions": topics[name]["partitions"], "replicas": 1, "size": size(found),
            "messages": len(found),
        }  # fmt: skip
    assert [(s["id"], s["name"], s["status"], s["end_time"]) for s in said["streams"]] == [
        ("streams", "streams", "running", None),
        ("live", "live", "running", None),
    ]
    began = dt.datetime.fromisoformat(said["streams"][0]["start_time"])
    assert 0 < said["streams"][0]["duration"] <= (dt.datetime.now(dt.UTC) - began).total_seconds() + 1  # noqa: TID251


def test_metrics_are_counted_by_append_time(parking: Served) -> None:
    p = parking.penstock
    for name, readers in {"parking_feed": 1, "stavanger_parking_events": 1, "parking_daily": 0}.items():
        found = records(p, name)
        said = parking.get(f"/api/streaming/metrics/{name}?time_range=30m")
        assert (said["topic"], said["time_range"], said["total_messages"]) == (name, "30m", len(found))
        assert said["messages_per_second"] == len(found) / 1800
        assert said["throughput_mb_s"] == size(found) / 1800 / 1e6
        assert (said["active_consumers"], said["lag"]) == (readers, 0)
        per = Counter(r["partition"] for r in found)
        partitions = range(p.log.topic(name).partitions)
        assert said["partition_info"] == [{"partition": n, "messages": per[n], "lag": 0} for n in partitions]
    stream = parking.get("/api/streaming/metrics/stavanger_parking_realtime")
    assert (stream["topic"], stream["time_range"]) == ("stavanger_parking_events", "1h")
    assert parking.get("/api/streaming/metrics/system_metrics?time_range=1s")["total_messages"] == 0
    wrong = parking.get("/api/streaming/metrics/parking_feed?time_range=1w", 400)
    assert (wrong["success"], wrong["detail"]) == (False, "time_range is '1w', allowed is a number of s, m, h or d")
    assert parking.get("/api/streaming/metrics/nothing", 404)["success"] is False


def test_ingest_takes_what_can_be_read_and_says_why_not(parking: Served) -> None:
    p = parking.penstock
    before = len(records(p, "system_metrics"))
    good = {"component": "host", "metric": "cpu", "value": 0.5, "unit": "share", "time": "2026-01-31 12:00:00Z"}
    path = "/api/streaming/ingest/system_metrics"
    one = parking.post(path, good)
    assert (one["success"], one["accepted"], one["rejected"]) == (True, 1, 0)
    assert one["data_size"] == len(json.dumps(good, separators=(",", ":"), ensure_ascii=False))
    mixed = parking.post(path, [good, {**good, "value": "much"}, 7])
    assert (mixed["success"], mixed["accepted"], mixed["rejected"]) == (True, 1, 2)
    assert [r["index"] for r in mixed["results"]] == [0, 1, 2]
    assert set(mixed["results"][0]) == {"index", "partition", "offset"}
    assert set(mixed["results"][1]["error"]) == {"code", "message"}
    assert "value" in mixed["results"][1]["error"]["message"]
    lines = f"{json.dumps(good)}\n{{\n".encode()
    streamed = parking.call("POST", path, 200, content=lines, headers={"content-type": "application/x-ndjson"})
    assert (streamed["accepted"], streamed["rejected"], streamed["data_size"]) == (1, 1, len(lines))
    none = parking.post(path, [{**good, "time": "soon"}], 422)
    assert (none["success"], none["accepted"], none["rejected"]) == (False, 0, 1)
    cut = parking.call("POST", path, 400, content=b'[{"component":"host"},{"compo]', headers=JSON)
    assert (cut["success"], cut["code"]) == (False, "request-json")
    found = records(p, "system_metrics")
    assert len(found) - before == 3
    assert {r["key"] for r in found} == {b"host"}
    assert (found[-1]["partition"], found[-1]["offset"]) == (
        streamed["results"][0]["partition"],
        streamed["results"][0]["offset"],
    )
    written = parking.post("/api/streaming/ingest/stavanger_parking_realtime", good, 409)
    assert (written["success"], written["code"]) == (False, "topic-written")


def test_the_error_rate_is_the_share_of_rejected_messages(parking: Served) -> None:
    p = parking.penstock
    parking.call("POST", "/api/topics/parking_feed/records", 200, json=[7, "Forum"])
    until(lambda: p.rejects()["offset"].n_unique() == 2, "nothing is rejected")  # by each pipeline that reads them
    total = len(records(p, "parking_feed"))
    said = parking.get("/api/streaming/metrics/parking_feed")
    assert (said["total_messages"], said["error_rate"]) == (total, 2 / total)


def test_topics_are_made_by_name_or_with_a_configuration(parking: Served) -> None:
    path = "/api/streaming/topics"
    config = {"partitions": 4, "replication_factor": 3, "retention_hours": 48, "cleanup_policy": "compact"}
    made = parking.post(path, {"topic_name": "a", "config": config})
    assert made == {
        "success": True,
        "topic": "a",
        "message": "topic a is made",
        "config": {
            "name": "a",
            "partitions": 4,
            "replicas": 1,
            "configs": {"retention.ms": "172800000", "cleanup.policy": "compact"},
        },
        "warnings": ["replication_factor 3 is for real brokers: the embedded log keeps one copy"],
    }
    flat = parking.post(path, {"name": "b"})
    assert flat["config"] == {
        "name": "b",
        "partitions": 1,
        "replicas": 1,
        "configs": {"retention.ms": "86400000", "cleanup.policy": "delete"},
    }
    assert parking.post(path, {"name": "c", "partitions": 2})["config"]["partitions"] == 2
    taken = parking.post(path, {"topic_name": "stavanger_parking_realtime"}, 409)
    assert (taken["success"], taken["code"]) == (False, "topic-exists")
    parking.penstock.log.delete_topic("system_metrics")
    again = parking.post(path, {"topic_name": "system_metrics"})
    assert (again["config"]["partitions"], again["warnings"]) == (2, [])
    assert again["config"]["configs"] == {"retention.ms": "720 h", "cleanup.policy": "delete"}
    assert parking.post(path, {"config": {}}, 400)["detail"] == "a topic has a name"
    assert parking.post(path, {"name": "d", "config": {"partitions": 0}}, 400)["success"] is False


def test_a_pipeline_is_started_by_its_name_or_its_streams(parking: Served) -> None:
    path = "/api/streaming/pipelines"
    running = parking.post(path, {"pipeline_name": "live"}, 409)
    assert (running["success"], running["code"]) == (False, "pipeline-running")
    assert parking.post(path, {"pipeline_name": "lvie"}, 404)["hint"] == "did you mean live?"
    parking.post("/api/pipelines/streams/stop", {})
    stopped = parking.get("/api/streaming/status")["streams"][0]
    assert (stopped["status"], stopped["end_time"] is None) == ("stopped", False)
    how = {"parallelism": 2, "checkpoint_interval_ms": 500}
    started = parking.post(path, {"pipeline_name": "stavanger_parking_realtime", "config": how})
    assert (started["success"], started["pipeline"], started["job_id"]) == (True, "streams", "streams")
    assert started["status"] == "running"
    assert "parallelism 2 is kept for a cluster" in started["message"]


def shape(answer: Any) -> Any:
    """The members of an answer, and of which kind each is; of a list what its first element is."""
    if isinstance(answer, dict):
        return {name: shape(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [shape(value) for value in answer[:1]]
    return type(answer).__name__


def test_the_readme_shows_what_is_answered(parking: Served) -> None:
    readme = (parking.penstock.folder / "README.md").read_text("utf-8")
    shown = re.findall(
        r"^    \$ curl -s '?localhost:8321(\S+?)'?(?: -H '(.+?): (.+?)' -d '(.+)')?\n    (.+)$", readme, re.MULTILINE
    )
    assert len(shown) == readme.count("$ curl") == 6
    parking.post("/api/pipelines/live/stop", {})
    for path, header, kind, body, told in shown:
        method = "POST" if body else "GET"
        answer = parking.client.request(method, path, content=body or None, headers={header: kind} if header else {})
        said, wanted = answer.json(), json.loads(told)
        if "/status" in path:  # while a pipeline is stopped, one of its times is null
            said["streams"], wanted["streams"] = said["streams"][1:], wanted["streams"][1:]
            records = sum(topic["messages"] for topic in wanted["topics"])
            assert f"{len(wanted['topics'])} topics, {records:,} records" in wanted["kafka"]["message"]
        if "/metrics" in path:
            assert wanted["messages_per_second"] == wanted["total_messages"] / 3600
            assert wanted["total_messages"] == sum(one["messages"] for one in wanted["partition_info"])
        assert shape(said) == shape(wanted), path
        assert answer.status_code == (wanted["status"] if "code" in wanted else 200)
