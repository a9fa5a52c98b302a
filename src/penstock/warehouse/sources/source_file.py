"""Source files: sources/NAME.toml, where rows come from, what they say when they come again, and where they go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from penstock.core.errors import ConfigError
from penstock.core.options import Kind, Option, boolean, choice, text
from penstock.core.toml_table import read_toml
from penstock.warehouse.database import Table

if TYPE_CHECKING:
    from penstock.core.toml_table import TomlTable

__all__ = ["KINDS", "OPTIONS", "Mode", "OnDelete", "OnEmpty", "SourceFile", "read_source"]

Mode = Literal["snapshot", "changes"]
OnDelete = Literal["keep", "close", "remove"]
OnEmpty = Literal["keep", "end"]

KINDS = ("csv", "http", "postgres", "topic")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_INTO = re.compile(r"staging\.([a-z][a-z0-9_]{0,49})")


def _schema(said: str) -> str:
    if not _NAME.fullmatch(said):
        raise ValueError(said)
    return said


KIND = Option("kind", choice(*KINDS), "", "Where its rows come from.", required=True)
INTO = Option("into", text, "", "The staging table that they go into; staging.NAME by default.")
MODE = Option(
    "mode",
    choice("snapshot", "changes"),
    "snapshot",
    "What its rows say: snapshot, all that there is now; changes, only what is new.",
)
ON_DELETE = Option(
    "on_delete",
    choice("keep", "close", "remove"),
    "keep",
    "snapshot: what it means that a key is there no more: keep, nothing; close and remove, that it has ended.",
)
ON_EMPTY = Option(
    "on_empty",
    choice("keep", "end"),
    "keep",
    "on_delete: what it means that there is no row at all: keep, nothing; end, that everything has ended.",
)
TRACK = Option(
    "track",
    boolean,
    True,
    "Whether a part that was loaded is passed over until its content, or its mark, is another.",
)
SCHEMA = Option(
    "schema",
    Kind("a file of schemas/, without .toml", _schema),
    "",
    "How its rows are read; schemas/NAME.toml by default.",
)
OPTIONS: tuple[Option[Any], ...] = (KIND, INTO, MODE, ON_DELETE, ON_EMPTY, TRACK, SCHEMA)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What all sources say; `own` is the rest of the file, which its kind knows."""

    name: str
    kind: str
    into: Table
    mode: Mode
    on_delete: OnDelete
    on_empty: OnEmpty
    track: bool
    schema: str
    own: TomlTable

    @property
    def where(self) -> str:
        return f"sources/{self.name}.toml"


def read_source(name: str, said: str) -> SourceFile:
    """What the file sources/`name`.toml says. Raises ConfigError with its line, and what was allowed."""
    file = read_toml(said, f"sources/{name}.toml")
    common = {option.name for option in OPTIONS}
    values = file.without(*(key for key in file.given if key not in common)).values(OPTIONS)
    into = values[INTO] or f"staging.{name.replace('-', '_')}"
    found = _INTO.fullmatch(into)
    if not found:
        raise ConfigError(
            f"'{into}' is no staging table",
            code="source-into",
            where=file.where(INTO.name),
            hint="it is staging.NAME, of small letters, digits and _, up to 50",
        )
    mode, on_delete = cast("Mode", values[MODE]), cast("OnDelete", values[ON_DELETE])
    if mode == "changes" and on_delete != "keep":
        raise ConfigError(
            "on_delete goes with snapshots: of changes alone nobody can tell what has ended",
            code="source-on-delete",
            where=file.where(ON_DELETE.name),
        )
    on_empty = cast("OnEmpty", values[ON_EMPTY])
    if on_empty == "end" and on_delete == "keep":
        raise ConfigError(
            "on_empty goes with on_delete: by itself nothing ends",
            code="source-on-empty",
            where=file.where(ON_EMPTY.name),
            hint='on_delete = "close"',
        )
    return SourceFile(
        name=name,
        kind=values[KIND],
        into=Table("staging", found[1]),
        mode=mode,
        on_delete=on_delete,
        on_empty=on_empty,
        track=values[TRACK],
        schema=values[SCHEMA] or name,
        own=file.without(*common),
    )
