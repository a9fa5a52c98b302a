"""`Step`: a part of a run that is done whole or not at all; its `Outcome`, and the `Note` of whoever does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from threading import Event

__all__ = ["Level", "Note", "Outcome", "Phase", "Step", "StoppedError"]

Level = Literal["info", "warning", "error"]


class StoppedError(Exception):
    """Somebody has asked for the end of a run: whoever does a step leaves it, and takes back what it began."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a step: so many rows in so many seconds."""

    name: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step has done. Of a step of a load `counts` add up: read = loaded + duplicate + quarantined + dropped.

    `changes` are by table: rows inserted, updated, deleted. `partial`: not all of it could be done, and `note` says
    what. `artefacts` are short texts by name: the path of a file that was made, the address of a report, what rows were
    set aside by.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    note: str = ""
    partial: bool = False
    artefacts: Mapping[str, str] = field(default_factory=dict)

    @property
    def made(self) -> str:
        """The artefacts in a line."""
        return ", ".join(f"{name}: {text}" for name, text in self.artefacts.items())


class Note(Protocol):
    """How whoever does a step tells how it goes, and hears that it is to end."""

    stop: Event
    """Set when the run is to end: by somebody, by its timeout, or with the process."""

    def __call__(self, line: str, level: Level = "info") -> None:
        """A line of the run's log. Raises StoppedError where the run is to end."""
        ...

    def interrupting(self, call: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside, `call` is called from another thread when the run is to end: it breaks off what takes long.

        It may be called more than once. Raises StoppedError then, also for the error that what was broken off raises.
        """
        ...

    def phase(self, name: str) -> None:
        """What the step is at, for those who look. Raises StoppedError where the run is to end."""
        ...


def _never() -> Outcome | None:
    return None


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a run: `do` does it, and raises where it cannot.

    `done` is what it has done where its effect was committed before its process died; None where it has to be done.
    Its effect and what `done` looks at are one transaction. `forget` drops what `done` looks at, once the run's record
    says that the step is done; it may be called again. `alone`: where it fails, those after it are done all the
    same, and the run has failed in the end.
    """

    name: str
    do: Callable[[Note], Outcome]
    done: Callable[[], Outcome | None] = _never
    forget: Callable[[], None] = _nothing
    alone: bool = False
