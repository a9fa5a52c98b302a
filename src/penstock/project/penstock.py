"""`Penstock`: a project folder, wired; the whole public interface from Python."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import polars as pl

from penstock.core.errors import ConfigError, SqlError
from penstock.history import Limits, Result, Stop, query
from penstock.project.append import records_of
from penstock.project.changes import Changes
from penstock.project.deletion import delete_topic, loss_of
from penstock.project.engine import Engine
from penstock.project.explain import explained, planned_rows
from penstock.project.groups import delete_group, reset_group
from penstock.project.home import HOME
from penstock.project.memory import memory_of
from penstock.project.operations import Operations
from penstock.project.parts import Parts
from penstock.project.pulse import Pulse
from penstock.project.reasons import reasons
from penstock.project.savepoints import create_savepoint, drop_savepoint, kept_savepoints, restore_savepoint
from penstock.project.set_aside import counted, newest
from penstock.project.standing import standings
from penstock.project.steer import steer
from penstock.project.system import late, ledger, rejects
from penstock.project.tables import Look, ProjectTables
from penstock.project.topic_changes import alter_topic, alteration_loss, create_topic
from penstock.project.tracing import sent
from penstock.sql.session import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from penstock.core.clock import Clock
    from penstock.engine.pipeline import Pipeline
    from penstock.engine.why import Reason
    from penstock.log import Log
    from penstock.project.access.filters import Filter
    from penstock.project.alerts.alerts import Alerts
    from penstock.project.alerts.states import AlertState
    from penstock.project.definition import Definition
    from penstock.project.edit.apply import Applied, Progress
    from penstock.project.edit.compare import Comparison
    from penstock.project.edit.difference import Difference
    from penstock.project.edit.files import FileDifference
    from penstock.project.groups import Moved
    from penstock.project.health.watch import HealthWatch
    from penstock.project.jobs.jobs import Jobs
    from penstock.project.loss import Loss
    from penstock.project.memory import Memory
    from penstock.project.notices import Notices
    from penstock.project.quality import Quality
    from penstock.project.rebuild import Closed
    from penstock.project.replay import Replayed
    from penstock.project.run import Run
    from penstock.project.savepoints import Kept, Restored
    from penstock.project.set_aside import Kind
    from penstock.project.settings_change import SettingChanged, Value
    from penstock.project.standing import Standing
    from penstock.project.steer import Act

__all__ = ["Penstock"]


class Penstock(Parts):
    """A project: its tables, its pipelines, its log.

    Threads may share it. One engine at a time runs a project (`run`, `start`); any process may append and ask.
    """

    def __init__(
        self,
        definition: Definition,
        home: Path | None,
        clock: Clock | None = None,
        fault: SqlError | None = None,
        log: Log | None = None,
    ) -> None:
        super().__init__(definition, home, clock, fault, log)
        self.operations = Operations(self)
        self.look: Look | None = None
        self.applying: Progress | None = None
        """How far it is, while its SQL files are applied."""
        self.pulse = Pulse()
        self._engine = Engine(self)

    def __repr__(self) -> str:
        place = "in memory" if self.home is None else f"in {self.folder}"
        if self.fault is not None:
            return f"<Penstock {self.settings.name} {place}: {self.fault.message}>"
        names = ", ".join(p.name for p in self.definition.pipelines) or "none"
        state = "closed" if self._closed else "running" if self.running else "not running"
        return f"<Penstock {self.settings.name} {place}: pipelines {names}; {state}>"

    def change_setting(self, section: str, name: str, value: Value, tag: str | None = None) -> SettingChanged:
        """Change one setting in penstock.toml: see `project.settings_change`."""
        from penstock.project.settings_change import change_setting

        return change_setting(self, section, name, value, tag)

    @property
    def running(self) -> list[Pipeline]:
        """The pipelines that are in this process's memory now; paused, ended and failed ones too."""
        return self._engine.run.pipelines if self._engine.run is not None else []

    @property
    def health(self) -> HealthWatch | None:
        """Who looks at the parts that what runs in this process needs."""
        return self._engine.health

    @property
    def current(self) -> Run | None:
        """The run that goes on in this process now."""
        return self._engine.run

    def close(self) -> None:
        """Stop what runs, after a last commit, and close the log; idempotent."""
        self.operations.close()
        self.stop()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def alerts(self) -> Alerts:
        """The alerts: their rules, and what they have found."""
        from penstock.project.alerts.alerts import Alerts

        return Alerts(self, None if self.home is None or self.fault is not None else self._definition)

    @cached_property
    def notices(self) -> Notices:
        """Who is told of incidents."""
        from penstock.project.notices import Notices

        return Notices(self)

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs of jobs.toml, and their runs."""
        from penstock.project.jobs.jobs import Jobs

        return Jobs(self)

    @cached_property
    def quality(self) -> Quality:
        """The rules of quality/: how they went, and the rows that they have set aside."""
        from penstock.project.quality import Quality

        return Quality(self)

    # -- statements --------------------------------------------------------------------------------

    def sql(self, text: str) -> Result | None:
        """Execute Flink SQL statements, one after the other.

        CREATE and the like change the catalog. INSERT defines a pipeline, which `run` or `start` runs. A
        SELECT is computed at once over all that is there now, open windows left out; the result of the last
        SELECT, SHOW, DESCRIBE or EXPLAIN is returned. Raises SqlError at the first statement that is wrong.
        """
        from penstock.project.statements import execute

        return execute(self, text)

    def append(self, name: str, rows: pl.DataFrame | pl.LazyFrame | Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """Append to a topic, by its own name or that of a table over it.

        `rows` are dicts or a frame of the table's columns, written in the table's format; or a frame with
        Binary columns `value` (and `key`, `headers`, `timestamp` ms, `partition`), appended as it is. Returns
        the `partition` and `offset` of each. Raises LogError or DataError where they do not fit.
        """
        topic, records, decoded = records_of(self, name, rows)
        with sent(self.tracer, topic, records) as traced:
            appended = self.log.append(topic, traced, decoded)
        return pl.DataFrame([appended.partitions, appended.offsets])

    def fill(self, name: str, rows: pl.DataFrame) -> tuple[int, int]:
        """Let `rows` be all that a table of files holds: how many were written, and how many removed.

        Readers see the old files or the new ones. Raises UnsupportedError for a table that holds no files, DataError
        for other columns than its own.
        """
        from penstock.project.fill import fill_table

        return fill_table(self, name, rows)

    def query(
        self,
        sql: str,
        limits: Limits | None = None,
        zone: str = "UTC",
        parameters: Mapping[str, Any] | None = None,
        stop: Stop | None = None,
        asked: float | None = None,
        filters: tuple[Filter, ...] = (),
    ) -> Result:
        """Ask a SELECT (DuckDB's SQL) over tables, views, topics, open windows (`"NAME$open"`) and `penstock.*`.

        SHOW TABLES, DESCRIBE and SUMMARIZE are answered too, and EXPLAIN of a SELECT in Flink's SQL: what it would be
        as a pipeline. Types that Polars has not, such as INTERVAL, come as text.
        `zone` is that of moments that are written as text, in the question or by it: ``ts > '2026-01-31'``. Those in
        the answer are in UTC. `parameters` are the values of ``$name`` in it; `stop` cancels it from another thread.
        Where it had to wait, `asked` is since when, by the clock's `monotonic`: it may stand for any moment after that.
        With `filters` the answer is that of a user who may see no more of tables than they let through.
        Raises QueryError where it is not allowed, wrong, too large or too slow.
        """
        spill = None if self.home is None or self.reads_only else self.home / "spill"
        limits = limits or Limits()
        tables = ProjectTables(self, asked, filters, limits)
        if (inside := explained(sql)) is not None:
            home = self.home or self.folder / HOME
            return Result(planned_rows(self.definition, home, inside), tables.position())
        with self.questions.asked(), self.budget.lending(limits.memory) as memory, closing(tables):
            limits = replace(limits, memory=memory)
            return query(sql, tables, limits, spill, zone, parameters, stop, self.instances)

    def ask_saved(self, name: str, given: Mapping[str, object]) -> Result:
        """Ask the saved query `name` (queries/NAME.sql) with the parameters `given`, texts or JSON data.

        Raises ConfigError where there is none or it is wrong, QueryError for parameters that do not fit, and as
        `query`; of more than 10,000 rows the first are given, and the result is not complete.
        """
        from penstock.project.saved_query import LIMITS, queries_of, read_saved

        saved = read_saved(queries_of(self.folder).read(name))
        return self.query(saved.sql, LIMITS, parameters=saved.values(given))

    def watch(self, sql: str) -> Changes:
        """The changes of a Flink SQL query as they happen: an iterator, and an asynchronous one.

        It reads from the beginning of its topics and goes on for ever; close it, or break and forget it. Raises
        ConfigError for anything but one SELECT.
        """
        outcomes = list(self.session.run(sql))
        if len(outcomes) != 1 or not isinstance(outcomes[0], Answer):
            raise ConfigError("watch takes one SELECT", code="watch", hint="other statements go to .sql()")
        return Changes(outcomes[0], self.world, self.settings)

    # -- running -----------------------------------------------------------------------------------

    def run(self, *, bounded: bool = False) -> None:
        """Run all pipelines; bounded: over what is there now, closing all windows at the end.

        Else until Ctrl-C or `stop`. Raises the error of the first pipeline that failed.
        """
        self.start(bounded=bounded)
        try:
            while self.current is not None and not self.current.wait(0.1):
                continue
        except KeyboardInterrupt:
            pass
        finally:
            errors = self.stop()
        for error in errors.values():
            raise error

    def start(
        self,
        *,
        bounded: bool = False,
        fresh: bool = False,
        speed: float | None = None,
        batch_rows: int | None = None,
        only: Collection[str] | None = None,
    ) -> Run:
        """Start all pipelines (or `only` those) that are not to be paused or stopped, and return at once.

        Each begins from its last checkpoint; `fresh` drops state and results first. Raises LockedError if another
        process runs the project, and StateError where a query was edited so that its state does not fit.
        """
        if not self.definition.pipelines and not self.jobs.file.listed():
            raise ConfigError("there is no pipeline to run", code="project-empty", hint="INSERT INTO a table")
        return self._engine.start(bounded=bounded, fresh=fresh, speed=speed, batch_rows=batch_rows, only=only)

    def stop(self) -> dict[str, Exception]:
        """Commit and stop what runs; the errors of pipelines that failed, by name."""
        return self._engine.stop()

    def locked(self) -> AbstractContextManager[None]:
        """Nobody runs the project meanwhile. Raises ConfigError or LockedError if somebody does."""
        return self._engine.locked()

    @property
    def ending(self) -> bool:
        """Whether what runs here is being stopped, and what takes long is to break off."""
        return self._engine.ending

    def show_page(self, url: str) -> None:
        """Say that the page of what runs here is at `url`, to those who find the project in use."""
        self._engine.show_page(url)

    def pipeline_names(self) -> list[str]:
        """In the order of their definition."""
        return [d.name for d in self.definition.pipelines]

    def savepoint(self, name: str, pipeline: str) -> None:
        """Keep the last checkpoint of a pipeline under `name`. Raises StateError where there is none."""
        create_savepoint(self, name, pipeline)

    def savepoints(self) -> list[Kept]:
        """The savepoints, by name, and which of them fit the SQL as it is."""
        return kept_savepoints(self)

    def restore(self, name: str) -> Restored:
        """Make a savepoint the checkpoint of its pipeline again, which does not run: see `project.savepoints`."""
        return restore_savepoint(self, name)

    def drop_savepoint(self, name: str) -> None:
        """Forget a savepoint. Raises StateError where there is none of that name."""
        drop_savepoint(self, name)

    def pipelines(self) -> list[Standing]:
        """How each pipeline stands, in the order of their definition."""
        return standings(self)

    def steer(
        self, name: str, act: Act, *, parallelism: int | None = None, checkpoint_interval: int | None = None
    ) -> Standing:
        """Start, pause, resume, stop, drain or restart one pipeline: see `project.steer`."""
        return steer(self, name, act, parallelism=parallelism, checkpoint_interval=checkpoint_interval)

    def difference(self) -> Difference:
        """What the SQL files would change if they were applied now: see `project.edit.difference`."""
        from penstock.project.edit.difference import edit_of

        return edit_of(self).difference

    def file_differences(self) -> list[FileDifference]:
        """What has changed in the text of the SQL files since they were applied."""
        from penstock.project.edit.files import file_differences

        return file_differences(self)

    def apply(self, token: str) -> Applied:
        """Let the project be what its SQL files are now, as `difference` tells it: see `project.edit.apply`."""
        from penstock.project.edit.apply import apply

        return apply(self, token)

    def compare(self, name: str, since: str, key: Sequence[str] = ()) -> Comparison:
        """What a pipeline gives as its file is now, against what it gives as it was applied: see `project.edit`."""
        from penstock.project.edit.compare import compare

        return compare(self, name, since, key)

    def changing(self) -> AbstractContextManager[Run | None]:
        """Nobody else changes meanwhile what runs; what runs here. Raises StateError or LockedError."""
        return self._engine.changing()

    def redefine(self, definition: Definition, *, proven: bool = False) -> None:
        """Be another project in the same folder: what was retired of what runs begins anew, as `Run.adopt` says."""
        before, self._definition = self._definition, definition
        try:
            self._engine.adopt(definition, proven=proven)
        except BaseException:
            self._definition = before
            raise

    def create_topic(
        self, name: str, partitions: int | None = None, configs: Mapping[str, object] | None = None
    ) -> int:
        """Make a topic, as [topics.NAME] of penstock.toml says where nothing else is said: how many partitions it has.

        Raises LogError for a bad or taken name, ConfigError for a config that is none.
        """
        return create_topic(self, name, partitions, configs)

    def alter_topic(
        self,
        name: str,
        partitions: int | None = None,
        configs: Mapping[str, object | None] | None = None,
        token: str = "",
    ) -> tuple[int, Mapping[str, str]]:
        """Give a topic more partitions, or other configs (None unsets one): how many it has then, and its configs.

        Where retention then takes rows at once, by the token of `topic_loss` with these configs. Raises LogError where
        there is none, it is the system's own or would shrink, ConfigError for a bad config, StateError for the token.
        """
        return alter_topic(self, name, partitions, configs, token)

    def topic_loss(self, name: str, configs: Mapping[str, object | None] | None = None) -> Loss:
        """What goes with a topic, or of it by other `configs`, and the token to delete or alter it."""
        return loss_of(self, name) if configs is None else alteration_loss(self, name, configs)

    def delete_topic(self, name: str, token: str) -> Loss:
        """Delete a topic with all its records, by the token of `topic_loss`: see `project.deletion`."""
        return delete_topic(self, name, token)

    def produce(
        self,
        name: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Mapping[str, bytes | None] | None = None,
        partition: int | None = None,
        checked: bool = True,
    ) -> tuple[int, int]:
        """Append one record by hand, its partition and offset: see `project.produce`."""
        from penstock.project.produce import produce

        return produce(self, name, value, key=key, headers=headers, partition=partition, checked=checked)

    def reset_group(
        self,
        group: str,
        topic: str,
        to: Literal["earliest", "latest"] | Mapping[int, int] | None = None,
        *,
        shift: int | None = None,
        time: str | None = None,
        preview: bool = False,
    ) -> list[Moved]:
        """Move a consumer group in a topic: see `project.groups`."""
        return reset_group(self, group, topic, to, shift=shift, time=time, preview=preview)

    def delete_group(self, group: str) -> None:
        """Forget all offsets of a consumer group: see `project.groups`."""
        delete_group(self, group)

    def alert_states(self) -> list[AlertState]:
        """How each alert rule is, by name: see `project.alerts.states`."""
        if self.current is None:
            self.follow_alerts()
        return self.alerts.states()

    def follow_alerts(self, *, at_once: bool = True) -> None:
        """Let the alert rules be those of alerts/ now, and where the project runs, run from here on.

        Unless `at_once` only where the files are what they were when this was called before.
        """
        self._engine.follow_alerts(at_once=at_once)

    def memory(self) -> Memory:
        """What this process has of memory, and who holds what."""
        return memory_of(self)

    # -- what became of the rows -------------------------------------------------------------------

    def ledger(self) -> pl.DataFrame:
        """Per pipeline and operator: rows taken and given, and how many had which fate, as of the last commit."""
        return ledger(self.log)

    def rejects(self) -> pl.DataFrame:
        """The rows that could not be used, as of the last commit: see `penstock.rejects`."""
        return rejects(self.log)

    def late(self) -> pl.DataFrame:
        """The rows that came too late, as of the last commit: see `penstock.late`."""
        return late(self.log)

    def set_aside(
        self, kind: Kind, rows: int, before: int | None = None, code: str | None = None, pipeline: str | None = None
    ) -> pl.DataFrame:
        """The newest rows of a kind, newest first, as in `rejects` or `late`: at most `rows`, with ids below `before`.

        No more is read than it takes to find those of one `code` (of rejected ones) and one `pipeline`.
        """
        return newest(self.log, kind, rows, before, code, pipeline)

    def set_aside_counts(self, kind: Kind) -> pl.DataFrame:
        """How many `rows` of a kind there are, by where they are from and why: see `project.set_aside`."""
        return counted(self.log, kind)

    def closed_windows(
        self, ids: Sequence[int], *, late_rows: bool = False, mend: Callable[[bytes], bytes] | None = None
    ) -> list[Closed]:
        """The windows that have closed to rows about to be replayed: see `project.replay`."""
        from penstock.project.replay import closed_windows

        return closed_windows(self, ids, late_rows=late_rows, mend=mend)

    def replay(
        self,
        ids: Sequence[int],
        *,
        late_rows: bool = False,
        mend: Callable[[bytes], bytes] | None = None,
        force: bool = False,
        rebuild: bool = False,
    ) -> Replayed:
        """Append rejected or late rows to their topics again: see `project.replay`."""
        from penstock.project.replay import replay

        return replay(self, ids, late_rows=late_rows, mend=mend, force=force, rebuild=rebuild)

    def discard(self, kind: Kind, ids: Sequence[int], reason: str) -> int:
        """Give up rejected or late rows, for a reason: see `project.discards`."""
        from penstock.project.discards import discard

        return discard(self, kind, ids, reason)

    def why(self) -> list[Reason]:
        """Why nothing comes out: which source does not answer, what each open window waits for, what to set."""
        return reasons(self)
