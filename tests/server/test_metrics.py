"""What Prometheus is told, against what the project itself says; and the rules and the dashboard made over it."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.core.errors import QueryError
from penstock.core.measure import Durations
from penstock.server.metrics import declared
from penstock.server.metrics.collector import Metrics
from penstock.server.metrics.declared import PROCESS, SECTIONS
from penstock.server.metrics.families import MOST_PARTITIONS, Families
from penstock.server.metrics.grafana import dashboard_file
from penstock.server.metrics.requests import Requests
from penstock.server.metrics.rules import Thresholds, rules
from penstock.server.observed import Observed
from penstock.server.push.limits import Watching
from tests.engine.project import NOW, TOTALS, append, append_raw, event, opened, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from tests.server.served import Served

DECLARED = [metric for section in SECTIONS.values() for metric in section]
WATCHING = Watching(3, 7, 5, 1_024, 1)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(project: Penstock, requests: Requests | None = None) -> Samples:
    text, content_type = Metrics(project, requests or Requests()).scrape("", WATCHING)
    assert content_type.startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def test_a_run_is_told_as_its_ledger_has_it(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as project:
        append(project, [event(1, 1), event(2, 4, "b"), event(3, 30), event(4, 2)])
        append_raw(project, [b"not JSON"])
        run = project.start(bounded=True)
        assert run.wait(180)
        samples = scraped(project)
        ledger = project.ledger().to_dicts()
    assert {row["rejected"] for row in ledger} == {0, 1}
    assert {row["late"] for row in ledger} == {0, 1}
    for row in ledger:
        at = {name: row[name] for name in ("pipeline", "operator", "kind")}
        assert value(samples, "penstock_operator_rows_in_total", **at) == row["taken"]
        assert value(samples, "penstock_operator_rows_out_total", **at) == row["given"]
        assert value(samples, "penstock_operator_rows_held", **at) == row["held"]
        for fate in ("passed", "filtered", "superseded", "expired", "late", "rejected"):
            assert value(samples, "penstock_operator_rows_total", **at, fate=fate) == row[fate]


def test_what_a_pipeline_read_wrote_and_committed(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS, partitions=2)
    with opened(tmp_path) as project:
        append(project, [event(1, 1), event(2, 30)], 1)
        assert project.start().wait(0.01) is False
        project.stop()
        run = project.start(bounded=True)
        assert run.wait(180)
        samples = scraped(project)
    name = run.pipelines[0].name
    assert value(samples, "penstock_pipeline_running", pipeline=name) == 0
    assert value(samples, "penstock_pipeline_failed", pipeline=name) == 0
    assert value(samples, "penstock_pipeline_results_total", pipeline=name, table="r") == 2
    for partition in "01":
        labels = {"pipeline": name, "topic": "e", "partition": partition}
        assert value(samples, "penstock_pipeline_lag_records", **labels) == 0
    assert value(samples, "penstock_topic_end_offset", topic="e", partition="1") == 2
    assert value(samples, "penstock_topic_records", topic="e") == 2
    assert value(samples, "penstock_checkpoint_duration_seconds_count", pipeline=name) >= 1
    assert value(samples, "penstock_checkpoint_last_timestamp_seconds", pipeline=name) == NOW / 1000
    assert value(samples, "penstock_checkpoint_uncommitted_seconds", pipeline=name) == 0
    assert value(samples, "penstock_log_appended_records_total") == 4
    assert 0 < value(samples, "penstock_disk_free_bytes") < value(samples, "penstock_disk_size_bytes")
    assert value(samples, "penstock_log_size_bytes", file="log.db") > 0


def test_lag_and_watermark_while_rows_wait(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    watermark = "penstock_pipeline_watermark_timestamp_seconds"
    with opened(tmp_path) as project:
        append(project, [event(1, 0)])
        run = project.start()
        (pipeline,) = run.pipelines
        while not (samples := scraped(project)).get((watermark, frozenset({("pipeline", pipeline.name)}))):
            assert project.current is not None
            assert not project.current.errors
        with pipeline.lock:  # it cannot take a step
            append(project, [event(2, 20), event(3, 20)])
            waiting = scraped(project)
    at = {"pipeline": pipeline.name}
    assert value(samples, "penstock_pipeline_lag_records", **at, topic="e", partition="0") == 0
    assert value(waiting, "penstock_pipeline_lag_records", **at, topic="e", partition="0") == 2
    assert value(samples, watermark, **at) == pytest.approx(NOW / 1000 - 5, abs=0.01)
    assert value(samples, "penstock_pipeline_watermark_lag_seconds", **at) == pytest.approx(5, abs=0.01)


def test_a_failed_pipeline_is_told(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS, on_bad_row="flink")
    with opened(tmp_path) as project:
        append_raw(project, [b"not JSON"])
        run = project.start()
        assert run.wait(180)
        samples = scraped(project)
        (name,) = run.errors
    assert value(samples, "penstock_pipeline_failed", pipeline=name) == 1
    assert value(samples, "penstock_pipeline_running", pipeline=name) == 0


def test_questions_and_why_they_were_refused(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as project:
        project.query("SELECT 1")
        with pytest.raises(QueryError):
            project.query("SELECT nothing")
        samples = scraped(project)
    assert value(samples, "penstock_query_duration_seconds_count") == 2
    assert value(samples, "penstock_queries_running") == 0
    assert value(samples, "penstock_queries_refused_total", code="query-wrong") == 1


def test_what_is_watched(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as project:
        samples = scraped(project)
    names = ("clients", "subscriptions", "feeds", "queue_bytes", "snapshots_anew_total")
    assert [value(samples, f"penstock_push_{name}") for name in names] == [3, 7, 5, 1_024, 1]


def test_what_is_declared_is_told_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.project.health.watch._FIRST_SECONDS", 0.0)
    sql = TOTALS.replace("'format' = 'json'", "'format' = 'json', 'properties.group.id' = 'readers'", 1)
    write_project(tmp_path, sql)
    with (tmp_path / "penstock.toml").open("a") as settings:
        settings.write('[notify.ops]\ntype = "webhook"\nurl = "http://127.0.0.1:1/"\n')
        settings.write('[warehouse]\nurl = "postgresql://etl@127.0.0.1:1/dw"\n')
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "first.toml").write_text('table = "e"\nwhen = "id = 1"\nnotify = ["ops"]')
    (tmp_path / "jobs.toml").write_text('[jobs.tidy]\nkind = "upkeep"\n')
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "e.toml").write_text('on = "e"\n[rules.one]\nnot_null = "v"\nthen = "warn"\n')
    requests = Requests()
    requests.add("GET", "/api/tables", 200, 0.01)
    with opened(tmp_path) as project:
        append(project, [event(1, 0), event(2, 20)])
        project.start().wait(0.2)
        project.jobs.begin("tidy", {})
        wanted = {
            "penstock_pipeline_watermark_lag_seconds",
            "penstock_alert_notifications",
            "penstock_part_up",
            "penstock_job_rows_read_total",
        }
        while wanted - {name for name, _ in scraped(project, requests)}:
            assert project.current is not None
            project.running[-1].commit()
            assert not project.current.errors
        with pytest.raises(QueryError):
            project.query("SELECT nothing")
        project.savepoint("now", project.running[0].name)
        told = {re.sub("_(bucket|count|sum)$", "", name) for name, _ in scraped(project, requests)}
    assert told == {metric.name for metric in (*DECLARED, *PROCESS)}


@pytest.mark.parametrize("metric", DECLARED, ids=lambda metric: metric.name)
def test_names_are_as_prometheus_asks(metric: declared.Metric) -> None:
    assert re.fullmatch("penstock(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert not re.search("milli|_ms_|_mb|_kb|minutes|percent", metric.name)
    assert metric.help.endswith(".")


def test_too_many_partitions_are_told_as_one() -> None:
    few, many = Families(), Families()
    few.add_partitions(declared.TOPIC_END, {("t",): dict.fromkeys(range(MOST_PARTITIONS), 2)})
    many.add_partitions(declared.TOPIC_END, {("t",): dict.fromkeys(range(MOST_PARTITIONS), 2), ("u",): {0: 7}})
    (each,), (whole,) = few, many
    assert len(each.samples) == MOST_PARTITIONS
    assert [(s.labels["topic"], s.labels["partition"], s.value) for s in whole.samples] == [
        ("t", "all", 2 * MOST_PARTITIONS),
        ("u", "all", 7),
    ]


def test_durations_fall_into_buckets_that_add_up() -> None:
    durations = Durations()
    for seconds in (0.0005, 0.001, 0.2, 500.0):
        durations.add(seconds)
    read = durations.read()
    buckets = dict(read.buckets)
    assert (buckets[0.001], buckets[0.1], buckets[0.25], buckets[60.0], buckets[float("inf")]) == (2, 2, 3, 3, 4)
    assert read.count == 4
    assert read.seconds == pytest.approx(500.2015)


def test_requests_count_by_the_template_of_their_route() -> None:
    class Route:
        path = "/api/tables/{name}"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/nowhere":
            scope["route"] = Route()
        if scope["path"] == "/broken":
            raise RuntimeError
        await send({"type": "http.response.start", "status": 404 if scope["path"] == "/nowhere" else 200})
        assert requests.running == 1

    async def send(message: Any) -> None:
        pass

    async def receive() -> Any:
        raise AssertionError

    async def all_of_them() -> None:
        for method, path in (("GET", "/api/tables/a"), ("GET", "/api/tables/b"), ("BREW", "/nowhere")):
            await measured({"type": "http", "method": method, "path": path}, receive, send)
        with pytest.raises(RuntimeError):
            await measured({"type": "http", "method": "GET", "path": "/broken"}, receive, send)

    requests = Requests()
    measured = Observed(app, requests)
    asyncio.run(all_of_them())
    assert requests.answered == {
        ("GET", "/api/tables/{name}", 200): 2,
        ("other", "other", 404): 1,
        ("GET", "/api/tables/{name}", 499): 1,
    }
    assert requests.running == 0
    assert requests.seconds["/api/tables/{name}"].read().count == 3


NAMES = {metric.name for metric in (*DECLARED, *PROCESS)} | {
    f"{metric.name}_bucket" for metric in DECLARED if metric.kind == "histogram"
}


def asked_for(expression: str) -> set[str]:
    """The metrics that a PromQL expression names."""
    return set(re.findall(r"\b(?:penstock|process)_[a-z_]+", re.sub(r'"[^"]*"', "", expression)))


def test_rules_watch_what_is_told() -> None:
    found = rules(Thresholds())
    assert len({rule.name for rule in found}) == len(found)
    for rule in found:
        assert asked_for(rule.expr) <= NAMES
        assert asked_for(rule.expr) or rule.name == "PenstockDown"


def test_rules_have_the_thresholds_that_are_asked_for() -> None:
    expressions = " ".join(rule.expr for rule in rules(Thresholds(job="meetings", lag=77, rejected=0.25)))
    assert 'up{job="meetings"}' in expressions
    assert expressions.count("> 77") == 2
    assert "> 0.25" in expressions


def test_the_dashboard_draws_what_is_told_and_its_panels_do_not_overlap() -> None:
    document = json.loads(dashboard_file())
    cells: set[tuple[int, int]] = set()
    for panel in document["panels"]:
        place = panel["gridPos"]
        taken = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells
        assert place["x"] + place["w"] <= 24
        cells |= taken
        for target in panel.get("targets", ()):
            assert asked_for(target["expr"])
            assert asked_for(target["expr"]) <= NAMES
    assert len({panel["id"] for panel in document["panels"]}) == len(document["panels"])


def test_a_server_serves_them(shop: Served) -> None:
    shop.get("/livez")
    text = shop.client.get("/metrics", headers={"host": "nobody.example"})
    assert text.status_code == 421
    text = shop.client.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=")
    assert 'penstock_http_requests_total{method="GET",route="/livez",status="200"}' in text.text
    assert 'penstock_http_requests_total{method="GET",route="other",status="421"} 1.0' in text.text
    opened_metrics = shop.client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert opened_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert opened_metrics.text.endswith("# EOF\n")
