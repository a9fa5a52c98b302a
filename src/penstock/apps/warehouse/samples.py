"""What the shop delivers each night: `customers.csv`, all of them, and the sales of a day; each with its faults.

Rows that are to be set aside are of customers and sales that the shop does not have, so what is left is the shop.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from penstock.apps.warehouse.account import Account
from penstock.apps.warehouse.shop import Customer, Product, Sale, Shop, day_of
from penstock.apps.warehouse.spelling import boolean, date, missing, moment, number, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["CHANGES", "RAW", "Change", "Night", "deliver"]

RAW = "data/raw"
"""Where files are delivered to, in the project."""
Change: TypeAlias = Literal["none", "type", "rename", "column"]
CHANGES: tuple[Change, ...] = ("none", "type", "rename", "column")
"""What can have changed overnight in customers.csv: nothing; days of joining are quarters (`Q3 2024`); the column
Segment has another name; there is one more column."""

_CUSTOMER_HEADER = (
    "Customer ID", " Name", "E-Mail", "e_mail", "City / Ort", "Country", "Segment", "Credit limit (CHF)", "Active?",
    "Joined", "Last changed", "Note", "Note",
)  # fmt: skip
_SALE_HEADER = (
    "Sale ID", "Sold at", "Updated at", "Customer ID", "Product ID", "Product name", "Category", "Quantity",
    "Unit price", "Amount", "Currency", "Channel", "Coupon",
)  # fmt: skip
_NO_SEGMENT, _NO_CITY, _NO_CHANNEL = 20, 25, 40
"""Every so many customers have no segment or no city, and sales no channel."""
_LATE, _CORRECTED, _STRANGER = 50, 97, 83
"""Of the sales every so many come a night late, are corrected a night later, or are of nobody that is known."""
_LINES = "\r\n"

_Row: TypeAlias = "list[str]"


@dataclass(frozen=True, slots=True)
class Night:
    """`files` by their path in data/raw, and the account of each source's delivery."""

    files: dict[str, bytes] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def write(self, folder: Path) -> list[Path]:
        """Write the files below `folder`, over those of the same name. Raises OSError."""
        written = []
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
            written.append(path)
        return written


def deliver(night: int, shop: Shop | None = None, change: Change = "none") -> Night:
    """What comes in `night`, 1 or later: the same for an equal shop, whatever was delivered before."""
    shop = shop or Shop()
    rng = np.random.default_rng([shop.seed, 4, night])
    made = Night()
    _customers(made, shop, night, rng, change)
    _sales(made, shop, night, rng)
    return made


# -- customers -------------------------------------------------------------------------------------


def _customers(made: Night, shop: Shop, night: int, rng: np.random.Generator, change: Change) -> None:
    account = made.accounts["customers"] = Account()
    now = shop.customers(night)
    before = {one.number: one for one in shop.customers(night - 1)} if night > 1 else {}
    rows = [_customer(one, rng) for one in now]
    account.loaded = len(rows)
    account.defaulted["segment"] = sum(one.number % _NO_SEGMENT == 0 for one in now)
    account.kept_missing["city"] = sum(one.number % _NO_CITY == 0 for one in now)
    account.new = sum(one.number not in before for one in now)
    account.changed = sum(one.number in before and before[one.number] != one for one in now)
    account.deleted = len(before) + account.new - len(now)
    for at in rng.choice(len(rows), 18, replace=False):
        respelled = account.duplicate % 3 == 2
        rows.append(_customer(now[at], rng, rows[at]) if respelled else list(rows[at]))
        account.duplicate += 1
        account.respelled += respelled
    rows += _bad_customers(now[0], account, rng)
    rng.shuffle(rows)
    rows += _twice(now[0], account, night, rng)
    header = list(_CUSTOMER_HEADER)
    if change == "rename":
        header[6] = "Customer segment"
    elif change == "type":
        for row in rows:
            row[9] = f"Q{1 + len(row[1]) % 4} 20{20 + len(row[9]) % 6}"
    elif change == "column":
        header.append("Loyalty points")
        rows = [[*row, str(len(row[1]))] for row in rows]
    made.files["customers.csv"] = _written(header, rows, ";").encode("cp1252")


def _customer(one: Customer, rng: np.random.Generator, differing: _Row | None = None) -> _Row:
    """The row of a customer, with another spelling than `differing`."""
    mail = f"{one.name.split()[0].lower()}.{one.number}@example.com"
    while True:
        row = [
            f"C{one.number:05}",
            padded(one.name, rng),
            mail,
            f"backup.{one.number}@example.org",
            missing(rng) if one.number % _NO_CITY == 0 else padded(one.city, rng),
            one.country,
            missing(rng) if one.number % _NO_SEGMENT == 0 else one.segment,
            number(one.credit, rng, ",.'"),
            boolean(one.active, rng),
            date(one.joined, rng),
            moment(one.changed, rng),
            "first line\nsecond line" if one.number % 30 == 0 else "",
            f'5 "{"%"}" off; twice' if one.number % 35 == 0 else "",
        ]
        if row != differing:
            return row


def _bad_customers(like: Customer, account: Account, rng: np.random.Generator) -> Iterable[_Row]:
    """Rows of customers that do not exist, each with one fault."""
    faults: Sequence[tuple[str, int, Sequence[str]]] = (
        ("", 0, ("", "N/A", " ", "-", "NULL")),
        ("name_there", 1, ("", "N/A", "-")),
        ("mail_fits", 2, ("nobody", "a@b", "@example.com", "x y@example.com", "a@@example.com")),
        ("country_known", 5, ("XX", "Switzerland", "de", "?")),
        ("credit_in_range", 7, ("-5,00", "99.999.999,00", "-1'000,00")),
        ("type", 7, ("a lot", "12,34,56")),
        ("type", 9, ("31.02.2025", "2025-13-01", "soon")),
        ("type", 8, ("perhaps",)),
    )
    last = 90_000
    for rule, column, texts in faults:
        for text in texts:
            last += 1
            row = _customer(replace(like, number=last + (last % 5 == 0)), rng)
            row[0] = f"C{last}"
            row[column] = text
            yield row
            if rule:
                account.broken[rule] += 1
            else:
                account.dropped += 1


def _twice(like: Customer, account: Account, night: int, rng: np.random.Generator) -> Iterable[_Row]:
    """Two rows each of two more customers, which say different things; the first ones count."""
    for twice in (95_001, 95_002):
        for city in ("Bern", "Graz"):
            yield _customer(replace(like, number=twice, city=city), rng)
        account.loaded += 1
        account.new += night == 1
        account.broken["one_row_each"] += 1


# -- sales -----------------------------------------------------------------------------------------


def _sales(made: Night, shop: Shop, night: int, rng: np.random.Generator) -> None:
    account = made.accounts["sales_data"] = Account()
    today = [one for one in shop.sold(night) if one.number % _LATE]
    yesterday = shop.sold(night - 1) if night > 1 else []
    late = [one for one in yesterday if one.number % _LATE == 0]
    updated = dt.datetime.combine(day_of(night), dt.time(8), dt.UTC)
    called = [[one for one in names if one.since <= updated][-1] for names in shop.products(night)]
    corrected = [  # of products that are called as then: a correction says what is true when it is made
        one for one in yesterday if one.number % _LATE and one.number % _CORRECTED == 0 and one.product in called
    ]
    sales = [(one, one.at) for one in [*today, *late]]
    sales += [(replace(one, quantity=one.quantity + 1), updated) for one in corrected]
    rows = [_sale(one, changed, rng) for one, changed in sales]
    account.loaded, account.late = len(rows), len(late)
    account.new, account.changed = len(today) + len(late), len(corrected)
    account.warned["customer_known"] = sum(one.number % _STRANGER == 0 for one, _ in sales)
    account.defaulted["channel"] = sum(one.number % _NO_CHANNEL == 0 for one, _ in sales)
    account.kept_missing["coupon"] = sum(one.number % 3 > 0 for one, _ in sales)
    for at in rng.choice(len(rows), 30, replace=False):
        respelled = account.duplicate % 3 == 2
        rows.append(_sale(*sales[int(at)], rng, rows[at]) if respelled else list(rows[at]))
        account.duplicate += 1
        account.respelled += respelled
    rows += _bad_sales(sales[0][0], account, rng)
    rng.shuffle(rows)
    text = _written(_SALE_HEADER, rows, ",").encode("utf-8-sig")
    name = f"sales_data/{day_of(night)}.csv"
    if night % 2:
        made.files[name] = text
    else:
        made.files[f"{name}.gz"] = gzip.compress(text, mtime=0)


def _sale(one: Sale, updated: dt.datetime, rng: np.random.Generator, differing: _Row | None = None) -> _Row:
    """The row of a sale, with another spelling than `differing`."""
    product: Product = one.product
    while True:
        row = [
            f"S{one.number:08}",
            moment(one.at, rng),
            moment(updated, rng),
            "C99999" if one.number % _STRANGER == 0 else f"C{one.customer:05}",
            f"P{product.number:03}",
            padded(product.name, rng),
            product.category,
            str(one.quantity),
            number(one.price, rng, ".,"),
            number(one.price * one.quantity, rng, ".,"),
            "CHF",
            missing(rng) if one.number % _NO_CHANNEL == 0 else one.channel,
            missing(rng) if one.number % 3 else f"SAVE{one.number % 7}",
        ]
        if row != differing:
            return row


def _bad_sales(like: Sale, account: Account, rng: np.random.Generator) -> Iterable[_Row]:
    """Rows of sales that do not exist, each with one fault."""
    faults: Sequence[tuple[str, int, Sequence[str]]] = (
        ("", 0, ("", "N/A", "NULL")),
        ("product_there", 4, ("", "-")),
        ("quantity_in_range", 7, ("0", "-3", "100000")),
        ("channel_known", 11, ("carrier pigeon", "fax")),
        ("currency_fits", 10, ("Fr.", "chf", "€")),
        ("amount_fits", 9, ("0.05", "999,999.00")),
        ("type", 1, ("31.02.2026 10:00:00", "yesterday")),
        ("type", 7, ("two",)),
        ("type", 8, ("1.2.3",)),
    )
    last = 90_000_007
    for rule, column, texts in faults:
        for text in texts:
            last += 1
            row = _sale(replace(like, number=last), like.at, rng)
            row[3], row[11], row[column] = "C00001", "web", text
            if rule == "quantity_in_range":
                row[9] = number(like.price * int(text), rng, ".,")
            row[0] = text if column == 0 else f"S{last:08}"
            yield row
            if rule:
                account.broken[rule] += 1
            else:
                account.dropped += 1


def _written(header: Sequence[str], rows: Sequence[_Row], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=_LINES)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
