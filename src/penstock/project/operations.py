"""Long work that goes on by itself while others ask how far it is, or end it: backups, their checks, upkeep."""

from __future__ import annotations

import threading
import uuid
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from penstock.core.errors import InternalError, PenstockError, StateError, did_you_mean
from penstock.core.logs import tell
from penstock.project.audit import audited, doer

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.project.penstock import Penstock

    Tell = Callable[[str, int, int], None]
    Work = Callable[[Tell], Any]

__all__ = ["Kind", "Operation", "Operations", "State"]

Kind = Literal["backup", "backup-check", "upkeep"]
State = Literal["running", "done", "failed", "cancelled"]

_KEPT = 100
"""So many that have ended are known on, in this process."""


@dataclass(slots=True)
class Operation:
    """One of them: `doing` is what it is at, with `done` of `all` (bytes or partitions; 0: nobody knows yet).

    Times in ms since 1970. `result` is JSON data, once it is done; `error` says why it has failed.
    """

    id: str
    kind: Kind
    on: str
    by: str
    began: int
    state: State = "running"
    doing: str = ""
    done: int = 0
    all: int = 0
    ended: int | None = None
    result: Any = None
    error: str = ""


class _CancelledError(Exception):
    """Somebody has asked for its end."""


class Operations:
    """Those of this process, each in a thread of its own; at most one of a kind goes on."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self._all: dict[str, Operation] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def begin(self, kind: Kind, on: str, work: Work) -> Operation:
        """Begin `work`, which tells how far it is, and is ended from there; what it returns is the result.

        Raises StateError while another of that kind goes on.
        """
        with self._lock:
            going = [one for one in self._all.values() if one.kind == kind and one.state == "running"]
            if going:
                raise StateError(
                    f"{kind} of {going[0].on} goes on since then",
                    code="operation-busy",
                    hint=f"wait for it, or end it: {going[0].id}",
                )
            made = Operation(uuid.uuid4().hex[:12], kind, on, doer().caller.name, self._penstock.clock.now_ms())
            stop = self._stops[made.id] = threading.Event()
            self._all[made.id] = made
            self._forget()
            run = copy_context().run  # it is done by who has begun it
            thread = threading.Thread(target=run, args=(self._run, made, work, stop), name=kind, daemon=True)
            self._threads[made.id] = thread
            thread.start()
        return made

    def list(self) -> list[Operation]:
        """The newest first."""
        with self._lock:
            return [*self._all.values()][::-1]

    def get(self, identity: str) -> Operation:
        """Raises StateError where there is none, or none any more."""
        with self._lock:
            found = self._all.get(identity)
            known = [*self._all]
        if found is None:
            hint = did_you_mean(identity, known) or "those of a process are known as long as it lives"
            raise StateError(f"there is no operation '{identity}'", code="operation-unknown", hint=hint)
        return found

    def cancel(self, identity: str) -> Operation:
        """End one where it is; what it has made is taken back. Raises StateError where it does not go on."""
        found = self.get(identity)
        if found.state != "running":
            raise StateError(f"operation '{identity}' is {found.state} already", code="operation-ended")
        self._stops[identity].set()
        self._threads[identity].join()
        audited(self._penstock.log, "operation-cancel", found.kind, operation=found.id, of=found.on)
        return found

    def close(self) -> None:
        """End all of them; idempotent."""
        for stop in self._stops.values():
            stop.set()
        for thread in self._threads.values():
            thread.join()

    def _run(self, made: Operation, work: Work, stop: threading.Event) -> None:
        def told(doing: str, done: int, of: int) -> None:
            if stop.is_set():
                raise _CancelledError
            made.doing, made.done, made.all = doing, done, of

        state: State = "failed"
        try:
            made.result = work(told)
            state = "done"
        except _CancelledError:
            state = "cancelled"
        except PenstockError as error:
            made.error = str(error)
        except BaseException as error:  # noqa: BLE001  # nobody else would hear of it; a panic of Polars is one
            made.error = str(InternalError(f"{type(error).__name__} in {made.kind}: {error}"))
            tell("error", "operation-failed", f"{made.kind} of {made.on} has failed", error=error)
        made.ended = self._penstock.clock.now_ms()
        made.state = state

    def _forget(self) -> None:
        ended = [one.id for one in self._all.values() if one.state != "running"]
        for identity in ended[: len(ended) - _KEPT]:
            del self._all[identity], self._threads[identity], self._stops[identity]
