"""Penstock's answer to a golden file: run whole, cut into batches, or with a crash at every checkpoint."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.events import EventsFile
from penstock.connectors.kafka import TopicSink
from penstock.core import types as t
from penstock.core.batch import marks
from penstock.core.errors import ConfigError, ParseError, PenstockError, SqlError
from penstock.core.render import plain_rows
from penstock.core.types import Field
from penstock.project import client
from penstock.project.build import make_pipeline
from penstock.project.definition import Definition, PipelineDefinition
from penstock.project.penstock import Penstock
from penstock.project.settings import Settings
from penstock.project.wiring import Wiring
from penstock.sql import session
from tests.golden import golden
from tests.golden.golden import Change, Failure, Golden, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from penstock.core.edges import Sink
    from penstock.core.types import DataType
    from penstock.sql import plan as p

__all__ = ["BARRIERS", "LOST_ROWS", "cut", "few", "with_crashes"]

BARRIERS = 10
"""Checkpoints that a run with crashes has at least, where the input is long enough."""

LOST_ROWS = 3
"""Input lines that are run after each checkpoint and then lost."""


def project() -> Penstock:
    """A project in memory that ends at a bad row, as Flink does."""
    return Penstock(Definition(Path.cwd(), Settings("golden", on_bad_row="flink", threads=1)), None)


def events(case: Golden) -> EventsFile | None:
    """The input of `case`: its events file, none at all without one; None where real connectors are asked for."""
    return None if "connectors" in case.directives else _events(case.events)


@functools.cache
def _events(path: Path | None) -> EventsFile:
    if path is not None:
        return EventsFile(path)
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as empty:
        return EventsFile(Path(empty.name))


def cut(case: Golden, rows: int | None = None) -> tuple[golden.Answer, PenstockError | None]:
    """The answer to `case`, its input cut into batches of `rows` lines (None: whole), and what ended it."""
    answer = golden.Answer()
    with project() as penstock:
        made = client.Client(penstock, events=events(case), manual_time=case.manual_watermark, batch_rows=rows)
        try:
            for given in made.run(case.path.read_text("utf-8"), str(case.path)):
                match given:
                    case client.Table(names=names, rows=cells):
                        answer.results.append(_text(names, cells))
                    case client.Selected():
                        _select(given, answer)
        except PenstockError as error:
            answer.error = _failure(error)
            return answer, error
    return answer, None


def _select(selected: client.Selected, answer: golden.Answer) -> None:
    tables: dict[str | None, Table] = {}
    for operator in selected.pipeline.executor.graph.sinks.values():
        sink = None if operator.table == session.SHOWN else operator.table
        tables[sink] = _table(sink, selected.fields[sink])  # of two INSERTs into one table the last has the rows
        answer.results.append(tables[sink])
    for sink, frame in selected:
        rows = zip(marks(frame), plain_rows(frame, selected.fields[sink]), strict=True)
        tables[sink].changes += _changes(rows, selected.fields[sink])


def _table(sink: str | None, fields: Sequence[Field]) -> Table:
    return Table(sink, [(f.name, str(f.type)) for f in fields], [])


def _changes(rows: Iterable[tuple[str, dict[str, Any]]], fields: Sequence[Field]) -> list[Change]:
    """`rows` and what they do as a golden file has them: what has no order is sorted."""
    return [Change(op, {f.name: _sorted(row[f.name], f.type) for f in fields}, 0, None) for op, row in rows]


def _sorted(value: Any, kind: DataType) -> Any:
    """A plain value with the entries of its maps and multisets sorted."""
    if value is None:
        return None
    match kind:
        case t.Map(key, item):
            return sorted(([_sorted(k, key), _sorted(v, item)] for k, v in value), key=golden.dump)
        case t.Multiset(element):
            return sorted(([_sorted(k, element), n] for k, n in value), key=golden.dump)
        case t.Array(element):
            return [_sorted(v, element) for v in value]
        case t.Row(fields):
            return {f.name: _sorted(value[f.name], f.type) for f in fields}
    return value


def _text(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """What SHOW and DESCRIBE print; of EXPLAIN nothing is compared."""
    if tuple(names) == ("plan",):
        return ""
    return "".join("\t".join(_cell(cell) for cell in row) + "\n" for row in rows)


def _cell(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _failure(error: PenstockError) -> Failure:
    """Options are looked at when a table is first used, before anything runs."""
    stage = "parse" if isinstance(error, ParseError) else "validate"
    return Failure(stage if isinstance(error, (SqlError, ConfigError)) else "runtime", error.code, str(error))


# -- crashes -----------------------------------------------------------------------------------------------


def _plain_records(fields: tuple[Field, ...], frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, pl.DataFrame]]:
    """Records of rows as they are compared, so that no format stands between."""
    values = [json.dumps(row).encode() for row in zip(marks(frame), plain_rows(frame, fields), strict=True)]
    return pl.DataFrame({"value": pl.Series(values, dtype=pl.Binary)}), ("plain", frame)


class _TopicWiring(Wiring):
    """Input from the events file, each result into a topic of the log, inside the pipeline's commits."""

    def sink(self, plan: p.Sink) -> Sink:
        fields = tuple(Field(c.name, c.type) for c in plan.table.sink_columns)
        return TopicSink(plan.table.name, functools.partial(_plain_records, fields))


def few(case: Golden) -> int:
    """Input lines between two checkpoints."""
    fed = events(case)
    return max(1, 0 if fed is None else fed.last // (BARRIERS + 1))


def with_crashes(case: Golden, rows: int) -> tuple[golden.Answer, list[int]]:
    """The answer to `case` that is committed, and how often each of its queries was restored.

    A checkpoint is taken after every `rows` lines; `LOST_ROWS` more are run, and the end of input too where
    it is reached; then the pipeline is thrown away, and a new one goes on from the log.
    """
    answer = golden.Answer()
    crashes: list[int] = []
    with project() as penstock:
        try:
            for outcome in penstock.session.run(case.path.read_text("utf-8"), str(case.path)):
                match outcome:
                    case session.Rows(names=names, rows=cells):
                        answer.results.append(_text(names, cells))
                    case session.Answer() | session.Write():
                        crashes.append(_Crashing(penstock, case, outcome, len(crashes)).run(rows, answer))
        except PenstockError as error:
            answer.error = _failure(error)
    return answer, crashes


class _Crashing:
    """One query of a file, run again and again from its last checkpoint."""

    def __init__(self, penstock: Penstock, case: Golden, outcome: session.Answer | session.Write, number: int) -> None:
        self.penstock = penstock
        self.case = case
        self.plan = session.shown(outcome.query) if isinstance(outcome, session.Answer) else outcome.plan
        self.definition = PipelineDefinition(f"statement-{number}", self.plan, outcome.context, outcome.settings)

    def run(self, rows: int, answer: golden.Answer) -> int:
        """Adds what was committed to `answer`; how often the query was restored."""
        log = self.penstock.log
        fields = {s.table.name: tuple(Field(c.name, c.type) for c in s.table.sink_columns) for s in self.plan.parts}
        for name in fields:
            log.create_topic(name)
        crashes = 0
        while not self._life(rows):
            crashes += 1
        tables: dict[str, Table] = {}
        for part in self.plan.parts:
            name = part.table.name
            tables[name] = _table(None if name == session.SHOWN else name, fields[name])
            answer.results.append(tables[name])
        for name, table in tables.items():
            committed = (json.loads(v) for frame in log.read(name) for v in frame["value"])
            table.changes += _changes(committed, fields[name])
            log.delete_topic(name)
        return crashes

    def _life(self, rows: int) -> bool:
        """From one checkpoint over the next to the crash after it; True where the input came to its end."""
        world, settings = self.penstock.world, self.penstock.settings
        wiring = _TopicWiring(world, 0, events=events(self.case), manual_time=self.case.manual_watermark)
        pipeline = make_pipeline(self.definition, world, settings, bounded=True, wiring=wiring)
        try:
            pipeline.restore()
            if not pipeline.step(rows):
                pipeline.finish()
                return True
            pipeline.commit()
            if not pipeline.step(LOST_ROWS):
                pipeline.close_windows()
            return False
        finally:
            pipeline.close()
