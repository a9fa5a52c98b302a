"""Functions that Flink has and Penstock does not, each with the reason and what to use."""

from __future__ import annotations

from penstock.sql.functions.spec import Refused

__all__ = ["REFUSED"]

_ALL: tuple[Refused, ...] = (
    Refused("PROCTIME", "processing time is not supported: use an event time and its watermark"),
)

REFUSED: dict[str, Refused] = {r.name: r for r in _ALL}
