"""Telling one pipeline what to do, while the others go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from penstock.core.errors import StateError
from penstock.project.audit import audited
from penstock.project.standing import Standing, definition_of, standing_of
from penstock.project.wish import Wish, put_wish, wish_of

if TYPE_CHECKING:
    from penstock.project.life import Life
    from penstock.project.penstock import Penstock

__all__ = ["Act", "steer"]

Act = Literal["start", "pause", "resume", "stop", "drain", "restart"]


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
    else:
        with penstock.locked():
            _wish_alone(penstock, name, act, was, wish)
    audited(penstock.log, f"pipeline-{act}", name, before=_told(was), after=_told(wish_of(penstock.log, name)))
    if run is None and act == "drain":
        _run_to_its_end(penstock, name)
    return standing_of(penstock, name)


def _told(wish: Wish) -> dict[str, Any]:
    """What the audit log says of it."""
    how = {"parallelism": wish.parallelism, "checkpoint_interval_ms": wish.checkpoint_interval}
    return {"wanted": wish.wanted, **{name: value for name, value in how.items() if value is not None}}


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
        "drain": replace(was, wanted="draining"),
    }[act]
    put_wish(penstock.log, name, replace(wanted, since_ms=penstock.clock.now_ms()))


def _run_to_its_end(penstock: Penstock, name: str) -> None:
    """Drain it in this process. Raises what ended it."""
    penstock.start(only=(name,)).wait()
    for error in penstock.stop().values():
        raise error
