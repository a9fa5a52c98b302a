"""Tails: what a table over a topic has, and what came to it, with places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.batch import KIND, SEQ
from penstock.project.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

TABLES = """
CREATE TABLE hits (
  page STRING, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts
) WITH ('connector' = 'kafka', 'topic' = 'hits', 'format' = 'json');
CREATE TABLE pages (page STRING, n BIGINT, PRIMARY KEY (page) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'pages', 'key.format' = 'json', 'value.format' = 'json',
  'value.fields-include' = 'EXCEPT_KEY');
"""


@pytest.fixture
def project() -> Iterator[Penstock]:
    with penstock.memory() as made:
        made.sql(TABLES)
        yield made


def tail(project: Penstock, name: str) -> Tail:
    table: Table = project.catalog.get((name,))  # type: ignore[assignment]
    return Tail(project, table)


def hits(*numbers: int) -> list[dict[str, object]]:
    return [{"page": f"p{n % 2}", "ms": n} for n in numbers]


def test_what_was_added_after_a_place_and_computed_columns(project: Penstock) -> None:
    seen = tail(project, "hits")
    assert seen.key == ()
    project.append("hits", hits(1, 2, 3))
    first = seen.changes(0)
    assert first.frame[SEQ].to_list() == [1, 2, 3]
    assert first.frame[KIND].to_list() == [0, 0, 0]
    assert first.frame["ts"].dt.epoch("ms").to_list() == [1, 2, 3]
    assert seen.changes(first.through).frame.height == 0
    project.append("hits", hits(4))
    assert seen.changes(first.through).frame["ms"].to_list() == [4]
    assert seen.changes(1, end=3).frame["ms"].to_list() == [2, 3]


def test_rows_that_cannot_be_read_are_left_out(project: Penstock) -> None:
    seen = tail(project, "hits")
    project.append("hits", pl.DataFrame({"value": [b"no json", b'{"page":"p","ms":7}']}))
    found = seen.changes(0)
    assert found.frame.select(SEQ, "ms").rows() == [(2, 7)]
    assert found.through == 2


def test_the_last_rows_that_fit(project: Penstock) -> None:
    seen = tail(project, "hits")
    for start in range(0, 100, 10):
        project.append("hits", hits(*range(start, start + 10)))
    found = seen.last(3, pl.col("page") == "p0")
    assert found.frame["ms"].to_list() == [94, 96, 98]
    assert not found.complete
    assert seen.last(100).complete
    assert seen.last(2, end=50).frame["ms"].to_list() == [48, 49]


def test_a_keyed_table_has_its_present_rows_and_ends_of_rows(project: Penstock) -> None:
    seen = tail(project, "pages")
    assert seen.key == ("page",)
    project.append("pages", [{"page": "a", "n": 1}, {"page": "b", "n": 2}, {"page": "a", "n": 3}])
    assert seen.last(10).frame.select("page", "n", SEQ).rows() == [("b", 2, 2), ("a", 3, 3)]
    project.log.append("pages", pl.DataFrame({"key": [b'{"page":"b"}'], "value": pl.Series([None], dtype=pl.Binary)}))
    assert seen.last(10).frame["page"].to_list() == ["a"]
    changes = seen.changes(2)
    assert changes.frame.select(KIND, SEQ, "page", "n").rows() == [(2, 3, "a", 3), (3, 4, "b", None)]
    assert not seen.changes(0, rows=1, end=4).complete or seen.changes(0, rows=1, end=4).through == 4


def test_a_version_is_that_of_the_topic_and_of_the_columns(project: Penstock) -> None:
    before = tail(project, "hits").version
    assert tail(project, "hits").version == before
    project.log.delete_topic("hits")
    project.log.create_topic("hits")
    again = tail(project, "hits").version
    assert again != before
    project.sql("DROP TABLE hits; CREATE TABLE hits (page STRING) WITH ("
                "'connector' = 'kafka', 'topic' = 'hits', 'format' = 'json')")  # fmt: skip
    assert tail(project, "hits").version not in (before, again)


def test_whether_retention_or_compaction_has_taken_what_comes_after(project: Penstock) -> None:
    project.log.create_topic("hits", configs={"retention.bytes": 1, "retention.ms": -1})
    project.log.create_topic("pages", configs={"cleanup.policy": "compact"})
    seen, pages = tail(project, "hits"), tail(project, "pages")
    project.append("hits", hits(1, 2))
    project.append("pages", [{"page": "a", "n": 1}, {"page": "a", "n": 2}])
    assert seen.all_kept(0)
    assert pages.all_kept(0)
    while not project.log.maintain(1.0):
        continue
    assert not seen.all_kept(0)
    assert not seen.all_kept(1)
    assert seen.all_kept(2)
    assert not pages.all_kept(3)
    assert pages.all_kept(4)
    assert pages.changes(4).frame.height == 0
