"""The page of the sources of a warehouse, made of their declarations: `page` gives the text of docs/sources.md."""

from __future__ import annotations

from penstock.core.options import option_table
from penstock.warehouse.sources.csv.source import OPTIONS as CSV
from penstock.warehouse.sources.http import SECTIONS as HTTP
from penstock.warehouse.sources.postgres import OPTIONS as POSTGRES
from penstock.warehouse.sources.source_file import OPTIONS as COMMON
from penstock.warehouse.sources.topic import OPTIONS as TOPIC

__all__ = ["page"]

_HEAD = """\
# Sources of a warehouse

<!-- Made by scripts/pages.py of the declarations in src/penstock; change those, not this page. -->

`sources/NAME.toml` says where rows come from. A load reads a source, cleans and checks what it reads, and puts it into
the warehouse, all in one transaction: what the source remembers of itself (how far it was read) is written in it too.
A source that does not answer, or not as it should, is told in the run, nothing of it is loaded, and the run goes on
with the others.
"""

_CSV = """\
## csv: files

```toml
kind = "csv"
path = "data/raw/sales_data/*"
into = "staging.sales"
mode = "changes"
```

All files that `path` finds are of one spelling, which its first load sniffs and writes into the schema file
([warehouse.md](warehouse.md)): delimiter, quote, escape, header, encoding, records before the header. From then on that
says how they are read. Files of gzip are unpacked on the way; those outside the project's folder are none of its files.

A file is known by the digest of its content. With `mode = "changes"` those that were loaded are passed over, whatever
they are called now. As a `snapshot` the files say together what there is, so all are read where one is new, changed or
gone, and none where all are as they were.

A record that has another number of fields than the header, a quote that is never closed, or bytes that are not of the
encoding is set aside with its text and its line; all others are read as Python's csv module reads them. A file that
changes while it is read fails the load, and is read anew when that is tried again.
"""

_HTTP = """\
## http: an API

```toml
kind = "http"
into = "staging.api_users"
url = "https://api.example.com/users"
records = "$.data"

[paging]
kind = "cursor"
next = "$.meta.next"

[auth]
kind = "bearer"
token = "${API_TOKEN}"

[incremental]
field = "updated_at"
parameter = "since"
```

Paging and authentication are dlt's. Each answer is waited for, and read, within limits; a request that has no answer,
429 or 500 and more is repeated after 1 s, 2 s, 4 s and so on (each varied by up to a half), or after what `Retry-After`
says, unless that is longer than `max-wait`: then the source is asked again by the next run.

Columns are texts, made of what the records have: the member `city` of the object `address` is `address_city`, an array
is its JSON, and what is no object at all is the column `value`. With `array` the rows are the elements of an array of
each record, which get columns of their record by `[keep]`: that makes a child table of its own.

```toml
array = "orders"

[keep]
user_id = "id"
```

Secrets are names of variables, `"${NAME}"`; a header may be one too. They are sent to the scheme, host and port of
`url` alone (that of `token-url`, for a token), and in the clear only to hosts in `[network] allow` of penstock.toml.
There stand, too, hosts of this machine or its network: all others have to be public, which holds for redirects (five at
most) and links to the next page as well.

What is wrong with an answer ends the source's part in the run, with a sentence: one that is no JSON, larger than
`max-body` or slower than `timeout`; a first page that has nothing, or null, at `records` (an API that has no
records says so with `[]`); a page that is the one before again; pages that go round in a circle; more than `max-pages`,
or than come within `max-time`. With `mode = "changes"` an API may have nothing new, and say so as APIs do: by `[]` or
`null` at `records`, by `{}`, or by 204 without a body. An object that has other members, but nothing at `records`, is
wrong there too: it may tell of an error, or `records` be misspelt. A later page of 204 is the end of the list.

With `[incremental]`, the parameter asks for records from the greatest value on that the column has had (numbers,
moments with a time zone, else texts), in the loads that were committed. Those of that very value come again, and are
found to be loaded already: such a source has `mode = "changes"`.
"""


_POSTGRES = """\
## postgres: a table of a PostgreSQL

```toml
kind = "postgres"
into = "staging.orders"
mode = "changes"
url = "postgresql://reader@crm.example.com/crm"
password = "${CRM_PASSWORD}"
ca = "/etc/ssl/own-ca.pem"
table = "sales.orders"
incremental = "updated_at"
overlap = "10 min"
```

All rows of a table or view at one moment, by COPY, in columns of its types; JSON, arrays (as JSON) and types without a
like of theirs here are texts. With `incremental`, rows are read whose value of that column is NULL, or is the greatest
one of the loads that were committed, or greater. A row that is committed late, with an earlier time than others before
it, is found within `overlap`; rows that come again are found to be loaded already.
"""


_TOPIC = """\
## topic: messages of the log

```toml
kind = "topic"
into = "staging.api_users"
mode = "changes"
topic = "data-stream"
group = "stream_processor_group"
only = "api_users"
schema = "api_users"
```

The messages of a topic of the project's log, each partition from the offset on that the last load has left, which is
written in that load's transaction: a message is loaded once, whatever happens meanwhile. The group shows how far that
is (`penstock group`), and decides nothing; each source has one of its own. A message is a JSON object:

```json
{"source": "api_users", "timestamp": "2026-01-01T12:00:00.000Z", "payload": {"id": "1", "address_city": "Chur"}}
```

Its record is `payload`, laid out in columns as an API's is, so the same schema file fits both. What is no JSON, or has
no object for a record, is set aside with its bytes; a source with `only` sets aside what is no JSON too, since nobody
knows whose it is. `broker` is refused: topics are those of the project's log, until there is more than one machine.
"""


def page() -> str:
    """The page, as Markdown."""
    parts = [_HEAD, option_table(COMMON), _CSV, option_table(CSV), _HTTP]
    for section, options in HTTP.items():
        parts.append((f"### [{section}]" if section else "### At the top") + "\n\n" + option_table(options))
    parts.append("`[query]`, `[headers]` and `[keep]` have texts by name.")
    parts += [_POSTGRES, option_table(POSTGRES)]
    parts += [_TOPIC, option_table(TOPIC)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"
