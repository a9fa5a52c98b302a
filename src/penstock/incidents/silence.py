"""Silences: for a while nobody is told of the incidents that they match."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.incidents.incident import Incident
    from penstock.log import Log

__all__ = ["Silence", "begin_silence", "end_silence", "silences_of"]

_PREFIX = "silence/"


@dataclass(frozen=True, slots=True)
class Silence:
    """From `begin` on, until before `until` (ms of the clock): a rule's incidents whose key has the values of `key`."""

    id: str
    rule: str
    begin: int
    until: int
    by: str = ""
    note: str = ""
    key: Mapping[str, Any] = field(default_factory=dict)

    def covers(self, incident: Incident, now: int) -> bool:
        """Whether nobody is told of `incident` now."""
        fits = all(_said(incident.key.get(name)) == _said(value) for name, value in self.key.items())
        return self.rule == incident.rule and fits and self.begin <= now < self.until


def _said(value: Any) -> str:
    """A key's value as the page and the command line name it: a text as it is, another as in JSON; 2.0 is 2."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return whole if isinstance(whole, str) else orjson.dumps(whole).decode()


def begin_silence(log: Log, rule: str, key: Mapping[str, Any], begin: int, until: int, by: str, note: str) -> Silence:
    """Write one down."""
    digest = blake2b(orjson.dumps([rule, dict(key), begin, until, by]), digest_size=6).hexdigest()
    made = Silence(digest, rule, begin, until, by, note, key)
    log.facts.put(_PREFIX + made.id, orjson.dumps(asdict(made)))
    return made


def end_silence(log: Log, identity: str) -> bool:
    """Forget one; whether it was there."""
    there = log.facts.get(_PREFIX + identity) is not None
    log.facts.delete(_PREFIX + identity)
    return there


def silences_of(log: Log, now: int) -> list[Silence]:
    """Those that have not ended at `now`, by their end."""
    found = (Silence(**orjson.loads(value)) for value in log.facts.scan(_PREFIX).values())
    return sorted((s for s in found if s.until > now), key=lambda s: s.until)
