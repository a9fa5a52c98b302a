"""What a `filesystem` table says: its options, its folder, its columns."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.connectors.filesystem.bucket import bucket_of, is_bucket
from penstock.connectors.spec import FORMAT
from penstock.core import types as t
from penstock.core.errors import ConfigError, UnsupportedError
from penstock.core.options import Option, boolean, choice, duration, integer, memory, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.connectors.filesystem.bucket import Bucket
    from penstock.connectors.spec import TableOptions
    from penstock.connectors.world import World
    from penstock.core.types import Field

__all__ = ["FORMATS", "METADATA", "OPTIONS", "FileTable", "file_table"]

FORMATS = ("json", "csv", "raw", "parquet")

PATH = Option(
    "path", text, "", "A file or a folder, relative to the project's folder; or s3://bucket/folder.", required=True
)
DEFAULT_NAME = Option(
    "partition.default-name", text, "__DEFAULT_PARTITION__", "The name of a partition whose value is NULL or empty."
)
MONITOR: Option[int | None] = Option(
    "source.monitor-interval",
    duration,
    None,
    "How often to look for new files. Without it the input ends with the files there are.",
)
REGEX: Option[str | None] = Option(
    "source.path.regex-pattern", text, None, "Only files whose whole path matches this pattern are read."
)
STATISTICS = Option("source.report-statistics", choice("ALL", "NONE"), "ALL", "Without effect.")
FILE_SIZE = Option("sink.rolling-policy.file-size", memory, 128 << 20, "A file is finished at about this size.")
ROLLOVER = Option("sink.rolling-policy.rollover-interval", duration, 1_800_000, "A file is open for so long at most.")
INACTIVITY = Option(
    "sink.rolling-policy.inactivity-interval", duration, 1_800_000, "A file that gets no rows is finished after this."
)
CHECK_INTERVAL = Option(
    "sink.rolling-policy.check-interval", duration, 60_000, "Without effect: the time is looked at in every checkpoint."
)
ROWS: Option[int | None] = Option(
    "sink.rolling-policy.rows", integer(1), None, "A file has so many rows at most.", own=True
)
HELD_SIZE = Option(
    "sink.held-size",
    memory,
    16 << 20,
    "Rows of unfinished files take so much memory at most; then the largest files are finished early.",
    own=True,
)
FILE_NAME: Option[str | None] = Option(
    "sink.file-name",
    text,
    None,
    "The name of a file without its ending, such as metrics_{yyyyMMdd}_{HHmmss}: when it was finished, in UTC;"
    " a number is added to a name that is taken. Without it, Flink's part-UUID-0-NUMBER.",
    own=True,
)
COMMIT_TRIGGER = Option(
    "sink.partition-commit.trigger",
    choice("process-time", "partition-time"),
    "process-time",
    "What decides that a partition is complete: the clock since its first row, or the watermark.",
)
COMMIT_DELAY = Option("sink.partition-commit.delay", duration, 0, "How long after that a partition is committed.")
COMMIT_ZONE = Option(
    "sink.partition-commit.watermark-time-zone", text, "UTC", "The zone of the time in a partition's name."
)
COMMIT_POLICY = Option(
    "sink.partition-commit.policy.kind", text, "", "success-file: a file that says that a partition is complete."
)
COMMIT_CLASS = Option("sink.partition-commit.policy.class", text, "", "Not supported: classes of Java.")
COMMIT_PARAMETERS = Option("sink.partition-commit.policy.class.parameters", text, "", "Not supported.")
SUCCESS_NAME = Option("sink.partition-commit.success-file.name", text, "_SUCCESS", "The name of that file.")
EXTRACTOR_KIND = Option(
    "partition.time-extractor.kind", choice("default", "custom"), "default", "How a partition's name tells its time."
)
EXTRACTOR_CLASS = Option("partition.time-extractor.class", text, "", "Not supported: classes of Java.")
EXTRACTOR_PATTERN: Option[str | None] = Option(
    "partition.time-extractor.timestamp-pattern",
    text,
    None,
    "The time as made of the partition's columns, such as $dt $hour:00:00. Without it, the first column.",
)
EXTRACTOR_FORMAT: Option[str | None] = Option(
    "partition.time-extractor.timestamp-formatter", text, None, "How that is written; without it yyyy-MM-dd HH:mm:ss."
)
COMPACTION = Option("auto-compaction", boolean, False, "Not supported: files are not merged when they are written.")
COMPACTION_SIZE = Option("compaction.file-size", memory, 128 << 20, "Without effect.")
COMPACTION_PARALLELISM = Option("compaction.parallelism", integer(1), 1, "Without effect.")
SHUFFLE = Option("sink.shuffle-by-partition.enable", boolean, False, "Without effect.")
PARALLELISM = Option("sink.parallelism", integer(1), 1, "Without effect.")

OPTIONS: tuple[Option[Any], ...] = (
    PATH,
    FORMAT,
    DEFAULT_NAME,
    MONITOR,
    REGEX,
    STATISTICS,
    FILE_NAME,
    ROWS,
    FILE_SIZE,
    ROLLOVER,
    INACTIVITY,
    CHECK_INTERVAL,
    HELD_SIZE,
    COMMIT_TRIGGER,
    COMMIT_DELAY,
    COMMIT_ZONE,
    COMMIT_POLICY,
    COMMIT_CLASS,
    COMMIT_PARAMETERS,
    SUCCESS_NAME,
    EXTRACTOR_KIND,
    EXTRACTOR_CLASS,
    EXTRACTOR_PATTERN,
    EXTRACTOR_FORMAT,
    COMPACTION,
    COMPACTION_SIZE,
    COMPACTION_PARALLELISM,
    SHUFFLE,
    PARALLELISM,
)

METADATA: Mapping[str, t.DataType] = {
    "file.path": t.STRING.with_nullable(False),
    "file.name": t.STRING.with_nullable(False),
    "file.size": t.BIGINT.with_nullable(False),
    "file.modification-time": t.TimestampLtz(3, nullable=False),
}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


@dataclass(frozen=True, slots=True)
class FileTable:
    """A `filesystem` table with its place on this machine.

    `path` is absolute; of a table in a `bucket` it only names that. `partitioned` are the columns that folders name,
    `columns` the others, which files hold.
    """

    name: str
    path: Path
    columns: tuple[Field, ...]
    partitioned: tuple[Field, ...]
    default_name: str
    options: TableOptions
    roots: tuple[Path, ...]
    bucket: Bucket | None = None

    @property
    def where(self) -> str:
        """The table, in errors."""
        return self.options.where


def file_table(options: TableOptions, world: World) -> FileTable:
    """The table of `options`. Raises ConfigError for a path out of reach, UnsupportedError for what is not done."""
    values, where = options.values, options.where
    _refuse(options)
    by_name = {f.name: f for f in options.physical}
    keys = options.table.partitioned_by
    bucket = bucket_of(values[PATH], world, where) if is_bucket(values[PATH]) else None
    return FileTable(
        name=options.table.name,
        path=Path(values[PATH]) if bucket is not None else local_path(values[PATH], world, where),
        columns=tuple(f for f in options.physical if f.name not in keys),
        partitioned=tuple(by_name[k] for k in keys),
        default_name=values[DEFAULT_NAME],
        options=options,
        roots=tuple(Path(os.path.realpath(r)) for r in world.roots),
        bucket=bucket,
    )


def local_path(value: str, world: World, where: str) -> Path:
    """The absolute path that option `path` means.

    Raises UnsupportedError for another file system than this machine's, ConfigError outside the world's roots.
    """
    found = _SCHEME.match(value)
    if found and found[1].lower() != "file":
        raise UnsupportedError(
            f"files on '{found[1]}' are not supported",
            code="filesystem-scheme",
            where=where,
            hint="give a path of this machine, a file:// URI, or s3://bucket/folder",
        )
    if found:
        value = re.sub(r"^//[^/]*", "", value[found.end() :])
    if not value:
        raise ConfigError("option 'path' is empty", code="option-value", where=where, hint="'path' = 'data/input'")
    path = Path(os.path.normpath(world.folder.absolute() / value))
    check_reach(path, tuple(Path(os.path.realpath(r)) for r in world.roots), where)
    return path


def check_reach(path: Path, roots: tuple[Path, ...], where: str) -> None:
    """Raises ConfigError if `path`, links followed, is outside of all `roots` (resolved; none: all is inside)."""
    real = Path(os.path.realpath(path))
    if roots and not any(real.is_relative_to(root) for root in roots):
        raise ConfigError(
            f"'{path}' is outside of the folders that the project may use",
            code="path-outside",
            where=where,
            hint="allowed are " + ", ".join(map(str, roots)),
        )


def _refuse(options: TableOptions) -> None:
    """Raises UnsupportedError for options that ask for what is not done."""
    values = options.values
    if values[COMPACTION]:
        raise UnsupportedError(
            "'auto-compaction' is not supported",
            code="filesystem-compaction",
            where=options.where,
            hint="make larger files with sink.rolling-policy.*",
        )
    custom = values[EXTRACTOR_KIND] == "custom" or values.given(EXTRACTOR_CLASS) or values.given(COMMIT_CLASS)
    if custom or values.given(COMMIT_PARAMETERS):
        raise UnsupportedError(
            "classes of Java are not supported in a table's options",
            code="filesystem-class",
            where=options.where,
            hint="use partition.time-extractor.timestamp-pattern and the policy success-file",
        )
