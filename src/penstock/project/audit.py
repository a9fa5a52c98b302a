"""The audit log: who has changed what, when and from where, a record each in the system's topic `__audit`."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from penstock.core.errors import LogError, PenstockError
from penstock.core.logs import tell
from penstock.project.access.caller import Caller, system_user

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from penstock.log import Log

__all__ = ["TOPIC", "Doer", "audit_record", "audited", "doer", "done_by", "open_audit", "told_rows", "told_text"]

TOPIC = "__audit"

_CONFIGS = {"retention.ms": "-1"}
_MOST_IDS = 1_000
_MOST_CHARACTERS = 20_000


@dataclass(slots=True)
class Doer:
    """Who does what is being done, from which network `address`, if any; `told`: something of it is in the log."""

    caller: Caller
    address: str = ""
    told: bool = False


_DOER: ContextVar[Doer | None] = ContextVar("doer", default=None)


def doer() -> Doer:
    """Who does what this thread or task does: by default whom the process belongs to, by a command."""
    return _DOER.get() or Doer(Caller(system_user()))


@contextmanager
def done_by(caller: Caller, address: str) -> Iterator[Doer]:
    """What is done inside is done by `caller`, in threads too that are begun with a copy of the context."""
    found = Doer(caller, address)
    before = _DOER.set(found)
    try:
        yield found
    finally:
        _DOER.reset(before)


def audited(log: Log, act: str, on: str, **more: Any) -> None:
    """Write down that `act` was just done to `on`, by `doer`. As `audit_record`.

    What was done is done: where the record cannot be written, an error is told in its place.
    """
    by = doer()
    by.told = True
    try:
        log.append(open_audit(log), audit_record(by.caller, by.address, act, on, **more))
    except PenstockError as error:
        tell("error", "audit-failed", f"{act} of {on} by {by.caller.name} is not in the audit log", error=error)


def told_rows(ids: Collection[int]) -> dict[str, Any]:
    """What a record says of rows by their ids: how many, and which those are; of very many the first."""
    return {"rows": len(ids), "ids": sorted(ids)[:_MOST_IDS]}


def told_text(text: str) -> str:
    """What a record says of a text: of a very long one its beginning."""
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "..."


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
    value = orjson.dumps({**told, **token, **more}, option=orjson.OPT_NON_STR_KEYS)
    return pl.DataFrame({"key": [on.encode()], "value": [value]})
