"""The page of all metrics, made of their declarations: `page` gives the text of docs/metrics.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.server.metrics.declared import PROCESS, SECTIONS
from penstock.server.metrics.families import MOST_PARTITIONS

if TYPE_CHECKING:
    from penstock.server.metrics.declared import Metric

__all__ = ["page"]

_HEAD = f"""\
# Metrics

<!-- Made by scripts/pages.py of the declarations in src/penstock; change those, not this page. -->

`penstock run` serves them to Prometheus at `/metrics`, as text or, asked for, as OpenMetrics:

```yaml
scrape_configs:
  - job_name: penstock
    static_configs:
      - targets: ["127.0.0.1:8321"]
```

What only grows (`_total`) counts since the process began, but for the rows of operators: those go on from the last
checkpoint, as the ledger does. Where a family would have more than {MOST_PARTITIONS:,} partitions it tells each
topic as a whole, with the label `partition="all"`. `penstock observe rules` prints alert rules over these metrics,
and `penstock observe grafana` a dashboard."""


def page() -> str:
    """The page, as Markdown."""
    parts = [_HEAD]
    parts += [f"## {title}\n\n{_table(metrics)}" for title, metrics in SECTIONS.items()]
    parts.append(f"## The process\n\nOn Linux.\n\n{_table(PROCESS)}")
    return "\n\n".join(parts) + "\n"


def _table(metrics: tuple[Metric, ...]) -> str:
    lines = ["| name | kind | labels | what |", "|--|--|--|--|"]
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
    return "\n".join(lines)
