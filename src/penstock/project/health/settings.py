"""[health] of penstock.toml: how often parts are probed, what is asked of them, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError
from penstock.core.options import Option, Values, duration, memory, share, texts
from penstock.incidents.channel import require_channels

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["HEALTH_OPTIONS", "HealthSettings", "read_health"]

INTERVAL = Option("interval", duration, 30_000, "How often each part is probed, from a second on; 0 = never.")
TARGET = Option("target", share, 0.995, "Which share of the time each part is to be up.")
AFTER = Option("after", duration, 60_000, "How long a part has to be down before that is an incident.")
NOTIFY: Option[tuple[str, ...]] = Option(
    "notify", texts('a list of channels: ["ops"]'), (), "Channels that are told of a part that is down, and up again."
)
DISK_FREE = Option("disk-free", memory, 512 << 20, "The disk of the log is down with less free; 0 = no limit.")
MEMORY_FREE = Option(
    "memory-free",
    share,
    0.03,
    "The memory is down with a smaller share of it available: of the machine's, or what its container may have.",
)
CPU = Option("cpu", share, 0.98, "The processors are down with a larger share busy over five minutes; 1 = no limit.")

HEALTH_OPTIONS: tuple[Option[Any], ...] = (INTERVAL, TARGET, AFTER, NOTIFY, DISK_FREE, MEMORY_FREE, CPU)

_LEAST_INTERVAL = 1_000


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Times in ms, sizes in bytes, shares of 1."""

    interval: int = INTERVAL.default
    target: float = TARGET.default
    after: int = AFTER.default
    notify: tuple[str, ...] = ()
    disk_free: int = DISK_FREE.default
    memory_free: float = MEMORY_FREE.default
    cpu: float = CPU.default


def read_health(values: Values, channels: Collection[str], where: str) -> HealthSettings:
    """What the section says. Raises ConfigError for an interval that is too short, or a channel that is not there."""
    interval = values[INTERVAL]
    if 0 < interval < _LEAST_INTERVAL:
        raise ConfigError(
            f"option 'interval' is {interval} ms, and a part is probed once a second at most",
            code="option-value",
            where=where,
            hint='interval = "30 s"; 0 = never',
        )
    notify = values[NOTIFY]
    require_channels(notify, channels, where)
    return HealthSettings(
        interval,
        values[TARGET],
        values[AFTER],
        notify,
        values[DISK_FREE],
        values[MEMORY_FREE],
        values[CPU],
    )
