"""The project `warehouse`: what is loaded is what the files have, and what the shop truly is."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.apps.warehouse.samples import RAW, Night, deliver
from tests.apps.test_warehouse import rows_of
from tests.projects.warehouse import SHOP, changes, come, counts, loaded, project, rid_of, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from penstock.project.penstock import Penstock

TARGETS = ("warehouse.dim_customers", "warehouse.dim_products", "warehouse.fact_sales")


@pytest.fixture
def wh(tmp_path: Path, warehouse: str) -> Iterator[Penstock]:
    """The project, with its warehouse in a file, or in a PostgreSQL that is reached by TLS verify-full."""
    folder = project(tmp_path / "wh")
    with (folder / "penstock.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n{warehouse}")
    with penstock.open(folder) as opened:
        yield opened


def panels(wh: Penstock) -> dict[str, pl.DataFrame]:
    """What the dashboard asks, by panel."""
    said = tomllib.loads((wh.folder / "dashboards" / "warehouse.toml").read_text("utf-8"))
    return {
        panel["id"]: (
            wh.ask_saved(panel["saved"], {})
            if "saved" in panel
            else wh.query(panel["query"], parameters={"pipeline": None})
        ).frame
        for panel in said["panels"]
    }


def test_before_the_first_load_the_dashboard_shows_that_there_is_nothing(wh: Penstock) -> None:
    assert {name for name, answer in panels(wh).items() if answer.height} == {"rate", "duration", "waiting", "uptime"}


def test_the_first_night_adds_up_and_a_second_run_changes_nothing(wh: Penstock) -> None:
    run = loaded(wh)
    assert run.state == "success", run.error
    night = come(wh.folder, 1)
    found = counts(run)
    for source, account in night.accounts.items():
        expected = {
            "read": account.read, "duplicate": account.duplicate, "dropped": account.dropped,
            "quarantined": account.quarantined, "loaded": account.loaded,
        }  # fmt: skip
        assert {k: found[source][k] for k in expected} == expected
        assert account.read == len(rows_of(night, source))
        asked = f"SELECT rules, count(*) FROM quarantine WHERE source = '{source}' GROUP BY rules"
        broken = dict(wh.query(asked).rows())
        assert broken == {("clean" if r == "type" else f"{source}.{r}"): n for r, n in account.broken.items()}
        assert wh.query(f"SELECT count(*), count(DISTINCT _hash) FROM staging.{source}").rows() == [
            (account.loaded, account.loaded)
        ]
    ((missing, segments),) = wh.query(
        "SELECT count(*) FILTER (city IS NULL), count(*) FILTER (segment = 'unknown') FROM staging.customers"
    ).rows()
    account = night.accounts["customers"]
    assert (missing, segments) == (account.kept_missing["city"], account.defaulted["segment"])
    executions = wh.query("SELECT pipeline_name, status, records_processed FROM pipeline_executions").rows()
    assert executions == [("daily_etl_pipeline", "SUCCESS", sum(one.read for one in night.accounts.values()))]
    assert all(answers.height for name, answers in panels(wh).items() if name != "uptime")
    before = tables(wh, *TARGETS, "staging.customers", "staging.sales_data")
    for tracked in ("", "track = false\n"):  # and then with nothing passed over
        for name in ("customers", "sales_data"):
            file = wh.folder / "sources" / f"{name}.toml"
            file.write_text(file.read_text("utf-8") + tracked, "utf-8")
        again = loaded(wh)
        assert (again.state, changes(again)) == ("success", {})
    assert counts(again)["customers"]["read"] == account.read
    assert tables(wh, *TARGETS, "staging.customers", "staging.sales_data") == before


@pytest.mark.real
def test_a_changed_cell_is_a_version_and_a_row_that_is_gone_ends_one(wh: Penstock) -> None:
    loaded(wh)
    file = wh.folder / RAW / "customers.csv"
    lines = file.read_bytes().decode("cp1252")
    (line,) = {one for one in lines.splitlines() if one.startswith("C00007;")}
    moved = re.sub(r";[^;]*@", ";somebody.else@", line, count=1)
    file.write_bytes(lines.replace(line, moved).encode("cp1252"))
    run = loaded(wh)
    assert changes(run)["warehouse.dim_customers"] == (1, 1, 0)
    versions = "SELECT e_mail, is_current FROM warehouse.dim_customers WHERE customer_id = 'C00007' ORDER BY valid_from"
    ((_, old), (mail, new)) = wh.query(versions).rows()
    assert (old, mail, new) == (False, "somebody.else@example.com", True)
    file.write_bytes(lines.encode("cp1252"))  # and back again
    assert changes(loaded(wh))["warehouse.dim_customers"] == (1, 1, 0)
    assert [current for _, current in wh.query(versions).rows()] == [False, False, True]

    kept = "".join(one for one in lines.splitlines(keepends=True) if not one.startswith("C00007;"))
    file.write_bytes(kept.encode("cp1252"))
    run = loaded(wh)
    assert changes(run) == {"staging.customers": (0, 0, 1), "warehouse.dim_customers": (0, 1, 0)}
    assert [current for _, current in wh.query(versions).rows()] == [False, False, False]
    assert changes(loaded(wh)) == {}


def moved_unseen(night: int) -> int:
    """How many customers moved in a night whose city is not told: a change of when they changed is no version."""
    before = {one.number: one for one in SHOP.customers(night - 1)}
    return sum(one.number % 25 == 0 and before.get(one.number, one) != one for one in SHOP.customers(night))


@pytest.mark.real
def test_later_nights_are_loaded_as_they_truly_were(wh: Penstock) -> None:
    loaded(wh)
    for night in (2, 3):
        account = come(wh.folder, night).accounts
        run = loaded(wh)
        done = changes(run)
        people, sales = account["customers"], account["sales_data"]
        assert done["staging.customers"] == (people.new + people.changed, 0, people.deleted)
        unseen = moved_unseen(night)
        versions = (people.new + people.changed - unseen, people.changed - unseen + people.deleted, 0)
        assert done["warehouse.dim_customers"] == versions
        assert done["staging.sales_data"] == (sales.loaded, 0, 0)
        assert done["warehouse.fact_sales"][0] == sales.new
        assert done["warehouse.fact_sales"][1] >= sales.changed
        warned = wh.query(
            "SELECT broken FROM quality_results WHERE rule = 'sales_data.customer_known' ORDER BY time DESC LIMIT 1"
        ).rows()
        assert warned == [(sales.warned["customer_known"],)]
    facts = wh.query(
        "SELECT f.sale_id, p.product_name, c.city, f.quantity FROM warehouse.fact_sales AS f"
        " JOIN warehouse.dim_products AS p ON p._key = f.product_key"
        " JOIN warehouse.dim_customers AS c ON c._key = f.customer_key"
    ).rows()
    there = {sale_id: rest for sale_id, *rest in facts}
    truth = {f"S{sale.number:08}": sale for night in (1, 2, 3) for sale in SHOP.sold(night)}
    corrected = {key for key, sale in truth.items() if there.get(key, [0, 0, sale.quantity])[2] != sale.quantity}
    assert len(corrected) == sum(come(wh.folder, night).accounts["sales_data"].changed for night in (2, 3))
    late = {key for key, sale in truth.items() if sale.number // 100_000 == 3 and sale.number % 50 == 0}
    assert there.keys() == truth.keys() - late
    cities = [{one.number: one for one in SHOP.customers(night)} for night in range(4)]
    for key, (product, city, _) in there.items():
        sale = truth[key]
        assert product == sale.product.name
        if sale.number % 83 == 0:  # of nobody who is known
            assert city is None
            continue
        night = sale.number // 100_000
        now, before = cities[night][sale.customer], cities[night - 1][sale.customer]
        was = now if now.changed <= sale.at else before
        assert city == (None if sale.customer % 25 == 0 else was.city)


@pytest.mark.real
def test_nights_in_another_order_give_the_same_tables(tmp_path: Path) -> None:
    found = []
    for order in ((1, 2, 3), (3, 1, 2)):
        folder = project(tmp_path / str(order[0]))
        (folder / RAW / "sales_data" / "2026-01-01.csv").unlink()
        with penstock.open(folder) as wh:
            for night in order:
                sales = {n: data for n, data in deliver(night, SHOP).files.items() if n.startswith("sales_data")}
                Night(sales).write(folder / RAW)
                run = loaded(wh)
                assert run.state == "success", run.error
            found.append(tables(wh, "warehouse.dim_products", "warehouse.fact_sales"))
    assert found[0] == found[1]


@pytest.mark.real
@pytest.mark.parametrize("policy", ["evolve", "freeze", "quarantine"])
def test_a_column_changes_its_type_overnight(wh: Penstock, policy: str) -> None:
    loaded(wh)
    file = wh.folder / "schemas" / "customers.toml"
    file.write_text(file.read_text("utf-8").replace('on_change = "quarantine"', f'on_change = "{policy}"'), "utf-8")
    before = tables(wh, "staging.customers", "warehouse.dim_customers")
    account = come(wh.folder, 2, "type").accounts["customers"]
    if policy == "evolve":  # what no type fits would let other columns be texts too
        rid_of(wh.folder, "C90")
    run = loaded(wh)
    states = {step.name: step.state for step in run.steps}
    after = tables(wh, "staging.customers", "warehouse.dim_customers")
    if policy == "freeze":
        assert (run.state, states["customers"]) == ("failed", "failed")
        assert "joined" in run.error
        assert after == before
    elif policy == "quarantine":
        assert run.state in ("success", "partial")
        assert counts(run)["customers"]["quarantined"] == account.read - account.dropped
        assert after == before, "a file of which no row can be loaded ends no key either"
    else:
        assert run.state == "success", run.error
        assert 'joined]\nfrom = "Joined"\ntype = "STRING"' in file.read_text("utf-8")
        for table in ("staging.customers", "warehouse.dim_customers"):
            kinds = dict(wh.query(f"DESCRIBE {table}").frame.select("column_name", "column_type").rows())
            assert kinds["joined"] == "VARCHAR"
        assert counts(run)["customers"]["loaded"] == account.loaded
