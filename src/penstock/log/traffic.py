"""What this process has written to a log, and what the log holds, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.measure import Durations
from penstock.log import topic as topics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log.file import Connection

__all__ = ["Held", "Traffic", "held"]


class Traffic:
    """Since the log was opened: records appended, the bytes of their keys, values and headers, and commits.

    The thread that commits writes it, any may read.
    """

    __slots__ = ("bytes", "records", "seconds")

    def __init__(self) -> None:
        self.records = 0
        self.bytes = 0
        self.seconds = Durations()
        """How long each commit took: waiting for other processes, writing, its sync."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a topic holds: stored batches, records, their bytes before compression (`bytes`) and in the file (`stored`).

    `ends` are the offsets that the next records get, by partition. Records that retention took count until upkeep
    has dropped their batches.
    """

    topic: str
    batches: int
    records: int
    bytes: int
    stored: int
    ends: Mapping[int, int]


def held(connection: Connection) -> list[Held]:
    """Each topic, by name, from the index alone."""
    sums = {
        topic: (batches, records, size, stored)
        for topic, batches, records, size, stored in connection.rows(
            "SELECT topic, count(*), sum(rows), sum(bytes), sum(stored) FROM batch GROUP BY topic"
        )
    }
    found = []
    for topic in topics.find_all(connection):
        batches, records, size, stored = sums.get(topic.id, (0, 0, 0, 0))
        ends = dict(enumerate(topics.ends(connection, topic).tolist()))
        found.append(Held(topic.name, batches, records, size, stored, ends))
    return found
