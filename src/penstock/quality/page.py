"""The page of quality rules, made of the declaration of their options: `page` gives the text of docs/quality.md."""

from __future__ import annotations

from penstock.core.options import option_table
from penstock.quality.rule import OPTIONS

__all__ = ["page"]

_HEAD = """\
# Quality

<!-- Made by scripts/pages.py of the declarations in src/penstock; change those, not this page. -->

A file `quality/NAME.toml` of a project says what rows of a table have to fulfil, and what becomes of those that do not.
The same file holds for a stream and for a load of the warehouse: both evaluate a rule as the same expression of Flink's
SQL, and set aside the same rows.

```toml
on = ["orders", "staging.orders"]     # a table of sql/, one of the warehouse, or several

[rules.amount_sane]
range = "amount"
from = 0
to = 10000
then = "quarantine"

[rules.one_per_id]
unique = "order_id"
then = "quarantine"

[rules.known_state]
accepted = "state"
values = ["open", "paid", "sent"]
then = "warn"

[rules.paid_has_date]
sql = "state <> 'paid' OR paid_on IS NOT NULL"
description = "it is paid, and nobody knows when"
then = "quarantine"
```

Several files may be about one table. A rule is called `NAME.RULE`: `orders.amount_sane`. It has one form, `then`, and
the options of its form:

| form | options | of | on a stream |
|--|--|--|--|
| `not_null` | | each row | yes |
| `range` | `from`, `to` | each row | yes |
| `accepted` | `values` | each row | yes |
| `matches` | `pattern` | each row | yes |
| `sql` | | each row | yes |
| `unique` | | all rows, in their order | yes |
| `foreign_key` | `references` | all rows of a load | no |
| `rows` | `from`, `to`, `change`, `runs` | a load as a whole | no |
| `fresh` | `within` | a load as a whole | no |
| `anomaly` | `of`, `z`, `runs` | a load as a whole | no |

`penstock check` reads the files too: a column that is not there, a value that is none of the column's type, a form that
a stream cannot keep are errors with file and line, and `penstock run` does not begin with one. While a project runs,
`penstock diff` tells of rules that have changed, and `penstock apply` takes them up where its pipelines stand; a load
reads them each time.

"""

_REST = """

## What breaks a rule

A row breaks a rule about single rows where its condition is FALSE, or cannot be computed (a text that is no number,
say). NULL breaks nothing but `not_null`, as with CHECK in SQL. Of rows that have the same values in the columns of
`unique` the first one stays, in the order of the log or of the load, and the others break it; a NULL among them equals
nothing, and a row that another rule has taken out counts for nothing. `fresh` and `anomaly` look at the rows that
passed the rules before them, and are compared with earlier loads that were kept; with fewer than three of those nothing
is unusual.

## What becomes of it

* `warn`: it is counted.
* `quarantine`: the row is set aside with the rule as the reason, and in no result. Of a load, it goes into the table
  `quarantine` of the warehouse, in the load's own transaction. On a stream it is a reject of the table's reading, with
  the code `quality:NAME.RULE`: it comes into no operator, moves no watermark (a row that is there twice does), and
  counts as rejected in the ledger, once.
* `fail`: nothing of the load is kept. On a stream the pipeline halts at the row, with the rule's sentence and the row's
  place; what came before the last checkpoint stands, and nothing is lost. It goes on from there once the rule says
  otherwise, or lets such rows be quarantined: the log still has them.

`rows`, `fresh` and `anomaly` are about no single row, so they can `warn` or `fail`.

On a stream the keys of `unique` are state of the pipeline, kept for good. A rule that is added to a pipeline which has
read on knows the keys from then on; `--fresh` reads from the beginning. A row of an upsert-kafka table that ends its
key has no more than the key, and breaks nothing; `unique` is refused there.

## Results

The table `quality_results` has a row for each rule and load, and for each rule and minute of a pipeline: `time`, `kind`
(batch, replay or stream), `run` (or the pipeline), `table`, `rule`, `form`, `then`, how many `rows` it looked at, how
many have `broken` it, the `value` that a rule about a whole load has measured, whether it `passed`, a `note`, and
whether the rows were kept (`loaded`). They are kept as long as runs are (`runs-retention` of penstock.toml).

```sh
penstock query shop "SELECT rule, SUM(broken) FROM quality_results GROUP BY rule"
penstock quality show shop                                  # each rule's newest result, the newest rows
penstock quality fix shop 17 --set amount=42                # mend a row: a value
penstock quality fix shop --rule orders.amount_sane --sql 'amount=ABS(amount)'
penstock quality replay shop --fixed                        # bring mended rows in again
penstock quality discard shop 18 --because 'a test order'   # give a row up
```

`fix` takes rows that are JSON objects, as all rows of loads are kept: with the source's own names and texts (the names
of its schema file do too). `--set` puts a value there; `--sql` computes one, and sees the row's texts as STRING, its
numbers as BIGINT or DOUBLE. A row that is replayed goes through decoding, cleaning and all rules once more (`rows`,
`fresh` and `anomaly` have nothing to say of it): one that breaks a rule still is set aside again, and by which rules is
told. Results of a replay are of the kind replay, and are no rule's newest ones. A row that two people replay at once is
brought in once. Rows of a load are loaded in one transaction for each source, with a mark of their own in `_loads`, so
read = loaded + duplicate + quarantined + dropped holds there too; a later load that reads the old row again leaves it
`replayed`. One that is given up by `discard` is `discarded`, with who has done it and why, and stays so when a later
load reads it again. A row of a stream is appended to its topic, tied to the original, so one event counts once; windows
that have closed to it are computed again by `penstock rejects replay --rebuild`. The calls are below `/api/quality`.
`/metrics` has `penstock_quality_passed` and `penstock_quality_broken_rows` for each rule.
"""


def page() -> str:
    """The page, as Markdown."""
    return _HEAD + option_table(OPTIONS) + _REST
