"""The files that the shop delivers: their faults, counted from the files by the standard library alone."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter

import pytest

from penstock.apps.warehouse.samples import CHANGES, Night, deliver
from penstock.apps.warehouse.shop import Shop, day_of
from penstock.cli.simulate import simulate

SHOP = Shop(seed=3, customers=120, sales=400)


def rows_of(night: Night, source: str) -> list[dict[str, str]]:
    """The rows by their header, a repeated name with a number behind."""
    (name,) = (n for n in night.files if n.startswith(source))
    data = gzip.decompress(night.files[name]) if name.endswith(".gz") else night.files[name]
    if source == "customers":
        text, delimiter = data.decode("cp1252"), ";"
    else:
        text, delimiter = data.decode("utf-8-sig"), ","
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [f"{n} {header[:at].count(n) + 1}" if n in header[:at] else n for at, n in enumerate(header)]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_equal_shops_deliver_the_same_and_nights_stand_for_themselves() -> None:
    later = Shop(seed=3, customers=120, sales=400)
    assert deliver(3, later) == deliver(3, SHOP)
    assert deliver(1, later) == deliver(1, SHOP)
    assert deliver(1, Shop(seed=4, customers=120, sales=400)).files != deliver(1, SHOP).files


@pytest.mark.parametrize("night", [1, 2])
def test_the_account_of_customers_is_what_the_file_has(night: int) -> None:
    made = deliver(night, SHOP)
    account, rows = made.accounts["customers"], rows_of(made, "customers")
    assert len(rows) == account.read
    keys = Counter(row["Customer ID"] for row in rows)
    real = {key: n for key, n in keys.items() if re.fullmatch(r"C0\d{4}", key)}
    twice = {key for key in keys if key.startswith("C95")}
    assert (len(real) + len(twice), sum(real.values()) - len(real)) == (account.loaded, account.duplicate)
    assert sum(len(set(map(str, (r for r in rows if r["Customer ID"] == k)))) > 1 for k in real) == account.respelled
    assert sum(keys[key] for key in ("", " ", "N/A", "-", "NULL")) == account.dropped
    assert len([key for key in keys if key.startswith("C90")]) == account.quarantined - len(twice)
    no_segment = {r["Customer ID"] for r in rows if r["Segment"] in ("", "N/A", "-", "NULL")} & set(real)
    assert len(no_segment) == account.defaulted["segment"]
    assert {text for row in rows for text in row["Credit limit (CHF)"] if text in ",.'"} == set(",.'")


def test_sales_come_late_corrected_and_of_nobody_known() -> None:
    first, second = deliver(1, SHOP), deliver(2, SHOP)
    before = {row["Sale ID"]: row for row in rows_of(first, "sales_data")}
    rows = rows_of(second, "sales_data")
    account = second.accounts["sales_data"]
    real = {row["Sale ID"]: row for row in rows if re.fullmatch(r"S00\d{6}", row["Sale ID"])}
    assert (len(rows), len(real)) == (account.read, account.loaded)
    old = {key: row for key, row in real.items() if key.startswith("S001")}
    assert len(old.keys() - before.keys()) == account.late > 0
    assert len(old.keys() & before.keys()) == account.changed > 0
    assert all(old[key]["Quantity"] != before[key]["Quantity"] for key in old.keys() & before.keys())
    assert sum(row["Customer ID"] == "C99999" for row in real.values()) == account.warned["customer_known"] > 0


def test_what_is_sold_is_called_as_at_its_time_and_sold_to_those_who_stay() -> None:
    people = {one.number for one in SHOP.customers(2)} & {one.number for one in SHOP.customers(3)}
    for sale in SHOP.sold(2):
        assert sale.product == [p for p in SHOP.products(2)[sale.product.number - 1] if p.since <= sale.at][-1]
        assert sale.customer in people
        assert sale.at.date() == day_of(2)
    assert any("(new)" in sale.product.name for sale in SHOP.sold(2))


def test_a_column_that_changed_overnight() -> None:
    assert set(CHANGES) == set(next(p.type.choices for p in simulate.params if p.name == "change"))  # type: ignore[attr-defined]
    kinds = {change: rows_of(deliver(4, SHOP, change), "customers") for change in CHANGES}
    as_ever = deliver(4, SHOP)
    assert rows_of(as_ever, "customers") == kinds["none"]
    assert {bool(re.fullmatch(r"Q[1-4] 202\d", row["Joined"])) for row in kinds["type"]} == {True}
    assert "Segment" not in kinds["rename"][0]
    assert "Customer segment" in kinds["rename"][0]
    assert len(kinds["column"][0]) == len(kinds["none"][0]) + 1
    for change in CHANGES:
        other = deliver(4, SHOP, change)
        assert other.accounts == as_ever.accounts
        assert other.files["sales_data/2026-01-04.csv.gz"] == as_ever.files["sales_data/2026-01-04.csv.gz"]
