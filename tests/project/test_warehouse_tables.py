"""The warehouse's tables in questions, beside those of SQL."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.errors import QueryError, WarehouseError
from penstock.history import Limits
from penstock.project.access.filters import Filter
from penstock.project.home import HOME
from penstock.project.warehouse.warehouse import FILE, Warehouse
from penstock.warehouse import DuckDatabase, Table
from penstock.warehouse import duck as duck_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from penstock.warehouse import Session

PEOPLE = pl.DataFrame({"customer_id": ["C1", "C2", "C3"], "City": ["Bern", None, "Graz"], "since": [3, 1, 2]})


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Penstock]:
    (tmp_path / "penstock.toml").write_text("")
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "clicks.sql").write_text(
        "CREATE TABLE clicks (customer_id STRING) WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json');"
    )
    with penstock.open(tmp_path) as opened:
        yield opened


def load(session: Session) -> None:
    session.run('CREATE TABLE staging.customers (customer_id VARCHAR, "City" VARCHAR, since BIGINT)')
    session.append(Table("staging", "customers"), [PEOPLE])
    session.run("CREATE TABLE warehouse.dim_customers AS SELECT customer_id FROM staging.customers")


def test_each_is_called_by_schema_and_name_and_our_own_by_name_alone(project: Penstock) -> None:
    with project.warehouse.database().transaction() as session:
        load(session)
        session.run("CREATE TABLE somebody_elses (n BIGINT)")
    project.append("clicks", [{"customer_id": "C2"}])
    asked = """
        SELECT c.CITY, c.since FROM staging.customers c JOIN warehouse.dim_customers USING (customer_id)
        JOIN staging.customers again USING (customer_id) LEFT JOIN clicks k USING (customer_id)
        WHERE k.customer_id IS NULL ORDER BY ALL"""
    assert project.query(asked).rows() == [("Bern", 3), ("Graz", 2)]
    assert project.query("SELECT count(*), min(status) FROM pipeline_executions").rows() == [(0, None)]
    assert project.query("DESCRIBE staging.customers").frame["column_name"].to_list() == PEOPLE.columns
    named = dict(project.query("SHOW TABLES").rows())
    assert {n for n, kind in named.items() if kind == "warehouse table"} >= {
        "staging.customers", "warehouse.dim_customers", "pipeline_executions", "_loads",
    }  # fmt: skip
    assert "somebody_elses" not in named
    with pytest.raises(QueryError, match="there is no table, view or topic 'somebody_elses'"):
        project.query("SELECT * FROM somebody_elses")
    with pytest.raises(QueryError, match=r"'staging.custmers' in the warehouse") as caught:
        project.query("SELECT * FROM staging.custmers")
    assert caught.value.hint == "did you mean staging.customers?"


def test_before_the_first_load_there_is_none(project: Penstock) -> None:
    with pytest.raises(QueryError, match=r"no table 'warehouse.dim_customers' in the warehouse") as caught:
        project.query("SELECT * FROM warehouse.dim_customers")
    assert caught.value.hint == "nothing was loaded yet"
    assert project.query("SELECT * FROM pipeline_executions").frame.columns[:3] == ["id", "pipeline_name", "status"]
    assert project.home is not None
    assert not (project.home / FILE).exists()


def test_a_question_sees_one_moment_while_a_load_goes_on(project: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duck_module, "_SCANNED", 2)  # three rows are two frames
    database = project.warehouse.database()
    with database.transaction() as session:
        load(session)
    both = "SELECT (SELECT count(*) FROM staging.customers), (SELECT count(*) FROM warehouse.dim_customers)"
    with database.transaction() as session:
        session.run("DELETE FROM staging.customers WHERE since < 3")
        session.run("DELETE FROM warehouse.dim_customers")
        assert project.query(both).rows() == [(3, 3)]
    assert project.query(both).rows() == [(1, 0)]
    with project.warehouse.snapshot(1) as before:
        assert before is not None
        frames = before.scan(Table("staging", "customers"), ["since"])
        with database.transaction() as session:
            session.run("DELETE FROM staging.customers")
        assert pl.concat(frames)["since"].to_list() == [3]


def test_questions_to_the_warehouse_have_their_limits(project: Penstock) -> None:
    with project.warehouse.database().transaction() as session:
        load(session)
        session.run("CREATE TABLE staging.many AS SELECT range AS n FROM range(100000)")
    with pytest.raises(QueryError, match="more than 10 rows"):
        project.query("SELECT * FROM staging.many", Limits(rows=10))
    with pytest.raises(QueryError, match="DELETE"):
        project.query("DELETE FROM staging.many")
    with pytest.raises(QueryError, match="closed to you: it may be made of rows"):
        project.query("SELECT * FROM staging.many", filters=(Filter(("default_catalog", "default", "clicks"), ()),))


def test_a_process_that_loads_keeps_others_out_and_they_say_so(
    project: Penstock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.warehouse.database()
    script = (
        "import sys, pathlib\nfrom penstock.project.warehouse.warehouse import Warehouse\n"
        "try:\n with Warehouse(pathlib.Path(sys.argv[1])).snapshot(0.1): pass\nexcept Exception as e:\n print(e)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, tmp_path / HOME], capture_output=True, text=True, check=True
    ).stdout
    assert f"the warehouse {tmp_path / HOME / FILE} is open in another process" in told


def test_a_load_waits_for_a_question_of_another_process(tmp_path: Path) -> None:
    path = tmp_path / FILE
    DuckDatabase(path).close()
    script = (
        "import sys, pathlib\nfrom penstock.warehouse import DuckDatabase\n"
        "held = DuckDatabase(pathlib.Path(sys.argv[1]), read_only=True)\n"
        "print('open', flush=True)\ninput()\nheld.close()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        with Warehouse(tmp_path).snapshot(1) as beside:
            assert beside is not None
            assert beside.rows("SELECT 1") == [(1,)]
        with pytest.raises(WarehouseError, match="is open in another process"):
            DuckDatabase(path)
        reader.stdin.write("\n")
        reader.stdin.flush()
        DuckDatabase(path, patience=60).close()


def test_questions_about_other_tables_are_answered_while_the_warehouse_is_out_of_reach(
    project: Penstock, tmp_path: Path
) -> None:
    (tmp_path / "penstock.toml").write_text('[warehouse]\nurl = "postgresql://etl@127.0.0.1:1/dw"\n')
    with penstock.open(tmp_path) as cut_off:
        cut_off.append("clicks", [{"customer_id": "C1"}])
        assert cut_off.query("SELECT * FROM clicks").rows() == [("C1",)]
        assert ("clicks", "table") in cut_off.query("SHOW TABLES").rows()
        with pytest.raises(QueryError, match="Binder Error"):
            cut_off.query("SELECT nothing FROM clicks")
        with pytest.raises(WarehouseError, match="nothing listens there"):
            cut_off.query("SELECT * FROM staging.customers")
