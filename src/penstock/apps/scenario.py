"""What a scenario is: it says what happens at each slot of simulated time, in columns of JSON text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["Scenario", "Scene", "hexadecimal", "member", "members"]


@dataclass(frozen=True, slots=True)
class Scene:
    """What happens at n slots.

    `topic` indexes the scenario's topics, uint8 of shape (n,). `fields` are String columns of n rows, by the name of
    the event's field: its JSON member with a comma behind it, or "" where the event has none. Event id and timestamp
    are not among them. `anomalous` (bool, shape (n,)) says which events tell of something out of the ordinary.
    """

    topic: NDArray[np.uint8]
    key: pl.Series
    fields: dict[str, pl.Series]
    anomalous: NDArray[np.bool_]


class Scenario(Protocol):
    """The life that an app's events tell of; built from rate (slots a second) and seed, it is asked in order."""

    @property
    def topics(self) -> tuple[str, ...]: ...

    @property
    def id_field(self) -> str:
        """The field of the event's id: the simulation makes its values."""
        ...

    @property
    def type_field(self) -> str: ...

    @property
    def required(self) -> tuple[str, ...]:
        """Fields that no event of any topic may lack, beside its id and `timestamp`."""
        ...

    @property
    def foreign_type(self) -> str:
        """An event type that the schema does not know."""
        ...

    def happen(self, slots: NDArray[np.int64], times: NDArray[np.int64], rng: Generator) -> Scene:
        """What happens at the next `slots`, which are at `times` (ms since 1970), shapes (n,)."""
        ...


def member(name: str, value: str) -> str:
    """A JSON member as `Scene.fields` has it; `value` is JSON already."""
    return f'"{name}":{value},'


def members(name: str, values: Iterable[str]) -> pl.Series:
    """The table of a field's members, with "" at 0 and the first value at 1."""
    return pl.Series(name, ["", *(member(name, value) for value in values)], pl.String)


def hexadecimal(numbers: NDArray[np.uint32] | NDArray[np.uint64]) -> pl.Series:
    """Numbers of shape (n, k) as n lowercase hexadecimal texts of fixed length."""
    wide = np.ascontiguousarray(numbers).astype(numbers.dtype.newbyteorder(">"), copy=False)
    return pl.Series(wide.view(np.uint8)).arr.to_list().cast(pl.Binary).bin.encode("hex")
