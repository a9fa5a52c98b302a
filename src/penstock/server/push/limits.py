"""What push may take, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits", "Watching"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one hub, and one connection, may have. `linger` is how long a feed that nobody watches is kept (s)."""

    connections: int = 20_000
    subscriptions: int = 64
    feeds: int = 2_000
    message_bytes: int = 1 << 16
    queue_bytes: int = 4 << 20
    requests_per_second: int = 50
    requests_at_once: int = 200
    stuck_seconds: float = 60.0
    linger: float = 60.0


@dataclass(frozen=True, slots=True)
class Watching:
    """What is watched now: clients, their subscriptions, the feeds behind these, and bytes that wait for clients.

    `anew` counts feeds that began anew for a client which had not taken what was sent, since the hub began.
    """

    clients: int
    subscriptions: int
    feeds: int
    waiting: int
    anew: int
