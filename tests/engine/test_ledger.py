"""The ledger notices a row that is lost or counted twice, in every kind of operator, before anything is committed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.connectors.filesystem.parts import Part
from penstock.connectors.filesystem.sink import FileSink
from penstock.connectors.kafka import RecordEncoder, TopicSink
from penstock.core.batch import Batch
from penstock.core.errors import LedgerError
from penstock.engine import ledger
from penstock.engine.ledger import Counts, Entry
from penstock.engine.operators.calc import Calc
from penstock.engine.operators.limit import Limit
from penstock.engine.operators.source import Source
from penstock.engine.operators.union import Union
from penstock.engine.operators.window_aggregate import WindowAggregate
from penstock.engine.operators.window_table import WindowTable
from tests.engine.project import EVENTS, RESULTS, TOTALS, append, event, fates, opened, rows, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.edges import Chunk
    from penstock.engine.operators.source import Piece

PLAIN = EVENTS + RESULTS + "INSERT INTO r SELECT k, ts, id, v FROM e WHERE v > 0;"
VALUES = (
    EVENTS
    + RESULTS
    + "INSERT INTO r VALUES ('a', TIMESTAMP '2024-01-01 00:00:00', 1, 1), ('b', NULL, 2, 2), ('c', NULL, 3, 3);"
)
WINDOWED = (
    EVENTS
    + RESULTS
    + "INSERT INTO r SELECT k, window_end, id, v"
    + " FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND));"
)
SLIDING = TOTALS.replace("TUMBLE(TABLE e, DESCRIPTOR(ts),", "HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND,")
SETS = TOTALS.replace(
    "GROUP BY k, window_start, window_end",
    "GROUP BY GROUPING SETS ((k, window_start, window_end), (window_start, window_end))",
)
BOTH = EVENTS + RESULTS + "INSERT INTO r SELECT k, ts, id, v FROM (SELECT * FROM e UNION ALL SELECT * FROM e);"
FIRST = EVENTS + RESULTS + "INSERT INTO r SELECT k, ts, id, v FROM e LIMIT 20;"
FILES = (
    EVENTS
    + "CREATE TABLE r (id BIGINT, v BIGINT, k STRING) PARTITIONED BY (k)"
    + " WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet');"
    + "INSERT INTO r SELECT id, v, k FROM e;"
)

PLACES: list[tuple[str, type, str]] = [
    (PLAIN, Source, "take"),
    (VALUES, Source, "take"),
    (PLAIN, Calc, "_run"),
    (PLAIN, Calc, "_stage"),
    (TOTALS, WindowAggregate, "sifted"),
    (TOTALS, WindowAggregate, "_due"),
    (TOTALS, WindowAggregate, "_results"),
    (TOTALS, WindowAggregate, "on_watermark"),
    (SLIDING, WindowAggregate, "sifted"),
    (SLIDING, WindowAggregate, "_results"),
    (SETS, WindowAggregate, "_results"),
    (SLIDING, WindowAggregate, "on_watermark"),
    (WINDOWED, WindowTable, "_windowed"),
    (WINDOWED, WindowTable, "on_batch"),
    (BOTH, Union, "on_watermark"),
    (FIRST, Limit, "_kept"),
    (FIRST, Limit, "on_batch"),
    (FILES, Part, "first"),
]
"""Where a pipeline hands rows on: what the method of an operator, or of its sink, gives."""

TAKEN: list[tuple[str, type, str]] = [
    (PLAIN, Calc, "_stage"),
    (BOTH, Union, "on_batch"),
    (PLAIN, TopicSink, "write"),
    (FILES, FileSink, "write"),
    (FILES, Part, "add"),
]
"""Where a pipeline takes rows in: what the method is given."""


def lose(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.head(frame.height - 1)


def double(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.tail(1)])


def changed(given: Any, change: Any) -> Any:
    """What was given with one frame in it changed; None if there is none to change."""
    match given:
        case pl.DataFrame() if given.height:
            return change(given)
        case Batch() if given.height:
            return Batch(change(given.frame), given.through)
        case (*parts,):
            for i in reversed(range(len(parts))):
                if (other := changed(parts[i], change)) is not None:
                    return (*parts[:i], other, *parts[i + 1 :])
    return None


def mutate(monkeypatch: pytest.MonkeyPatch, of: type, method: str, change: Any, *, taken: bool) -> list[str]:
    """From now on the method changes one row, once; the list that is returned then says so."""
    original = getattr(of, method)
    done: list[str] = []

    def mutated(self: Any, *arguments: Any, **named: Any) -> Any:
        if taken:
            other = None if done else changed(arguments, change)
            if other is not None:
                done.append(method)
            return original(self, *(other or arguments), **named)
        given = original(self, *arguments, **named)
        other = None if done else changed(given, change)
        if other is None:
            return given
        done.append(method)
        return other

    monkeypatch.setattr(of, method, mutated)
    return done


@pytest.mark.parametrize("change", [lose, double])
@pytest.mark.parametrize(
    ("sql", "of", "method", "taken"),
    [pytest.param(*p, False, id=f"{n}-{p[1].__name__}-gives-{p[2]}") for n, p in enumerate(PLACES)]
    + [pytest.param(*p, True, id=f"{p[1].__name__}-takes-{p[2]}") for p in TAKEN],
)
def test_one_row_lost_or_doubled_breaks_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str, of: type, method: str, taken: bool, change: Any
) -> None:
    done: list[str]
    with opened(write_project(tmp_path, sql)) as penstock:
        append(penstock, [event(n, n, "abc"[n % 3]) for n in range(30)])
        with monkeypatch.context() as patched:
            done = mutate(patched, of, method, change, taken=taken)
            with pytest.raises(LedgerError):
                penstock.run(bounded=True)
            assert done == [method]
            assert penstock.log.state.checkpoint("main") is None
            assert fates(penstock) == {}
        penstock.run(bounded=True)  # the same without it: the ledger has nothing against it
        assert fates(penstock)["sink r"]["passed"] > 0


@pytest.mark.parametrize("change", [lose, double])
def test_a_row_lost_or_doubled_on_its_way_into_a_topic_breaks_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    original = RecordEncoder.records

    def records(self: RecordEncoder, frame: pl.DataFrame) -> Any:
        return original(self, change(frame))

    with opened(write_project(tmp_path, TOTALS)) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        monkeypatch.setattr(RecordEncoder, "records", records)
        with pytest.raises(LedgerError, match="in sink r"):
            penstock.run(bounded=True)
        assert rows(penstock) == []


def test_a_row_that_a_source_loses_breaks_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Source.prepare

    def prepare(self: Source, chunk: Chunk) -> Piece:
        piece = original(self, chunk)
        return replace(piece, frame=lose(piece.frame), made=piece.made[:-1])

    with opened(write_project(tmp_path, PLAIN)) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        monkeypatch.setattr(Source, "prepare", prepare)
        with pytest.raises(LedgerError, match="pipeline 'main': 1 rows are lost in source e"):
            penstock.run(bounded=True)


def test_the_messages_say_what_happened_where() -> None:
    lost = Entry("calc", "calc", Counts(taken=5, given=4, passed=4), ())
    with pytest.raises(LedgerError) as caught:
        ledger.check("main", [lost])
    assert str(caught.value).splitlines()[0].startswith("pipeline 'main': 1 rows are lost in calc: Counts(")
    twice = Entry("calc", "calc", Counts(taken=5, passed=5, late=1), ())
    with pytest.raises(LedgerError, match="pipeline 'main': 1 rows are counted twice in calc"):
        ledger.check("main", [twice])
    source = Entry("source e", "source", Counts(taken=5, given=5, passed=5), ())
    sink = Entry("sink r", "sink", Counts(taken=4, passed=4), ("source e",))
    with pytest.raises(LedgerError) as caught:
        ledger.check("main", [source, sink])
    assert str(caught.value) == (
        "pipeline 'main': source e gave 5 rows, sink r took 4\n"
        "hint: nothing was committed since the last checkpoint; please report this with the plan"
    )


def test_every_operator_says_what_became_of_its_rows(tmp_path: Path) -> None:
    sql = TOTALS.replace("TABLE e,", "TABLE odd,").replace(
        "INSERT INTO", "CREATE VIEW odd AS SELECT * FROM e WHERE id <> 3; INSERT INTO"
    )
    with opened(write_project(tmp_path, sql)) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        append(penstock, [event(30, None), event(31, 1)])
        penstock.run(bounded=True)
        assert fates(penstock) == {
            "source e": {"taken": 32, "given": 31, "passed": 31, "rejected": 1},
            "calc": {"taken": 31, "given": 30, "passed": 30, "filtered": 1},
            "window aggregate": {"taken": 30, "given": 3, "passed": 29, "late": 1},
            "calc (2)": {"taken": 3, "given": 3, "passed": 3},
            "sink r": {"taken": 3, "passed": 3},
        }


def test_rows_of_open_windows_are_held(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        run = penstock.start()
        while not run.pipelines[0].ended and run.pipelines[0].rows < 30:
            run.wait(0.01)
        penstock.stop()
        assert fates(penstock)["window aggregate"] == {"taken": 30, "given": 2, "passed": 20, "held": 10}
