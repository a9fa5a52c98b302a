"""The embedded durable log: topics, partitions, offsets, groups, retention and compaction over one SQLite file."""

from __future__ import annotations

from penstock.log.append import Append, Appended
from penstock.log.file import Durability
from penstock.log.groups import GroupOffset, Groups
from penstock.log.lock import EngineLock, page_of_holder
from penstock.log.log import Log
from penstock.log.poll import Poll
from penstock.log.producer import Producer
from penstock.log.records import RECORD_COLUMNS
from penstock.log.seek import PartitionInfo
from penstock.log.state import Checkpoint, Savepoint, States
from penstock.log.stored import StoredBatch, gather
from penstock.log.tables import Facts, Tables
from penstock.log.topic import TOPIC_OPTIONS, Topic
from penstock.log.traffic import Held, Traffic
from penstock.log.transaction import Transaction
from penstock.log.upkeep import Upkeep
from penstock.log.verify import Verified

__all__ = [
    "RECORD_COLUMNS",
    "TOPIC_OPTIONS",
    "Append",
    "Appended",
    "Checkpoint",
    "Durability",
    "EngineLock",
    "Facts",
    "GroupOffset",
    "Groups",
    "Held",
    "Log",
    "PartitionInfo",
    "Poll",
    "Producer",
    "Savepoint",
    "States",
    "StoredBatch",
    "Tables",
    "Topic",
    "Traffic",
    "Transaction",
    "Upkeep",
    "Verified",
    "gather",
    "page_of_holder",
]
