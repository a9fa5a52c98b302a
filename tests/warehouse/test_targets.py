"""Dimensions and facts are functions of the set of changes in staging, however these were delivered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.errors import ConfigError
from penstock.warehouse import DuckDatabase, Table, migrate
from penstock.warehouse.model import model_of
from penstock.warehouse.postgres import PostgresDatabase
from penstock.warehouse.target import Changes
from tests.warehouse.changes import (
    CUSTOMERS,
    DIMENSION,
    FACT,
    SALES,
    Change,
    at,
    create,
    expected_customers,
    expected_sales,
    load,
    model,
    table,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.warehouse import Database
    from tests.postgres import PostgresServer

RUNS = map(str, count())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = DuckDatabase(tmp_path_factory.mktemp("targets") / "warehouse.duckdb", threads=1)
    migrate(database)
    with database.transaction() as session:
        create(session)
    yield database
    database.close()


@pytest.fixture(scope="module")
def postgres(server: PostgresServer) -> Iterator[Database]:
    database = PostgresDatabase(server.address(server.database()), kept=1)
    migrate(database)
    with database.transaction() as session:
        create(session)
    yield database
    database.close()


@pytest.fixture
def database(shared: Database) -> Database:
    return emptied(shared)


def emptied(database: Database) -> Database:
    with database.transaction() as session:
        for name in ("warehouse.customers", "warehouse.sales"):
            session.run(f"DROP TABLE IF EXISTS {name}")
        for name in ("staging.customers", "staging.sales", "_targets"):
            session.run(f"DELETE FROM {name}")
    return database


customers = st.builds(
    Change,
    st.tuples(st.sampled_from([1, 2, None]), st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y"])),
    st.integers(0, 6),
    st.booleans(),
)
sales = st.builds(
    Change,
    st.tuples(
        st.integers(1, 3),
        st.sampled_from([1, 2, 9, None]),
        st.one_of(st.none(), st.integers(0, 7).map(lambda moment: at(moment).replace(tzinfo=None))),
        st.sampled_from([1.5, None]),
    ),
    st.integers(0, 3),
    st.booleans(),
)
Delivery = tuple[Table, list[Change]]
deliveries = st.lists(
    st.one_of(
        st.tuples(st.just(CUSTOMERS), st.lists(customers, min_size=1, max_size=5)),
        st.tuples(st.just(SALES), st.lists(sales, min_size=1, max_size=4)),
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=2, deadline=None)
@given(deliveries, st.sampled_from(["close", "keep", "remove"]), st.sampled_from(["dated", "open"]))
def test_any_shuffle_and_cut_of_the_changes_gives_the_same_tables(
    shared: Database, delivered: Sequence[Delivery], on_delete: str, first: str
) -> None:
    require_same(shared, delivered, on_delete, first)


@pytest.mark.real
@settings(max_examples=12, deadline=None)
@given(deliveries, st.sampled_from(["close", "keep", "remove"]), st.sampled_from(["dated", "open"]))
def test_both_databases_make_the_same_tables_of_any_shuffle_and_cut(
    shared: Database, postgres: Database, delivered: Sequence[Delivery], on_delete: str, first: str
) -> None:
    keys = []
    for database in (shared, postgres):
        require_same(database, delivered, on_delete, first)
        with database.transaction() as session:
            keys.append(session.rows("SELECT _key, id, valid_from FROM warehouse.customers ORDER BY 1"))
    assert keys[0] == keys[1]


def require_same(database: Database, delivered: Sequence[Delivery], on_delete: str, first: str) -> None:
    """That the tables are those that plain Python makes of the changes, however they were delivered."""
    what = model(f'on_delete = "{on_delete}"\nfirst = "{first}"')
    emptied(database)
    seen: dict[Table, list[Change]] = {CUSTOMERS: [], SALES: []}
    for staging, changes in [(CUSTOMERS, []), (SALES, []), *delivered]:
        load(database, what, staging, changes, next(RUNS))
        seen[staging] += changes
    versions = expected_customers(seen[CUSTOMERS], on_delete, first)
    assert table(database, "customers") == versions
    assert table(database, "sales") == expected_sales(seen[SALES], versions)


def test_a_late_change_splits_one_version_and_touches_no_other_row(database: Database) -> None:
    what = model()
    first = [Change((1, "a", "x"), 0), Change((1, "a", "y"), 4), Change((2, "b", "x"), 0)]
    assert load(database, what, CUSTOMERS, first, "1")["warehouse.customers"] == Changes(inserted=3)
    sold = at(3).replace(tzinfo=None)
    sale = {"warehouse.sales": Changes(inserted=1)}
    assert load(database, what, SALES, [Change((1, 1, sold, 9.0), 0)], "2") == sale
    assert load(database, what, CUSTOMERS, [Change((1, "a", "late"), 2)], "3") == {
        "warehouse.customers": Changes(inserted=1, updated=1),
        "warehouse.sales": Changes(updated=1),
    }
    assert table(database, "sales") == [(1, sold, 1, 9.0, (1, at(2)))]
    for again in ("3", "4"):
        assert not any(load(database, what, CUSTOMERS, [], again).values())


def test_a_change_that_is_taken_back_removes_the_versions_that_it_made(database: Database) -> None:
    what = model()
    changes = [Change((1, "a", "x"), 0), Change((1, "a", "y"), 2), Change((1, "a", "x"), 4)]
    assert load(database, what, CUSTOMERS, changes, "1")["warehouse.customers"] == Changes(inserted=3)
    same = Change((1, "a", "x"), 2)
    back = [same, Change((1, "a", "x"), 2, deleted=True)]
    assert load(database, what, CUSTOMERS, back, "2")["warehouse.customers"] == Changes(deleted=1)
    assert table(database, "customers") == expected_customers([*changes, *back])


def test_facts_that_came_before_their_dimension_are_looked_up_when_it_comes(database: Database) -> None:
    what, sold = model(), at(1).replace(tzinfo=None)
    load(database, what, SALES, [Change((1, 1, sold, 9.0), 0)], "1")
    with database.transaction() as session:
        assert session.rows("SELECT customer_key FROM warehouse.sales") == [(0,)]
    changes = load(database, what, CUSTOMERS, [Change((1, "a", "x"), 0)], "2")
    assert changes["warehouse.sales"] == Changes(updated=1)
    assert table(database, "sales") == [(1, sold, 1, 9.0, (1, at(0)))]


def test_another_definition_is_computed_from_all_that_staging_has(database: Database) -> None:
    changes = [Change((1, "a", "x"), 0), Change((1, "a", "y"), 1), Change((1, "b", "y"), 2, deleted=True)]
    load(database, model(), CUSTOMERS, changes, "1")
    found = load(database, model('on_delete = "keep"'), CUSTOMERS, [], "2")
    assert found["warehouse.customers"] == Changes(updated=1)
    assert table(database, "customers") == expected_customers(changes, "keep")
    narrow = model_of({"customers": DIMENSION.replace('"name", "city"', '"name"')})
    assert load(database, narrow, CUSTOMERS, [], "3")["warehouse.customers"] == Changes(updated=1, deleted=1)
    wide = load(database, model(), CUSTOMERS, [], "4")["warehouse.customers"]
    assert wide == Changes(inserted=1, updated=1)
    assert table(database, "customers") == expected_customers(changes)


def test_facts_without_a_key_are_each_a_change(database: Database) -> None:
    what = model_of({"sales": FACT.replace('key = ["sale"]\n', "").partition("[dim")[0]})
    sold = at(0).replace(tzinfo=None)
    changes = [Change((1, 1, sold, amount), moment) for moment, amount in enumerate((1.0, 2.0, None))]
    assert load(database, what, SALES, changes, "1") == {"warehouse.sales": Changes(inserted=3)}
    assert not load(database, what, SALES, changes, "2")["warehouse.sales"]


def test_what_staging_has_not_is_found_by_its_line(database: Database) -> None:
    wrong = model_of({"customers": DIMENSION.replace('"city"', '"citty"')})
    with pytest.raises(ConfigError) as caught:
        load(database, wrong, CUSTOMERS, [], "1")
    assert str(caught.value) == (
        "attributes names the column 'citty', which staging.customers has not\nwarehouse/customers.toml:5"
        "\nhint: did you mean city?"
    )
    load(database, model(), CUSTOMERS, [], "1")
    for said, message in (
        (FACT.replace('key = ["id"]', 'key = ["amount"]'),
         "'amount' is DOUBLE in staging.sales, and 'id' of warehouse.customers is BIGINT\nwarehouse/sales.toml:9"),
        (FACT.replace('"sold"', '"amount"').replace('["amount"]', '["sold"]'),
         "its time 'amount' is DOUBLE in staging.sales, allowed are a date and a timestamp\nwarehouse/sales.toml:5"),
    ):  # fmt: skip
        with pytest.raises(ConfigError) as caught:
            load(database, model_of({"customers": DIMENSION, "sales": said}), SALES, [], "2")
        assert str(caught.value).startswith(message)


def test_loads_at_once_wait_for_each_other(database: Database) -> None:
    what, sold = model(), at(1).replace(tzinfo=None)
    begun = Barrier(2)

    def loads(n: int) -> None:
        begun.wait()
        if n:
            load(database, what, CUSTOMERS, [Change((1, "a", "x"), 0)], "1")
        else:
            load(database, what, SALES, [Change((1, 1, sold, 9.0), 0)], "2")

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(loads, range(2))) == [None, None]
    assert table(database, "sales") == [(1, sold, 1, 9.0, (1, at(0)))]
