"""The columns of a relation, and the windows that some of them are borders of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from penstock.sql.expr import Ref

if TYPE_CHECKING:
    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

__all__ = ["BORDERS", "Column", "Role", "Window", "window_borders", "windowed", "without_window"]

Role = Literal["", "rowtime", "proctime", "window_start", "window_end", "window_time", "window_key"]

BORDERS = ("window_start", "window_end", "window_time")
"""The roles of a window's columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation.

    `role` says what it is beside its values: an event time (`rowtime`, `window_time`: the watermark speaks
    about it), a border of `window`, or one of the columns by which sessions are told apart (`window_key`).
    """

    name: str
    type: DataType
    role: Role = ""
    window: Window | None = None

    @property
    def is_time(self) -> bool:
        """Whether windows can be built on it."""
        return self.role in ("rowtime", "window_time")


@dataclass(frozen=True, slots=True)
class Window:
    """A way to cut time, all in ms: TUMBLE has `slide` = `size`; CUMULATE grows by `slide` up to `size`.

    `zoned` windows are over TIMESTAMP_LTZ and follow the civil days of the session's time zone. Of a SESSION `size`
    and `slide` are the gap, and `keys` is how many columns it is partitioned by.
    """

    kind: Literal["TUMBLE", "HOP", "CUMULATE", "SESSION"]
    size: int
    slide: int
    offset: int
    zoned: bool
    keys: int = 0


def without_window(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """`columns` of a relation that is cut into windows anew: the borders it had are ordinary values now."""
    roles: dict[str, Role] = {"window_start": "", "window_end": "", "window_key": "", "window_time": "rowtime"}
    return tuple(replace(c, role=roles[c.role], window=None) if c.role in roles else c for c in columns)


def windowed(columns: tuple[Column, ...], window: Window, partition: tuple[str, ...]) -> tuple[Column, ...]:
    """`columns` of a relation that is cut into `window`, without the borders: those of `partition` are marked."""
    return tuple(
        replace(c, role="window_key", window=window) if c.name in partition and not c.is_time else c
        for c in without_window(columns)
    )


def window_borders(columns: tuple[Column, ...], keys: tuple[Expr, ...]) -> dict[int, Column] | None:
    """Which of `keys` are borders of one window, by position; None unless start and end are among them.

    Sessions are told apart by their own keys: the others among `keys` must be just those.
    """
    by_name = {c.name: c for c in columns}
    borders: dict[int, Column] = {}
    others: list[Column | None] = []
    for i, key in enumerate(keys):
        column = by_name.get(key.name) if isinstance(key, Ref) else None
        if column is not None and column.role in BORDERS:
            borders[i] = column
        else:
            others.append(column)
    windows = {c.window for c in borders.values()}
    roles = {c.role for c in borders.values()}
    if len(windows) != 1 or not {"window_start", "window_end"} <= roles:
        return None
    window = next(iter(windows))
    if window is not None and window.kind == "SESSION":
        own = all(c is not None and c.role == "window_key" and c.window == window for c in others)
        return borders if own and len(others) == window.keys else None
    return borders
