"""Who is told of a job's runs, as jobs.toml says it: ``notify = { failure = ["mail"], success = ["chat"] }``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core.options import Option, texts
from penstock.incidents.channel import require_channels

if TYPE_CHECKING:
    from collections.abc import Collection

    from penstock.core.toml_table import TomlTable

__all__ = ["NOTIFY", "NOTIFY_OPTIONS", "Notify", "read_notify"]

NOTIFY = "notify"
"""The table of a job that says it."""

_CHANNELS = 'a list of channels: ["mail"]'

FAILURE: Option[tuple[str, ...]] = Option(
    "failure", texts(_CHANNELS), (), "Channels that are told when its runs fail, and when one does well again."
)
SUCCESS: Option[tuple[str, ...]] = Option(
    "success", texts(_CHANNELS), (), "Channels that get a summary of each run that has done well; pagerduty gets none."
)

NOTIFY_OPTIONS: tuple[Option[Any], ...] = (FAILURE, SUCCESS)


@dataclass(frozen=True, slots=True)
class Notify:
    """Names of channels of penstock.toml."""

    failure: tuple[str, ...] = ()
    success: tuple[str, ...] = ()


def read_notify(table: TomlTable, channels: Collection[str]) -> Notify:
    """What a job's table says. Raises ConfigError at the line of what does not fit, or names no channel."""
    own = table.table(NOTIFY)
    values = own.values(NOTIFY_OPTIONS)
    failure, success = values[FAILURE], values[SUCCESS]
    require_channels(failure, channels, own.where(FAILURE.name))
    require_channels(success, channels, own.where(SUCCESS.name))
    return Notify(failure, success)
