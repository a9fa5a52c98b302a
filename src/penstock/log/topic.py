"""Topics: their names, partitions and configs, by Kafka's words and with Kafka's defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import orjson

from penstock.core.errors import LogError, did_you_mean
from penstock.core.options import Kind, Option, Values, choice, duration, integer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from penstock.log.commit import Write
    from penstock.log.file import Connection

__all__ = ["TOPIC_OPTIONS", "Topic"]

MAX_PARTITIONS = 10_000


def _limit(kind: Kind[int]) -> Kind[int]:
    return Kind(f"-1 for no limit, or {kind.allowed}", lambda text: -1 if text.strip() == "-1" else kind.read(text))


def _policy(text: str) -> frozenset[str]:
    policies = frozenset(part.strip().lower() for part in text.split(","))
    if not policies <= {"delete", "compact"}:
        raise ValueError(text)
    return policies


CLEANUP_POLICY = Option(
    "cleanup.policy",
    Kind("delete, compact, or compact,delete", _policy),
    frozenset({"delete"}),
    "delete: old records go by time and size; compact: the last record of each key stays",
)
RETENTION_MS = Option("retention.ms", _limit(duration), 7 * 86_400_000, "how long records are kept")
RETENTION_BYTES = Option(
    "retention.bytes",
    _limit(integer(0)),
    -1,
    "how many bytes of keys, values and headers a partition keeps, before compression",
)
TIMESTAMP_TYPE: Option[str | None] = Option(
    "message.timestamp.type",
    choice("CreateTime", "LogAppendTime"),
    None,
    "CreateTime: retention counts the record's timestamp; LogAppendTime: the timestamp is the time of the append; "
    "unset: records keep their timestamp and retention counts the time of the append",
)
MIN_COMPACTION_LAG_MS = Option(
    "min.compaction.lag.ms", duration, 0, "how long a record stays out of compaction after it was written"
)
DELETE_RETENTION_MS = Option(
    "delete.retention.ms", duration, 86_400_000, "how long a tombstone is kept after compaction has passed it"
)
MAX_MESSAGE_BYTES = Option(
    "max.message.bytes", integer(1, 512 << 20), 1_048_588, "the largest key, value and headers of one record"
)

TOPIC_OPTIONS = (
    CLEANUP_POLICY,
    RETENTION_MS,
    RETENTION_BYTES,
    TIMESTAMP_TYPE,
    MIN_COMPACTION_LAG_MS,
    DELETE_RETENTION_MS,
    MAX_MESSAGE_BYTES,
)


@dataclass(frozen=True)
class Topic:
    """A topic as it stood when it was looked up; `version` grows with each change."""

    id: int
    name: str
    partitions: int
    version: int
    configs: Mapping[str, str]

    @cached_property
    def _values(self) -> Values:
        return Values(TOPIC_OPTIONS, self.configs, f"topic {self.name}")

    @property
    def deletes(self) -> bool:
        return "delete" in self._values[CLEANUP_POLICY]

    @property
    def compacts(self) -> bool:
        return "compact" in self._values[CLEANUP_POLICY]

    @property
    def retention_ms(self) -> int:
        """-1: no limit."""
        return self._values[RETENTION_MS]

    @property
    def retention_bytes(self) -> int:
        """-1: no limit."""
        return self._values[RETENTION_BYTES]

    @cached_property
    def keeps_append_time(self) -> bool:
        """Whether a record's timestamp is replaced by the time of its append."""
        return self._values[TIMESTAMP_TYPE] == "LogAppendTime"

    @property
    def ages_by_timestamp(self) -> bool:
        """Whether retention counts the record's timestamp, rather than the time of its append."""
        return self._values[TIMESTAMP_TYPE] == "CreateTime"

    @property
    def min_compaction_lag_ms(self) -> int:
        return self._values[MIN_COMPACTION_LAG_MS]

    @property
    def delete_retention_ms(self) -> int:
        return self._values[DELETE_RETENTION_MS]

    @cached_property
    def max_message_bytes(self) -> int:
        return self._values[MAX_MESSAGE_BYTES]

    @cached_property
    def requires_keys(self) -> bool:
        return self.compacts


SELECT = "SELECT id, name, partitions, version, configs FROM topic WHERE name IS NOT NULL"


def find(connection: Connection, name: str) -> Topic:
    """Raises LogError with the closest name, where there is no such topic."""
    for row in connection.rows(SELECT + " AND name = ?", name):
        return _topic(row)
    known = [topic.name for topic in find_all(connection) if not topic.name.startswith("__")]
    raise LogError(
        f"there is no topic '{name}'",
        code="topic-unknown",
        hint=did_you_mean(name, known) or (f"there are {', '.join(known[:20])}" if known else "no topic exists yet"),
    )


def again(connection: Connection, topic: Topic) -> Topic | None:
    """`topic` as it is now; None where it is deleted."""
    for row in connection.rows(SELECT + " AND id = ?", topic.id):
        return _topic(row)
    return None


def find_all(connection: Connection) -> list[Topic]:
    """By name."""
    return [_topic(row) for row in connection.rows(SELECT + " ORDER BY name")]


def create(write: Write, name: str, partitions: int, configs: Mapping[str, object]) -> None:
    """Raises LogError for a bad name or one that is taken, ConfigError for a bad config."""
    if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name) or name in (".", ".."):
        raise LogError(
            f"'{name}' cannot name a topic",
            code="topic-name",
            hint="allowed are 1 to 249 letters, digits, '.', '_' and '-'",
        )
    _check_partitions(name, partitions)
    if write.connection.execute("SELECT 1 FROM topic WHERE name = ?", (name,)).get:
        raise LogError(f"topic '{name}' exists", code="topic-exists", hint="alter it, or choose another name")
    zeros = pack([0] * partitions)
    write.connection.execute(
        "INSERT INTO topic(name, partitions, version, configs, starts, ends, dead_through, passes) "
        "VALUES (?, ?, 1, ?, ?, ?, 0, '[]')",
        (name, partitions, _checked(name, configs), zeros, zeros),
    )


def alter(write: Write, name: str, partitions: int | None, configs: Mapping[str, object | None]) -> None:
    """Grow `partitions`, set `configs` (None unsets).

    Raises LogError where there is no such topic or it would shrink, ConfigError for a bad config.
    """
    topic = find(write.connection, name)
    partitions = topic.partitions if partitions is None else partitions
    _check_partitions(name, partitions)
    if partitions < topic.partitions:
        raise LogError(
            f"topic '{name}' has {topic.partitions} partitions and cannot have {partitions}: partitions can only grow",
            code="topic-partitions",
            hint="create another topic and copy the records",
        )
    write.connection.execute(
        "UPDATE topic SET partitions = ?, version = version + 1, configs = ? WHERE id = ?",
        (partitions, _altered(topic, configs), topic.id),
    )


def altered(topic: Topic, configs: Mapping[str, object | None]) -> Topic:
    """What `topic` would be with other configs (None unsets one). Raises ConfigError for a bad one."""
    return replace(topic, configs=orjson.loads(_altered(topic, configs)))


def _altered(topic: Topic, configs: Mapping[str, object | None]) -> str:
    kept = {key: value for key, value in topic.configs.items() if key not in configs}
    given = {key: value for key, value in configs.items() if value is not None}
    unset = [key for key in configs if key not in {option.name for option in TOPIC_OPTIONS}]
    Values(TOPIC_OPTIONS, dict.fromkeys(unset), f"topic {topic.name}")
    return _checked(topic.name, {**kept, **given})


def delete(write: Write, name: str) -> None:
    """Take the topic and its groups' offsets away at once; its bytes are freed by upkeep.

    Raises LogError where there is no such topic.
    """
    topic = find(write.connection, name)
    write.connection.execute("UPDATE topic SET name = NULL, version = version + 1 WHERE id = ?", (topic.id,))
    write.connection.execute("DELETE FROM group_offset WHERE topic = ?", (topic.id,))


def starts(connection: Connection, topic: Topic) -> NDArray[np.int64]:
    """Per partition the first offset that is kept, shape (partitions,)."""
    return unpack(connection.execute("SELECT starts FROM topic WHERE id = ?", (topic.id,)).get, topic.partitions)


def ends(connection: Connection, topic: Topic) -> NDArray[np.int64]:
    """Per partition the offset that the next record gets, shape (partitions,)."""
    found = current(connection, topic.id, topic.partitions)
    return np.zeros(topic.partitions, np.int64) if found is None else found[1]


def current(connection: Connection, topic_id: int, partitions: int) -> tuple[int, NDArray[np.int64]] | None:
    """A topic's version and next offsets; None where it is deleted."""
    found = connection.execute(
        "SELECT version, ends, (SELECT b.ends FROM batch b WHERE b.topic = t.id ORDER BY b.id DESC LIMIT 1) "
        "FROM topic t WHERE id = ?",
        (topic_id,),
    ).get
    if found is None:
        return None
    version, written, last = found
    told = unpack(written, partitions)
    # the last batch tells, unless a later one is gone: then the topic's own row does
    return version, told if last is None else np.maximum(told, unpack(last, partitions))


def pack(numbers: NDArray[np.int64] | list[int]) -> bytes:
    """Per-partition numbers as they are stored."""
    return np.asarray(numbers, "<i8").tobytes()


def unpack(blob: bytes, partitions: int) -> NDArray[np.int64]:
    """What `pack` stored, with zeros for partitions that came later."""
    numbers = np.zeros(partitions, np.int64)
    stored = np.frombuffer(blob, "<i8")
    numbers[: len(stored)] = stored
    return numbers


def _topic(row: Sequence[object]) -> Topic:
    id_, name, partitions, version, configs = row
    return Topic(id_, name, partitions, version, orjson.loads(configs))  # type: ignore[arg-type]


def _checked(name: str, configs: Mapping[str, object]) -> str:
    Values(TOPIC_OPTIONS, configs, f"topic {name}")
    return orjson.dumps({key: str(value) for key, value in configs.items()}).decode()


def _check_partitions(name: str, partitions: int) -> None:
    if not 1 <= partitions <= MAX_PARTITIONS:
        raise LogError(
            f"topic '{name}' cannot have {partitions} partitions",
            code="topic-partitions",
            hint=f"allowed are 1 to {MAX_PARTITIONS}",
        )
