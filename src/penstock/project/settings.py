"""penstock.toml: the settings of a project, checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.connectors.secrets import secret
from penstock.connectors.world import S3Settings, TableSettings, TopicSettings
from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.logs import LEVELS
from penstock.core.options import Option, Values, choice, duration, integer, memory, share, text, texts
from penstock.incidents.channel import CHANNEL_OPTIONS, Channel, read_channel
from penstock.log import TOPIC_OPTIONS
from penstock.project.budget import LEAST
from penstock.project.health.settings import HEALTH_OPTIONS, HealthSettings, read_health
from penstock.project.warehouse.settings import WAREHOUSE_OPTIONS, WarehouseSettings, read_warehouse
from penstock.sql.config import ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["FILE", "SECTIONS", "Settings", "document_of", "read_settings", "settings_in"]

FILE = "penstock.toml"


NAME = Option("name", text, "", "The project's name; its folder's if left out.")
ON_BAD_ROW = Option(
    "on-bad-row",
    choice("reject", "flink"),
    "reject",
    "A row that cannot be read: reject takes it out and goes on; flink ends the pipeline, as Flink would.",
)
CHECKPOINT_INTERVAL: Option[int | None] = Option(
    "checkpoint-interval",
    duration,
    None,
    "How often results are committed; by default 200 ms when caught up, 1 s behind a backlog.",
)
BATCH_ROWS = Option("batch-rows", integer(1, 10_000_000), 262_144, "How many rows are worked on at once, at most.")
THREADS: Option[int | None] = Option(
    "threads", integer(1, 256), None, "How many threads decode; by default one per core."
)
IDLE_TIMEOUT = Option(
    "idle-timeout", duration, 0, "After how long without rows a partition no longer holds the watermark; 0 = never."
)
TIME_ZONE = Option("time-zone", ZONE, "UTC", "The session's time zone (table.local-time-zone).")
DURABILITY = Option(
    "durability",
    choice("full", "relaxed"),
    "full",
    "full: an acknowledged append survives a power cut; relaxed: the end of the process.",
)
LEAST_FREE = Option(
    "least-free",
    memory,
    256 << 20,
    "How much of the log's disk stays free: with less, events are refused (503) and pipelines wait; 0 = no limit.",
)
MEMORY_LIMIT = Option(
    "limit",
    memory,
    0,
    "What the process may allocate: a quarter for questions, half is meant for states; at its end events and questions"
    " are refused (503); 0 = no limit.",
)
BACKUPS = Option(
    "folder", text, "", "Where backups go that calls of the API make; without it they make none. Not in the project."
)
_DAY = 86_400_000
AUDIT_RETENTION = Option("audit-retention", duration, 1095 * _DAY, "How long the audit log is kept; 0 = for good.")
AUDIT_SIZE = Option("audit-size", memory, 1 << 30, "How much of it is kept, before compression; 0 = all.")
INCIDENTS_RETENTION = Option(
    "incidents-retention", duration, 365 * _DAY, "How long incidents and who was told are kept; 0 = for good."
)
INCIDENTS_SIZE = Option("incidents-size", memory, 256 << 20, "How much of each, before compression; 0 = all.")
REJECTS_RETENTION = Option(
    "rejects-retention", duration, 90 * _DAY, "How long rejected, late and discarded rows are kept; 0 = for good."
)
REJECTS_SIZE = Option("rejects-size", memory, 1 << 30, "How much of each, as it is stored; 0 = all.")
HEALTH_RETENTION = Option(
    "health-retention", duration, 92 * _DAY, "How long probes of the parts are kept, which uptime is of; 0 = for good."
)
HEALTH_SIZE = Option("health-size", memory, 256 << 20, "How much of them, as it is stored; 0 = all.")
RUNS_RETENTION = Option(
    "runs-retention", duration, 365 * _DAY, "How long runs of jobs, and what they said, are kept; 0 = for good."
)
RUNS_SIZE = Option("runs-size", memory, 256 << 20, "How much of each; 0 = all.")
RUNS_AT_ONCE = Option("at-once", integer(1, 1_000), 16, "How many runs of jobs may go on at once, of all jobs.")
PARTITIONS = Option("partitions", integer(1, 10_000), 1, "The partitions of a topic that is made.")
ALSO: Option[str | None] = Option(
    "also-format",
    choice("avro-confluent"),
    None,
    "A second format that messages may have, beside json or csv: avro-confluent, told by its first byte.",
)
ROOTS: Option[tuple[str, ...]] = Option(
    "roots",
    texts('a list of folders: ["/data"]'),
    (),
    "Folders outside the project that its tables may read and write.",
)
HOST = Option("host", text, "127.0.0.1", "The address that page and API listen on; any but loopback needs a login.")
PORT = Option("port", integer(0, 65_535), 8321, "Their port; 0 takes any that is free.")
HOSTS: Option[tuple[str, ...]] = Option(
    "hosts",
    texts('a list of names: ["penstock.example.com"]'),
    (),
    "Names that requests may give as their host, beside localhost and the address that they come in on.",
)
PAGE_URL = Option("url", text, "", "Where people reach the page, for links in messages: https://penstock.example.com/.")
CERTIFICATE: Option[str | None] = Option(
    "certificate",
    text,
    None,
    "A file with the certificate, and those between it and its authority, in PEM: then all is served by TLS.",
)
KEY: Option[str | None] = Option("key", text, None, "The file with the certificate's key, in PEM.")
_SECRET = secret('secret-key = "${S3_SECRET}"', f"{FILE}, [s3]")
ENDPOINT = Option("endpoint", text, "", "The server's address; else AWS_ENDPOINT_URL, else Amazon's.")
REGION = Option("region", text, "", "The region; else AWS_REGION, else us-east-1.")
ACCESS_KEY = Option("access-key", _SECRET, "", "The variable that has the key's name; else AWS_ACCESS_KEY_ID.")
SECRET_KEY = Option("secret-key", _SECRET, "", "The variable that has the secret key; else AWS_SECRET_ACCESS_KEY.")
TOPIC = Option("topic", text, "", "The topic that the stream is; what it is like says [topics.NAME].", required=True)
RETENTION: Option[int | None] = Option(
    "retention", duration, None, "How long a day stays among the table's files before `penstock upkeep` archives it."
)
ARCHIVE: Option[str | None] = Option(
    "archive",
    text,
    None,
    "Where older days go, a folder or s3://bucket/folder; they count as the table's all the same.",
)
ALLOW: Option[tuple[str, ...]] = Option(
    "allow",
    texts('a list of hosts: ["localhost:8081"]'),
    (),
    "Hosts, with or without a port, that may be gone to though they are this machine's or a private network's.",
)
MEASURES_TABLE = Option(
    "table",
    text,
    "",
    "A table over a topic, for figures of machine and process: component, metric, value, unit, time.",
)
MEASURES_INTERVAL = Option("interval", duration, 10_000, "How often they are appended.")
LOG_FORMAT = Option(
    "format", choice("text", "json"), "text", "Log lines on stderr: text for a person, or JSON, a line each."
)
LOG_LEVEL: Option[str | None] = Option(
    "level", choice(*LEVELS), None, "What is told at least; by default warning as text, info as JSON."
)
TRACE_ENDPOINT = Option(
    "endpoint",
    text,
    "",
    "Where traces are sent by OTLP over HTTP, such as http://127.0.0.1:4318; by default as OTEL_EXPORTER_OTLP_ENDPOINT"
    " says, else nowhere. It needs penstock[otel].",
)
TRACE_SHARE = Option(
    "share", share, 0.01, "Which share of the traces that begin here is sent; those of a caller are sent as it says."
)

SECTIONS: dict[str, tuple[Option[Any], ...]] = {
    "project": (NAME,),
    "engine": (ON_BAD_ROW, CHECKPOINT_INTERVAL, BATCH_ROWS, THREADS, IDLE_TIMEOUT, TIME_ZONE),
    "log": (DURABILITY, LEAST_FREE),
    "memory": (MEMORY_LIMIT,),
    "backup": (BACKUPS,),
    "system": (
        AUDIT_RETENTION,
        AUDIT_SIZE,
        INCIDENTS_RETENTION,
        INCIDENTS_SIZE,
        REJECTS_RETENTION,
        REJECTS_SIZE,
        HEALTH_RETENTION,
        HEALTH_SIZE,
        RUNS_RETENTION,
        RUNS_SIZE,
    ),
    "jobs": (RUNS_AT_ONCE,),
    "topics.NAME": (PARTITIONS, ALSO, *TOPIC_OPTIONS),
    "tables.NAME": (RETENTION, ARCHIVE),
    "streams.NAME": (TOPIC,),
    "files": (ROOTS,),
    "s3": (ENDPOINT, REGION, ACCESS_KEY, SECRET_KEY),
    "server": (HOST, PORT, HOSTS, PAGE_URL, CERTIFICATE, KEY),
    "network": (ALLOW,),
    "notify.NAME": CHANNEL_OPTIONS,
    "health": HEALTH_OPTIONS,
    "warehouse": WAREHOUSE_OPTIONS,
    "measures": (MEASURES_TABLE, MEASURES_INTERVAL),
    "logging": (LOG_FORMAT, LOG_LEVEL),
    "tracing": (TRACE_ENDPOINT, TRACE_SHARE),
}
"""Every section and its options."""


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """How long (ms) and how much (bytes) is kept of what the system writes itself; 0: no limit."""

    audit: tuple[int, int] = AUDIT_RETENTION.default, AUDIT_SIZE.default
    incidents: tuple[int, int] = INCIDENTS_RETENTION.default, INCIDENTS_SIZE.default
    rejects: tuple[int, int] = REJECTS_RETENTION.default, REJECTS_SIZE.default
    health: tuple[int, int] = HEALTH_RETENTION.default, HEALTH_SIZE.default
    runs: tuple[int, int] = RUNS_RETENTION.default, RUNS_SIZE.default


@dataclass(frozen=True, slots=True)
class Settings:
    """A project's settings; times in ms."""

    name: str
    on_bad_row: str = "reject"
    checkpoint_interval: int | None = None
    batch_rows: int = 262_144
    threads: int | None = None
    idle_timeout: int = 0
    time_zone: str = "UTC"
    durability: str = "full"
    least_free: int = LEAST_FREE.default
    memory: int = MEMORY_LIMIT.default
    backups: str = BACKUPS.default
    system: SystemSettings = field(default_factory=SystemSettings)
    jobs: int = RUNS_AT_ONCE.default
    """How many runs may go on at once."""
    topics: Mapping[str, TopicSettings] = field(default_factory=dict)
    tables: Mapping[str, TableSettings] = field(default_factory=dict)
    streams: Mapping[str, str] = field(default_factory=dict)
    """The topic of each stream."""
    s3: S3Settings = field(default_factory=S3Settings)
    roots: tuple[str, ...] = ()
    host: str = HOST.default
    port: int = PORT.default
    hosts: tuple[str, ...] = ()
    page_url: str = PAGE_URL.default
    certificate: str | None = None
    key: str | None = None
    allow: tuple[str, ...] = ()
    notify: Mapping[str, Channel] = field(default_factory=dict)
    health: HealthSettings = field(default_factory=HealthSettings)
    warehouse: WarehouseSettings = field(default_factory=WarehouseSettings)
    measures_table: str = MEASURES_TABLE.default
    measures_interval: int = MEASURES_INTERVAL.default
    log_format: str = LOG_FORMAT.default
    log_level: str | None = None
    trace_endpoint: str = TRACE_ENDPOINT.default
    trace_share: float = TRACE_SHARE.default

    @property
    def url(self) -> str:
        """Where page and API would be; empty where any free port is taken."""
        scheme = "http" if self.certificate is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/" if self.port else ""


def read_settings(folder: Path) -> Settings:
    """The settings of the project in `folder`.

    Raises ConfigError naming the file, the section and what was allowed.
    """
    path = folder / FILE
    try:
        said = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{folder} is no Penstock project: it has no {FILE}",
            code="project-missing",
            hint=f"penstock init {folder} makes one",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{FILE} cannot be read: {error}", code="project-toml", where=str(path)) from None
    return settings_in(said, folder)


def settings_in(said: str, folder: Path) -> Settings:
    """The settings of the project in `folder`, if its file said this. Raises as `read_settings`."""
    return _settings(document_of(said, folder), folder)


def document_of(said: str, folder: Path) -> dict[str, Any]:
    """What the file of the project in `folder` says, whether or not it fits. Raises ConfigError for what is no TOML."""
    try:
        return tomllib.loads(said)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{FILE} is not TOML: {error}", code="project-toml", where=str(folder / FILE)) from None


def _settings(document: dict[str, Any], folder: Path) -> Settings:
    known = {name.split(".", maxsplit=1)[0] for name in SECTIONS}
    for name in document:
        if name not in known:
            hint = did_you_mean(name, known) or "there are " + ", ".join(f"[{k}]" for k in sorted(known))
            raise ConfigError(
                f"there is no section [{name}]", code="project-section", where=str(folder / FILE), hint=hint
            )

    def section(name: str) -> Values:
        given = document.get(name, {})
        where = f"{folder / FILE}, [{name}]"
        if not isinstance(given, dict):
            raise ConfigError(f"'{name}' is a section: [{name}]", code="project-section", where=where)
        return Values(SECTIONS[name], given, where)

    project, engine, log, server = (section(name) for name in ("project", "engine", "log", "server"))
    logging, tracing, measures = section("logging"), section("tracing"), section("measures")
    system = section("system")
    notify = {
        name: read_channel(name, options, f"{folder / FILE}, [notify.{name}]")
        for name, options in _named(document.get("notify", {}), "notify", folder).items()
    }
    return Settings(
        name=project[NAME] or folder.resolve().name,
        on_bad_row=engine[ON_BAD_ROW],
        checkpoint_interval=engine[CHECKPOINT_INTERVAL],
        batch_rows=engine[BATCH_ROWS],
        threads=engine[THREADS],
        idle_timeout=engine[IDLE_TIMEOUT],
        time_zone=engine[TIME_ZONE],
        durability=log[DURABILITY],
        least_free=log[LEAST_FREE],
        memory=_memory(section("memory"), folder),
        backups=section("backup")[BACKUPS],
        system=SystemSettings(
            (system[AUDIT_RETENTION], system[AUDIT_SIZE]),
            (system[INCIDENTS_RETENTION], system[INCIDENTS_SIZE]),
            (system[REJECTS_RETENTION], system[REJECTS_SIZE]),
            (system[HEALTH_RETENTION], system[HEALTH_SIZE]),
            (system[RUNS_RETENTION], system[RUNS_SIZE]),
        ),
        jobs=section("jobs")[RUNS_AT_ONCE],
        topics=_topics(document.get("topics", {}), folder),
        s3=S3Settings(*(section("s3")[option] for option in (ENDPOINT, REGION, ACCESS_KEY, SECRET_KEY))),
        tables=_tables(document.get("tables", {}), folder),
        streams=_streams(document.get("streams", {}), folder),
        roots=section("files")[ROOTS],
        host=server[HOST],
        port=server[PORT],
        hosts=server[HOSTS],
        page_url=server[PAGE_URL],
        certificate=server[CERTIFICATE],
        key=server[KEY],
        allow=section("network")[ALLOW],
        notify=notify,
        health=read_health(section("health"), notify, f"{folder / FILE}, [health]"),
        warehouse=read_warehouse(section("warehouse"), folder),
        measures_table=measures[MEASURES_TABLE],
        measures_interval=max(measures[MEASURES_INTERVAL], 100),
        log_format=logging[LOG_FORMAT],
        log_level=logging[LOG_LEVEL],
        trace_endpoint=tracing[TRACE_ENDPOINT],
        trace_share=tracing[TRACE_SHARE],
    )


def _memory(section: Values, folder: Path) -> int:
    """The limit of memory. Raises ConfigError for one that nothing fits in."""
    limit = section[MEMORY_LIMIT]
    if 0 < limit < LEAST:
        raise ConfigError(
            f"[memory] limit is {limit >> 20} MB, {LEAST >> 20:,} MB at least are needed",
            code="option-value",
            where=f"{folder / FILE}, [memory]",
            hint="0 is no limit",
        )
    return limit


def _named(given: Any, kind: str, folder: Path) -> dict[str, dict[str, Any]]:
    """The sections [KIND.NAME], by name."""
    if not isinstance(given, dict) or not all(isinstance(v, dict) for v in given.values()):
        where = f"{folder / FILE}, [{kind}]"
        raise ConfigError(f"{kind} are sections: [{kind}.NAME]", code="project-section", where=where)
    return given


def _tables(given: Any, folder: Path) -> dict[str, TableSettings]:
    found = {}
    for name, options in _named(given, "tables", folder).items():
        where = f"{folder / FILE}, [tables.{name}]"
        values = Values(SECTIONS["tables.NAME"], options, where)
        if values[RETENTION] is not None and values[ARCHIVE] is None:
            raise ConfigError(
                "retention needs an archive: nothing is deleted that was not archived",
                code="option-missing",
                where=where,
                hint=f'archive = "archive/{name}"',
            )
        found[name] = TableSettings(values[RETENTION], values[ARCHIVE])
    return found


def _streams(given: Any, folder: Path) -> dict[str, str]:
    return {
        name: Values(SECTIONS["streams.NAME"], options, f"{folder / FILE}, [streams.{name}]")[TOPIC]
        for name, options in _named(given, "streams", folder).items()
    }


def _topics(given: Any, folder: Path) -> dict[str, TopicSettings]:
    found = {}
    for name, options in _named(given, "topics", folder).items():
        values = Values(SECTIONS["topics.NAME"], options, f"{folder / FILE}, [topics.{name}]")
        configs = {
            k: str(v).lower() if isinstance(v, bool) else str(v)
            for k, v in options.items()
            if k not in {PARTITIONS.name, ALSO.name}
        }
        found[name] = TopicSettings(values[PARTITIONS], configs, values[ALSO])
    return found
