"""The page of all settings, made of their declarations: `page` gives the text of docs/settings.md."""

from __future__ import annotations

from penstock.core.options import option_table
from penstock.project.settings import SECTIONS
from penstock.sql.config import SETTINGS

__all__ = ["page"]

_HEAD = """\
# Settings

<!-- Made by scripts/pages.py of the declarations in src/penstock; change those, not this page. -->

## penstock.toml

A file of sections. What is not listed is an error, with the closest name that there is. Names with a dot are quoted in
TOML: `"retention.ms" = "30 d"`.

```toml
[engine]
idle-timeout = "30 s"

[topics.clicks]
partitions = 10
"retention.ms" = "30 d"
```"""

_SET = """\
## SET

Flink's own names, for the statements that follow: `SET 'table.local-time-zone' = 'Europe/Oslo';`. They go before
penstock.toml. Settings of how a job is run by a cluster are accepted and have no effect; others are refused."""

_SECTIONS = {
    "health": "Probes of the parts that the project needs while it runs, and their uptime, see [health.md](health.md).",
    "measures": "CPU, memory, disk, network, rates, lags and latencies as rows of a table, while the project runs.",
    "system": "How much is kept of what the system writes itself, see [keeping.md](keeping.md).",
    "warehouse": "Where loads go: a PostgreSQL, else a file of DuckDB, see [warehouse.md](warehouse.md).",
    "jobs": "How jobs of jobs.toml are done, see [jobs.md](jobs.md).",
    "logging": "Log lines of `penstock run`; its options --log-format and --log-level go before them.",
    "tracing": "OpenTelemetry: the way of an event from its arrival over HTTP to the commit of what it led to.",
    "project": "The project as a whole.",
    "engine": "How pipelines run.",
    "log": "The embedded log, `.penstock/log.db`.",
    "backup": "Backups by calls; `penstock backup` is told where to.",
    "memory": "How much of it the process may take, see [keeping.md](keeping.md).",
    "topics.NAME": "A topic, made so by the first CREATE TABLE or INSERT that needs it.",
    "tables.NAME": "A table of Parquet files, of which `penstock upkeep` takes care.",
    "streams.NAME": "A name under which a topic is known; the topic is made with the project.",
    "s3": "The server of s3:// paths.",
    "files": "What files the tables may reach.",
    "server": "Page and API, which `penstock run` serves. Users are added by `penstock user add`; see docs/access.md.",
    "network": "What this project may call.",
    "notify.NAME": "A channel that alert rules name (docs/alerts.md).",
}


def page() -> str:
    """The page, as Markdown."""
    parts = [_HEAD]
    parts += [f"### [{name}]\n\n{_SECTIONS[name]}\n\n{option_table(options)}" for name, options in SECTIONS.items()]
    parts.append(f"{_SET}\n\n{option_table(SETTINGS)}")
    return "\n\n".join(parts) + "\n"
