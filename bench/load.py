"""CSV into DuckDB, cleaned and checked by ten rules, against a script for it: ``python -m bench.load WHO FOLDER``.

Each is a process on one core. Both read the same file and come to the same staging table and quarantine.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from bench import child, peak
from bench.table import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from bench.__main__ import Bench
    from penstock.core.types import DataType
    from penstock.quality.results import Result
    from penstock.quality.rules import Rules
    from penstock.warehouse import Database
    from penstock.warehouse.loaded import Loaded

__all__ = ["load_orders", "measure", "write_orders"]

_PIECE = 500_000
_FILE, _DATABASE = "orders.csv", "dw.duckdb"
_COLUMNS = {
    "order_id": "BIGINT",
    "customer_id": "BIGINT",
    "product": "STRING",
    "quantity": "BIGINT",
    "price": "DOUBLE",
    "discount": "DOUBLE",
    "country": "STRING",
    "email": "STRING",
    "ordered_at": "TIMESTAMP",
    "shipped_on": "DATE",
    "paid": "BOOLEAN",
    "note": "STRING",
}
_SCHEMA = "\n".join(
    ['key = ["order_id"]', "[file]"]
    + [
        f'[columns.{name}]\ntype = "{kind}"'
        + {
            "order_id": '\nmissing = "drop"',
            "shipped_on": '\nformats = ["%d.%m.%Y"]',
            "ordered_at": '\nformats = ["%Y-%m-%d %H:%M:%S"]',
            "note": '\nnull = ["N/A"]',
        }.get(name, "")
        for name, kind in _COLUMNS.items()
    ]
)
_RULES = """
on = "staging.orders"
[rules.customer_there]
not_null = "customer_id"
then = "quarantine"
[rules.mail_there]
not_null = "email"
then = "quarantine"
[rules.quantity_fits]
range = "quantity"
from = "1"
to = "99"
then = "quarantine"
[rules.price_fits]
range = "price"
from = "0"
to = "1000"
then = "quarantine"
[rules.discount_fits]
range = "discount"
from = "0"
to = "1"
then = "quarantine"
[rules.country_known]
accepted = "country"
values = ["CH", "DE", "FR", "IT"]
then = "quarantine"
[rules.product_known]
accepted = "product"
values = ["bolt", "nut", "screw", "washer", "gear wheel", "bracket"]
then = "quarantine"
[rules.mail_fits]
matches = "email"
pattern = "^[a-z0-9.]+@[a-z.]+$"
then = "quarantine"
[rules.shipped_later]
sql = "shipped_on >= CAST(ordered_at AS DATE)"
then = "quarantine"
[rules.note_short]
sql = "note IS NULL OR CHAR_LENGTH(note) <= 40"
then = "quarantine"
"""

_SCRIPT = """
SET threads = 1;
SET memory_limit = '256MB';
SET temp_directory = '{folder}/spill';
SET preserve_insertion_order = false;
CREATE SCHEMA staging;
CREATE TEMP TABLE judged AS
WITH cut AS (
  SELECT *, nullif(trim(order_id), '') AS c1, nullif(trim(customer_id), '') AS c2, nullif(trim(product), '') AS c3,
    nullif(trim(quantity), '') AS c4, nullif(trim(price), '') AS c5, nullif(trim(discount), '') AS c6,
    nullif(trim(country), '') AS c7, nullif(trim(email), '') AS c8, nullif(trim(ordered_at), '') AS c9,
    nullif(trim(shipped_on), '') AS c10, nullif(trim(paid), '') AS c11,
    CASE WHEN trim(note) NOT IN ('', 'N/A') THEN trim(note) END AS c12
  FROM read_csv('{folder}/orders.csv', header = true, all_varchar = true, delim = ',', quote = '"')
), typed AS (
  SELECT *, TRY_CAST(c1 AS BIGINT) AS v1, TRY_CAST(c2 AS BIGINT) AS v2, TRY_CAST(c4 AS BIGINT) AS v4,
    TRY_CAST(c5 AS DOUBLE) AS v5, TRY_CAST(c6 AS DOUBLE) AS v6, try_strptime(c9, '%Y-%m-%d %H:%M:%S') AS v9,
    CAST(try_strptime(c10, '%d.%m.%Y') AS DATE) AS v10,
    CASE lower(c11) WHEN 'yes' THEN true WHEN 'no' THEN false END AS v11
  FROM cut
), told AS (
  SELECT *, c1 IS NULL AS dropped, concat_ws('; ',
    CASE WHEN c1 IS NOT NULL AND v1 IS NULL THEN 'order_id is no BIGINT' END,
    CASE WHEN c2 IS NOT NULL AND v2 IS NULL THEN 'customer_id is no BIGINT' END,
    CASE WHEN c4 IS NOT NULL AND v4 IS NULL THEN 'quantity is no BIGINT' END,
    CASE WHEN c5 IS NOT NULL AND v5 IS NULL THEN 'price is no DOUBLE' END,
    CASE WHEN c6 IS NOT NULL AND v6 IS NULL THEN 'discount is no DOUBLE' END,
    CASE WHEN c9 IS NOT NULL AND v9 IS NULL THEN 'ordered_at is no TIMESTAMP' END,
    CASE WHEN c10 IS NOT NULL AND v10 IS NULL THEN 'shipped_on is no DATE' END,
    CASE WHEN c11 IS NOT NULL AND v11 IS NULL THEN 'paid is no BOOLEAN' END,
    CASE WHEN c2 IS NULL THEN 'customer_there' END,
    CASE WHEN c8 IS NULL THEN 'mail_there' END,
    CASE WHEN v4 NOT BETWEEN 1 AND 99 THEN 'quantity_fits' END,
    CASE WHEN v5 NOT BETWEEN 0 AND 1000 THEN 'price_fits' END,
    CASE WHEN v6 NOT BETWEEN 0 AND 1 THEN 'discount_fits' END,
    CASE WHEN c7 NOT IN ('CH', 'DE', 'FR', 'IT') THEN 'country_known' END,
    CASE WHEN c3 NOT IN ('bolt', 'nut', 'screw', 'washer', 'gear wheel', 'bracket') THEN 'product_known' END,
    CASE WHEN NOT regexp_full_match(c8, '[a-z0-9.]+@[a-z.]+') THEN 'mail_fits' END,
    CASE WHEN v10 < CAST(v9 AS DATE) THEN 'shipped_later' END,
    CASE WHEN length(c12) > 40 THEN 'note_short' END) AS reason
  FROM typed
)
SELECT v1 AS order_id, v2 AS customer_id, c3 AS product, v4 AS quantity, v5 AS price, v6 AS discount, c7 AS country,
  c8 AS email, v9 AS ordered_at, v10 AS shipped_on, v11 AS paid, c12 AS note, dropped, reason,
  CASE WHEN reason <> '' AND NOT dropped THEN to_json([order_id, customer_id, product, quantity, price, discount,
    country, email, ordered_at, shipped_on, paid, note]) END AS raw
FROM told;
CREATE TABLE quarantine AS SELECT reason, raw FROM judged WHERE raw IS NOT NULL;
CREATE TABLE staging.orders AS
SELECT *, hash(order_id, customer_id, product, quantity, price, discount, country, email, ordered_at, shipped_on, paid,
    note) AS _hash, now() AS _changed_at, false AS _deleted, now() AS _extracted_at, 'orders.csv' AS _source,
  'run' AS _run_id
FROM (SELECT DISTINCT order_id, customer_id, product, quantity, price, discount, country, email, ordered_at, shipped_on,
    paid, note FROM judged WHERE raw IS NULL AND NOT dropped);
CREATE TABLE counts AS SELECT count(*) AS "read", count(*) FILTER (WHERE dropped) AS dropped,
  (SELECT count(*) FROM quarantine) AS quarantined, (SELECT count(*) FROM staging.orders) AS loaded FROM judged;
"""
_TOLD = """
SELECT count(*), sum(order_id), sum(customer_id), sum(quantity), round(sum(price), 3), round(sum(discount), 3),
  count(DISTINCT product), count(email), max(ordered_at), max(shipped_on), count(*) FILTER (WHERE paid), count(note),
  sum(length(note)) FROM staging.orders
"""


def measure(bench: Bench) -> None:
    """Each side once at each size: a figure is a ratio of CPU seconds, and a pass of the larger one takes minutes."""
    report = bench.report
    memory = []
    for count in (100_000, 300_000) if bench.quick else (2_500_000, 10_000_000):
        report.title(f"CSV of {count:,} rows and 12 columns, cleaned and checked by 10 rules, into DuckDB, on one core")
        size = write_orders(bench.folder, count)
        load, script = (child.run(child.command("load", who, bench.folder)) for who in ("penstock", "script"))
        told = load.output.splitlines()[0]
        if told != script.output.splitlines()[0]:
            raise AssertionError(f"the tables differ: {told}, by the script {script.output.splitlines()[0]}")
        report.note(f"{size / 1e6:,.0f} MB; both come to {told}")
        report.figure("by a load", count / load.seconds / 1e6, "M rows/s")
        report.figure("by the script", count / script.seconds / 1e6, "M rows/s")
        report.figure("a load against the script, by CPU seconds", script.cpu / load.cpu, "x", Target(0.5, 0.9))
        report.figure("memory of a load", load.memory / 2**20, "MB", Target(1024, 400, below=True))
        report.figure("memory of the script", script.memory / 2**20, "MB")
        memory.append(load.memory)
    flat = None if bench.quick else Target(1.25, 1.1, below=True)  # small ones do not fill what DuckDB may hold
    report.figure("memory of the larger against the smaller", memory[-1] / memory[0], "x", flat)


def write_orders(folder: Path, count: int) -> int:
    """A file of rows with each fault in a few of a thousand; one in a hundred is there twice. Its size in bytes."""
    chance, path = np.random.default_rng(1), folder / _FILE
    with path.open("wb") as file:
        for begin in range(0, count, _PIECE):
            rows = _rows(chance, begin, min(_PIECE, count - begin))
            rows.write_csv(file, include_header=begin == 0)
    return path.stat().st_size


def _rows(chance: np.random.Generator, begin: int, count: int) -> pl.DataFrame:
    number = np.arange(begin, begin + count)
    number[chance.random(count) < 0.01] -= 1  # with the same seed below: the row before, once more
    seeds = number * np.int64(2654435761)
    day = 19_700 + seeds // 7 % 600
    columns = {
        "order_id": number,
        "customer_id": seeds % 500_000,
        "quantity": 1 + seeds // 11 % 99,
        "price": (seeds // 13 % 100_000) / 100,
        "discount": (seeds // 17 % 1_001) / 1_000,
        "second": day * 86_400 + seeds // 19 % 86_400,
        "shipped": day + seeds // 23 % 9,
        "pick": seeds // 29 % 1_000,
    }
    frame = pl.DataFrame({name: np.abs(values) for name, values in columns.items()})
    pick = pl.col("pick")

    def one_of(*texts: str) -> pl.Expr:
        return pl.lit(pl.Series(texts)).gather(pick % len(texts))

    return frame.select(
        order_id=pl.when(pick != 7).then(pl.col("order_id").cast(pl.String)),
        customer_id=pl.col("customer_id").cast(pl.String),
        product=one_of("bolt", "nut", " screw", "washer", "gear wheel ", "bracket"),
        quantity=pl.when(pick == 11).then(pl.lit("many")).otherwise(pl.col("quantity").cast(pl.String)),
        price=pl.when(pick == 13).then(pl.lit("-1")).otherwise(pl.col("price").cast(pl.String)),
        discount=pl.col("discount").cast(pl.String),
        country=pl.when(pick == 17).then(pl.lit("XX")).otherwise(one_of("CH", "DE", "FR", "IT")),
        email=pl.when(pick == 19).then(pl.lit("nobody")).otherwise(pl.format("{}@example.org", "customer_id")),
        ordered_at=pl.from_epoch("second").dt.strftime("%Y-%m-%d %H:%M:%S"),
        shipped_on=pl.when(pick == 23).then(pl.lit("31.02.2024")).otherwise(
            pl.col("shipped").cast(pl.Int32).cast(pl.Date).dt.strftime("%d.%m.%Y")),
        paid=one_of("yes", "no"),
        note=one_of("", "gift", "call, before delivery", "  leave it at the door ", "N/A"),
    )  # fmt: skip


class _Checks:
    """The rules, with nothing known of earlier loads."""

    def rules(self, columns: Mapping[str, DataType]) -> Rules:
        from penstock.quality.rule import read_rules
        from penstock.quality.rules import Rules

        return Rules(read_rules("orders", _RULES).rules, columns)

    def earlier(self, rule: str, runs: int) -> list[float]:
        return []

    def record(self, found: Sequence[Result], *, run: str, loaded: bool) -> None:
        """Kept nowhere."""


class _Silence:
    """Hears nothing."""

    def __call__(self, line: str, level: str = "info") -> None: ...

    def phase(self, name: str) -> None: ...

    def interrupting(self, _: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()


def load_orders(folder: Path, database: Database) -> Loaded:
    """Load the file that `write_orders` has made in `folder`, into a database that has nothing yet."""
    from penstock.core.clock import SystemClock
    from penstock.warehouse import migrate
    from penstock.warehouse.load import Load
    from penstock.warehouse.schema_files import SchemaFiles
    from penstock.warehouse.sources.csv import read_csv
    from penstock.warehouse.sources.source_file import read_source

    source = read_source("orders", f'kind = "csv"\npath = "{_FILE}"')
    schemas = SchemaFiles(folder)
    schemas.path("orders").parent.mkdir(exist_ok=True)
    schemas.path("orders").write_text(_SCHEMA)
    migrate(database)
    load = Load(
        source,
        lambda schema: read_csv(source.own, folder, schema.spelling if schema else None, snapshot=True),
        schemas,
        database,
        SystemClock(),
        checks=_Checks(),
    )
    return load.do("run", _Silence())


def _penstock(folder: Path) -> list[tuple[Any, ...]]:
    from penstock.warehouse import DuckDatabase

    database = DuckDatabase(folder / _DATABASE, threads=1)
    done = load_orders(folder, database)
    with database.transaction() as session:
        told = session.rows(_TOLD)
    database.close()
    counts = done.counts
    return [*told, (counts.read, counts.dropped, counts.quarantined, counts.loaded), done.phases]


def _script(folder: Path) -> list[tuple[Any, ...]]:
    import duckdb

    with duckdb.connect(str(folder / _DATABASE)) as connection:
        connection.execute(_SCRIPT.format(folder=folder))
        return [*connection.execute(_TOLD).fetchall(), *connection.execute("FROM counts").fetchall(), ()]


def main() -> None:
    who, folder = sys.argv[1], Path(sys.argv[2])
    (folder / _DATABASE).unlink(missing_ok=True)
    *told, phases = {"penstock": _penstock, "script": _script}[who](folder)
    print(told)
    print(phases)
    peak.say()


if __name__ == "__main__":
    main()
