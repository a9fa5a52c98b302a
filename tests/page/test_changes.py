"""SQL files are edited on the disk while the page is open: what that does is told, done as told, or undone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.cli.shell import ORDERS, call, make_project, orders
from tests.page.test_settings import enter
from tests.page.test_views import look
from tests.parts import until
from tests.project.test_edit import held
from tests.server.guarded import guard
from tests.server.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.server.served import Served

AWHILE = 60_000
"""ms: the server tells every 5 s which files have changed, and a loaded machine is slow."""
KEYS = """\
CREATE TABLE customers (customer STRING, n BIGINT, PRIMARY KEY (customer) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'customers', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO customers SELECT customer, COUNT(*) FROM orders GROUP BY customer;
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Served]:
    """Two minutes of orders, counted by the minute and by customer; all of it is read and committed."""
    folder = make_project(tmp_path / "shop")
    (folder / "sql" / "02-customers.sql").write_text(KEYS)
    with serve(folder) as served:
        settle(served)
        yield served


def settle(served: Served) -> None:
    """All that is there is read and committed, by all pipelines."""
    run = served.penstock.current
    assert run is not None
    until(lambda: all(one.lag == 0 for one in run.figures()), "not all is read")
    for life in run.lives.values():
        life.commit()


def edit(served: Served, old: str, new: str, *more: tuple[str, str]) -> None:
    """Change the first file, as an editor does."""
    file = served.penstock.folder / "sql" / "01-orders.sql"
    text = file.read_text()
    for one, other in ((old, new), *more):
        assert one in text
        text = text.replace(one, other)
    file.write_text(text)


def states(page: Page, table: str) -> Locator:
    """The rows of a table of operators, without its head."""
    return page.get_by_role("table", name=table, exact=True).locator("tbody tr")


def predicted(page: Page, pipeline: str, *rows: str) -> None:
    """Each operator's state, as the page says what becomes of it: the name, and the rest of its line."""
    found = states(page, f"State of {pipeline}")
    expect(found).to_have_text([re.compile(row, re.DOTALL) for row in rows], timeout=AWHILE)


def apply(page: Page, typed: str, *losses: str) -> None:
    """As a person who reads what is lost, and types the word."""
    page.get_by_role("button", name="Apply…").click()
    sheet = page.get_by_role("dialog", name="Apply the SQL files")
    expect(sheet.get_by_role("list", name="What is lost").get_by_role("listitem")).to_have_text(losses)
    expect(sheet.get_by_role("button", name="Apply it")).to_be_disabled()
    sheet.get_by_label(f"Type {typed} to do it").fill(typed)
    sheet.get_by_role("button", name="Apply it").click()


def happened(page: Page, served: Served, said: str) -> None:
    """It is said what was done, the frame has nothing to announce any more, and the command agrees."""
    region = page.get_by_role("region", name="Applied", exact=True)
    expect(region.get_by_role("status")).to_have_text(said, timeout=AWHILE)
    expect(region.get_by_text("otherwise than was told")).to_have_count(0)
    expect(page.get_by_text("Nothing has changed", exact=True)).to_be_visible(timeout=AWHILE)
    expect(page.get_by_role("banner").get_by_role("link", name="changed")).to_have_count(0)
    assert call("diff", served.penstock.folder).out.startswith("unchanged: ")


@pytest.mark.real
def test_four_edits_do_what_the_page_says_before(page: Page, shop: Served) -> None:
    page.goto(f"{shop.serving.url}topics")
    expect(page.get_by_role("link", name="revenue").first).to_be_visible(timeout=AWHILE)

    # a filter: announced wherever one is
    edit(shop, ") GROUP", ") WHERE id <> 3 GROUP")
    page.get_by_role("banner").get_by_role("link", name="1 file has changed").click(timeout=AWHILE)
    page.get_by_role("heading", name="Changes", level=1).wait_for()
    expect(page.get_by_role("group", name="What has changed in sql/01-orders.sql")).to_contain_text("+FROM TABLE")
    again = "130 records read again: orders from offset 0"
    predicted(
        page,
        "orders",
        "^source orders.*kept0 rows",
        f"^window aggregate.*rebuilt{again}$",
        "^sink.*kept",
        "lost10 rows$",
    )
    expect(page.get_by_text("Unchanged, and untouched when this is applied: customers.")).to_be_visible()
    apply(page, "orders", "10 rows of the state of orders, which no operator takes over")
    happened(page, shop, "Applied: orders is changed.")
    expect(states(page, "What happened to orders").nth(1)).to_contain_text(f"rebuilt 10 rows, {again}")
    assert held(shop.penstock, "orders")["window aggregate"] == 10
    assert shop.get("/api/pipelines/orders")["state"] == "running"

    # a column: the sink is another one
    edit(shop, "SUM(amount)", "SUM(amount), MAX(id)", ("amount DECIMAL(38, 2))", "amount DECIMAL(38, 2), most BIGINT)"))
    predicted(
        page,
        "orders",
        "^source orders.*kept0 rows",
        f"^window aggregate.*rebuilt{again}$",
        "^sink revenue.*empty.*those before are not written$",
        "^window aggregatelost10 rows$",
        "^sink revenuelost0 rows$",
    )
    results = page.get_by_role("list", name="Results of orders")
    expect(results).to_have_text("the 2 rows that table revenue has stay as they are")
    apply(page, "orders", "10 rows of the state of orders, which no operator takes over")
    happened(page, shop, "Applied: orders is changed.")
    assert held(shop.penstock, "orders") == {"source orders": 0, "window aggregate": 10, "sink revenue": 0}

    # a window: rows that come now count in those of the new size
    edit(shop, "INTERVAL '1' MINUTE", "INTERVAL '30' SECOND")
    predicted(page, "orders", "kept", f"rebuilt{again}$", "kept0 rows", "lost10 rows$")
    apply(page, "orders", "10 rows of the state of orders, which no operator takes over")
    happened(page, shop, "Applied: orders is changed.")
    shop.penstock.append("orders", orders(30, 130))
    settle(shop)
    sql = "SELECT window_end, orders, most FROM revenue WHERE most IS NOT NULL ORDER BY 1"
    assert shop.post("/api/query", {"sql": sql})["rows"] == [["2025-01-01 00:02:30.000", 30, 149]]

    # a query: its pipeline ends, and what it has written stays
    (shop.penstock.folder / "sql" / "02-customers.sql").unlink()
    predicted(page, "customers", "^source orderslost0 rows$", "^aggregatelost3 rows$", "^sink customerslost0 rows$")
    kept = shop.penstock.log.describe("customers")[0].rows
    expect(page.get_by_role("list", name="Results of customers")).to_have_text(
        f"the {kept} rows that table customers has stay"
    )
    apply(
        page, "customers", "pipeline customers ends", "3 rows of the state of customers, which no operator takes over"
    )
    happened(page, shop, "Applied: customers is removed.")
    assert [one["name"] for one in shop.get("/api/pipelines")] == ["orders"]
    assert shop.penstock.log.describe("customers")[0].rows == kept


@pytest.mark.real
def test_a_file_that_is_wrong_says_where_and_nothing_stops(page: Page, shop: Served) -> None:
    page.goto(f"{shop.serving.url}changes")
    expect(page.get_by_text("Nothing has changed", exact=True)).to_be_visible(timeout=AWHILE)
    expect(page.get_by_role("button", name="Apply…")).to_be_disabled()
    edit(shop, "SUM(amount)", "SUM(amont)")
    wrong = page.get_by_role("region", name="A file is wrong")
    expect(wrong.get_by_role("alert")).to_contain_text("there is no column 'amont'", timeout=AWHILE)
    expect(wrong.get_by_role("alert")).to_contain_text("did you mean amount?")
    expect(wrong.get_by_role("group", name="Where it is wrong")).to_contain_text("sql/01-orders.sql:10:54")
    expect(page.get_by_role("group", name="What has changed in sql/01-orders.sql")).to_contain_text("SUM(amont)")
    expect(page.get_by_role("button", name="Apply…")).to_be_disabled()
    assert {one["state"] for one in shop.get("/api/pipelines")} == {"running"}
    edit(shop, "SUM(amont)", "SUM(amount)")
    expect(page.get_by_text("Nothing has changed", exact=True)).to_be_visible(timeout=AWHILE)


@pytest.mark.real
def test_what_fails_goes_back_and_says_why(page: Page, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "shop", toml='[engine]\non-bad-row = "flink"\n')
    with serve(folder) as shop:
        settle(shop)
        shop.post("/api/pipelines/orders/pause", {})
        shop.penstock.append("orders", orders(5, 130))
        edit(shop, "COUNT(*)", "SUM(10 / (id - 132))")
        page.goto(f"{shop.serving.url}changes")
        predicted(page, "orders", "kept", "rebuilt130 records read again", "kept", "lost10 rows$")
        apply(page, "orders", "10 rows of the state of orders, which no operator takes over")
        said = page.get_by_role("region", name="Not applied").get_by_role("alert")
        expect(said).to_contain_text("the SQL files were not applied, and what was before goes on", timeout=AWHILE)
        expect(said).to_contain_text("by zero")
        predicted(page, "orders", "kept", "rebuilt130 records read again", "kept", "lost10 rows$")
        assert shop.get("/api/pipelines/orders")["state"] == "paused"


@pytest.mark.real
def test_what_cannot_be_applied_is_refused_before(page: Page, shop: Served) -> None:
    made = "CREATE TABLE made (id BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '5');\n"
    both = "INSERT INTO revenue SELECT CAST(NULL AS TIMESTAMP(3)), id, CAST(NULL AS DECIMAL(38, 2)) FROM made; END;"
    edit(shop, "INSERT INTO", made + "EXECUTE STATEMENT SET BEGIN INSERT INTO", ("window_end;", "window_end; " + both))
    page.goto(f"{shop.serving.url}changes")
    refused = page.get_by_role("region", name="Pipeline orders").get_by_role("alert")
    expect(refused).to_contain_text("It cannot be applied: it reads datagen made otherwise than before", timeout=AWHILE)
    expect(page.get_by_role("button", name="Apply…")).to_be_disabled()


@pytest.mark.real
def test_results_of_both_queries_are_compared_before(page: Page, shop: Served) -> None:
    edit(shop, ") GROUP", ") WHERE id <> 3 GROUP")
    page.goto(f"{shop.serving.url}changes")
    page.get_by_role("button", name="Compare results…").click(timeout=AWHILE)
    sheet = page.get_by_role("dialog", name="Compare results of orders")
    sheet.get_by_label("Key columns").fill("window_end, ordres")
    sheet.get_by_role("button", name="Run both and compare").click()
    expect(sheet.get_by_role("alert")).to_contain_text("did you mean orders?", timeout=AWHILE)
    sheet.get_by_label("Key columns").fill("window_end")
    sheet.get_by_role("button", name="Run both and compare").click()
    found = sheet.get_by_role("region", name="What the comparison found")
    expect(found.get_by_role("status")).to_have_text("130 records were read from then on.", timeout=AWHILE)
    expect(found.get_by_role("definition")).to_have_text(["1", "0", "0", "1"])
    grid = found.get_by_role("grid", name="What differs in revenue")
    expect(grid.get_by_role("row").filter(has_text="the file's")).to_contain_text("59")
    expect(grid.get_by_role("row").filter(has_text="the live one")).to_contain_text("60")
    command = "penstock compare DIR orders --from 1970-01-01T00:00:00Z --key window_end"
    expect(sheet.get_by_role("region", name="What this does")).to_contain_text(command)


@pytest.mark.real
def test_a_viewer_sees_it_and_may_not_apply(page: Page, tmp_path: Path) -> None:
    with guard(tmp_path / "shop", engine=True, rows=130) as shop:
        (file,) = (shop.penstock.folder / "sql").glob("*.sql")
        enter(page, shop, "vera", "changes")
        expect(page.get_by_text("Nothing has changed", exact=True)).to_be_visible(timeout=AWHILE)
        file.write_text(file.read_text().replace(") GROUP", ") WHERE id <> 3 GROUP"))
        expect(page.get_by_text("An operator may apply this.")).to_be_visible(timeout=AWHILE)
        expect(page.get_by_role("region", name="Pipeline orders")).to_contain_text("is changed")
        expect(page.get_by_role("button", name="Apply…")).to_have_count(0)


@pytest.mark.real
def test_a_server_lost_in_the_middle_says_afterwards_what_it_did(page: Page, tmp_path: Path) -> None:
    from tests.page.browser import Running

    with Running(make_project(tmp_path / "shop")) as running:
        running.append("orders", [{**one, "ts": str(one["ts"])} for one in orders(130)])
        until(lambda: running.rows("SELECT count(*) FROM revenue")[0][0] == 2, "the windows have not closed", 30)
        (running.folder / "sql" / "01-orders.sql").write_text(ORDERS.replace(") GROUP", ") WHERE id <> 3 GROUP"))
        look(page, running, "/changes", "Changes", "Pipeline orders")

        def lose(route: object) -> None:
            running.kill()
            route.abort("connectionreset")  # type: ignore[attr-defined]

        page.route("**/api/apply", lambda route: lose(route) if route.request.method == "POST" else route.continue_())
        apply(page, "orders", "10 rows of the state of orders, which no operator takes over")
        said = page.get_by_role("region", name="The server was lost while it applied").get_by_role("status")
        expect(said).to_contain_text("it was done whole, or not at all", timeout=AWHILE)
        expect(page.get_by_role("button", name="Apply…")).to_be_disabled()
        assert call("apply", running.folder, "--yes").code == 0
        running.start()
        expect(said).to_have_text("It was applied: the pipelines are what the files say.", timeout=AWHILE)
