"""Moments as options of commands say them."""

from __future__ import annotations

import click

__all__ = ["moment_of"]


def moment_of(text: str | None) -> int | None:
    """Ms since 1970. Raises UsageError for what is no time with its zone."""
    import datetime as dt

    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise click.UsageError(f"'{text}' is no time with its zone, such as 2026-01-31T12:00:00Z")
    return round(found.timestamp() * 1000)
