"""What connectors work with: the project's log, its folder, its clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.core.clock import Clock
    from penstock.log import Log

__all__ = ["S3Settings", "TableSettings", "TopicSettings", "World"]


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """[topics.NAME] of penstock.toml."""

    partitions: int = 1
    configs: Mapping[str, str] = field(default_factory=dict)
    also: str | None = None
    """A second format that its messages may have."""


@dataclass(frozen=True, slots=True)
class TableSettings:
    """[tables.NAME] of penstock.toml: days older than `retention` (ms) go to the place `archive`."""

    retention: int | None = None
    archive: str | None = None


@dataclass(frozen=True, slots=True)
class S3Settings:
    """[s3] of penstock.toml: keys are ``${NAME}`` of the environment; "" is what the environment has."""

    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class World:
    """`folder` is where relative paths begin; files outside `roots` are out of reach.

    `allow` are the hosts (``host`` or ``host:port``) that are not public, and may be gone to all the same. `bounded`
    input ends with what is there now; where it is `endless`, rows that are made up go on all the same. `traced`: trace
    contexts that come with records are wanted. `own` is the URL of the project's own page, or where it would be.
    """

    log: Log
    folder: Path
    clock: Clock
    roots: tuple[Path, ...] = ()
    topics: Mapping[str, TopicSettings] = field(default_factory=dict)
    skip_lost: bool = False
    tables: Mapping[str, TableSettings] = field(default_factory=dict)
    s3: S3Settings = field(default_factory=S3Settings)
    allow: tuple[str, ...] = ()
    bounded: bool = False
    endless: bool = False
    traced: bool = False
    own: str = ""
