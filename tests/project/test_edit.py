"""SQL files edited: what would become of each operator's state is told, and is what becomes of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, LogError, StateError, UnsupportedError
from penstock.project import engine as engine_module
from penstock.project.edit import apply as apply_module
from penstock.project.life import Life
from penstock.project.lineage import keep_lineage
from penstock.project.opening import memory
from tests.engine.project import (
    COUNT,
    EVENTS,
    NOW,
    RESULTS,
    TOTALS,
    append,
    append_raw,
    event,
    fates,
    opened,
    rows,
    write_project,
)
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.edit.difference import Difference
    from penstock.project.penstock import Penstock

WIDE = """
CREATE TABLE u (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'u', 'key.format' = 'json', 'value.format' = 'json');
"""
PER_KEY = "INSERT INTO u SELECT k, COUNT(*) FROM e WHERE v > 0 GROUP BY k;"
BOTH = "EXECUTE STATEMENT SET BEGIN" + COUNT + "END;"
LINES = [event(n, n, "ab"[n % 2], n % 7) for n in range(40)]


def told(difference: Difference, name: str = "main") -> list[tuple[Any, ...]]:
    """(operator, what, rows, records read again) of a pipeline that changes."""
    (one,) = (p for p in difference.changed if p.name == name)
    return [(o.operator, o.what, o.rows, o.rows_again) for o in one.operators]


def held(penstock: Penstock, name: str = "main") -> dict[str, int]:
    """The rows of state of each operator of a pipeline that runs."""
    (pipeline,) = (p for p in penstock.running if p.name == name)
    with pipeline.lock:
        pipeline.executor.snapshot()
    return {v.operator.name: v.operator.state_rows for v in pipeline.executor.graph.vertices if v.operator.stateful}


def caught_up(penstock: Penstock) -> None:
    """All that is there is read and committed."""
    run = penstock.current
    assert run is not None
    until(lambda: all(f.lag == 0 for f in run.figures()), "not all is read")
    for life in run.lives.values():
        life.commit()


def rested(folder: Path) -> dict[str, bytes]:
    """Let main and keys read half of LINES and end: their checkpoints, by name."""
    write_project(folder, TOTALS)
    (folder / "sql" / "2-keys.sql").write_text(WIDE + PER_KEY)
    with opened(folder) as penstock:
        append(penstock, LINES[:20])
        penstock.start()
        caught_up(penstock)
        penstock.stop()
        return {c.pipeline: c.manifest for c in penstock.log.state.checkpoints()}


def read(folder: Path, sql: str, first: int, last: int) -> dict[str, list[tuple[Any, ...]]]:
    """Run some of LINES through a project; what its tables have then."""
    with opened(write_project(folder, sql)) as penstock:
        append(penstock, LINES[first:last])
        penstock.start()
        caught_up(penstock)
        assert penstock.stop() == {}
        return {t: rows(penstock, t) for t in ("r", "u") if t in {topic.name for topic in penstock.log.topics()}}


KEPT_SOURCE = ("source e", "kept", 0, 0)
KEPT_SINK = ("sink r", "kept", 0, 0)
REBUILT = ("window aggregate", "rebuilt", None, 20)
LOST = ("window aggregate", "lost", 10, 0)
TUMBLE = "TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND))"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            TOTALS,
            TOTALS.replace(f"{TUMBLE} GROUP", f"{TUMBLE} WHERE v <> 2 GROUP"),
            [KEPT_SOURCE, REBUILT, KEPT_SINK, LOST],
            id="a filter below the windows",
        ),
        pytest.param(
            TOTALS,
            TOTALS.replace("window_end;", "window_end HAVING SUM(v) > 14;"),
            [KEPT_SOURCE, ("window aggregate", "kept", 10, 0), KEPT_SINK],
            id="a filter above the windows",
        ),
        pytest.param(
            TOTALS,
            TOTALS.replace("SUM(v)", "MAX(v) + SUM(v)"),
            [KEPT_SOURCE, REBUILT, KEPT_SINK, LOST],
            id="another aggregate",
            marks=pytest.mark.real,
        ),
        pytest.param(
            TOTALS,
            TOTALS.replace("s BIGINT)", "s BIGINT, most BIGINT)").replace("SUM(v)", "SUM(v), MAX(v)"),
            [KEPT_SOURCE, REBUILT, ("sink r", "empty", 0, 0), LOST, ("sink r", "lost", 0, 0)],
            id="a column of the result",
        ),
        pytest.param(
            TOTALS,
            TOTALS.replace("v BIGINT, ts", "v BIGINT, w BIGINT, ts"),
            [
                ("source e", "rebuilt", None, 20),
                REBUILT,
                KEPT_SINK,
                ("source e", "lost", 0, 0),
                LOST,
            ],
            id="a column of the input",
            marks=pytest.mark.real,
        ),
        pytest.param(
            TOTALS,
            TOTALS.replace("INTERVAL '10' SECOND)) GROUP", "INTERVAL '20' SECOND)) GROUP"),
            [KEPT_SOURCE, REBUILT, KEPT_SINK, LOST],
            id="the window",
        ),
        pytest.param(
            TOTALS,
            "SET 'table.local-time-zone' = 'Europe/Berlin';" + TOTALS,
            [("source e", "rebuilt", None, 20), REBUILT, KEPT_SINK, ("source e", "lost", 0, 0), LOST],
            id="the time zone",
            marks=pytest.mark.real,
        ),
        pytest.param(
            TOTALS + WIDE,
            EVENTS + RESULTS + WIDE + BOTH.replace("END;", PER_KEY + "END;"),
            [
                KEPT_SOURCE,
                ("window aggregate", "kept", 10, 0),
                KEPT_SINK,
                ("aggregate", "rebuilt", None, 20),
                ("sink u", "empty", 0, 0),
            ],
            id="an INSERT more in the set",
        ),
        pytest.param(
            EVENTS + RESULTS + WIDE + BOTH.replace("END;", PER_KEY + "END;"),
            TOTALS + WIDE,
            [
                KEPT_SOURCE,
                ("window aggregate", "kept", 10, 0),
                KEPT_SINK,
                ("aggregate", "lost", 2, 0),
                ("sink u", "lost", 0, 0),
            ],
            id="an INSERT less",
        ),
        pytest.param(
            EVENTS + WIDE + PER_KEY,
            EVENTS + WIDE + PER_KEY.replace("v > 0", "v > 2"),
            [
                KEPT_SOURCE,
                ("aggregate", "rebuilt", None, 20),
                ("sink u", "kept", 0, 0),
                ("aggregate", "lost", 2, 0),
            ],
            id="a filter below groups",
            marks=pytest.mark.real,
        ),
    ],
)
def test_what_is_told_is_what_happens_and_results_go_on_as_those_of_the_new_query(
    tmp_path: Path, old: str, new: str, expected: list[tuple[Any, ...]]
) -> None:
    before = read(tmp_path / "p", old, 0, 20)
    first = read(tmp_path / "new", new, 0, 20)
    with opened(write_project(tmp_path / "p", new)) as penstock:
        difference = penstock.difference()
        assert told(difference) == expected
        assert [(f.path, f.what) for f in difference.files] == [("sql/1-main.sql", "changed")]
        done = penstock.apply(difference.token)
        assert penstock.difference().changed == []
        now = {o.operator: o.rows for o in done.pipelines[0].operators if o.what != "lost"}
        penstock.start()
        assert held(penstock) == now
        penstock.stop()
    after = read(tmp_path / "p", new, 20, 40)
    reference = read(tmp_path / "new", new, 20, 40)
    if "r" in reference:
        width = len(reference["r"][0])
        begun = [row + (None,) * (width - len(row)) for row in before["r"]]
        assert after["r"] == sorted(begun + [r for r in reference["r"] if r not in first["r"]], key=repr)
        assert after["r"] != before["r"]
    if "u" in reference:  # both keys have come again
        assert after["u"] == reference["u"]


@pytest.mark.parametrize(
    ("where", "having"),
    [
        pytest.param("WHERE v <> 2 ", "", id="an operator is rebuilt, and has counted what was read again"),
        pytest.param("", " HAVING SUM(v) > 14", id="one comes that has met no row"),
    ],
)
def test_what_is_kept_keeps_its_counts(tmp_path: Path, where: str, having: str) -> None:
    changed = TOTALS.replace(f"{TUMBLE} GROUP", f"{TUMBLE} {where}GROUP").replace("window_end;", f"window_end{having};")
    write_project(tmp_path, TOTALS)
    with opened(tmp_path) as penstock:
        penstock.start()
        append(penstock, LINES[:30])
        caught_up(penstock)
        append_raw(penstock, [b"{"])
        append(penstock, [event(99, 1)])
        caught_up(penstock)
        before = penstock.pipelines()[0]
        assert (before.rows, before.results, before.late, before.rejected) == (32, {"r": 4}, 1, 1)
        source = {"taken": 32, "given": 31, "passed": 31, "rejected": 1}
        assert fates(penstock)["source e"] == source
        for sql, lines in ((changed, LINES[30:36]), (TOTALS, LINES[36:])):
            write_project(tmp_path, sql)
            penstock.apply(penstock.difference().token)
            append(penstock, lines)
            caught_up(penstock)
        now = fates(penstock)
        assert now["source e"] == {"taken": 42, "given": 41, "passed": 41, "rejected": 1} | {
            "taken_before": 38,
            "given_before": 37,
        }
        assert (now["window aggregate"]["taken"], now["window aggregate"]["late"]) == (41, 1)
        after = penstock.pipelines()[0]
        assert (after.rows, after.late, after.rejected) == (42, 1, 1)
        assert after.results["r"] == now["sink r"]["passed"] > 4
        assert penstock.stop() == {}
    with opened(tmp_path) as penstock:
        penstock.run(bounded=True)
        assert fates(penstock)["source e"]["taken"] == 42


def test_a_pipeline_that_runs_is_changed_and_the_others_go_on(tmp_path: Path) -> None:
    other = EVENTS.replace("TABLE e", "TABLE IF NOT EXISTS e") + WIDE + PER_KEY
    write_project(tmp_path, TOTALS)
    (tmp_path / "sql" / "2-keys.sql").write_text(other)
    with opened(tmp_path) as penstock:
        run = penstock.start()
        append(penstock, LINES[:20])
        caught_up(penstock)
        keys = run.lives["keys"].pipeline
        (tmp_path / "sql" / "1-main.sql").write_text(TOTALS.replace(f"{TUMBLE} GROUP", f"{TUMBLE} WHERE v <> 2 GROUP"))
        assert rows(penstock) == [("a", 10.0, 5, 13), ("b", 10.0, 5, 11)]
        difference = penstock.difference()
        assert [p.name for p in difference.changed] == ["main"]
        done = penstock.apply(difference.token)
        assert run.lives["keys"].pipeline is keys
        assert held(penstock) == {o.operator: o.rows for o in done.pipelines[0].operators if o.what != "lost"}
        append(penstock, LINES[20:])
        caught_up(penstock)
        assert rows(penstock)[:3] == [("a", 10.0, 5, 13), ("a", 20.0, 4, 12), ("a", 30.0, 5, 15)]
        assert rows(penstock, "u") == [("a", 17), ("b", 17)]
        assert {s.name for s in penstock.log.state.savepoints()} == {"before-apply-1.main"}
        (tmp_path / "sql" / "2-keys.sql").write_text(other.replace("INSERT", "-- INSERT"))
        (tmp_path / "sql" / "3-more.sql").write_text(PER_KEY.replace("v > 0", "v > 3"))
        difference = penstock.difference()
        assert [(p.name, p.what) for p in difference.changed] == [("more", "added"), ("keys", "removed")]
        assert told(difference, "keys") == [
            ("source e", "lost", 0, 0),
            ("aggregate", "lost", 2, 0),
            ("sink u", "lost", 0, 0),
        ]
        there = penstock.log.describe("u")[0].rows
        assert [p.remarks for p in difference.changed] == [
            ["it begins with the 40 records of topic e", f"table u has {there} rows already, and it adds to them"],
            [f"the {there} rows that table u has stay"],
        ]
        penstock.apply(difference.token)
        caught_up(penstock)
        assert list(run.lives) == ["main", "more"]
        assert rows(penstock, "u") == [("a", 8), ("b", 8)]
        assert set(penstock.ledger()["pipeline"]) == {"main", "more"}
        assert penstock.stop() == {}
        assert [c.pipeline for c in penstock.log.state.checkpoints()] == ["main", "more"]


def test_what_fails_at_its_next_rows_is_undone(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS, on_bad_row="flink")
    with opened(tmp_path) as penstock:
        run = penstock.start()
        append(penstock, LINES[:20])
        caught_up(penstock)
        run.lives["main"].pause()
        before = fates(penstock), [c.manifest for c in penstock.log.state.checkpoints()]
        append(penstock, LINES[20:30])
        write_project(tmp_path, TOTALS.replace("SUM(v)", "SUM(10 / (CHAR_LENGTH(k) - id + 24))"), on_bad_row="flink")
        difference = penstock.difference()
        with pytest.raises(StateError) as caught:
            penstock.apply(difference.token)
        assert caught.value.code == "apply-back"
        assert caught.value.message.startswith("the SQL files were not applied, and what was before goes on: ")
        assert (fates(penstock), [c.manifest for c in penstock.log.state.checkpoints()]) == before
        assert penstock.difference() == difference
        run.lives["main"].resume()
        append(penstock, LINES[30:])
        caught_up(penstock)
        assert rows(penstock)[:3] == [("a", 10.0, 5, 13), ("a", 20.0, 5, 14), ("a", 30.0, 5, 15)]


@pytest.mark.parametrize(
    "step", ["halt", "attempt", *(pytest.param(step, marks=pytest.mark.real) for step in ("keep", "rebuild", "switch"))]
)
def test_a_failure_at_any_step_leaves_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    write_project(tmp_path, TOTALS)
    (tmp_path / "sql" / "2-keys.sql").write_text(WIDE + PER_KEY)
    with opened(tmp_path) as penstock:
        penstock.start()
        append(penstock, LINES[:20])
        caught_up(penstock)
        penstock.stop()
        before = {c.pipeline: c.manifest for c in penstock.log.state.checkpoints()}, fates(penstock)
        penstock.start()
        write_project(tmp_path, TOTALS.replace("SUM(v)", "MAX(v)"))
        (tmp_path / "sql" / "2-keys.sql").write_text(WIDE)
        (tmp_path / "sql" / "3-more.sql").write_text(PER_KEY)
        difference = penstock.difference()
        act = getattr(apply_module._Apply, step)

        def fails(self: Any, *given: Any) -> None:
            act(self, *given)
            raise StateError("no more")

        monkeypatch.setattr(apply_module._Apply, step, fails)
        with pytest.raises(StateError, match="what was before goes on: no more"):
            penstock.apply(difference.token)
        assert ({c.pipeline: c.manifest for c in penstock.log.state.checkpoints()}, fates(penstock)) == before
        assert [life.state for life in penstock.current.lives.values()] == ["running", "running"]  # type: ignore[union-attr]
        monkeypatch.undo()
        assert penstock.difference() == difference
        penstock.apply(difference.token)
        append(penstock, LINES[20:])
        caught_up(penstock)
        assert rows(penstock)[:3] == [("a", 10.0, 5, 13), ("a", 20.0, 5, 5), ("a", 30.0, 5, 6)]


INTO_FILES = """
CREATE TABLE f (k STRING, id BIGINT) PARTITIONED BY (k)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet', 'sink.rolling-policy.file-size' = '1 b');
INSERT INTO f SELECT k, id FROM e"""


@pytest.mark.parametrize("alone", [True, False])
def test_a_first_checkpoint_that_fails_goes_back_unless_another_was_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, alone: bool
) -> None:
    write_project(tmp_path, TOTALS)
    files, out = tmp_path / "sql" / "2-files.sql", tmp_path / "new"
    files.write_text(INTO_FILES + " WHERE k = 'c';")
    with opened(tmp_path) as penstock:
        run = penstock.start()
        append(penstock, LINES[:20])
        caught_up(penstock)
        files.write_text(INTO_FILES.replace("'out'", "'new'") + ";")
        if not alone:
            write_project(tmp_path, TOTALS.replace("SUM(v)", "MAX(v)"))
        attempt, prove = apply_module._Apply.attempt, Life.prove

        def attempted(self: Any) -> None:
            attempt(self)
            append(penstock, LINES[20:])

        def proven(self: Life) -> None:
            prove(self)
            if self.name == "files":
                out.rename(tmp_path / "away")
                out.write_text("in the way")

        monkeypatch.setattr(apply_module._Apply, "attempt", attempted)
        monkeypatch.setattr(Life, "prove", proven)
        difference = penstock.difference()
        if alone:
            with pytest.raises(StateError, match="what was before goes on: "):
                penstock.apply(difference.token)
        else:
            assert [p.name for p in penstock.apply(difference.token).pipelines] == ["main", "files"]
        assert [life.state for life in run.lives.values()] == ["running", "running" if alone else "failed"]
        out.unlink()
        if alone:
            assert penstock.difference() == difference
        else:
            penstock.steer("files", "restart")
        caught_up(penstock)
        most = [13, 14, 15] if alone else [13, 5, 6]
        assert [r[3] for r in rows(penstock)[:3]] == most
        if not alone:
            assert sorted(n for _, n in rows(penstock, "f")) == [*range(20, 40)]


UNREACHABLE = """
CREATE TABLE h (k STRING) WITH ('connector' = 'http', 'topic' = 'h', 'url' = 'http://127.0.0.1:9/', 'format' = 'json');
INSERT INTO u SELECT k, COUNT(*) FROM h GROUP BY k;
"""


@pytest.mark.parametrize("late", [False, True])
def test_a_failure_when_all_is_made_leaves_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    with opened(write_project(tmp_path, TOTALS + WIDE)) as penstock:
        run = penstock.start()
        append(penstock, LINES[:20])
        caught_up(penstock)
        write_project(tmp_path, (TOTALS + WIDE).replace("SUM(v)", "MAX(v)"))
        said = "no more"
        if late:  # when the pipelines run already
            failures = [StateError(said)]

            def fails(of: Penstock) -> None:
                if failures:
                    raise failures.pop()
                keep_lineage(of)

            monkeypatch.setattr(engine_module, "keep_lineage", fails)
        else:
            (tmp_path / "sql" / "2-more.sql").write_text(UNREACHABLE)
            said = "'http://127.0.0.1:9/' leads to 127.0.0.1, a loopback address, and is not among those allowed"
        difference = penstock.difference()
        with pytest.raises(StateError) as caught:
            penstock.apply(difference.token)
        assert caught.value.message == f"the SQL files were not applied, and what was before goes on: {said}"
        assert penstock.log.state.savepoints() == []
        assert penstock.difference() == difference
        assert {name: life.state for name, life in run.lives.items()} == {"main": "running"}
        append(penstock, LINES[20:])
        caught_up(penstock)
        assert rows(penstock)[:3] == [("a", 10.0, 5, 13), ("a", 20.0, 5, 14), ("a", 30.0, 5, 15)]
        assert penstock.stop() == {}


def test_hints_that_say_what_is_read_are_part_of_what_state_was_made_of(tmp_path: Path) -> None:
    read(tmp_path, TOTALS, 0, 20)
    for hint, what in (
        ("'scan.watermark.idle-timeout' = '9 s'", "kept"),
        ("'json.ignore-parse-errors' = 'true'", "lost"),
    ):
        hinted = TOTALS.replace("TABLE(TUMBLE(TABLE e,", f"TABLE(TUMBLE(TABLE e /*+ OPTIONS({hint}) */,")
        with opened(write_project(tmp_path, hinted)) as penstock:
            assert {w for o, w, *_ in told(penstock.difference()) if o == "window aggregate"} >= {what}


def test_a_start_that_would_lose_state_is_refused(tmp_path: Path) -> None:
    write_project(tmp_path, TOTALS)
    keys, renamed = tmp_path / "sql" / "2-keys.sql", tmp_path / "sql" / "3-renamed.sql"
    keys.write_text(WIDE + PER_KEY)
    with opened(tmp_path) as penstock:
        penstock.start()
        append(penstock, LINES[:20])
        caught_up(penstock)
        penstock.steer("main", "stop")
    write_project(tmp_path, TOTALS.replace("SUM(v)", "MAX(v)"))
    keys.rename(renamed)
    with opened(tmp_path) as penstock:
        with pytest.raises(StateError) as caught:
            penstock.start()
        assert caught.value.message == (
            "the SQL files have changed, and state would be lost: pipeline 'main', which is stopped, with window"
            " aggregate (10 rows); pipeline 'keys' is gone, with aggregate (2 rows)"
        )
        assert caught.value.hint.startswith("penstock diff DIR shows it, and penstock apply DIR goes over with a save")
        assert [p.name for p in penstock.difference().changed] == ["main", "renamed", "keys"]
    write_project(tmp_path, TOTALS.replace("window_end;", "window_end HAVING SUM(v) > 14;"))
    renamed.rename(keys)
    with opened(tmp_path) as penstock:  # its state fits: the files are taken as they are
        penstock.start()
        assert penstock.difference().files == []
        penstock.stop()
    keys.unlink()
    with opened(tmp_path) as penstock:
        penstock.apply(penstock.difference().token)
        assert list(penstock.start().lives) == ["main"]


def test_what_was_is_kept_of_the_last_three_times(tmp_path: Path) -> None:
    read(tmp_path, TOTALS, 0, 20)
    with opened(tmp_path) as penstock:
        penstock.savepoint("before-apply-0.mine", "main")
    for more in range(1, 5):
        with opened(write_project(tmp_path, TOTALS.replace("SUM(v)", f"SUM(v + {more})"))) as penstock:
            penstock.apply(penstock.difference().token)
            kept = [s.name for s in penstock.log.state.savepoints()]
    assert kept == ["before-apply-0.mine", *(f"before-apply-{n}.main" for n in (2, 3, 4))]


def test_what_was_not_looked_at_is_not_applied(tmp_path: Path) -> None:
    read(tmp_path, TOTALS, 0, 20)
    with opened(write_project(tmp_path, TOTALS.replace("SUM(v)", "MAX(v)"))) as penstock:
        token = penstock.difference().token
        write_project(tmp_path, TOTALS.replace("SUM(v)", "MIN(v)"))
        with pytest.raises(StateError) as caught:
            penstock.apply(token)
        assert (caught.value.code, caught.value.message) == (
            "apply-token",
            "the files or the pipelines are not what they were when the difference was looked at",
        )


def test_a_pipeline_whose_rows_would_have_no_common_order_is_refused(tmp_path: Path) -> None:
    read(tmp_path, TOTALS, 0, 20)
    made = "CREATE TABLE g (k STRING, v BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '5');"
    more = BOTH.replace("END;", "INSERT INTO u SELECT k, COUNT(*) FROM g GROUP BY k; END;")
    with opened(write_project(tmp_path, EVENTS + RESULTS + WIDE + made + more)) as penstock:
        difference = penstock.difference()
        with pytest.raises(StateError) as caught:
            penstock.apply(difference.token)
        assert caught.value.message == (
            "pipeline 'main' cannot be taken over: it reads datagen g otherwise than before, and its rows would"
            " have no common order"
        )


def test_records_that_are_deleted_are_missing_in_what_is_rebuilt(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        append(penstock, LINES[:5])
        (first,) = penstock.log.describe("e")
    read(tmp_path, TOTALS, 5, 20)
    with opened(write_project(tmp_path, TOTALS.replace("SUM(v)", "MAX(v)"))) as penstock:
        (whole,) = penstock.log.describe("e")
        penstock.log.alter_topic("e", configs={"retention.bytes": whole.bytes - first.bytes})
        penstock.log.maintain(60)
        (one,) = (o for o in penstock.difference().pipelines[0].operators if o.what == "rebuilt")
        assert (one.start, one.rows_again, one.gone) == ({"e": [5]}, 15, 5)
        assert one.reason == "5 records that it would be made of are deleted"
        assert compared(penstock, 0)[:5] == (15, 0, 2, 2, 0)
        penstock.apply(penstock.difference().token)
        penstock.start()
        append(penstock, LINES[20:])
        caught_up(penstock)
        assert rows(penstock)[:4] == [("a", 10.0, 5, 13), ("a", 20.0, 5, 5), ("a", 30.0, 5, 6), ("b", 10.0, 5, 11)]


# -- comparing -----------------------------------------------------------------------------------------


def compared(penstock: Penstock, since: float, *key: str) -> tuple[Any, ...]:
    """(records, equal, only here, only there, differing, sample) of the one table of pipeline main."""
    moment = dt.datetime.fromtimestamp(NOW / 1000 + since, dt.UTC).isoformat()
    found = penstock.compare("main", moment, key)
    (table,) = found.tables
    return found.records, table.equal, table.only_here, table.only_there, table.differing, table.sample


def test_a_pipeline_is_run_again_from_a_time_and_compared(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    with opened(write_project(tmp_path, TOTALS), clock) as penstock:
        for first in (0, 20):
            append(penstock, LINES[first : first + 20])
            clock.advance(60_000)
        penstock.start()
        caught_up(penstock)
        assert compared(penstock, 0) == (40, 6, 0, 0, 0, [])
        write_project(tmp_path, TOTALS.replace(f"{TUMBLE} GROUP", f"{TUMBLE} WHERE v <> 2 OR k = 'b' GROUP"))
        assert compared(penstock, 0)[:5] == (40, 4, 2, 2, 0)
        assert compared(penstock, 0, "k", "window_end")[:5] == (40, 4, 0, 0, 2)
        later = compared(penstock, 60, "k", "window_end")
        assert later[:5] == (20, 3, 0, 0, 1)  # the window to 20 has rows from before
        end = "2024-01-01 00:00:20.000"
        assert later[5] == [
            {
                "here": {"k": "a", "window_end": end, "n": 4, "s": 12},
                "there": {"k": "a", "window_end": end, "n": 5, "s": 14},
            }
        ]
        assert compared(penstock, 120)[:5] == (0, 0, 0, 0, 0)
        assert penstock.difference().changed[0].what == "changed"
        with pytest.raises(ConfigError, match="table r has no column 'x' that both have"):
            compared(penstock, 0, "x")
        with pytest.raises(ConfigError, match="there is no pipeline 'mein' in the SQL files"):
            penstock.compare("mein", "2024-01-01")
        with pytest.raises(LogError, match="'noon' is no place in a topic"):
            penstock.compare("main", "noon")


def test_files_that_could_not_be_started_with_are_not_taken_for_applied(tmp_path: Path) -> None:
    read(tmp_path, TOTALS, 0, 20)
    with opened(write_project(tmp_path, TOTALS.replace("SUM(v)", "MAX(v)"))) as penstock:
        with pytest.raises(StateError, match="the query has changed"):
            penstock.start()
        assert [(file.path, file.what) for file in penstock.difference().files] == [("sql/1-main.sql", "changed")]
        assert compared(penstock, 0)[:5] == (20, 0, 2, 2, 0)


def test_one_pipeline_that_is_drained_alone_applies_no_files(tmp_path: Path) -> None:
    rested(tmp_path)
    write_project(tmp_path, TOTALS.replace("SUM(v)", "MAX(v)"))
    with opened(tmp_path) as penstock:
        penstock.steer("keys", "drain")
        assert [file.path for file in penstock.difference().files] == ["sql/1-main.sql"]


def test_rows_by_key_are_compared_as_they_are_last(tmp_path: Path) -> None:
    read(tmp_path, EVENTS + WIDE + PER_KEY, 0, 20)
    changed = PER_KEY.replace("COUNT(*)", "COUNT(*) + CASE WHEN k = 'a' THEN 1 ELSE 0 END")
    with opened(write_project(tmp_path, EVENTS + WIDE + changed)) as penstock:
        sample = [{"here": {"k": "a", "n": 9}, "there": {"k": "a", "n": 8}}]
        assert compared(penstock, 0) == (20, 1, 0, 0, 1, sample)


def test_what_cannot_be_compared_or_changed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with memory() as penstock, pytest.raises(ConfigError, match="a project in memory has no files that could change"):
        penstock.difference()
    with opened(write_project(tmp_path, TOTALS)) as penstock:
        with pytest.raises(StateError, match="pipeline 'main' has read nothing yet\nhint: run it first"):
            penstock.compare("main", "2024-01-01")
        with penstock.changing(), pytest.raises(StateError, match="the project is being changed already"):
            penstock.apply(penstock.difference().token)
    read(tmp_path, TOTALS, 0, 20)
    with opened(tmp_path) as penstock:
        monkeypatch.setattr("penstock.project.edit.compare.MOST_ROWS", 1)
        with pytest.raises(ConfigError, match="there are more than 1 rows to be compared\nhint: compare from a later"):
            penstock.compare("main", "2024-01-01")
    made = "CREATE TABLE g (k STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '5');"
    with (
        opened(
            write_project(tmp_path, made + WIDE + "INSERT INTO u SELECT k, COUNT(*) FROM g GROUP BY k;")
        ) as penstock,
        pytest.raises(UnsupportedError, match="the pipeline reads table g of connector 'datagen'"),
    ):
        penstock.compare("main", "2024-01-01")
