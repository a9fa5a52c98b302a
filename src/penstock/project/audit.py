"""The audit log: who has changed what, when and from where, a record each in the system's topic `__audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from penstock.core.errors import LogError

if TYPE_CHECKING:
    from penstock.log import Log
    from penstock.project.access.caller import Caller

__all__ = ["TOPIC", "audit_record", "open_audit"]

TOPIC = "__audit"

_CONFIGS = {"retention.ms": "-1"}


def open_audit(log: Log) -> str:
    """The name of the topic, made where it was not there yet."""
    try:
        log.latest(TOPIC)
    except LogError as error:
        if error.code != "topic-unknown":
            raise
        try:
            log.create_topic(TOPIC, 1, _CONFIGS)
        except LogError as made:  # by another process in the meantime
            if made.code != "topic-exists":
                raise
    return TOPIC


def audit_record(by: Caller, address: str, act: str, on: str, **more: Any) -> pl.DataFrame:
    """The record that `by`, from a network `address` if any, did `act` (such as user-add) to `on`, to be appended.

    `more` is JSON data: `before`, `after`, or what else tells it. Secrets are never among it.
    """
    told = {"act": act, "on": on, "by": by.name, "way": by.way, "from": address}
    token = {"token": by.token} if by.token else {}
    value = orjson.dumps({**told, **token, **more})
    return pl.DataFrame({"key": [on.encode()], "value": [value]})
