"""When a partition is complete, so that a file in it may say so."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.filesystem.options import (
    COMMIT_DELAY,
    COMMIT_POLICY,
    COMMIT_TRIGGER,
    COMMIT_ZONE,
    EXTRACTOR_FORMAT,
    EXTRACTOR_PATTERN,
    SUCCESS_NAME,
)
from penstock.core.batch import NO_TIME
from penstock.core.errors import ConfigError, DataError, UnsupportedError
from penstock.sql.casts.zones import to_moment
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.temporal.patterns import split

if TYPE_CHECKING:
    from penstock.connectors.filesystem.options import FileTable

__all__ = ["Completion"]

_DEFAULT = re.compile(
    r"(?P<y>-?\d{1,10})-(?P<M>\d{1,2})-(?P<d>\d{1,2})"
    r"(?: (?P<H>\d{1,2}):(?P<m>\d{1,2}):(?P<s>\d{1,2})(?:\.(?P<S>\d{1,9}))?)?",
    re.ASCII,
)
_LETTERS = "yMdHmsS"


@dataclass(slots=True)
class Completion:
    """The partitions (folders) of a sink that got rows and were not yet said to be complete.

    `watermark` is the sink's, in ms.
    """

    table: FileTable
    marker: str = ""
    """The name of the file that says it; "": nothing does."""
    watermark: int = NO_TIME
    pending: dict[str, tuple[int, int]] = field(default_factory=dict)
    """When (ms) a partition got its first row, and the time in its name."""

    @classmethod
    def of(cls, table: FileTable) -> Completion | None:
        """What the options ask for; None if nothing.

        Raises ConfigError or UnsupportedError for a policy that is not known, a time zone, a pattern.
        """
        values = table.options.values
        policies = [p.strip() for p in values[COMMIT_POLICY].split(",") if p.strip()]
        for policy in policies:
            if policy in ("metastore", "custom"):
                raise UnsupportedError(
                    f"the partition commit policy '{policy}' is not supported",
                    code="filesystem-commit-policy",
                    where=table.where,
                    hint="'sink.partition-commit.policy.kind' = 'success-file'",
                )
            if policy != "success-file":
                raise ConfigError(
                    f"option '{COMMIT_POLICY.name}' is '{policy}', allowed is success-file",
                    code="option-value",
                    where=table.where,
                )
        if not policies or not table.partitioned:
            return None
        try:
            _moment(dt.datetime(1970, 1, 1), values[COMMIT_ZONE])  # noqa: DTZ001
        except pl.exceptions.ComputeError:
            raise ConfigError(
                f"option '{COMMIT_ZONE.name}' is '{values[COMMIT_ZONE]}', no time zone",
                code="option-value",
                where=table.where,
                hint="a name such as Europe/Berlin, or UTC",
            ) from None
        formatter = values[EXTRACTOR_FORMAT]
        if formatter is not None:
            _compiled(formatter, table.where)
        return cls(table, values[SUCCESS_NAME])

    @property
    def by_watermark(self) -> bool:
        return self.table.options.values[COMMIT_TRIGGER] == "partition-time"

    @property
    def waits(self) -> bool:
        """Whether a partition is committed once, when it is complete, and not with each of its files."""
        return self.by_watermark or self.table.options.values[COMMIT_DELAY] > 0

    def note(self, folder: str, texts: tuple[str | None, ...], now_ms: int) -> None:
        """A partition got rows. Raises DataError if its name has no time, where it needs one."""
        if folder not in self.pending:
            self.pending[folder] = (now_ms, self._time(texts) if self.by_watermark else 0)

    def due(self, now_ms: int) -> list[str]:
        """The partitions that are complete now."""
        delay = self.table.options.values[COMMIT_DELAY]
        if self.by_watermark:
            return [f for f, (_, time) in self.pending.items() if self.watermark > time + delay]
        return [f for f, (began, _) in self.pending.items() if now_ms >= began + delay]

    def take(self, folders: list[str]) -> None:
        """They are being said to be complete."""
        for folder in folders:
            del self.pending[folder]

    def snapshot(self) -> Any:
        return {"watermark": self.watermark, "pending": {f: list(p) for f, p in self.pending.items()}}

    def restore(self, data: Any) -> None:
        self.watermark = data["watermark"]
        self.pending = {f: (began, time) for f, (began, time) in data["pending"].items()}

    def _time(self, texts: tuple[str | None, ...]) -> int:
        """The time that a partition's values tell, in ms since 1970."""
        values = self.table.options.values
        named = [text or self.table.default_name for text in texts]
        pattern = values[EXTRACTOR_PATTERN]
        text = named[0] if pattern is None else pattern
        if pattern is not None:
            for column, value in zip(self.table.partitioned, named, strict=True):
                text = text.replace(f"${column.name}", value)
        formatter = values[EXTRACTOR_FORMAT]
        found = (_DEFAULT if formatter is None else _compiled(formatter, self.table.where)).fullmatch(text)
        wall = _wall_time(found.groupdict()) if found else None
        if wall is None:
            raise DataError(
                f"'{text}' is no time, and the trigger partition-time takes it from the partition's name",
                code="partition-time",
                where=self.table.where,
                hint=f"set '{EXTRACTOR_PATTERN.name}', such as '$dt $hour:00:00'",
            )
        return _moment(wall, values[COMMIT_ZONE])


def _compiled(formatter: str, where: str) -> re.Pattern[str]:
    """How a time is written, of Java's letters. Raises UnsupportedError for those that are not read."""
    try:
        parts = split(formatter, brackets=True)
    except ArgumentError:
        parts = ()
    letters = [part.text for part in parts if part.count]
    if not set("yMd") <= set(letters) <= set(_LETTERS) or len(set(letters)) < len(letters):
        raise UnsupportedError(
            f"option '{EXTRACTOR_FORMAT.name}' is '{formatter}', which is not read",
            code="filesystem-time-formatter",
            where=where,
            hint=f"made of the letters {', '.join(_LETTERS)}, with y, M and d, such as yyyyMMdd or yyyy-MM-dd HH:mm:ss",
        )
    return re.compile(
        "".join(rf"(?P<{part.text}>\d{{{part.count}}})" if part.count else re.escape(part.text) for part in parts),
        re.ASCII,
    )


def _wall_time(parts: dict[str, str | None]) -> dt.datetime | None:
    y, month, d, h, m, s = (int(parts.get(k) or 0) for k in "yMdHms")
    micros = int((parts.get("S") or "0").ljust(6, "0")[:6])
    try:
        return dt.datetime(y, month, d, h, m, s, micros)  # noqa: DTZ001
    except ValueError:
        return None


def _moment(wall: dt.datetime, zone: str) -> int:
    """When a clock in `zone` shows `wall`, in ms since 1970."""
    return int(pl.select(to_moment(pl.lit(wall), zone).dt.epoch("ms")).item())
