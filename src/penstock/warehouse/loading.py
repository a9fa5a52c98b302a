"""`Loading`: the way of a source's rows through one transaction, phase by phase."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

import polars as pl

from penstock.quality.results import require_good
from penstock.quality.rules import OUT, Tally
from penstock.quality.sets import Staged, found_in
from penstock.warehouse.cleaning import Cleaning
from penstock.warehouse.column_figures import ColumnFigures
from penstock.warehouse.column_types import type_text
from penstock.warehouse.database import Table
from penstock.warehouse.evolution import EvolvedError, misfits, require_fit, widened, with_new
from penstock.warehouse.gathered import gathered
from penstock.warehouse.loaded import Counts, Loaded, Phase
from penstock.warehouse.quarantine import Quarantine
from penstock.warehouse.sources.source import LINE
from penstock.warehouse.staging import Aside, Landing, Staging
from penstock.warehouse.target import create, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from penstock.core.clock import Clock
    from penstock.core.types import DataType
    from penstock.quality.results import Result
    from penstock.quality.rules import Rules
    from penstock.warehouse.cleaning import Cleaned
    from penstock.warehouse.database import Session
    from penstock.warehouse.gathered import Gathered
    from penstock.warehouse.model import Model
    from penstock.warehouse.schema import Schema
    from penstock.warehouse.sources.source import Part, Source
    from penstock.warehouse.sources.source_file import SourceFile
    from penstock.warehouse.target import Changes

__all__ = ["Checks", "Loading", "Note"]

_PARTS, _READ = Table("", "_parts"), Table("", "_read")


class Checks(Protocol):
    """The quality rules about a staging table, and what they have found before."""

    def rules(self, columns: Mapping[str, DataType]) -> Rules:
        """Bound to these columns. Raises ConfigError or SqlError where one does not fit them."""
        ...

    def earlier(self, rule: str, runs: int) -> list[float]:
        """What a rule, by its path, has measured in so many loads before, newest first."""
        ...

    def record(self, found: Sequence[Result], *, run: str, loaded: bool) -> None:
        """Keep what was found; `loaded`: the rows were kept."""
        ...


class Note(Protocol):
    """How a load tells how it goes; either may raise, to end it."""

    def __call__(self, line: str, level: Literal["info", "warning", "error"] = "info") -> None:
        """A line of the run's log."""
        ...

    def phase(self, name: str) -> None:
        """What it is at."""
        ...

    def interrupting(self, call: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside, `call` is called from another thread to end it: it breaks off what takes long."""
        ...


class Loading:
    """One attempt at a load: it adds what rules find to `found`."""

    def __init__(
        self,
        source: SourceFile,
        schema: Schema,
        run: str,
        note: Note,
        clock: Clock,
        found: list[Result],
        checks: Checks | None,
        written: str,
    ) -> None:
        """`written` is the schema file, where the load has written it."""
        self._source, self._schema, self._run, self._note, self._clock = source, schema, run, note, clock
        self._staging = Staging(source, schema)
        self._cleaning = Cleaning(schema)
        self._found, self._checks = found, checks
        self._tally = None if checks is None else Tally(checks.rules(schema.types))
        self.marks: dict[str, str] = {}
        """Of the parts that were loaded, by name."""
        self._counts = Counts()
        self._phases: dict[str, list[float]] = {}
        self._written = written
        self._figures = ColumnFigures()
        self._unread: dict[str, tuple[int, str]] = {}
        self._said: list[str] = []
        self._is_empty = False

    def load(self, session: Session, source: Source, model: Model) -> Loaded:
        """Everything, within a transaction. Raises EvolvedError where it has to begin again with another schema."""
        self._session = session
        for statement in session.dialect.room:
            session.run(statement)
        session.lock(str(self._source.into))
        for line in self._staging.conform(session):
            self._say(f"{self._source.into}: {line}")
        self._at = self._time()
        self._landing = Landing(self._staging, session, self._run, self._at)
        tracked = "SELECT part, digest FROM _parts WHERE source = $1"
        seen = dict(session.rows(tracked, self._source.name)) if self._source.track else {}
        self._quarantine = Quarantine(session, self._source.name, self._run)
        ends = self._source.on_delete != "keep"
        self._aside = Aside(self._staging, session) if ends else None
        parts: list[tuple[str, str, int]] = []
        for frame in gathered(self._frames(source.parts(seen), parts)):
            self._frame(frame)
        changes: dict[str, Changes] = {}
        if parts:
            changes[str(self._source.into)] = self._staged()
            if not self._is_empty:  # it is read again until it has rows, or its file says that all has ended
                self._remember(parts)
            self._figures.write(session, self._run, self._source.name, self._at)
        self._quarantine.settle()
        self._landing.drop()
        if self._aside is not None:
            self._aside.drop()
        with self._timed("warehouse"):
            merged = model.merge(session, self._source.into, self._run)
        self._phases["warehouse"][0] += sum(one.rows for one in merged.values())
        changes |= merged
        return self._marked(changes)

    def _time(self) -> datetime:
        """When this is read: after everything that was read before, whatever the clock says."""
        now = self._now()
        column = "_extracted_at" if self._schema.changed_at else "_changed_at"
        ((last,),) = self._session.rows(f"SELECT max({column}) FROM {self._source.into.sql}")
        return now if last is None else max(now, last.astimezone(UTC) + timedelta(microseconds=1))

    @contextmanager
    def _timed(self, phase: str, rows: int = 0) -> Iterator[None]:
        self._note.phase(phase)
        began = self._clock.monotonic()
        try:
            yield
        finally:
            spent = self._phases.setdefault(phase, [0, 0.0])
            spent[0] += rows
            spent[1] += self._clock.monotonic() - began

    def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.append(line)
            self._note(line, "warning")

    # -- from a part to the landing table ----------------------------------------------------------

    def _frames(self, parts: Iterable[Part], read: list[tuple[str, str, int]]) -> Iterator[tuple[pl.DataFrame, str]]:
        """What the parts have, each frame with the name of its part; `read` gets their names, marks and rows."""
        for part in parts:
            rows = 0
            frames = part.frames()
            while True:
                with self._timed("extract"):
                    frame = next(frames, None)
                if frame is None:
                    break
                if LINE not in frame.columns:
                    frame = frame.with_columns(pl.int_range(rows + 1, rows + 1 + frame.height, eager=True).alias(LINE))
                rows += frame.height
                self._phases["extract"][0] += frame.height
                yield frame, part.name
            self._note(f"{part.name}: {rows:,} rows")
            read.append((part.name, part.mark, rows))

    def _frame(self, raw: Gathered) -> None:
        frame = raw.frame
        self._counts.read += frame.height
        if not self._fits(raw):
            return
        with self._timed("clean", frame.height):
            cleaned = self._cleaning.clean(frame)
        if cleaned.unread:
            self._misread(cleaned, raw)
        self._counts.dropped += cleaned.dropped
        if cleaned.aside.height:
            aside = cleaned.aside["row"]
            wrong = frame[aside]
            self._set_aside(wrong, cleaned.aside, raw.names(aside), self._cleaning.keys(wrong))
        rows, places = cleaned.rows, cleaned.at
        if self._tally is not None:
            with self._timed("check", rows.height):
                checked = self._tally.rules.check(rows)
                self._tally.add(checked)
            if checked.out.height:
                out = places.gather(checked.out["row"])
                self._set_aside(frame[out], checked.out, raw.names(out), rows.filter(~checked.passing))
                rows, places = rows.filter(checked.passing), places.filter(checked.passing)
        with self._timed("stage", rows.height):
            self._figures.add(rows)
            self._landing.append(rows, raw.names(places))

    def _fits(self, raw: Gathered) -> bool:
        """Whether a frame has the columns of the schema; where the policy is to set rows aside, that is done."""
        frame = raw.frame
        said = misfits(self._schema, frame, headed=self._source.kind == "csv")
        if not said:
            return True
        require_fit(self._schema, said, raw.parts[0][0])
        for part in dict(raw.parts):
            for line in said:
                self._say(f"{part}: {line}")
        if self._schema.on_change == "evolve":
            evolved = with_new(self._schema, frame)
            if evolved != self._schema:
                raise EvolvedError(evolved, said)
            return True
        rows = pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias("row")
        out = rows.to_frame().with_columns(
            code=pl.lit("schema"), rules=pl.lit(["schema"]), reason=pl.lit("; ".join(said))
        )
        self._set_aside(frame, out.select(*OUT), raw.names(rows), self._cleaning.keys(frame))
        return False

    def _misread(self, cleaned: Cleaned, raw: Gathered) -> None:
        """What becomes of values that are not of the types of their columns."""
        if self._schema.on_change == "evolve":
            raise EvolvedError(*widened(self._schema, cleaned.unread))
        for name, texts in cleaned.unread.items():
            known = self._unread.get(name, (0, str(texts[0])))
            self._unread[name] = (known[0] + texts.len(), known[1])
        first = pl.Series([cleaned.unread_at], dtype=pl.UInt32)
        require_fit(self._schema, self._misread_lines(), raw.names(first)[0])

    def _misread_lines(self) -> list[str]:
        kinds = self._schema.types
        return [
            f"{count:,} value{'s' if count > 1 else ''} of {name} {'are' if count > 1 else 'is'} no"
            f" {type_text(kinds[name])}, such as '{one}'"
            for name, (count, one) in self._unread.items()
        ]

    def _set_aside(self, rows: pl.DataFrame, out: pl.DataFrame, parts: pl.Series, keys: pl.DataFrame) -> None:
        """Rows that are out go to the quarantine; their `keys` are there all the same."""
        self._counts.quarantined += rows.height
        if rows.is_empty():
            return
        if self._aside is not None and self._schema.key:
            self._aside.add(keys)
        self._quarantine.add(rows, out, parts)

    # -- from the landing table to staging ---------------------------------------------------------

    def _staged(self) -> Changes:
        """What the landing table has comes into the staging table, as far as that has not got it."""
        with self._timed("stage"):
            self._counts.duplicate += self._landing.without_duplicates()
        self._check_all()
        with self._timed("stage"):
            self._counts.duplicate += self._landing.without_superseded()
            self._counts.loaded = self._landing.count()
            self._counts.require_whole()
            for line in self._misread_lines():
                self._say(line)
            if self._counts.is_refused:
                self._say(self._refusal())
            aside = self._aside
            if aside is not None and aside.unknown:
                self._say(f"{aside.unknown:,} rows that were set aside have no key: nothing is taken for ended")
                aside = None
            if aside is not None and self._spares_all():
                aside = None
            return self._landing.merge(aside, self._counts.loaded)

    def _refusal(self) -> str:
        """Why there is nothing to load, though the source had rows."""
        gone = {"set aside": self._counts.quarantined, "dropped": self._counts.dropped}
        fates = [f"{rows:,} {'was' if rows == 1 else 'were'} {fate}" for fate, rows in gone.items() if rows]
        return f"nothing is loaded: of {self._counts.read:,} rows {' and '.join(fates)}"

    def _spares_all(self) -> bool:
        """Whether nothing is taken for ended because the source has no row: more often it is broken than empty."""
        if self._counts.loaded or self._source.on_empty == "end":
            return False
        current = self._landing.current()
        self._is_empty = current > 0
        if current:
            self._say(
                f"there is no row to load, and {current:,} are current: nothing is taken for ended,"
                ' unless the source says on_empty = "end"'
            )
        return self._is_empty

    def _check_all(self) -> None:
        """The rules about the load as a whole, and what they all mean for it."""
        if self._checks is None or self._tally is None:
            return
        self._found += self._tally.results()
        require_good(self._found)
        staged = Staged(self._landing.table.sql, self._landing.place, self._clock.now_ms(), self._checks.earlier)
        with self._timed("check"):
            for found in found_in(self._tally.rules, self._session, staged):
                self._found.append(found.result)
                if found.out.height:
                    gone = self._landing.taken(found.out["row"])
                    self._set_aside(gone.drop("_source"), found.out.sort("row"), gone["_source"], gone)
        require_good(self._found)
        for one in self._found:
            if not one.passed and one.then != "fail":
                self._say(f"quality rule {one.rule}: {one.broken:,} of {one.rows:,} rows break it")

    # -- the mark ----------------------------------------------------------------------------------

    def _remember(self, parts: list[tuple[str, str, int]]) -> None:
        """The parts that are loaded; those of an earlier snapshot are no more."""
        name = self._source.name
        self.marks.update((part, mark) for part, mark, _ in parts)
        there = self._session.columns(_PARTS) or {}
        create(self._session, _READ, there, temporary=True)
        schema = {"part": pl.String, "digest": pl.String, "read": pl.Int64}
        read = pl.DataFrame(parts, schema, orient="row").with_columns(
            source=pl.lit(name), run=pl.lit(self._run), loaded_at=pl.lit(self._at)
        )
        self._session.append(_READ, [read])
        columns = listed(there)
        self._session.run(
            f"INSERT INTO {_PARTS.sql} ({columns}) SELECT {columns} FROM {_READ.sql}"
            " ON CONFLICT (source, part) DO UPDATE SET digest = EXCLUDED.digest, run = EXCLUDED.run,"
            ' loaded_at = EXCLUDED.loaded_at, "read" = EXCLUDED."read"'
        )
        self._session.run(f"DROP TABLE {_READ.sql}")
        if self._source.mode == "snapshot":
            self._session.run("DELETE FROM _parts WHERE source = $1 AND run <> $2", name, self._run)

    def _marked(self, changes: dict[str, Changes]) -> Loaded:
        self._remember_schema()
        phases = tuple(Phase(name, int(rows), seconds) for name, (rows, seconds) in self._phases.items())
        rules = dict(sorted(self._quarantine.rules.items()))
        loaded = Loaded(self._counts, changes, phases, "; ".join(self._said), rules, self._written)
        counts = self._counts
        self._session.run(
            "INSERT INTO _loads (run, source, target, extracted_at, loaded_at,"
            ' "read", duplicate, dropped, quarantined, loaded, outcome)'
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            *(self._run, self._source.name, str(self._source.into), self._at, self._now()),
            *(counts.read, counts.duplicate, counts.dropped, counts.quarantined, counts.loaded, loaded.text),
        )
        return loaded

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)

    def _remember_schema(self) -> None:
        """A version of the schema for each set of types that was loaded with."""
        now = {column.name: type_text(column.type) for column in self._schema.columns}
        told = "SELECT version, columns FROM _schema_versions WHERE source = $1 ORDER BY version DESC LIMIT 1"
        found = self._session.rows(told, self._source.name)
        version, before = (found[0][0], json.loads(found[0][1])) if found else (0, {})
        if now == before:
            return
        changes = [f"{n} is {kind}, was {before[n]}" for n, kind in now.items() if before.get(n, kind) != kind]
        changes += [f"{n} is new" for n in now if found and n not in before]
        changes += [f"{n} is gone" for n in before if n not in now]
        self._session.run(
            "INSERT INTO _schema_versions (source, version, run, changed_at, policy, changes, columns)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            *(self._source.name, version + 1, self._run, self._now(), self._schema.on_change),
            *("; ".join(changes) or "the first one", json.dumps(now)),
        )
