"""What was replayed: which record came of which, so that one event counts once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.connectors.log_scan import Place

if TYPE_CHECKING:
    from collections.abc import Collection

    from penstock.log import Append, Log, Transaction

__all__ = ["PassedOver", "Place", "Replay", "foremost", "record_at", "record_replay", "replays"]

_PREFIX = "replayed/"
_VERSION = "replays"


@dataclass(frozen=True, slots=True)
class Replay:
    """A record that was replayed at `time` (ms), and its `copies` in the same topic.

    `counted` names the pipelines in which the original had counted: they pass its copies over. Where it is
    `rebuilt`, windows that had closed were computed again with it; without a copy the original itself
    stands in them. `settled` names the pipelines in whose results it stands for good: its own place is passed
    over, and a reading from the beginning has it before all others.
    """

    original: Place
    copies: tuple[Place, ...]
    counted: tuple[str, ...]
    rebuilt: bool
    time: int
    settled: tuple[str, ...] = ()

    @property
    def stands(self) -> tuple[Place, ...]:
        """The records that stand for the original where windows had closed."""
        return self.copies or (self.original,)


def replays(log: Log) -> dict[Place, Replay]:
    """All replays, by the original."""
    found = {}
    for key, value in log.facts.scan(_PREFIX).items():
        topic, partition, offset = key.removeprefix(_PREFIX).rsplit("/", 2)
        data = json.loads(value)
        found[(topic, int(partition), int(offset))] = Replay(
            (topic, int(partition), int(offset)),
            tuple((topic, p, o) for p, o in data["copies"]),
            tuple(data["counted"]),
            data["rebuilt"],
            data["time"],
            tuple(data["settled"]),
        )
    return found


def record_replay(transaction: Transaction, replay: Replay, copied: Append | None) -> None:
    """Write `replay` down in the transaction that makes its newest copy, the one record of `copied`."""
    topic, partition, offset = replay.original

    def data() -> bytes:
        copies = [[p, o] for _, p, o in replay.copies]
        if copied is not None:
            copies.append([int(copied.result.partitions[0]), int(copied.result.offsets[0])])
        return json.dumps(
            {
                "copies": copies,
                "counted": replay.counted,
                "rebuilt": replay.rebuilt,
                "time": replay.time,
                "settled": replay.settled,
            }
        ).encode()

    transaction.put(f"{_PREFIX}{topic}/{partition}/{offset}", data)
    transaction.put(_VERSION, f"{replay.time}/{topic}/{partition}/{offset}".encode())


def record_at(log: Log, place: Place) -> pl.DataFrame:
    """The record at `place`: one row as Log.read gives it, none if retention has deleted it."""
    topic, partition, offset = place
    if offset < log.starts(topic)[partition]:
        return pl.DataFrame()
    return pl.concat(list(log.read(topic, {partition: offset}, {partition: offset + 1})))


def foremost(log: Log, pipeline: str, topics: Collection[str]) -> list[tuple[str, pl.DataFrame]]:
    """The records that `pipeline` reads before all others, as windows have closed to them where they lie."""
    found = replays(log)
    places = [
        place
        for original, replay in found.items()
        if pipeline in replay.settled and original[0] in topics
        for place in replay.stands
        if place == original or place not in found
    ]
    records = [(place[0], record_at(log, place)) for place in places]
    return [(topic, record) for topic, record in records if record.height]


class PassedOver:
    """The records that a pipeline filters out: copies of what has counted, and those that are settled.

    They are looked up again when there are more.
    """

    def __init__(self, log: Log, pipeline: str) -> None:
        self.log = log
        self.pipeline = pipeline
        self._version: bytes | None = None
        self._places: frozenset[Place] = frozenset()

    def __call__(self) -> frozenset[Place]:
        version = self.log.facts.get(_VERSION)
        if version != self._version:
            found = replays(self.log).values()
            counted = {c for r in found if self.pipeline in r.counted for c in r.copies}
            self._places = frozenset(counted.union(*(r.stands for r in found if self.pipeline in r.settled)))
            self._version = version
        return self._places
