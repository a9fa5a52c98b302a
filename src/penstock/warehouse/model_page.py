"""The page of dimensions and facts, made of their declarations: `page` gives the text of docs/dimensions.md."""

from __future__ import annotations

from penstock.core.options import option_table
from penstock.warehouse.model import DIMENSION_OPTIONS, FACT_OPTIONS, REFERENCE_OPTIONS

__all__ = ["page"]

_HEAD = """\
# Dimensions and facts

<!-- Made by scripts/pages.py of the declarations in src/penstock; change those, not this page. -->

The schema `warehouse` of [the warehouse](warehouse.md) has dimensions and facts, which `warehouse/NAME.toml` declares.
A dimension is a function of the set of changes in its staging table, a fact of that and its dimensions. What a load has
touched is computed anew, compared with what is there, and merged where it differs; so changes that come late, in
another order or twice give the tables that they would have given in time, other rows are not touched, and a second run
changes nothing. A file that has changed is applied to all of staging by the next load. A file of DuckDB and a
PostgreSQL get the same tables of the same rows, surrogate keys included.
"""

_DIMENSION = """\
## A dimension

```toml
kind = "dimension"
from = "staging.customers"
key = ["customer_id"]
attributes = ["name", "city"]
```

Each key has a row for each time in which its attributes were the same: `valid_from` <= time < `valid_to`, which is the
year 9999 for the row with `is_current`. `_key` is the surrogate key, made of key and `valid_from`. The row where
it is 0 stands for what is not known. Changes of a key at the same moment: a deletion counts, else the one with the
largest `_hash`. Changes without a whole key make no version.
"""

_FACT = """\
## A fact

```toml
kind = "fact"
from = "staging.sales"
key = ["sale_id"]
time = "sold_at"
measures = ["quantity", "amount"]

[dimensions.customer]
dimension = "customers"
key = ["customer_id"]
```

It has its key, its time, its measures, the natural keys of its dimensions, and for each `[dimensions.NAME]` the column
`NAME_key`: the version that was valid at its time, else 0. When a dimension changes, the facts that point to what has
changed are looked up again in the same transaction.

```sql
SELECT c.city, sum(s.amount)
FROM warehouse.sales AS s JOIN warehouse.customers AS c ON c._key = s.customer_key
GROUP BY c.city
```
"""

_REFERENCE = "### [dimensions.NAME]"

_POSTGRES = """\
## PostgreSQL

```toml
[warehouse]
url = "postgresql://etl@db.example.com:5432/dw"
password = "${WAREHOUSE_PASSWORD}"
ca = "own-ca.pem"
```

Its version is 15 or newer; the user owns the database, or may create schemas in it and tables in `public`. Secrets are
names of variables of the environment. `tls` is `verify-full` unless it says otherwise: the server has to show a
certificate for the name in the url, signed by `ca`. `penstock run` keeps `pool` connections open and opens up to
`overflow` more, of which one is closed each minute in which it was not needed; other commands keep one. What Penstock
needs for itself are tables that begin with `_`, `pipeline_executions` and `quarantine`; each release brings them to its
version, one process at a time. Loads that touch the same tables wait for each other.

A load sets `work_mem` to 64 MB and `maintenance_work_mem` to 256 MB for its own transaction: each sort of a statement
may take so much of the server's memory then, and a hash twice that. Of loads there go on as many at once as `at-once`
in `[jobs]` says. Questions, probes and idle connections have what the server gives all.

All options are in [settings.md](settings.md).
"""


def page() -> str:
    """The page, as Markdown."""
    parts = (
        _HEAD,
        _DIMENSION,
        option_table(DIMENSION_OPTIONS) + "\n",
        _FACT,
        option_table(FACT_OPTIONS) + "\n",
        _REFERENCE + "\n",
        option_table(REFERENCE_OPTIONS) + "\n",
        _POSTGRES,
    )
    return "\n".join(parts)
