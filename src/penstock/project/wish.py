"""What is wanted of a pipeline: kept in the project's database, so that every process that runs it knows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import orjson

from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from penstock.log import Log

__all__ = ["Wanted", "Wish", "put_wish", "wish_of"]

Wanted = Literal["running", "paused", "draining", "stopped"]

_PREFIX = "wish/"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a pipeline is to do, and how: `parallelism` is for a cluster, `checkpoint_interval` in ms.

    None leaves it to the SQL and the settings. `since_ms` is when it was said, None where nobody has said anything.
    Raises ConfigError for numbers below 1.
    """

    wanted: Wanted = "running"
    parallelism: int | None = None
    checkpoint_interval: int | None = None
    since_ms: int | None = None

    def __post_init__(self) -> None:
        for what, number in (("parallelism", self.parallelism), ("checkpoint interval", self.checkpoint_interval)):
            if number is not None and number < 1:
                raise ConfigError(f"a {what} is at least 1, not {number}", code="pipeline-settings")


def wish_of(log: Log, pipeline: str) -> Wish:
    """What is wanted of a pipeline; where nobody has said anything it is to run."""
    found = log.facts.get(_PREFIX + pipeline)
    return Wish() if found is None else Wish(**orjson.loads(found))


def put_wish(log: Log, pipeline: str, wish: Wish) -> None:
    """Let `wish` be what is wanted of a pipeline, from now on."""
    log.facts.put(_PREFIX + pipeline, orjson.dumps(asdict(wish)))
