"""What a filter closes: all that was made of its table, now or before, and what lies in the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import QueryError
from penstock.project.access.filters import Filter, filter_of
from penstock.project.confinement import Confinement
from penstock.project.opening import open_project
from tests.cli.shell import make_project, orders

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock

TOPIC = "'connector' = 'kafka', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json'"
FILES = "'connector' = 'filesystem', 'format' = 'csv'"


def table(name: str, options: str) -> str:
    return f"CREATE TABLE {name} (customer STRING, n BIGINT) WITH ({options});\n"


SQL = (
    "".join(table(name, f"{TOPIC}, 'topic' = '{name}'") for name in ("a", "b", "c", "d", "other"))
    + table("a_again", f"{TOPIC}, 'topic' = 'a'")
    + table("files", f"{FILES}, 'path' = 'out/b'")
    + table("below", f"{FILES}, 'path' = 'out/b/day=1/'")
    + table("beside", f"{FILES}, 'path' = 'out/bb'")
    + "CREATE VIEW ab AS SELECT n FROM a UNION ALL SELECT n FROM b;\n"
    + "CREATE VIEW of_a AS SELECT n FROM a;\n"
    + "CREATE VIEW hinted AS SELECT n FROM a /*+ OPTIONS('scan.startup.mode' = 'latest-offset') */;\n"
)
INSERTS = (
    "INSERT INTO b SELECT * FROM of_a_with_customer;\n"
    "INSERT INTO c SELECT customer, n FROM b;\n"
    "INSERT INTO files SELECT * FROM a;\n"
)
VIEW = "CREATE VIEW of_a_with_customer AS SELECT customer, n FROM a WHERE n > 0;\n"


def project(folder: Path, sql: str = SQL + VIEW + INSERTS) -> Penstock:
    return open_project(make_project(folder / "shop", sql))


def closed(penstock: Penstock, *filters: Filter) -> set[str]:
    """The tables and topics, these with a colon, that are closed to who has these filters."""
    confined = Confinement(penstock, filters)
    found = set()
    for (*_, name), one in penstock.catalog.objects.items():
        try:
            confined.plan(one)
        except QueryError:
            found.add(name)
    for topic in ("a", "b", "c", "d", "other", "unknown"):
        try:
            confined.require_topic(topic)
        except QueryError:
            found.add(":" + topic)
    return found - {":unknown"}


def of(penstock: Penstock, name: str, *customers: str) -> Filter:
    return filter_of(penstock.catalog, name, {"customer": customers} if customers else {})


def test_a_filter_closes_what_is_made_of_its_table(tmp_path: Path) -> None:
    with project(tmp_path) as shop:
        made = {"a_again", "b", "c", "files", "below", "ab", "hinted", ":a", ":b", ":c"}
        assert closed(shop, of(shop, "a", "x")) == made
        assert closed(shop, of(shop, "a", "x"), of(shop, "b")) == made - {"b", "c", "ab", ":b", ":c"}
        assert closed(shop, of(shop, "a", "x"), of(shop, "b", "x")) == made - {"b", "ab"}
        assert closed(shop, of(shop, "c", "x")) == {":c"}
        assert closed(shop, of(shop, "below", "x")) == {"files"}
        assert closed(shop, of(shop, "other")) == set()


def test_what_a_removed_pipeline_has_made_stays_closed(tmp_path: Path) -> None:
    with project(tmp_path) as shop:
        shop.start(bounded=True)
        shop.stop()
    (tmp_path / "shop" / "sql" / "01-orders.sql").write_text(SQL)
    with open_project(tmp_path / "shop") as shop:
        assert not shop.definition.pipelines
        assert {"b", "c", "files", ":a", ":b", ":c"} <= closed(shop, of(shop, "a", "x"))


def test_another_name_opens_nothing(tmp_path: Path) -> None:
    with project(tmp_path) as shop:
        filters = of(shop, "a", "x")
        shop.start(bounded=True)
        shop.stop()
    renamed = "".join(
        table(f"new_{name}", f"{TOPIC}, 'topic' = '{name}'" if name != "files" else f"{FILES}, 'path' = 'out/b'")
        for name in ("a", "b", "c", "d", "files")
    )
    (tmp_path / "shop" / "sql" / "01-orders.sql").write_text(renamed)
    with open_project(tmp_path / "shop") as shop:
        found = {"new_a", "new_b", "new_c", "new_files", ":a", ":b", ":c", ":other"}
        assert closed(shop, filters) == found


def test_a_filter_of_a_column_that_is_gone_closes_the_table(tmp_path: Path) -> None:
    with open_project(make_project(tmp_path / "shop")) as shop:
        shop.append("orders", orders(3))
        filters = (Filter(("default_catalog", "default_database", "orders"), (("country", ("no",)),)),)
        for name in ("orders", '"orders$open"'):
            with pytest.raises(QueryError):
                shop.query(f"SELECT * FROM {name}", filters=filters)
        gone = (Filter(("default_catalog", "default_database", "gone"), (("country", ("no",)),)),)
        assert shop.query("SELECT * FROM orders", filters=gone).frame.height == 3


def test_a_value_is_a_value_and_no_sql(tmp_path: Path) -> None:
    names = ["o'hara", "a\\'b", 'say "x"', "-- no", "`t`", "a\nb", "{{x}}", "ø", "' OR TRUE --", ""]
    with open_project(make_project(tmp_path / "shop")) as shop:
        rows = orders(len(names) + 1)
        shop.append("orders", [{**row, "customer": name} for row, name in zip(rows, [*names, None], strict=True)])
        for name in (*names, None):
            filters = (filter_of(shop.catalog, "orders", {"customer": [name]}),)
            assert shop.query("SELECT customer FROM orders", filters=filters).frame["customer"].to_list() == [name]
