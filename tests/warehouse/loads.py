"""A project's folder with one CSV source, and its loads into a file of DuckDB."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from penstock.core.clock import ManualClock
from penstock.quality.rule import read_rules
from penstock.quality.rules import Rules
from penstock.warehouse import DuckDatabase, migrate
from penstock.warehouse.load import Load
from penstock.warehouse.model import Model
from penstock.warehouse.schema_files import SchemaFiles
from penstock.warehouse.sources.csv import CsvSource, Spelling
from penstock.warehouse.sources.source_file import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from penstock.core.types import DataType
    from penstock.quality.results import Result
    from penstock.warehouse import Database
    from penstock.warehouse.loaded import Loaded
    from penstock.warehouse.schema import Schema


class Told:
    """What a load has said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.phases: list[str] = []

    def __call__(self, line: str, level: str = "info") -> None:
        self.lines.append(f"{level}: {line}")

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def interrupting(self, _: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()


class RuleFileChecks:
    """The rules of one file, without a log to keep what they find."""

    def __init__(self, text: str) -> None:
        self._file = read_rules("x", text)
        self.found: list[tuple[str, int, bool]] = []

    def rules(self, columns: Mapping[str, DataType]) -> Rules:
        return Rules(self._file.rules, columns)

    def earlier(self, rule: str, runs: int) -> list[float]:
        return []

    def record(self, found: Sequence[Result], *, run: str, loaded: bool) -> None:
        self.found += [(one.rule, one.broken, loaded) for one in found]


class Shop:
    """A project whose source `customers` is data/*.csv; `opened` makes its warehouse."""

    opened: Callable[[Path], Database] = staticmethod(lambda folder: DuckDatabase(folder / "dw.duckdb", threads=1))

    def __init__(
        self, folder: Path, schema: str, source: str = "", rules: str = "", model: Model | None = None
    ) -> None:
        self.folder = folder
        self.database = Shop.opened(folder)
        migrate(self.database)
        self.clock = ManualClock(1_767_225_600_000)
        self.told = Told()
        self.checks = RuleFileChecks(rules) if rules else None
        self.schemas = SchemaFiles(folder)
        if schema:
            self.schemas.path("customers").parent.mkdir()
            self.schemas.path("customers").write_text(schema)
        said = read_source("customers", f'kind = "csv"\npath = "data/*.csv"\n{source}')
        self.model = model or Model()
        self._load = Load(
            said,
            lambda schema: CsvSource(folder, "data/*.csv", _spelling(schema), snapshot=said.mode == "snapshot"),
            self.schemas,
            self.database,
            self.clock,
            checks=self.checks,
            model=self.model,
        )

    def deliver(self, text: str, name: str = "a.csv") -> None:
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "data" / name).write_text(text)

    def load(self, run: str) -> Loaded:
        """What a run does; each is a second after the one before."""
        self.clock.advance(1_000)
        self.told.lines = []
        done = self._load.do(run, self.told)
        assert self._load.done(run) == done
        return done

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.transaction() as session:
            return session.rows(sql)


def _spelling(schema: Schema | None) -> Spelling:
    return (schema.spelling if schema else None) or Spelling()
