"""What a project's process tells at a scrape."""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

import penstock
from penstock.core.batch import END_OF_TIME, NO_TIME
from penstock.engine.ledger import FATES
from penstock.project.figures import behind
from penstock.server.metrics import declared as d
from penstock.server.metrics.families import Families
from penstock.server.push.limits import Watching

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import Metric as Family

    from penstock.engine.pipeline import Pipeline
    from penstock.project.penstock import Penstock
    from penstock.server.metrics.requests import Requests

__all__ = ["Metrics"]


class Metrics:
    """The metrics of one project, beside those of the process; `requests` are those of its server."""

    def __init__(self, project: Penstock, requests: Requests) -> None:
        self.project = project
        self.requests = requests
        self._watching = Watching(0, 0, 0, 0, 0)
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def scrape(self, accept: str, watching: Watching) -> tuple[bytes, str]:
        """The text and its content type: OpenMetrics where `accept` asks for it, else Prometheus' own."""
        self._watching = watching
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type

    def describe(self) -> Iterable[Family]:
        """Nothing beforehand: as Prometheus' client asks of a collector."""
        return ()

    def collect(self) -> Iterable[Family]:
        """All families that have samples now."""
        found = Families()
        found.add(d.BUILD, 1, penstock.__version__, platform.python_version(), version("polars"), version("duckdb"))
        for pipeline in self.project.running:
            self._pipeline(found, pipeline)
            _operators(found, pipeline)
            _checkpoints(found, pipeline)
        self._log(found)
        self._alerts(found)
        self._jobs(found)
        self._quality(found)
        self._parts(found)
        self._questions(found)
        self._requests(found)
        self._push(found)
        return found

    def _pipeline(self, found: Families, pipeline: Pipeline) -> None:
        name = pipeline.name
        run = self.project.current
        life = None if run is None else run.find(name)
        failed = life is not None and life.error is not None
        found.add(d.PIPELINE_RUNNING, float(life is not None and life.goes), name)
        found.add(d.PIPELINE_FAILED, float(failed), name)
        found.add(d.PIPELINE_ROWS, pipeline.rows, name)
        results: dict[str, int] = {}
        for sink in pipeline.executor.graph.sinks.values():
            results[sink.table] = results.get(sink.table, 0) + pipeline.committed.get(sink.name, 0)
        for table, rows in results.items():
            found.add(d.PIPELINE_RESULTS, rows, name, table)
        timed = [source for source in pipeline.executor.sources.values() if source.has_time]
        watermark = min((source.watermarks.value for source in timed), default=NO_TIME)
        if watermark not in (NO_TIME, END_OF_TIME):
            found.add(d.PIPELINE_WATERMARK, watermark / 1000, name)
            found.add(d.PIPELINE_WATERMARK_LAG, (self.project.clock.now_ms() - watermark) / 1000, name)
        for source in timed:
            view = source.watermarks.view()
            found.add(d.SOURCE_PARTITIONS, len(view), name, source.name)
            found.add(d.SOURCE_IDLE, sum(partition.idle for partition in view), name, source.name)
        if not failed:
            unread = behind(pipeline.log, pipeline.input.position())
            found.add_partitions(d.PIPELINE_LAG, {(name, topic): of for topic, of in unread.items()})

    def _log(self, found: Families) -> None:
        log = self.project.log
        topics = log.held()
        for topic in topics:
            found.add(d.TOPIC_RECORDS, topic.records, topic.topic)
            found.add(d.TOPIC_BATCHES, topic.batches, topic.topic)
            found.add(d.TOPIC_BYTES, topic.bytes, topic.topic)
            found.add(d.TOPIC_STORED, topic.stored, topic.topic)
        found.add_partitions(d.TOPIC_END, {(topic.topic,): topic.ends for topic in topics})
        lag: dict[tuple[str, ...], dict[int, int]] = {}
        for group in log.groups.names():
            for at in log.groups.describe(group):
                lag.setdefault((group, at.topic), {})[at.partition] = at.lag
        found.add_partitions(d.GROUP_LAG, lag)
        found.add(d.LOG_RECORDS, log.traffic.records)
        found.add(d.LOG_BYTES, log.traffic.bytes)
        found.add_durations(d.LOG_COMMITS, log.traffic.seconds.read())
        if log.path is None:
            return
        for name in (log.path, log.path.with_name(log.path.name + "-wal")):
            if name.exists():
                found.add(d.LOG_SIZE, name.stat().st_size, name.name)
        disk = shutil.disk_usage(log.path.parent)
        found.add(d.DISK_FREE, disk.free)
        found.add(d.DISK_SIZE, disk.total)

    def _alerts(self, found: Families) -> None:
        for state in self.project.alert_states():
            found.add(d.ALERT_UP, state.tells, state.name)
            found.add(d.ALERT_INCIDENTS, state.firing, state.name, "firing")
            found.add(d.ALERT_INCIDENTS, state.pending, state.name, "pending")
        if self.project.notices.delivery is not None:
            for (channel, status), count in sorted(self.project.notices.delivery.counts().items()):
                found.add(d.ALERT_NOTIFICATIONS, count, channel, status)

    def _jobs(self, found: Families) -> None:
        jobs = self.project.jobs
        open_ = Counter((run.job, run.state) for run in jobs.runs.open().runs.values())
        for name in jobs.file.good():
            for state in ("running", "waiting"):
                found.add(d.JOB_OPEN, open_[name, state], name, state)
        if jobs.scheduler is not None:
            figures = jobs.scheduler.figures
            for (name, state), count in sorted(figures.runs.items()):
                found.add(d.JOB_RUNS, count, name, state)
            for name, seconds in sorted(figures.seconds.items()):
                found.add(d.JOB_SECONDS, seconds, name)
                found.add(d.JOB_ROWS, figures.rows[name], name)
            found.add(d.SCHEDULER_LAG, jobs.scheduler.lag / 1000)
        use = self.project.warehouse.pool
        for what, count in asdict(use).items() if use is not None else ():
            found.add(d.WAREHOUSE_CONNECTIONS, count, what)

    def _quality(self, found: Families) -> None:
        for one in self.project.quality.results().iter_rows(named=True):
            labels = (one["run"] if one["kind"] == "stream" else "", one["table"], one["rule"])
            found.add(d.QUALITY_PASSED, float(one["passed"]), *labels)
            found.add(d.QUALITY_BROKEN, one["broken"], *labels)

    def _parts(self, found: Families) -> None:
        watch = self.project.health
        for name, (verdict, took) in watch.found.items() if watch is not None else ():
            found.add(d.PART_UP, verdict.up, name)
            found.add(d.PART_SECONDS, took, name)

    def _questions(self, found: Families) -> None:
        questions = self.project.questions
        found.add(d.QUERIES_RUNNING, questions.running)
        found.add_durations(d.QUERY_SECONDS, questions.seconds.read())
        for code, count in dict(questions.refused).items():
            found.add(d.QUERIES_REFUSED, count, code)

    def _requests(self, found: Families) -> None:
        requests = self.requests
        for (method, route, status), count in dict(requests.answered).items():
            found.add(d.HTTP_REQUESTS, count, method, route, str(status))
        for route, seconds in dict(requests.seconds).items():
            found.add_durations(d.HTTP_SECONDS, seconds.read(), route)
        found.add(d.HTTP_RUNNING, requests.running)
        found.add(d.WEBSOCKETS, requests.websockets)

    def _push(self, found: Families) -> None:
        watching = self._watching
        found.add(d.PUSH_CLIENTS, watching.clients)
        found.add(d.PUSH_SUBSCRIPTIONS, watching.subscriptions)
        found.add(d.PUSH_FEEDS, watching.feeds)
        found.add(d.PUSH_WAITING, watching.waiting)
        found.add(d.PUSH_ANEW, watching.anew)


def _operators(found: Families, pipeline: Pipeline) -> None:
    for entry in pipeline.executor.entries():
        labels = (pipeline.name, entry.operator, entry.kind)
        found.add(d.OPERATOR_IN, entry.counts.taken, *labels)
        found.add(d.OPERATOR_OUT, entry.counts.given, *labels)
        found.add(d.OPERATOR_HELD, entry.counts.held, *labels)
        for fate in FATES:
            if fate != "held":
                found.add(d.OPERATOR_FATES, getattr(entry.counts, fate), *labels, fate)


def _checkpoints(found: Families, pipeline: Pipeline) -> None:
    taken, name = pipeline.checkpoints, pipeline.name
    found.add_durations(d.CHECKPOINT_SECONDS, taken.seconds.read(), name)
    found.add(d.CHECKPOINT_FAILURES, taken.failures, name)
    found.add(d.CHECKPOINT_WRITTEN, taken.written, name)
    found.add(d.CHECKPOINT_WAITING, taken.waiting, name)
    if taken.last_ms is not None:
        found.add(d.CHECKPOINT_TIME, taken.last_ms / 1000, name)
        found.add(d.CHECKPOINT_SIZE, taken.last_written, name)
    for operator, size in dict(taken.state).items():
        found.add(d.OPERATOR_STATE, size, name, operator)
