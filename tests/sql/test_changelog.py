"""What is known of a query's changes: which kinds there are, and by which columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.core.errors import UnsupportedError
from penstock.project.client import Client
from penstock.sql.changelog import changes_text, is_keyed_by
from penstock.sql.session import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = """
CREATE TABLE bids (item STRING, bidder STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'bids', 'format' = 'json');
CREATE TABLE latest (item STRING, n BIGINT, PRIMARY KEY (item) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'latest', 'key.format' = 'json', 'value.format' = 'json');
CREATE TABLE counted (item STRING, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'counted', 'format' = 'json');
"""


@pytest.fixture(scope="module")
def project() -> Iterator[penstock.Penstock]:
    with penstock.memory() as project:
        project.sql(TABLES)
        yield project


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("SELECT * FROM bids", ""),
        ("SELECT DISTINCT item FROM bids", "+I -U +U by item"),
        ("SELECT DISTINCT n FROM latest", "+I -U +U -D by n"),
        ("SELECT item, COUNT(*) FROM bids GROUP BY item", "+I -U +U by item"),
        ("SELECT item AS i, COUNT(*) AS n, item AS j FROM bids GROUP BY item", "+I -U +U by i"),
        ("SELECT UPPER(item), COUNT(*) FROM bids GROUP BY item", "+I -U +U"),
        ("SELECT CAST(item AS VARCHAR(10)), COUNT(*) FROM bids GROUP BY item", "+I -U +U"),
        ("SELECT item, bidder, COUNT(*) FROM bids GROUP BY bidder, item", "+I -U +U by bidder, item"),
        ("SELECT COUNT(*) FROM bids", "+I -U +U by nothing: it is one row"),
        ("SELECT item, COUNT(*) FROM bids GROUP BY item HAVING COUNT(*) > 1", "+I -U +U -D by item"),
        ("SELECT item, COUNT(*) FROM bids GROUP BY item UNION ALL SELECT item, n FROM latest", "+I -U +U -D"),
        ("SELECT * FROM latest", "+I -U +U -D by item"),
        ("SELECT n FROM latest WHERE n > 1", "+I -U +U -D"),
        (
            (
                "SELECT window_start, window_end, item, COUNT(*) FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts),"
                " INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, item"
            ),
            "",
        ),
    ],
)
def test_what_the_rows_of_a_query_change(project: penstock.Penstock, query: str, changes: str) -> None:
    (answer,) = project.session.run(query)
    assert isinstance(answer, Answer)
    assert changes_text(answer.query) == changes


def test_a_window_has_a_key_that_its_columns_make_up(project: penstock.Penstock) -> None:
    (answer,) = project.session.run(
        "SELECT window_end, item, window_start AS s, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts),"
        " INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, item"
    )
    assert isinstance(answer, Answer)
    assert is_keyed_by(answer.query, ["s", "window_end", "item"])
    assert not is_keyed_by(answer.query, ["item"])


@pytest.mark.parametrize(
    ("insert", "text"),
    [
        (
            "INSERT INTO counted SELECT item, COUNT(*) FROM bids GROUP BY item",
            (
                "connector 'kafka' takes rows that stay as they are, and this query changes its rows"
                " (+I -U +U by item)\n"
                "INSERT INTO counted\n"
                "hint: INSERT INTO a table of connector 'upsert-kafka' with a PRIMARY KEY, or aggregate over windows:"
                " their rows are final"
            ),
        ),
        (
            "INSERT INTO latest SELECT bidder, COUNT(*) FROM bids GROUP BY bidder, item",
            (
                "this query changes its rows (+I -U +U), and not by the key of latest (item)\n"
                "INSERT INTO latest\n"
                "hint: group by the key of the table, or make what the query groups by its PRIMARY KEY"
            ),
        ),
    ],
)
def test_tables_that_cannot_take_the_changes(project: penstock.Penstock, insert: str, text: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        list(Client(project).run(insert))
    assert str(error.value) == text
