"""`Execution`: the sources of a run, each on its own, and the run's row of `pipeline_executions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.jobs import Step, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.jobs import Job, Note, Outcome, Run
    from penstock.project.penstock import Penstock

__all__ = ["Execution"]


class Execution:
    """An attempt at a run over `sources`: its row is written when it begins and when each of them was tried."""

    def __init__(self, penstock: Penstock, job: Job, run: Run, sources: list[str]) -> None:
        """Raises WarehouseError where the row cannot be written."""
        from penstock.warehouse.executions import Executions

        self._run = run.id
        self._done = {step.name: step.outcome for step in run.steps if step.state == "done"}
        self._left = [name for name in sources if name not in self._done]
        self._errors: list[str] = []
        self._rows = Executions(penstock.warehouse.database(), penstock.clock)
        if self._left:
            self._rows.begin(run.id, job.name)

    def step(
        self, source: str, do: Callable[[Note], Outcome], done: Callable[[], Outcome | None] = lambda: None
    ) -> Step:
        """The step of a source."""

        def tried(note: Note) -> Outcome:
            try:
                outcome = do(note)
            except StoppedError:
                self._stopped()
                raise
            except BaseException as error:
                self._errors.append(f"{source}: {error}")
                self._tried(source)
                raise
            self._done[source] = outcome
            self._tried(source)
            return outcome

        def found() -> Outcome | None:
            outcome = done()
            if outcome is not None:
                self._done[source] = outcome
                self._tried(source)
            return outcome

        return Step(source, tried, found, left=self._stopped, alone=True)

    def _stopped(self) -> None:
        self._end("it was stopped")

    def _tried(self, source: str) -> None:
        self._left = [name for name in self._left if name != source]
        if not self._left:
            self._end("\n".join(self._errors))

    def _end(self, error: str) -> None:
        read = sum(outcome.counts.get("read", 0) for outcome in self._done.values())
        if error:
            self._rows.end(self._run, "FAILED", read, error)
        elif partial := [outcome for outcome in self._done.values() if outcome.partial]:
            is_refused = all(outcome.counts.get("quarantined") for outcome in partial)
            reason = "all rows of a source were set aside" if is_refused else "a source did not answer"
            self._rows.end(self._run, "PARTIAL", read, reason)
        else:
            self._rows.end(self._run, "SUCCESS", read, None)
