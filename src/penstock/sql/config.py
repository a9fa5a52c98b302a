"""SET: the settings of a session that Penstock acts on, and those it may ignore without changing an answer."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from penstock.core.errors import ConfigError, UnsupportedError, did_you_mean
from penstock.core.options import Kind, Option, boolean, choice, duration, text

__all__ = [
    "CHECKPOINT_INTERVAL",
    "IDLE_TIMEOUT",
    "LOCAL_TIME_ZONE",
    "PIPELINE_NAME",
    "SETTINGS",
    "checked",
    "is_ignored",
]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(value) from None
    return value


ZONE: Kind[str] = Kind("a time zone such as UTC, Europe/Oslo, Asia/Shanghai", _zone)

LOCAL_TIME_ZONE = Option(
    "table.local-time-zone", ZONE, "UTC", "The zone in which TIMESTAMP_LTZ is shown and cut into days."
)
IDLE_TIMEOUT = Option(
    "table.exec.source.idle-timeout",
    duration,
    0,
    "After how long without rows a partition no longer holds the watermark.",
)
CHECKPOINT_INTERVAL = Option(
    "execution.checkpointing.interval", duration, None, "How often results are committed; by default adaptive."
)
PIPELINE_NAME = Option("pipeline.name", text, "", "The name of the next pipeline.")
RUNTIME_MODE = Option("execution.runtime-mode", choice("STREAMING"), "STREAMING", "Only STREAMING is there.")

NOT_NULL = Option(
    "table.exec.sink.not-null-enforcer",
    choice("ERROR", "DROP"),
    "ERROR",
    "A NULL for a NOT NULL column: ERROR makes it a bad row, DROP drops the row.",
)
TYPE_LENGTH = Option(
    "table.exec.sink.type-length-enforcer",
    choice("IGNORE", "TRIM_PAD", "ERROR"),
    "IGNORE",
    "A text longer than its column: IGNORE writes it, TRIM_PAD cuts (and pads CHAR), ERROR makes it a bad row.",
)
ON_CONFLICT = Option(
    "table.exec.sink.require-on-conflict",
    boolean,
    True,
    "Whether an INSERT into a table whose rows replace each other must end with ON CONFLICT; so it is where Penstock"
    " does as Flink (on-bad-row is flink). Either way the last row of each key stays.",
)

SETTINGS: tuple[Option[Any], ...] = (
    LOCAL_TIME_ZONE,
    IDLE_TIMEOUT,
    CHECKPOINT_INTERVAL,
    PIPELINE_NAME,
    RUNTIME_MODE,
    NOT_NULL,
    TYPE_LENGTH,
    ON_CONFLICT,
)

# they change how Flink runs a job, not what it answers
_IGNORED = (
    "execution.",
    "parallelism.",
    "pipeline.",
    "rest.",
    "restart-strategy.",
    "sql-client.",
    "state.",
    "table.dml-sync",
    "table.exec.async",
    "table.exec.mini-batch.",
    "table.exec.resource.",
    "table.exec.sink.upsert-materialize",
    "table.exec.spill",
    "table.optimizer.",
    "taskmanager.",
)


def is_ignored(key: str) -> bool:
    """Whether the setting is Flink's own business, accepted without effect."""
    return key.startswith(_IGNORED) and key not in {o.name for o in SETTINGS}


def checked(key: str, value: str) -> object:
    """The value of a setting as its option reads it.

    Raises ConfigError for a bad value, UnsupportedError for a setting that would change answers.
    """
    for option in SETTINGS:
        if option.name == key:
            return option.read(value, "SET")
    if is_ignored(key):
        return value
    known = [o.name for o in SETTINGS]
    if key.startswith("table."):
        raise UnsupportedError(
            f"the setting '{key}' is not supported", code="sql-setting", hint=did_you_mean(key, known)
        )
    raise ConfigError(
        f"there is no setting '{key}'",
        code="setting-unknown",
        hint=did_you_mean(key, known) or "known are " + ", ".join(known),
    )
