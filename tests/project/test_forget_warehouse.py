"""Forgetting a person in the warehouse: its rows, what was computed of them, and what was set aside and said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.errors import ConfigError, WarehouseError
from penstock.project.audit_trail import Asked, changes
from penstock.project.forget.forget import foretold, forget
from penstock.project.forget.person import Person
from penstock.project.forget.warehouse import forget_in_warehouse
from penstock.project.warehouse.warehouse import Warehouse
from tests.jobs.worlds import make, opened, settled
from tests.postgres import PASSWORD, postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock
    from tests.postgres import PostgresServer

WHO = "anna.b@example.com"
FILES = {
    "sources/customers.toml": 'kind = "csv"\npath = "data/customers.csv"\nmode = "changes"',
    "sources/sales.toml": 'kind = "csv"\npath = "data/sales.csv"\nmode = "changes"',
    "schemas/customers.toml": 'key = ["id"]\n[columns.id]\ntype = "BIGINT"\n[columns.email]\nfrom = "E-Mail"\n'
    'type = "STRING"\n[columns.note]\ntype = "STRING"\n',
    "schemas/sales.toml": 'key = ["sale"]\n[columns.sale]\ntype = "BIGINT"\n[columns.id]\ntype = "BIGINT"\n'
    '[columns.day]\ntype = "DATE"\n[columns.amount]\ntype = "BIGINT"\n',
    "warehouse/customer.toml": 'kind = "dimension"\nfrom = "staging.customers"\nkey = ["id"]\n'
    'attributes = ["email"]\nfirst = "open"\n',
    "warehouse/sold.toml": 'kind = "fact"\nfrom = "staging.sales"\nkey = ["sale"]\ntime = "day"\n'
    'measures = ["amount"]\n[dimensions.customer]\ndimension = "customer"\nkey = ["id"]\n',
    "data/customers.csv": f"id,E-Mail,note\n1,{WHO},\n2,bea@example.com,knows {WHO} well\n3,carl@example.com,\n"
    f"x,{WHO},\n",
    "data/sales.csv": "sale,id,day,amount\n10,1,2026-01-02,5\n11,2,2026-01-02,7\n",
}
POINTS = "SELECT sale, customer_key <> 0 FROM warehouse.sold ORDER BY sale"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.real)])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Penstock]:
    more = ""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("server")
        monkeypatch.setenv("DW_PASSWORD", PASSWORD)
        ca = server.authority.certificate
        more = f'[warehouse]\nurl = "{server.url(server.database())}"\npassword = "${{DW_PASSWORD}}"\nca = "{ca}"\n'
    folder = make(tmp_path / "p", '[jobs.nightly]\nkind = "load"\nparameters = ["who STRING = \'\'"]\n', more)
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with opened(folder) as penstock:
        run = settled(penstock, penstock.jobs.begin("nightly", {"who": WHO}).id)
        assert run.state == "success", run.error
        yield penstock


def asked(penstock: Penstock, sql: str) -> list[tuple[Any, ...]]:
    return penstock.query(sql).frame.rows()


def test_a_person_goes_from_the_warehouse(project: Penstock) -> None:
    person = Person(("email",), WHO)
    assert asked(project, POINTS) == [(10, True), (11, True)]
    before = {(one.place, one.act, one.count) for one in foretold(project, person)}
    assert before >= {("table staging.customers", "removed", 1), ("table quarantine", "emptied", 1)}
    assert len(asked(project, "SELECT * FROM staging.customers")) == 3, "nothing has changed yet"
    told = forget(project, person)
    assert ("topic __runs", "removed") in {(one.place, one.act) for one in told}
    assert {(one.place, one.act, one.count) for one in told} >= {
        ("table staging.customers", "removed", 1),
        ("table warehouse.customer", "removed", 1),
        ("table warehouse.sold", "replaced", 1),
        ("table quarantine", "emptied", 1),
        ("table staging.customers", "left", 1),
        ("file data/customers.csv", "left", 3),
    }
    assert asked(project, "SELECT id, email FROM staging.customers ORDER BY id") == [
        (2, "bea@example.com"), (3, "carl@example.com"),
    ]  # fmt: skip
    assert asked(project, "SELECT id FROM warehouse.customer WHERE _key <> 0 ORDER BY id") == [(2,), (3,)]
    assert asked(project, POINTS) == [(10, False), (11, True)]
    assert asked(project, 'SELECT "row", reason, state FROM quarantine') == [
        ("{}", "its content was removed, since a person was forgotten", "discarded")
    ]
    (entry,) = changes(project.log, Asked(act="forget"), 10)
    assert "staging.customers" in str(entry.more["done"])
    assert WHO not in str(entry.more)
    again = {one.place for one in forget(project, person) if one.act != "left"}
    assert again == set()
    settled(project, project.jobs.begin("nightly", {}).id)
    assert asked(project, POINTS) == [(10, False), (11, True)], "files that were loaded are not read again"


@pytest.mark.real
def test_nothing_of_a_person_is_left_in_the_bytes_of_the_file(project: Penstock) -> None:
    forget(project, Person(("email", "note"), WHO))
    forget(project, Person(("id",), "2"))
    assert asked(project, "SELECT id FROM staging.customers") == [(3,)]
    assert asked(project, "SELECT sale FROM warehouse.sold") == [(10,)], "the key of a fact is a column too"
    project.close()
    assert project.home is not None
    for path in (path for path in project.home.rglob("*") if path.is_file()):
        assert WHO.encode() not in path.read_bytes(), path


@pytest.mark.real
def test_a_warehouse_that_another_process_has_open_is_told(project: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> object:
        raise WarehouseError("it is open in another process", code="warehouse-locked")

    monkeypatch.setattr(Warehouse, "snapshot", locked)
    assert ("the warehouse", "not counted: the process that runs the project has it open") in {
        (one.place, one.what) for one in forget_in_warehouse(project, Person(("email",), WHO), dry_run=True)
    }


def test_a_column_that_no_table_has(project: Penstock) -> None:
    with pytest.raises(ConfigError) as caught:
        foretold(project, Person(("e_mail",), WHO))
    assert str(caught.value) == "no table has a column 'e_mail'\nhint: did you mean email?"
