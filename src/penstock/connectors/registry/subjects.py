"""`Subjects`: the built-in schema registry, in the project's log; the words and rules of Confluent's."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from penstock.connectors.registry.compatibility import LEVELS, checked_schema, identity, misfits
from penstock.core.errors import RegistryError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.log import Log

__all__ = ["DEFAULT_LEVEL", "PREFIX", "Subjects", "Version"]

DEFAULT_LEVEL = "BACKWARD"
LATEST = -1
PREFIX = "registry/"
"""How all facts of the registry begin."""

_NEXT, _LEVEL = f"{PREFIX}next", f"{PREFIX}level"
_LONGEST = 255


class Version(NamedTuple):
    """One version of a subject: the schema's number, and its text."""

    subject: str
    version: int
    id: int
    schema: str


@dataclass(frozen=True, slots=True)
class _Subject:
    """`versions` are numbers of schemas by version; `gone` those versions that were deleted, and can come back."""

    versions: Mapping[int, int] = field(default_factory=dict)
    gone: tuple[int, ...] = ()
    level: str | None = None

    @classmethod
    def read(cls, data: bytes | None) -> _Subject:
        if data is None:
            return cls()
        found = json.loads(data)
        return cls({int(v): id_ for v, id_ in found["versions"].items()}, tuple(found["gone"]), found["level"])

    def written(self) -> bytes | None:
        if not self.versions and self.level is None:
            return None
        kept = {"versions": {str(v): n for v, n in self.versions.items()}, "gone": self.gone, "level": self.level}
        return json.dumps(kept).encode()

    @property
    def present(self) -> dict[int, int]:
        return {v: id_ for v, id_ in sorted(self.versions.items()) if v not in self.gone}


class Subjects:
    """Schemas by number, and the versions of subjects, each checked against those before it.

    Threads and processes may share a log. A schema keeps its number for good, whatever becomes of its subjects: the
    messages of a topic name it. Errors are RegistryErrors with a code: `registry-subject`, `registry-version`,
    `registry-unknown` for what there is not, `registry-schema` for what is no Avro, `registry-incompatible`.
    """

    def __init__(self, log: Log) -> None:
        self._facts = log.facts

    # -- schemas -----------------------------------------------------------------------------------

    def schema(self, number: int) -> str | None:
        """The schema `number`, as JSON; None if there is none."""
        found = self._facts.get(_schema_key(number))
        return None if found is None else found.decode()

    def known(self, number: int) -> str:
        """The schema `number`, as JSON. Raises RegistryError if there is none."""
        found = self.schema(number)
        if found is None:
            raise RegistryError(f"schema {number} is not known", code="registry-unknown")
        return found

    def register(self, subject: str, schema: str) -> int:
        """The number of `schema` as a version of `subject`, which it becomes if it is none yet.

        Raises RegistryError where it does not fit the versions before it.
        """
        _check_name(subject)
        alike = _alike_key(schema)
        while True:
            key = _subject_key(subject)
            seen = {k: self._facts.get(k) for k in (key, alike, _NEXT)}
            known, number = _Subject.read(seen[key]), _number(seen[alike])
            if number is not None and number in known.present.values():
                return number
            text = checked_schema(schema)
            self._require_fit(subject, known, text)
            id_ = number or _number(seen[_NEXT]) or 1
            version = max(known.versions, default=0) + 1
            put = {key: replace(known, versions={**known.versions, version: id_}).written()}
            if number is None:
                put |= {_schema_key(id_): text.encode(), alike: str(id_).encode(), _NEXT: str(id_ + 1).encode()}
            if self._facts.swap(seen, put):
                return id_

    def _require_fit(self, subject: str, known: _Subject, text: str) -> None:
        level = known.level or self.default_level
        found = misfits(level, text, [self.known(id_) for id_ in known.present.values()])
        if found:
            raise RegistryError(
                f"the schema does not fit the earlier versions of subject '{subject}' ({level}): {found[0]}",
                code="registry-incompatible",
                where=f"subject {subject}",
                hint="give a new field a default, or register it under another subject",
            )

    def uses(self, number: int) -> list[tuple[str, int]]:
        """The (subject, version) pairs of schema `number`."""
        self.known(number)
        pairs = ((s, v, id_) for s in self.names() for v, id_ in self._there(s).present.items())
        return [(subject, version) for subject, version, id_ in pairs if id_ == number]

    # -- subjects ----------------------------------------------------------------------------------

    def names(self, *, deleted: bool = False) -> list[str]:
        """The subjects that have a version; with `deleted`, those too that had one."""
        found = self._facts.scan(_subject_key(""))
        read = ((key.removeprefix(_subject_key("")), _Subject.read(data)) for key, data in found.items())
        return [name for name, subject in read if (subject.versions if deleted else subject.present)]

    def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The versions of a subject, rising."""
        known = self._there(subject, deleted=deleted)
        return sorted(known.versions if deleted else known.present)

    def version(self, subject: str, version: int = LATEST, *, deleted: bool = False) -> Version:
        """A version of a subject; LATEST is the newest."""
        known = self._there(subject, deleted=deleted)
        there = dict(sorted(known.versions.items())) if deleted else known.present
        version = max(there) if version == LATEST else version
        if version not in there:
            raise RegistryError(
                f"subject '{subject}' has no version {version}",
                code="registry-version",
                hint=f"there are {', '.join(map(str, there))}",
            )
        return Version(subject, version, there[version], self.known(there[version]))

    def find(self, subject: str, schema: str) -> Version:
        """The version of `subject` that is `schema`."""
        known = self._there(subject)
        number = _number(self._facts.get(_alike_key(schema)))
        for version, id_ in reversed(known.present.items()):
            if id_ == number:
                return Version(subject, version, id_, self.known(id_))
        raise RegistryError(f"subject '{subject}' has no such schema", code="registry-unknown")

    def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Delete a version of a subject, or all; which they were. `permanent`: forget what was deleted before."""
        while True:
            data = self._facts.get(_subject_key(subject))
            known = _Subject.read(data)
            if version is None:
                self._there(subject, deleted=permanent)
                which = sorted(known.gone) if permanent else list(known.present)
                if permanent and known.present:
                    raise _not_deleted(f"subject '{subject}'")
            else:
                which = [self.version(subject, version, deleted=permanent).version]
                if permanent and which[0] not in known.gone:
                    raise _not_deleted(f"version {which[0]} of subject '{subject}'")
            if permanent:
                kept = {v: id_ for v, id_ in known.versions.items() if v not in which}
                after = replace(known, versions=kept, gone=tuple(v for v in known.gone if v not in which))
            else:
                after = replace(known, gone=(*known.gone, *which))
            if self._facts.swap({_subject_key(subject): data}, {_subject_key(subject): after.written()}):
                return which

    def _there(self, subject: str, *, deleted: bool = False) -> _Subject:
        known = _Subject.read(self._facts.get(_subject_key(subject)))
        if not (known.versions if deleted else known.present):
            raise RegistryError(
                f"there is no subject '{subject}'",
                code="registry-subject",
                hint=did_you_mean(subject, self.names()) or "the value of a topic has the subject TOPIC-value",
            )
        return known

    # -- compatibility -----------------------------------------------------------------------------

    def misfits(self, subject: str, schema: str, version: int | None = None) -> list[str]:
        """Why `schema` must not follow a version of `subject`, or all that its level names; empty where it may."""
        known = _Subject.read(self._facts.get(_subject_key(subject)))
        level = known.level or self.default_level
        text = checked_schema(schema)
        if version is not None:
            return misfits(level, text, [self.version(subject, version).schema])
        return misfits(level, text, [self.known(id_) for id_ in known.present.values()])

    @property
    def default_level(self) -> str:
        """The level of subjects that have none of their own."""
        found = self._facts.get(_LEVEL)
        return DEFAULT_LEVEL if found is None else found.decode()

    def level(self, subject: str) -> str | None:
        """The level of a subject, None where it has none of its own."""
        return _Subject.read(self._facts.get(_subject_key(subject))).level

    def set_level(self, level: str | None, subject: str | None = None) -> None:
        """Set the level of a subject, or the default one; None puts it back.

        Raises RegistryError for what is none of LEVELS.
        """
        if level is not None and level not in LEVELS:
            raise RegistryError(
                f"there is no compatibility level '{level}'",
                code="registry-level",
                hint=did_you_mean(level, LEVELS) or f"there are {', '.join(LEVELS)}",
            )
        if subject is None:
            self._facts.swap({}, {_LEVEL: None if level is None else level.encode()})
            return
        _check_name(subject)
        key, done = _subject_key(subject), False
        while not done:
            data = self._facts.get(key)
            done = self._facts.swap({key: data}, {key: replace(_Subject.read(data), level=level).written()})


def _schema_key(number: int) -> str:
    return f"{PREFIX}schema/{number:010}"


def _subject_key(subject: str) -> str:
    return f"{PREFIX}subject/{subject}"


def _alike_key(schema: str) -> str:
    """The key of the number of a schema. Raises RegistryError where it is no JSON."""
    try:
        same = identity(schema)
    except (ValueError, RecursionError):
        same = identity(checked_schema(schema))
    return f"{PREFIX}alike/{hashlib.blake2b(same.encode(), digest_size=16).hexdigest()}"


def _number(data: bytes | None) -> int | None:
    return None if data is None else int(data)


def _check_name(subject: str) -> None:
    if not 0 < len(subject) <= _LONGEST or not subject.isprintable():
        raise RegistryError(
            f"a subject has 1 to {_LONGEST} characters that can be printed, this is {subject[:_LONGEST]!r}",
            code="registry-name",
        )


def _not_deleted(what: str) -> RegistryError:
    return RegistryError(
        f"{what} was not deleted first", code="registry-not-deleted", hint="delete it without permanent, then with it"
    )
