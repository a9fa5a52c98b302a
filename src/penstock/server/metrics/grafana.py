"""A Grafana dashboard over the declared metrics, as the JSON that Grafana imports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from penstock.server.metrics import declared as d

__all__ = ["ROWS", "Panel", "dashboard_file"]

_SCHEMA_VERSION = 39
_COLUMNS = 24
_CHOSEN = 'instance=~"$instance", pipeline=~"$pipeline"'
_INSTANCE = 'instance=~"$instance"'
_RATE = "[$__rate_interval]"


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over time, or one number (`stat`); `queries` are (PromQL, legend), `unit` one of Grafana's."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    kind: Literal["timeseries", "stat"] = "timeseries"
    width: int = 8
    bad_above: float | None = None


def _rate(metric: d.Metric, by: str, where: str = _CHOSEN) -> str:
    return f"sum by ({by}) (rate({metric.name}{{{where}}}{_RATE}))"


def _quantile(metric: d.Metric, by: str, where: str, quantile: float = 0.95) -> str:
    return f"histogram_quantile({quantile}, sum by (le, {by}) (rate({metric.name}_bucket{{{where}}}{_RATE})))"


def _now(metric: d.Metric, by: str, where: str = _CHOSEN, how: str = "sum") -> str:
    return f"{how} by ({by}) ({metric.name}{{{where}}})"


ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "What runs",
        (
            Panel("Pipelines running", "none", ((f"sum({d.PIPELINE_RUNNING.name}{{{_CHOSEN}}})", ""),), "stat", 4),
            Panel("Pipelines failed", "none", ((f"sum({d.PIPELINE_FAILED.name}{{{_CHOSEN}}})", ""),), "stat", 4, 0),
            Panel(
                "Largest watermark lag", "s", ((f"max({d.PIPELINE_WATERMARK_LAG.name}{{{_CHOSEN}}})", ""),), "stat", 4
            ),
            Panel("Records behind", "short", ((f"sum({d.PIPELINE_LAG.name}{{{_CHOSEN}}})", ""),), "stat", 4),
            Panel("Uncommitted for", "s", ((f"max({d.CHECKPOINT_WAITING.name}{{{_CHOSEN}}})", ""),), "stat", 4, 60),
            Panel("Disk free", "bytes", ((f"min({d.DISK_FREE.name}{{{_INSTANCE}}})", ""),), "stat", 4),
        ),
    ),
    (
        "Pipelines",
        (
            Panel("Rows read", "rowsps", ((_rate(d.PIPELINE_ROWS, "pipeline"), "{{pipeline}}"),)),
            Panel("Results", "rowsps", ((_rate(d.PIPELINE_RESULTS, "pipeline, table"), "{{pipeline}} {{table}}"),)),
            Panel("Records behind", "short", ((_now(d.PIPELINE_LAG, "pipeline, topic"), "{{pipeline}} {{topic}}"),)),
            Panel("Watermark lag", "s", ((_now(d.PIPELINE_WATERMARK_LAG, "pipeline", how="max"), "{{pipeline}}"),)),
            Panel(
                "Late and rejected",
                "rowsps",
                (
                    (
                        _rate(d.OPERATOR_FATES, "pipeline, fate", f'{_CHOSEN}, fate=~"late|rejected"'),
                        "{{pipeline}} {{fate}}",
                    ),
                ),
            ),
            Panel(
                "Silent partitions",
                "short",
                ((_now(d.SOURCE_IDLE, "pipeline, operator"), "{{pipeline}} {{operator}}"),),
            ),
        ),
    ),
    (
        "State and checkpoints",
        (
            Panel("State", "bytes", ((_now(d.OPERATOR_STATE, "pipeline, operator"), "{{pipeline}} {{operator}}"),)),
            Panel("Checkpoints, p95", "s", ((_quantile(d.CHECKPOINT_SECONDS, "pipeline", _CHOSEN), "{{pipeline}}"),)),
            Panel("State written", "Bps", ((_rate(d.CHECKPOINT_WRITTEN, "pipeline"), "{{pipeline}}"),)),
        ),
    ),
    (
        "The log",
        (
            Panel("Appended", "rowsps", ((_rate(d.LOG_RECORDS, "instance", _INSTANCE), "{{instance}}"),)),
            Panel("Commits, p95", "s", ((_quantile(d.LOG_COMMITS, "instance", _INSTANCE), "{{instance}}"),)),
            Panel("Stored, by topic", "bytes", ((_now(d.TOPIC_STORED, "topic", _INSTANCE), "{{topic}}"),)),
            Panel("Files", "bytes", ((_now(d.LOG_SIZE, "file", _INSTANCE), "{{file}}"),)),
            Panel("Consumer lag", "short", ((_now(d.GROUP_LAG, "group, topic", _INSTANCE), "{{group}} {{topic}}"),)),
        ),
    ),
    (
        "Serving",
        (
            Panel("Requests", "reqps", ((_rate(d.HTTP_REQUESTS, "route, status", _INSTANCE), "{{route}} {{status}}"),)),
            Panel("Requests, p95", "s", ((_quantile(d.HTTP_SECONDS, "route", _INSTANCE), "{{route}}"),)),
            Panel("WebSockets", "short", ((_now(d.WEBSOCKETS, "instance", _INSTANCE), "{{instance}}"),)),
            Panel(
                "Watched",
                "short",
                (
                    (_now(d.PUSH_CLIENTS, "instance", _INSTANCE), "clients"),
                    (_now(d.PUSH_SUBSCRIPTIONS, "instance", _INSTANCE), "subscriptions"),
                ),
            ),
            Panel("Waits for clients", "bytes", ((_now(d.PUSH_WAITING, "instance", _INSTANCE), "{{instance}}"),)),
            Panel("Snapshots anew", "ops", ((_rate(d.PUSH_ANEW, "instance", _INSTANCE), "{{instance}}"),)),
            Panel("Questions, p95", "s", ((_quantile(d.QUERY_SECONDS, "instance", _INSTANCE), "{{instance}}"),)),
            Panel("Questions refused", "ops", ((_rate(d.QUERIES_REFUSED, "code", _INSTANCE), "{{code}}"),)),
            Panel("Questions running", "short", ((_now(d.QUERIES_RUNNING, "instance", _INSTANCE), "{{instance}}"),)),
        ),
    ),
    (
        "The process",
        (
            Panel("CPU", "percentunit", ((f"rate(process_cpu_seconds_total{{{_INSTANCE}}}{_RATE})", "{{instance}}"),)),
            Panel("Memory", "bytes", ((f"process_resident_memory_bytes{{{_INSTANCE}}}", "{{instance}}"),)),
            Panel("Open files", "short", ((f"process_open_fds{{{_INSTANCE}}}", "{{instance}}"),)),
        ),
    ),
)
"""The dashboard's rows from top to bottom, each with its panels from left to right."""


def dashboard_file() -> str:
    """The dashboard; its data source and instances are chosen in Grafana."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in ROWS:
        panels.append({"id": len(panels) + 1, "type": "row", "title": title, "gridPos": _place(0, y, _COLUMNS, 1)})
        y, x = y + 1, 0
        for panel in row:
            height = 4 if panel.kind == "stat" else 8
            if x + panel.width > _COLUMNS:
                x, y = 0, y + height
            panels.append(_panel(len(panels) + 1, panel, _place(x, y, panel.width, height)))
            x += panel.width
        y += height
    document = {
        "title": "Penstock",
        "uid": "penstock",
        "tags": ["penstock"],
        "editable": True,
        "schemaVersion": _SCHEMA_VERSION,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_SOURCE, _variable("instance", d.BUILD), _variable("pipeline", d.PIPELINE_RUNNING)]},
        "panels": panels,
    }
    return json.dumps(document, indent=2) + "\n"


_SOURCE = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
_FROM = {"type": "prometheus", "uid": "${datasource}"}


def _variable(name: str, metric: d.Metric) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": _FROM,
        "query": {"query": f"label_values({metric.name}, {name})", "refId": name},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "sort": 1,
    }


def _place(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.bad_above is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.bad_above + 1e-9}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _FROM,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": _FROM, "expr": expr, "legendFormat": legend}
            for n, (expr, legend) in enumerate(panel.queries)
        ],
    }
