"""Telling one pipeline what to do, while the others go on; and putting one back to a savepoint."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from penstock.core.errors import StateError
from penstock.project.fates import manifest_of
from penstock.project.standing import Standing, definition_of, standing_of
from penstock.project.wish import Wish, put_wish, wish_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.project.life import Life
    from penstock.project.penstock import Penstock

__all__ = ["Act", "Restored", "restore_savepoint", "steer"]

Act = Literal["start", "pause", "resume", "stop", "drain", "restart"]


@dataclass(frozen=True, slots=True)
class Restored:
    """A pipeline is back at checkpoint `epoch`; it will read `rows_again` rows that it had read since."""

    pipeline: str
    epoch: int
    rows_again: int


def steer(
    penstock: Penstock, name: str, act: Act, *, parallelism: int | None = None, checkpoint_interval: int | None = None
) -> Standing:
    """Tell a pipeline what to do, and how it stands then; what is wanted of it outlives the process.

    `start` begins with exactly the `parallelism` (of a cluster) and `checkpoint_interval` (ms) given, `restart` with
    those from before where none are. `drain` reads what is there, closes all windows and ends; where the project runs
    it returns at once. Where no process runs it, all but that is for the next one. Raises ConfigError for a pipeline
    that there is not, StateError where it cannot be done as the pipeline stands, LockedError where another process
    runs the project, and as `Penstock.start`.
    """
    definition_of(penstock, name)
    run = penstock.current
    was = wish_of(penstock.log, name)
    wish = Wish("running", parallelism, checkpoint_interval)
    if act == "restart":
        wish = Wish("running", parallelism or was.parallelism, checkpoint_interval or was.checkpoint_interval)
    if run is not None:
        _tell(run.lives[name], act, wish)
    elif act == "drain":
        _drain_alone(penstock, name, was)
    else:
        with penstock.locked():
            _wish_alone(penstock, name, act, was, wish)
    return standing_of(penstock, name)


def _tell(life: Life, act: Act, wish: Wish) -> None:
    match act:
        case "start":
            life.start(wish)
        case "restart":
            life.restart(wish)
        case "pause":
            life.pause()
        case "resume":
            life.resume()
        case "stop":
            life.stop()
        case "drain":
            life.drain()


def _wish_alone(penstock: Penstock, name: str, act: Act, was: Wish, wish: Wish) -> None:
    """Keep for the next run what is wanted. Raises StateError for what needs a run."""
    if act == "restart" or (act in ("pause", "resume") and was.wanted == "stopped"):
        what = "is stopped" if was.wanted == "stopped" else "does not run"
        done = {"restart": "restarted", "pause": "paused", "resume": "resumed"}[act]
        raise StateError(
            f"pipeline '{name}' {what} and cannot be {done}",
            code="pipeline-state",
            hint="start it" if was.wanted == "stopped" else "penstock run DIR starts what is to run",
        )
    wanted = {
        "start": wish,
        "resume": replace(was, wanted="running"),
        "pause": replace(was, wanted="paused"),
        "stop": replace(was, wanted="stopped"),
    }[act]
    put_wish(penstock.log, name, replace(wanted, since_ms=penstock.clock.now_ms()))


def _drain_alone(penstock: Penstock, name: str, was: Wish) -> None:
    """Run it to its end in this process. Raises what ended it."""
    with penstock.locked():
        put_wish(penstock.log, name, replace(was, wanted="draining", since_ms=penstock.clock.now_ms()))
    penstock.start(only=(name,)).wait()
    for error in penstock.stop().values():
        raise error


def restore_savepoint(penstock: Penstock, name: str) -> Restored:
    """Make a savepoint the checkpoint of its pipeline again; results that were committed since stay.

    Raises StateError where there is none of that name or its pipeline runs, LockedError where another process runs
    the project.
    """
    log, run = penstock.log, penstock.current
    pipeline = next((s.pipeline for s in log.state.savepoints() if s.name == name), None)
    life = run.lives.get(pipeline) if run is not None and pipeline is not None else None
    with penstock.locked() if run is None else life.halted() if life is not None else nullcontext():
        before = None if pipeline is None else manifest_of(log, pipeline)
        found = log.state.restore_savepoint(name)
    again = _rows_between(json.loads(found.manifest)["position"], before["position"] if before else {"readers": {}})
    return Restored(found.pipeline, found.epoch, again)


def _rows_between(position: Mapping[str, Any], later: Mapping[str, Any]) -> int:
    """How many records of topics come after `position`, up to that of `later`."""
    now, then = _offsets(later), _offsets(position)
    return sum(max(0, offset - then.get(place, 0)) for place, offset in now.items())


def _offsets(position: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    """The next offset by topic and partition, as a checkpoint's position has them."""
    starts = [reader["start"] for reader in position["readers"].values()]
    following = [start.get("next") or {} for start in starts if isinstance(start, dict)]
    return {(topic, p): o for one in following for topic, offsets in one.items() for p, o in enumerate(offsets)}
