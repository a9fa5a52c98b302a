"""Applying the SQL files as they are now: all pipelines that change go over together, or all stay what they were."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from penstock.core.errors import PenstockError, StateError
from penstock.core.logs import tell
from penstock.engine import ledger
from penstock.engine.pipeline import FACTS
from penstock.project.audit import audited
from penstock.project.build import idle_timeout, make_pipeline
from penstock.project.edit.difference import edit_of
from penstock.project.edit.files import FILES, put_of
from penstock.project.past import Rerun
from penstock.project.schemas import register_schemas
from penstock.project.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.engine.executor import Stored
    from penstock.project.edit.difference import Difference, PipelineChange
    from penstock.project.penstock import Penstock
    from penstock.project.run import Run

__all__ = ["Applied", "Progress", "apply"]

_STAGE_ABOVE = 1 << 20
_KEPT = 3
"""Of so many applies, the last ones, the savepoints are kept."""
_NAME = re.compile(r"before-apply-(\d+)\.")


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: the pipelines that changed, with the rows of state that each operator has now.

    `savepoints` keep those that were, by pipeline.
    """

    pipelines: list[PipelineChange]
    savepoints: dict[str, str]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an apply is: so many records were `read` again for state that is rebuilt, `of` so many."""

    step: Literal["rebuild", "switch"]
    read: int
    of: int


def apply(penstock: Penstock, token: str) -> Applied:
    """Let the SQL files as they are now be what the project is; `token` is that of the difference that was looked at.

    1. State that is to be rebuilt is made by reading topics again, while all go on.
    2. The pipelines that change or go commit and halt; the others go on. What they have read since is made up for.
    3. Their checkpoints are kept as savepoints.
    4. One transaction: the next checkpoint of each, without those that go.
    5. Each runs its next rows on trial: nothing of it is kept.
    6. All run their next rows, at which the ledger must balance, take their first checkpoint, and begin.
    7. Savepoints that were made so are dropped, but for those of the last three times.

    Where 1 to 6 fail before a first checkpoint was taken, the savepoints are put back in one transaction and what was
    goes on: StateError says why. What fails after that ends its pipeline alone: what others have committed would come
    twice. Where the process dies, 4 is done or it is not. Raises SqlError or ConfigError where the files are wrong,
    StateError for another token or where a pipeline cannot be taken over, LockedError where another process runs the
    project.
    """
    _require(edit_of(penstock).difference, token)
    with penstock.changing() as run:
        try:
            return _Apply(penstock, token, run).act()
        finally:
            penstock.applying = None


class _Apply:
    """One act, while nobody else changes what runs."""

    def __init__(self, penstock: Penstock, token: str, run: Run | None) -> None:
        self.penstock = penstock
        self.log = penstock.log
        self.token = token
        self.run = run
        self.before = penstock.definition
        self.number = 0
        self.savepoints: dict[str, str] = {}
        self.facts: dict[str, bytes | None] = {}
        self.switched = False
        self.reruns: dict[str, Rerun] = {}

    def act(self) -> Applied:
        try:
            with ExitStack() as self.open:
                self.look()
                self.tell("rebuild")
                self.rebuild()
                self.tell("switch")
                self.halt()
                self.rebuild()
                self.keep()
                again = {name: rerun.pipeline.executor.snapshot() for name, rerun in self.reruns.items()}
            self.switch(again)
            self.attempt()
            self.penstock.redefine(self.edit.definition, proven=True)
        except BaseException as error:
            self.go_back()
            if not isinstance(error, PenstockError):
                raise
            tell("warning", "apply-back", "the SQL files were not applied, and what was before goes on", error=error)
            raise StateError(
                f"the SQL files were not applied, and what was before goes on: {error.message}",
                code="apply-back",
                where=error.where,
                hint=error.hint,
            ) from error
        tell("info", "applied", f"the SQL files were applied: {', '.join(one.name for one in self.changed) or 'none'}")
        files = {file.path: file.what for file in self.edit.difference.files}
        became = {one.name: one.what for one in self.changed}
        audited(
            self.log, "apply", "sql", files=files, after=became, savepoints=self.savepoints, dropped=self.drop_old()
        )
        return Applied(self._happened(again), self.savepoints)

    def is_to_break_off(self) -> bool:
        """Whether the engine ends; asked after each step of what is read again."""
        self.tell("rebuild" if self.penstock.applying is None else self.penstock.applying.step)
        return self.penstock.ending

    def tell(self, step: Literal["rebuild", "switch"]) -> None:
        """Say how far this is."""
        again = [max((o.rows_again for o in one.operators), default=0) for one in self.changed]
        read = sum(rerun.pipeline.rows for rerun in self.reruns.values())
        self.penstock.applying = Progress(step, read, sum(again))

    # -- steps -------------------------------------------------------------------------------------

    def halt(self) -> None:
        """2: what changes or goes commits and halts; what then has changed is what was looked at."""
        if self.run is not None:
            self.run.retire([one.name for one in self.changed])
            self.look()

    def look(self) -> None:
        """What is to be done, as of the last checkpoints."""
        self.edit = edit_of(self.penstock)
        _require(self.edit.difference, self.token)
        self.changed = self.edit.difference.changed
        names = {one.name for one in self.changed}
        self.new = [d for d in self.edit.definition.pipelines if d.name in names]

    def keep(self) -> None:
        """3: their checkpoints as savepoints, and the figures beside them."""
        there = {c.pipeline for c in self.log.state.checkpoints()}
        self.number = 1 + max((number for number, _ in self._made_before()), default=0)
        for one in self.changed:
            for prefix in FACTS:
                self.facts[prefix + one.name] = self.log.facts.get(prefix + one.name)
            if one.name in there:
                name = f"before-apply-{self.number}.{one.name}"
                self.log.state.create_savepoint(name, one.name)
                self.savepoints[one.name] = name
        self.facts[FILES] = self.log.facts.get(FILES)

    def drop_old(self) -> list[str]:
        """The savepoints of earlier applies that are no longer kept."""
        old = [name for number, name in self._made_before() if number <= self.number - _KEPT]
        for name in old:
            self.log.state.drop_savepoint(name)
        return old

    def _made_before(self) -> list[tuple[int, str]]:
        """The savepoints that applies have made, with the number of each apply."""
        names = [s.name for s in self.log.state.savepoints() if s.name.endswith(f".{s.pipeline}")]
        return [(int(found[1]), name) for name in names if (found := _NAME.match(name))]

    def rebuild(self) -> None:
        """1: make the state that no operator had; again, on from where that ended."""
        register_schemas(self.penstock.folder, self.log)
        for definition in self.new:
            name, transition = definition.name, self.edit.transitions.get(definition.name)
            if transition is None or transition.past is None or not transition.rebuilt:
                continue
            if name not in self.reruns:
                rerun = Rerun.of_state(
                    self.penstock, definition, transition.past, transition.rebuilt, self.is_to_break_off
                )
                self.reruns[name] = self.open.enter_context(closing(rerun))
            self.reruns[name].run_to(transition.past)

    def switch(self, again: Mapping[str, Stored]) -> None:
        """4: the next checkpoint of each; of those that go, none."""
        with self.log.transaction() as transaction:
            for name, transition in self.edit.transitions.items():
                manifest, new, live = transition.checkpoint(again.get(name))
                if sum(map(len, new.values())) > _STAGE_ABOVE:
                    self.log.state.stage(name, manifest["epoch"], new)
                    new = {}
                transaction.put_checkpoint(name, manifest["epoch"], json.dumps(manifest).encode(), new, live)
            for one in self.changed:
                if one.what == "removed":
                    transaction.drop_checkpoint(one.name)
                    for prefix in FACTS:
                        transaction.delete(prefix + one.name)
            transaction.put(FILES, put_of(self.edit.definition.texts))
        self.switched = True

    def attempt(self) -> None:
        """5: each from its new checkpoint over its next rows; its results go nowhere."""
        for definition in self.new:
            wiring = Wiring(self.penstock.world, idle_timeout(definition.settings, self.penstock.settings))
            wiring.collect_all = True
            pipeline = make_pipeline(
                definition, self.penstock.world, self.penstock.settings, wiring=wiring, collect=lambda *_: None
            )
            try:
                pipeline.restore()
                pipeline.step(pipeline.settings.batch_rows)
                pipeline.executor.snapshot()
                # rows are through a sink when it commits, which it does not here
                ledger.check(definition.name, [e for e in pipeline.executor.entries() if e.kind != "sink"])
            finally:
                pipeline.close()

    def go_back(self) -> None:
        """The savepoints are checkpoints again, in one transaction, what was halted begins, and they are dropped."""
        if self.switched:
            if self.run is not None:  # those that have begun may not commit over it
                self.run.retire([one.name for one in self.changed])
            with self.log.transaction() as transaction:
                for one in self.changed:
                    if one.name in self.savepoints:
                        transaction.restore_savepoint(self.savepoints[one.name], one.name)
                    else:
                        transaction.drop_checkpoint(one.name)
                for key, value in self.facts.items():
                    if value is None:
                        transaction.delete(key)
                    else:
                        transaction.put(key, value)
        self.penstock.redefine(self.before)
        for name in self.savepoints.values():
            self.log.state.drop_savepoint(name)

    # -- what was done -----------------------------------------------------------------------------

    def _happened(self, again: Mapping[str, Stored]) -> list[PipelineChange]:
        found = []
        for one in self.changed:
            transition = self.edit.transitions.get(one.name)
            operators = one.operators if transition is None else transition.done(again.get(one.name))
            found.append(replace(one, operators=operators))
        return found


def _require(difference: Difference, token: str) -> None:
    """Raises StateError where this is not what was looked at, or cannot be done."""
    for one in difference.pipelines:
        if one.refusal:
            raise StateError(
                f"pipeline '{one.name}' cannot be taken over: {one.refusal}",
                code="apply-refused",
                hint="give it another name, and it begins anew",
            )
    if token != difference.token:
        raise StateError(
            "the files or the pipelines are not what they were when the difference was looked at",
            code="apply-token",
            hint="look at penstock diff DIR again, and apply that",
        )
