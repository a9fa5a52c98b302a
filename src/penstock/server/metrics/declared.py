"""Every metric, declared once: what is scraped, documented, drawn and watched comes from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["PROCESS", "SECTIONS", "Metric"]

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family, named as Prometheus asks: base units, and `_total` for what only grows."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


def _pipeline(name: str, kind: Kind, text: str, *labels: str) -> Metric:
    return Metric(f"penstock_{name}", kind, text, ("pipeline", *labels))


BUILD = Metric(
    "penstock_build_info", "gauge", "Always 1; the labels are versions.", ("version", "python", "polars", "duckdb")
)

PIPELINE_RUNNING = _pipeline(
    "pipeline_running", "gauge", "1 while it runs, 0 while it is paused and once it has ended or failed."
)
PIPELINE_FAILED = _pipeline("pipeline_failed", "gauge", "1 where it stopped with an error.")
PIPELINE_ROWS = _pipeline("pipeline_rows_read_total", "counter", "Records read since this process began.")
PIPELINE_RESULTS = _pipeline(
    "pipeline_results_total", "counter", "Rows committed to a table, as the ledger counts them.", "table"
)
PIPELINE_WATERMARK = _pipeline(
    "pipeline_watermark_timestamp_seconds", "gauge", "Event time: the least watermark of its sources."
)
PIPELINE_WATERMARK_LAG = _pipeline(
    "pipeline_watermark_lag_seconds", "gauge", "How far the watermark is behind the wall clock."
)
PIPELINE_LAG = _pipeline(
    "pipeline_lag_records", "gauge", "Records of a topic that it has not read.", "topic", "partition"
)
SOURCE_PARTITIONS = _pipeline("source_partitions", "gauge", "Partitions that a source has.", "operator")
SOURCE_IDLE = _pipeline(
    "source_idle_partitions", "gauge", "Partitions that do not hold the watermark because they are silent.", "operator"
)

OPERATOR_IN = _pipeline("operator_rows_in_total", "counter", "Rows that an operator took.", "operator", "kind")
OPERATOR_OUT = _pipeline("operator_rows_out_total", "counter", "Rows that an operator gave.", "operator", "kind")
OPERATOR_FATES = _pipeline(
    "operator_rows_total",
    "counter",
    "Rows by what became of them: passed, filtered, superseded, expired, late or rejected.",
    "operator",
    "kind",
    "fate",
)
OPERATOR_HELD = _pipeline("operator_rows_held", "gauge", "Rows in an operator's state.", "operator", "kind")
OPERATOR_STATE = _pipeline(
    "operator_state_bytes", "gauge", "Memory of an operator's state, as of the last checkpoint.", "operator"
)

CHECKPOINT_SECONDS = _pipeline("checkpoint_duration_seconds", "histogram", "How long checkpoints took.")
CHECKPOINT_FAILURES = _pipeline("checkpoint_failures_total", "counter", "Checkpoints that were broken off.")
CHECKPOINT_SIZE = _pipeline("checkpoint_last_size_bytes", "gauge", "State that the last checkpoint wrote.")
CHECKPOINT_WRITTEN = _pipeline("checkpoint_written_bytes_total", "counter", "State that all checkpoints wrote.")
CHECKPOINT_TIME = _pipeline("checkpoint_last_timestamp_seconds", "gauge", "When the last checkpoint was done.")
CHECKPOINT_WAITING = _pipeline(
    "checkpoint_uncommitted_seconds", "gauge", "For how long there has been work that no checkpoint holds; 0 for none."
)

GROUP_LAG = Metric(
    "penstock_consumer_lag_records",
    "gauge",
    "How far a consumer group's committed offset is behind the end.",
    ("group", "topic", "partition"),
)

TOPIC_END = Metric(
    "penstock_topic_end_offset", "gauge", "The offset that the next record gets.", ("topic", "partition")
)
TOPIC_RECORDS = Metric("penstock_topic_records", "gauge", "Records that a topic holds.", ("topic",))
TOPIC_BATCHES = Metric("penstock_topic_batches", "gauge", "Stored batches of a topic.", ("topic",))
TOPIC_BYTES = Metric("penstock_topic_bytes", "gauge", "Keys, values and headers, before compression.", ("topic",))
TOPIC_STORED = Metric("penstock_topic_stored_bytes", "gauge", "Bytes of a topic in the log's file.", ("topic",))

LOG_RECORDS = Metric("penstock_log_appended_records_total", "counter", "Records that this process appended.")
LOG_BYTES = Metric("penstock_log_appended_bytes_total", "counter", "Bytes of the records that this process appended.")
LOG_COMMITS = Metric(
    "penstock_log_commit_duration_seconds", "histogram", "How long transactions took, waiting and sync included."
)
LOG_SIZE = Metric("penstock_log_size_bytes", "gauge", "The log's files.", ("file",))
DISK_FREE = Metric("penstock_disk_free_bytes", "gauge", "Free on the file system of the log.")
DISK_SIZE = Metric("penstock_disk_size_bytes", "gauge", "The file system of the log.")

ALERT_UP = Metric(
    "penstock_alert_up", "gauge", "Whether an alert rule can tell: 0 where it has to be looked at.", ("rule",)
)
ALERT_INCIDENTS = Metric("penstock_alert_incidents", "gauge", "Incidents that are not resolved.", ("rule", "state"))
ALERT_NOTIFICATIONS = Metric(
    "penstock_alert_notifications", "gauge", "What became of notifications that are kept.", ("channel", "status")
)

QUALITY_PASSED = Metric(
    "penstock_quality_passed",
    "gauge",
    "Whether no row breaks a quality rule: in the last load of a table, or of all that a pipeline has read of it.",
    ("pipeline", "table", "rule"),
)
QUALITY_BROKEN = Metric(
    "penstock_quality_broken_rows", "gauge", "How many rows break it there.", ("pipeline", "table", "rule")
)

PART_UP = Metric(
    "penstock_part_up", "gauge", "Whether the last probe has found a part up that the project needs.", ("component",)
)
PART_SECONDS = Metric("penstock_part_probe_seconds", "gauge", "How long the last probe of a part took.", ("component",))

JOB_RUNS = Metric("penstock_job_runs_total", "counter", "Runs that have ended, by how they did.", ("job", "state"))
JOB_SECONDS = Metric(
    "penstock_job_run_seconds_total", "counter", "How long they took; by their number, how long one does.", ("job",)
)
JOB_ROWS = Metric("penstock_job_rows_read_total", "counter", "Rows that they have read.", ("job",))
JOB_OPEN = Metric("penstock_job_runs_open", "gauge", "Runs that have not ended: running, or waiting.", ("job", "state"))
SCHEDULER_LAG = Metric("penstock_scheduler_lag_seconds", "gauge", "How long after it was due the last run began.")
WAREHOUSE_CONNECTIONS = Metric(
    "penstock_warehouse_connections",
    "gauge",
    "Connections to the PostgreSQL of the warehouse: open, used, waiting (transactions that need one), and most.",
    ("what",),
)

QUERIES_RUNNING = Metric("penstock_queries_running", "gauge", "Questions that are being answered.")
QUERY_SECONDS = Metric("penstock_query_duration_seconds", "histogram", "How long questions took, refused ones too.")
QUERIES_REFUSED = Metric(
    "penstock_queries_refused_total", "counter", "Questions that ended with an error, by its code.", ("code",)
)

HTTP_REQUESTS = Metric(
    "penstock_http_requests_total",
    "counter",
    "Requests answered; route is the path's template, `other` where there is none.",
    ("method", "route", "status"),
)
HTTP_SECONDS = Metric(
    "penstock_http_request_duration_seconds", "histogram", "From a request to the end of its answer.", ("route",)
)
HTTP_RUNNING = Metric("penstock_http_requests_running", "gauge", "Requests that are being answered.")
WEBSOCKETS = Metric("penstock_websocket_connections", "gauge", "Open WebSocket connections.")

PUSH_CLIENTS = Metric("penstock_push_clients", "gauge", "Clients that watch, over WebSockets and server-sent events.")
PUSH_SUBSCRIPTIONS = Metric("penstock_push_subscriptions", "gauge", "What they watch, each counted.")
PUSH_FEEDS = Metric("penstock_push_feeds", "gauge", "What they watch, counted once however many do.")
PUSH_WAITING = Metric("penstock_push_queue_bytes", "gauge", "Messages that wait for clients.")
PUSH_ANEW = Metric(
    "penstock_push_snapshots_anew_total", "counter", "Snapshots for clients that had not taken what was sent."
)

SECTIONS: dict[str, tuple[Metric, ...]] = {
    "Pipelines": (
        PIPELINE_RUNNING,
        PIPELINE_FAILED,
        PIPELINE_ROWS,
        PIPELINE_RESULTS,
        PIPELINE_WATERMARK,
        PIPELINE_WATERMARK_LAG,
        PIPELINE_LAG,
        SOURCE_PARTITIONS,
        SOURCE_IDLE,
    ),
    "Operators": (OPERATOR_IN, OPERATOR_OUT, OPERATOR_FATES, OPERATOR_HELD, OPERATOR_STATE),
    "Checkpoints": (
        CHECKPOINT_SECONDS,
        CHECKPOINT_FAILURES,
        CHECKPOINT_SIZE,
        CHECKPOINT_WRITTEN,
        CHECKPOINT_TIME,
        CHECKPOINT_WAITING,
    ),
    "Topics and consumer groups": (TOPIC_END, TOPIC_RECORDS, TOPIC_BATCHES, TOPIC_BYTES, TOPIC_STORED, GROUP_LAG),
    "The log": (LOG_RECORDS, LOG_BYTES, LOG_COMMITS, LOG_SIZE, DISK_FREE, DISK_SIZE),
    "Alerts": (ALERT_UP, ALERT_INCIDENTS, ALERT_NOTIFICATIONS),
    "Jobs": (JOB_RUNS, JOB_SECONDS, JOB_ROWS, JOB_OPEN, SCHEDULER_LAG, WAREHOUSE_CONNECTIONS),
    "Quality": (QUALITY_PASSED, QUALITY_BROKEN),
    "Health": (PART_UP, PART_SECONDS),
    "Questions": (QUERIES_RUNNING, QUERY_SECONDS, QUERIES_REFUSED),
    "Push": (PUSH_CLIENTS, PUSH_SUBSCRIPTIONS, PUSH_FEEDS, PUSH_WAITING, PUSH_ANEW),
    "The server": (BUILD, HTTP_REQUESTS, HTTP_SECONDS, HTTP_RUNNING, WEBSOCKETS),
}
"""All of them, as the page lists them."""

PROCESS = (
    Metric("process_cpu_seconds_total", "counter", "CPU time of the process, of all its threads."),
    Metric("process_resident_memory_bytes", "gauge", "Resident memory."),
    Metric("process_virtual_memory_bytes", "gauge", "Virtual memory."),
    Metric("process_open_fds", "gauge", "Open files."),
    Metric("process_max_fds", "gauge", "How many files it may have open."),
    Metric("process_start_time_seconds", "gauge", "When the process began."),
)
"""What Prometheus' own client tells of a process, on Linux."""
