"""The page of documentation on the warehouse: loads, schema files, cleaning, staging."""

from __future__ import annotations

from penstock.core.options import option_table
from penstock.warehouse.schema import COLUMN_OPTIONS, OPTIONS
from penstock.warehouse.sources.csv.spelling import OPTIONS as SPELLING

__all__ = ["page"]

_HEAD = """\
# The warehouse

<!-- Made by scripts/pages.py of the declarations in src/penstock; change those, not this page. -->

A job of kind `load` ([jobs.md](jobs.md)) brings [sources](sources.md) into the warehouse: a file of DuckDB in the
project's home, or the PostgreSQL that penstock.toml names. Each source is a step and one transaction: its rows are
read, cleaned by its schema file, checked by the rules of quality/ about its staging table, added to that table as
changes, and from there come dimensions and facts, with the mark that says what was loaded. A load that ends before
that leaves nothing behind, and a run that goes on passes over the sources whose mark is there.

```toml
[jobs.daily_etl_pipeline]
kind = "load"
sources = ["customers", "sales_data"]
schedule = "0 2 * * *"
zone = "Europe/Zurich"
```

Without `sources` all of them are loaded, by name. Each run, of jobs of kind `ingest` too, is a row of
`pipeline_executions` (RUNNING, then SUCCESS, PARTIAL or FAILED, as one is that was cancelled too). It gets its end
right after the run has, whoever has ended that, or once the warehouse can be reached again. A source that does not
answer is passed over and makes it PARTIAL; so does one that had rows of which none is loaded. One that fails otherwise
leaves nothing behind and keeps no other from being loaded; the run has failed then, and says which sources did. When it
is tried again, those alone are.

## Rows and changes

Each row that is read has one fate, counted where it meets it: read = loaded + duplicate + quarantined + dropped.

- *duplicate*: another row of the load says the same, after cleaning. Of rows of one key in a snapshot without
  `changed_at` the last one counts, by file and line; the others are duplicates too.
- *dropped*: a value is missing that its column says `missing = "drop"` of.
- *quarantined*: it could not be read as the schema says, or broke a rule that says `quarantine`. The table `quarantine`
  has it with its file and line, the reason, and the row as it was read, as JSON. One that comes again is there once.
- *loaded*: staging has it thanks to the run, whether that changed anything or not.

A staging table is the set of changes of its source: the columns of the schema, and

| column | |
|--|--|
| `_hash` | a number made of the row's values |
| `_changed_at` | when it changed: the column `changed_at` of the schema, else when it was read |
| `_deleted` | its key has ended |
| `_extracted_at`, `_source`, `_run_id` | when it was read, from which part, in which run |

With `mode = "changes"` a row is added that is not there yet. Where rows have a key and the schema names no
`changed_at`, the order in which they come is that of their changes: a row that says of its key what was known before,
and not what is known last, is a change back to it. The same delivery changes nothing when it comes again: rows up to
the last one that says what is known last were loaded. An old one that comes again by itself, in a file that is new or
has grown, cannot be told from a change back; a column `changed_at`, or `mode = "snapshot"`, tells them apart. With
`mode = "snapshot"` it is added where it differs from the latest change of its key; without a key each row is its own.
What is there no more is a change too, `_deleted`, where the source says `on_delete = "close"` or `"remove"`; rows that
were set aside have not ended, and where the key of one cannot be read nothing is taken for ended, which the run says.
Nor is it where a snapshot has no row at all, as one that is broken would, unless the source says `on_empty = "end"`. So
a load that is done again changes nothing, one cell that differs is one change, and where rows say when they changed the
order in which files come makes no difference to what there is in the end.

Nothing is ever taken out of a staging table by itself: the versions of a dimension, and the places of changes that come
late, are computed from all of it. It grows with what changes, not with how often it is loaded: look at `SELECT _source,
count(*) FROM staging.customers GROUP BY _source`, and at the size of `.penstock/dw.duckdb`. Do not delete from it by
hand: what was computed of these rows goes from dimensions and facts when their keys are next touched, or their files
change. Where it becomes too large, look for a column that changes all the time and that nobody asks for (the source
should not give it: `columns` of a table of PostgreSQL), or put the warehouse into a PostgreSQL that has the room.
Moving `dw.duckdb` away begins anew with what the sources have now: earlier versions stay in the file that was moved,
which any tool reads.

The table `column_figures` has for each run, source and column how many `rows` the load had, how many values were
`missing` (`missing_rate`, as a share), and of times the `latest`: how a source gets better or worse over time.

```sql
SELECT time, name, missing_rate, latest FROM column_figures WHERE source = 'customers' ORDER BY time, name
```

## Schema files

`schemas/NAME.toml` says what the columns of a source are. The first load infers it from 100,000 rows and writes it: a
column is of a type if nine in ten of its values are. It is for people to read through then: to name the key, to give
columns of money a DECIMAL, to say what becomes of missing values.

```toml
key = ["customer_id"]
changed_at = "last_changed"
on_change = "quarantine"

[file]
delimiter = ";"
encoding = "cp1252"

[columns.customer_id]
from = "Customer ID"
type = "STRING"
missing = "drop"

[columns.credit]
from = "Credit limit (CHF)"
type = "DECIMAL(12, 2)"
numbers = ["1.234,56", "1'234.56"]
null = ["N/A", "-"]
default = "0"

[columns.joined]
from = "Joined"
type = "DATE"
formats = ["%d.%m.%Y", "%Y-%m-%d", "%d. %b %Y"]
locale = "de"
```
"""
_QUESTIONS = """\
## In questions

`penstock query`, saved queries, dashboards and the API name a warehouse's tables by schema and name,
`staging.customers`, `warehouse.dim_customers`, and our own ones by name alone: `pipeline_executions`, `quarantine`,
`_loads`, `_parts`, `_schema_versions`. They can be joined with tables, views and topics of the project. `SHOW TABLES`
lists them. A table of the project's SQL with the same name goes first. Before the first load our own ones are there,
and empty.

A question sees all of them as of one moment, after one load and before the next, also while a load goes on, and has the
limits that questions have: of each table the columns that are asked for are read out, into the instance of DuckDB that
answers. Rows that the WHERE has no use for stay where they are, as far as it compares columns with constants, joined
by AND: numbers (but those of 32 bits), dates, times (of moments those with their zone: `'2026-01-31T12:00:00Z'`) and
truth values by =, <, <=, >, >= and BETWEEN, texts by =. So do all but the first where columns of one table are asked
for with a LIMIT and nothing else. Who has row filters sees none of them.

The file of DuckDB is `.penstock/dw.duckdb`. One process at a time can write it. While `penstock run` works on the
project, questions of other commands go through it. Where a load runs by itself (`penstock job run` alone), they wait
for five seconds and then say so; a load waits for questions. When nothing runs, any tool reads the file:

    duckdb -readonly wh/.penstock/dw.duckdb "SELECT count(*) FROM warehouse.dim_customers"

## The project `warehouse`

`penstock init wh --app warehouse` makes a project with sample files that have every fault, and an API; its README says
what they are. It has the three jobs as DAGs too, for those who have Airflow 3: each is one task that calls
`penstock job run`, whose exit code is the task's and whose lines are the task's log; retries are the job's own. Copy or
link `dags/*.py` into Airflow's folder, set `PENSTOCK` (the program, else the one on the PATH) and `PENSTOCK_PROJECT`
(the project's folder, else the one that the file lies in), and take `schedule` of these jobs out of `jobs.toml`.
`make test-airflow` runs them under Airflow 3.3.2, in an environment of its own.
"""
_CHANGES = """\
When a source no longer fits its schema, `on_change` says what follows, and the run says what it was:

- `quarantine`: values that are not of their column's type put their rows into the quarantine. So does a column that is
  new or gone, and that is all rows of the file.
- `freeze`: the load of the source fails, and nothing of it is there.
- `evolve`: the schema file is changed: a new column is added, and one whose values do not fit gets the narrowest type
  that has room for them. The staging table follows, with the rows that it has. A column that is gone is missing in each
  row.

Each set of columns that was loaded with is a row of `_schema_versions`. People may change the file in the same way: the
staging table follows at the next load, unless it holds values that the new type has no room for.
"""
_COLUMNS = """\
### [columns.NAME]

Columns are called by small letters, digits and _; of names that would be the same the later one gets a number. Types
are those of Flink's SQL.
"""
_CLEANING = """\
## Cleaning

Of each column's text, in this order: blanks around it go (`trim`); nothing at all, and each text in `null`, is a
missing value; what is left is read by `numbers`, `formats`, `true` and `false`. What cannot be read sets its row
aside, with the reason. Numbers are never rounded: one with more decimals than its DECIMAL has room for does not fit.
A moment that a clock shows twice, in `zone`, is the first one, and one that it never shows cannot be read.

Formats are those of strftime: `%Y-%m-%d`, `%d.%m.%Y`, `%b %d, %Y`, `%H:%M:%S%.f` (decimals), `%#z` (`Z`, `+01:00`).
Months by their names are English; `locale` reads those of another language, long or short, where a format has `%b`.
"""


def page() -> str:
    """The page, as Markdown."""
    parts = [_HEAD, "### At the top", option_table(OPTIONS), _CHANGES, _COLUMNS, option_table(COLUMN_OPTIONS)]
    parts += ["### [file], of CSV", option_table(SPELLING), _CLEANING, _QUESTIONS]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"
