"""Alert rules for Prometheus over the declared metrics: what needs somebody."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from penstock.server.metrics import declared as d

__all__ = ["Thresholds", "rules", "rules_file"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on somebody is told. Shares are of 1, times in seconds; `job` is the scrape job's name."""

    job: str = "penstock"
    lag: int = 10_000
    watermark_lag: int = 300
    checkpoint_age: int = 60
    rejected: float = 0.01
    late: float = 0.01
    disk_free: float = 0.1


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert: it fires when `expr` has held for `minutes`."""

    name: str
    severity: Literal["critical", "warning"]
    expr: str
    minutes: int
    summary: str
    description: str


_RATE = "[5m]"
_SOURCE_ROWS = f'sum by (instance, pipeline) (rate({d.OPERATOR_IN.name}{{kind="source"}}{_RATE}))'


def rules(limits: Thresholds) -> tuple[Rule, ...]:
    """The rules with these thresholds."""
    return (
        Rule(
            "PenstockDown",
            "critical",
            f"up{{job={json.dumps(limits.job)}}} == 0",
            1,
            "Penstock at {{ $labels.instance }} does not answer",
            "Look whether `penstock run` still runs there, and at its log.",
        ),
        Rule(
            "PenstockPipelineFailed",
            "critical",
            f"{d.PIPELINE_FAILED.name} > 0",
            0,
            "Pipeline {{ $labels.pipeline }} has stopped with an error",
            "Its error is in the log. Started again it goes on from its last checkpoint.",
        ),
        Rule(
            "PenstockWatermarkBehind",
            "warning",
            f"{d.PIPELINE_WATERMARK_LAG.name} > {limits.watermark_lag}"
            f" and on (instance, pipeline) rate({d.PIPELINE_ROWS.name}{_RATE}) > 0",
            5,
            "Event time of pipeline {{ $labels.pipeline }} is {{ $value | humanizeDuration }} behind",
            "Rows come in, and windows do not close: `penstock why` names what holds the watermark back.",
        ),
        *_behind(limits),
        _share("PenstockRowsRejected", "rejected", limits.rejected, "`penstock rejects list` shows them with reasons."),
        _share("PenstockRowsLate", "late", limits.late, "The table penstock.late shows which windows they missed."),
        Rule(
            "PenstockCheckpointOverdue",
            "critical",
            f"{d.CHECKPOINT_WAITING.name} > {limits.checkpoint_age}",
            1,
            "Pipeline {{ $labels.pipeline }} has committed nothing for {{ $value | humanizeDuration }}",
            "Its results are not visible; a slow disk or sink, or one very long step, holds the checkpoint up.",
        ),
        *_worn(limits),
    )


def _worn(limits: Thresholds) -> tuple[Rule, ...]:
    """What runs short in the machine and in its process."""
    return (
        Rule(
            "PenstockDiskLow",
            "critical",
            f"{d.DISK_FREE.name} / {d.DISK_SIZE.name} < {limits.disk_free:g}",
            5,
            "{{ $value | humanizePercentage }} of the disk under the log at {{ $labels.instance }} is free",
            "When it is full, pipelines stop. Shorten retention, or give it a larger disk.",
        ),
        Rule(
            "PenstockRequestsFail",
            "warning",
            f'sum by (instance) (rate({d.HTTP_REQUESTS.name}{{status=~"5.."}}{_RATE}))'
            f" / sum by (instance) (rate({d.HTTP_REQUESTS.name}{_RATE})) > 0.01",
            5,
            "{{ $value | humanizePercentage }} of the requests to {{ $labels.instance }} fail",
            "The log has the error of each.",
        ),
        Rule(
            "PenstockOpenFiles",
            "warning",
            f"process_open_fds{{job={json.dumps(limits.job)}}} / process_max_fds{{job={json.dumps(limits.job)}}} > 0.8",
            5,
            "Penstock at {{ $labels.instance }} has {{ $value | humanizePercentage }} of its files open",
            "Raise the limit of open files (ulimit -n), or let fewer clients connect.",
        ),
    )


def _behind(limits: Thresholds) -> tuple[Rule, Rule]:
    return (
        Rule(
            "PenstockPipelineBehind",
            "critical",
            f"sum by (instance, pipeline) ({d.PIPELINE_LAG.name}) > {limits.lag}",
            1,
            "Pipeline {{ $labels.pipeline }} is {{ $value | humanize }} records behind",
            "More comes in than it works off, or it waits for a sink.",
        ),
        Rule(
            "PenstockConsumerBehind",
            "warning",
            f"sum by (instance, group, topic) ({d.GROUP_LAG.name}) > {limits.lag}",
            5,
            "Group {{ $labels.group }} is {{ $value | humanize }} records of {{ $labels.topic }} behind",
            "Whoever reads with this group has stopped, or is slower than what comes in.",
        ),
    )


def _share(name: str, fate: str, share: float, look: str) -> Rule:
    return Rule(
        name,
        "warning",
        f'sum by (instance, pipeline) (rate({d.OPERATOR_FATES.name}{{fate="{fate}"}}{_RATE}))'
        f" / {_SOURCE_ROWS} > {share:g}",
        5,
        f"{{{{ $value | humanizePercentage }}}} of the rows of pipeline {{{{ $labels.pipeline }}}} are {fate}",
        look,
    )


def rules_file(limits: Thresholds) -> str:
    """The rules as a file for `rule_files` of prometheus.yml."""
    lines = ["groups:", "  - name: penstock", "    rules:"]
    for rule in rules(limits):
        lines += [
            f"      - alert: {rule.name}",
            f"        expr: {json.dumps(rule.expr)}",
            *([f"        for: {rule.minutes}m"] if rule.minutes else []),
            "        labels:",
            f"          severity: {rule.severity}",
            "        annotations:",
            f"          summary: {json.dumps(rule.summary)}",
            f"          description: {json.dumps(rule.description)}",
        ]
    return "\n".join(lines) + "\n"
