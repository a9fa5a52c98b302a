"""Consumer groups: committed offsets, their lag, and resetting them, by Kafka's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.core.errors import LogError, did_you_mean
from penstock.log import topic as topics
from penstock.log.seek import check_offsets, offsets_at_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log.blobs import Blobs
    from penstock.log.commit import Write, Writer
    from penstock.log.file import Connection, LogFile
    from penstock.log.topic import Topic

__all__ = ["GroupOffset", "Groups", "write_offsets"]

Offsets = dict[str, dict[int, int]]
"""Next offset to read, by topic and partition."""


@dataclass(frozen=True, slots=True)
class GroupOffset:
    """Where a group is in a partition; `lag` is how many offsets it is behind the end."""

    group: str
    topic: str
    partition: int
    offset: int
    end: int
    committed_ms: int

    @property
    def lag(self) -> int:
        return self.end - self.offset


class Groups:
    """The consumer groups of a log."""

    def __init__(self, file: LogFile, writer: Writer, blobs: Blobs) -> None:
        self._file = file
        self._writer = writer
        self._blobs = blobs

    def commit(self, group: str, offsets: Mapping[str, Mapping[int, int]]) -> None:
        """Store the next offsets to read. Raises LogError for an unknown topic or partition."""
        self._writer.run(lambda write: write_offsets(write, group, offsets))

    def names(self) -> list[str]:
        """All groups that committed anything."""
        with self._file.reading() as connection:
            return [name for (name,) in connection.rows("SELECT DISTINCT name FROM group_offset ORDER BY name")]

    def offsets(self, group: str) -> Offsets:
        """What the group committed; empty for one that never did."""
        found: Offsets = {}
        with self._file.reading() as connection:
            for row in _rows(connection, group):
                found.setdefault(row.topic, {})[row.partition] = row.offset
        return found

    def describe(self, group: str) -> list[GroupOffset]:
        """By topic and partition. Raises LogError for a group that never committed."""
        with self._file.reading() as connection:
            rows = _rows(connection, group)
            if not rows:
                self._raise_unknown(connection, group)
            return rows

    def reset(
        self,
        group: str,
        topic: str,
        to: Literal["earliest", "latest"] | Mapping[int, int] | None = None,
        *,
        shift: int | None = None,
        time_ms: int | None = None,
        preview: bool = False,
    ) -> dict[int, int]:
        """Move the group in all partitions of `topic`, and say where to; a `preview` moves nothing.

        One of: `to` an end or given offsets, `shift` by a number of offsets (within what is kept),
        `time_ms` the first record of at least that timestamp (the end, if there is none).

        Raises LogError for an unknown topic, for offsets out of range, and for not exactly one target.
        """
        if sum(target is not None for target in (to, shift, time_ms)) != 1:
            raise LogError(
                "a reset needs exactly one target",
                code="group-reset",
                hint="give one of: earliest, latest, offsets, a shift, a time",
            )
        with self._file.reading() as connection:
            found = topics.find(connection, topic)
            target = self._target(connection, found, group, to, shift)
        if time_ms is not None:
            at = offsets_at_times(self._file, self._blobs, found, dict.fromkeys(target, time_ms))
            target.update({partition: offset for partition, offset in at.items() if offset is not None})
        if not preview:
            self.commit(group, {topic: target})
        return target

    def delete(self, group: str) -> None:
        """Forget all its offsets. Raises LogError for a group that never committed."""

        def work(write: Write) -> None:
            write.connection.execute("DELETE FROM group_offset WHERE name = ?", (group,))
            if not write.connection.changes():
                self._raise_unknown(write.connection, group)

        self._writer.run(work)

    def _target(
        self,
        connection: Connection,
        topic: Topic,
        group: str,
        to: str | Mapping[int, int] | None,
        shift: int | None,
    ) -> dict[int, int]:
        first = dict(enumerate(topics.starts(connection, topic).tolist()))
        end = dict(enumerate(topics.ends(connection, topic).tolist()))
        if shift is not None:
            now = {row.partition: row.offset for row in _rows(connection, group) if row.topic == topic.name}
            if not now:
                self._raise_unknown(connection, group)
            return {p: min(max(offset + shift, first[p]), end[p]) for p, offset in now.items()}
        if to == "earliest":
            return first
        if to == "latest" or to is None:
            return end
        if not isinstance(to, dict):
            raise LogError(
                f"a group cannot be reset to '{to}'",
                code="group-reset",
                hint="give one of: earliest, latest, offsets, a shift, a time",
            )
        check_offsets(connection, topic, to)
        return dict(to)

    def _raise_unknown(self, connection: Connection, group: str) -> None:
        known = [name for (name,) in connection.rows("SELECT DISTINCT name FROM group_offset ORDER BY name")]
        raise LogError(
            f"group '{group}' has committed nothing",
            code="group-unknown",
            hint=did_you_mean(group, known)
            or (f"there are {', '.join(known[:20])}" if known else "no group exists yet"),
        )


def write_offsets(write: Write, group: str, offsets: Mapping[str, Mapping[int, int]]) -> None:
    """Store a group's next offsets. Raises LogError for an unknown topic or partition."""
    for name, by_partition in offsets.items():
        topic = topics.find(write.connection, name)
        for partition, offset in by_partition.items():
            if not 0 <= partition < topic.partitions or offset < 0:
                raise LogError(
                    f"cannot commit offset {offset} of partition {partition} of topic '{name}'",
                    code="group-offset",
                    hint=f"its partitions are 0 to {topic.partitions - 1}, offsets count from 0",
                )
        write.connection.executemany(
            "INSERT OR REPLACE INTO group_offset VALUES (?, ?, ?, ?, ?)",
            [(group, topic.id, partition, offset, write.now_ms) for partition, offset in by_partition.items()],
        )


def _rows(connection: Connection, group: str) -> list[GroupOffset]:
    ends: dict[str, list[int]] = {}
    rows = []
    found = connection.rows(
        "SELECT t.name, g.partition, g.next, g.time FROM group_offset g JOIN topic t ON t.id = g.topic "
        "WHERE g.name = ? ORDER BY t.name, g.partition",
        group,
    )
    for name, partition, offset, time in found:
        if name not in ends:
            ends[name] = topics.ends(connection, topics.find(connection, name)).tolist()
        rows.append(GroupOffset(group, name, partition, offset, ends[name][partition], time))
    return rows
