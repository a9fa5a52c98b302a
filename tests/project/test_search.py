"""Searching a topic gives what reading all of it and looking at each record gives, page by page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, LogError, SqlError
from penstock.project.browse import browse, offsets_at
from penstock.project.search import Condition, Wanted
from tests.cli.shell import call, make_project, orders
from tests.server.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from penstock.project.penstock import Penstock

VISITS = """
CREATE TABLE visits (id INT, page STRING, ts TIMESTAMP(3), twice AS id * 2, WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'visits', 'format' = 'json');
CREATE TABLE pages (page STRING, n INT, PRIMARY KEY (page) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'pages', 'key.format' = 'raw', 'value.format' = 'json');
"""


@pytest.fixture(scope="module")
def visits() -> Iterator[Penstock]:
    """1,000 records in three partitions and many batches: each has the key of its id modulo 7, some a header."""
    with penstock.memory() as project:
        project.sql(VISITS)
        project.log.create_topic("visits", 3)
        for start in range(0, 1000, 40):
            numbers = range(start, start + 40)
            values = [b"no JSON" if n == 500 else b'{"id": %d, "page": "/%d"}' % (n, n % 10) for n in numbers]
            headers = [[{"key": "by", "value": str(n % 3).encode()}] if n % 5 == 0 else [] for n in numbers]
            records = {
                "key": pl.Series([b"k%d" % (n % 7) for n in numbers]),
                "value": pl.Series(values),
                "headers": pl.Series(headers, dtype=pl.List(pl.Struct({"key": pl.String, "value": pl.Binary}))),
            }
            project.append("visits", pl.DataFrame(records))
        yield project


def paged(
    project: Penstock, wanted: Wanted, rows: int, offsets: Mapping[int, int] | None = None
) -> list[dict[str, Any]]:
    """All records, in pages of so many; each page says how far it is."""
    found: list[dict[str, Any]] = []
    following = offsets_at(project.log, "visits", "earliest") if offsets is None else dict(offsets)
    looked = 0
    while True:
        page = browse(project.log, "visits", following, rows, wanted=wanted)
        assert page.records.height <= rows
        found += page.records.to_dicts()
        looked += page.looked
        if page.following is None:
            return found
        following = page.following


def every(project: Penstock) -> list[dict[str, Any]]:
    return [row for frame in project.log.read("visits") for row in frame.to_dicts()]


def number(record: Mapping[str, Any]) -> int | None:
    try:
        return int(json.loads(record["value"])["id"])
    except ValueError:
        return None


@pytest.mark.parametrize("rows", [16, 5000])
def test_keys_and_headers(visits: Penstock, rows: int) -> None:
    k3 = [r for r in every(visits) if r["key"] == b"k3"]
    assert len(k3) == 143
    assert paged(visits, Wanted(key=b"k3"), rows) == k3
    named = [r for r in every(visits) if r["headers"]]
    assert paged(visits, Wanted(header=("by", None)), rows) == named
    one = [r for r in named if r["headers"][0]["value"] == b"1" and r["key"] == b"k3"]
    assert one
    assert paged(visits, Wanted(key=b"k3", header=("by", b"1")), rows) == one
    assert paged(visits, Wanted(key=b"none"), rows) == []
    assert paged(visits, Wanted(), rows) == every(visits)


@pytest.mark.parametrize("rows", [3, 5000])
def test_a_condition_over_the_columns_of_a_table(visits: Penstock, rows: int) -> None:
    condition = Condition(visits, "visits", "MOD(twice, 100) = 6 AND page LIKE '/%'")
    wanted = [r for r in every(visits) if (n := number(r)) is not None and n * 2 % 100 == 6]
    assert len(wanted) == 20
    assert paged(visits, Wanted(condition=condition), rows) == wanted
    keyed = [r for r in wanted if r["key"] == b"k3"]
    assert keyed
    assert paged(visits, Wanted(key=b"k3", condition=condition), rows) == keyed
    all_read = paged(visits, Wanted(condition=Condition(visits, "visits", "TRUE")), 50 * rows)
    assert all_read == [r for r in every(visits) if number(r) is not None], "what cannot be read is left out"


def test_a_text_that_a_cast_fills_up_with_blanks_is_found() -> None:
    with penstock.memory() as project:
        project.sql(VISITS)
        project.append("visits", [{"id": 1, "page": "abc"}, {"id": 2, "page": "abcd"}, {"id": 3, "page": "x"}])
        start = offsets_at(project.log, "visits", "earliest")
        for text, count in (("CAST(page AS CHAR(5)) = 'abc  '", 1), ("CAST(page AS CHAR(2)) = 'ab'", 2)):
            wanted = Wanted(condition=Condition(project, "visits", text))
            assert browse(project.log, "visits", start, 10, wanted=wanted).records.height == count, text


def test_from_a_place_and_of_one_partition(visits: Penstock) -> None:
    for wanted in (Wanted(), Wanted(key=b"k3"), Wanted(condition=Condition(visits, "visits", "id > 100"))):
        for offsets in ({1: 100}, {0: 10, 2: 250}, {0: 0, 1: 50, 2: 60}):
            all_of_it = paged(visits, wanted, 5000)
            after = [r for r in all_of_it if r["offset"] >= offsets.get(r["partition"], 1 << 60)]
            assert paged(visits, wanted, 60, offsets) == after


def test_a_page_ends_when_it_is_enough_and_says_how_far_it_is(visits: Penstock) -> None:
    start = offsets_at(visits.log, "visits", "earliest")
    for wanted in (Wanted(), Wanted(condition=Condition(visits, "visits", "id < 0"))):
        page = browse(visits.log, "visits", start, 5000, wanted=wanted, enough=lambda: True)
        assert page.looked + page.left == 1000
        assert page.looked > 0


def test_a_table_of_present_rows_is_searched_record_by_record() -> None:
    with penstock.memory() as project:
        project.sql(VISITS)
        project.append("pages", [{"page": "/a", "n": 1}, {"page": "/b", "n": 5}])
        project.append("pages", [{"page": "/a", "n": 6}])
        condition = Condition(project, "pages", "n > 4 AND page <> '/c'")
        found = browse(
            project.log, "pages", offsets_at(project.log, "pages", "earliest"), 10, wanted=Wanted(condition=condition)
        )
        assert found.records["key"].to_list() == [b"/b", b"/a"]


@pytest.fixture(scope="module")
def odd() -> Iterator[Penstock]:
    """600 records alike, and among them such as are spelt otherwise, say a name twice, or cannot be read."""
    with penstock.memory() as project:
        project.sql("""
            CREATE TABLE odd (id INT, page STRING, place BIGINT METADATA FROM 'offset' VIRTUAL)
            WITH ('connector' = 'kafka', 'topic' = 'odd', 'format' = 'json');
        """)
        strange = [
            b'{"id": 7, "page": "\\u0061bc"}', b'{"page": "abc", "id": 7}', b'{"id": "7", "page": "abc"}',
            b'{"id": 1, "id": 7, "page": "x", "page": "abc"}', b'{"id": 7, "page": "abc", "page": "x"}',
            b'{"id": 7.0, "page": "abc"}', b'{"id": null, "page": "abc"}', b'{"page": null}', b"{}", b"", None,
            b'{"id": 7, "page": "abc"', b'{"id": 7, "page": 7}', b'{"id": 7, "page": {"abc": 1}}', b"[]", b"\xff\xfe",
            b' {"id" :\t7 , "page": "abc" } ', b'{"id": 7, "page": "abc"} {"id": 8}', b'{"\\u0069d": 7, "page": "abc"}',
            b'{"id": 99999999999, "page": "abc"}', b'{"id": 7, "page": "a\\bc"}', b'{"id": 7, "page": "\xc3\xa4bc"}',
            b'{"id": 7, "page": true}', b'{"ID": 7, "Page": "abc"}', b'{"id": 7, "page": "abc", "more": ["abc", 7]}',
        ]  # fmt: skip
        values: list[bytes | None] = []
        for n, one in enumerate(strange):
            values += [b'{"id": %d, "page": "%s"}' % (k % 20, [b"abc", b"xyz"][k % 2]) for k in range(24)]
            values.append(one)
            if n % 5 == 4:
                project.append("odd", pl.DataFrame({"value": pl.Series(values, dtype=pl.Binary)}))
                values.clear()
        yield project


@pytest.mark.parametrize(
    "condition",
    [
        "page = 'abc'", "id = 7", "page = 'abc' AND id = 7", "page = 'true'", "page = '7'", "page IS NULL",
        "id IS NULL", "'abc' = page OR id = 8", "NOT page = 'abc'", "page > 'abc'", "page = 'äbc'",
        "CAST(id AS STRING) = '7'", "place > 30 AND page = 'abc'", "MOD(place, 5) = 4",
    ],
)  # fmt: skip
def test_a_search_finds_what_a_query_over_the_table_finds(odd: Penstock, condition: str) -> None:
    asked = odd.sql(f"SELECT place FROM odd WHERE {condition}")
    assert asked is not None
    expected = asked.frame["place"].sort().to_list()
    wanted = Wanted(condition=Condition(odd, "odd", condition))
    for start in (0, 333):
        found = browse(odd.log, "odd", {0: start}, 10_000, wanted=wanted).records
        assert found["offset"].to_list() == [place for place in expected if place >= start]
        assert found.equals(pl.concat(odd.log.read("odd", {0: start})).filter(pl.col("offset").is_in(expected)))
    assert expected, "else it shows nothing"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id", "the condition must be BOOLEAN, this is INT"),
        ("idd > 3", "there is no column 'idd'"),
        ("id > 3; DROP TABLE visits", "SQL syntax: did not expect ';' here"),
        ("id > 3) OR (id < 2", "SQL syntax: did not expect ')' here"),
        ("CURRENT_WATERMARK(ts) IS NULL", "a record in a topic has no watermark"),
        ("SUM(id) > 3", "SUM is an aggregate, not allowed in a condition"),
        ("CHAR_LENGTH(LPAD(page, 1000000000, 'x')) > 1", "LPAD may not stand in a search: it makes much of little"),
        ("REPEAT(page, 1000000000) = 'x'", "REPEAT may not stand in a search: it makes much of little"),
        ("HEX(" * 9 + "page" + ")" * 9 + " = 'x'", "functions of text stand more than 8 deep in each other"),
        ("", "SQL syntax: the statement ends early"),
    ],
)
def test_what_is_no_condition_is_refused(visits: Penstock, text: str, words: str) -> None:
    with pytest.raises(SqlError) as caught:
        Condition(visits, "visits", text)
    assert caught.value.message == words


def test_a_condition_needs_a_table_over_the_topic(visits: Penstock) -> None:
    visits.log.create_topic("bare")
    with pytest.raises(ConfigError) as bare:
        Condition(visits, "bare", "id > 1")
    assert bare.value.message == "there is not one table over topic 'bare'"
    with pytest.raises(ConfigError, match="there is no table 'pages' over topic 'visits'\nhint: say which: visits"):
        Condition(visits, "visits", "id > 1", "pages")
    with pytest.raises(LogError, match="offset 5000 of partition 0 of topic 'visits' is out of range"):
        browse(visits.log, "visits", {0: 5000}, 1)


def test_a_search_over_http_goes_on_page_by_page(tmp_path: Path) -> None:
    with serve(tmp_path / "p") as served:
        asked = {"where": "MOD(id, 40) = 1", "limit": 2}
        page = served.get("/api/topics/orders/records", params=asked)
        found, looked = page["records"], page["looked"]
        while page["next"]:
            page = served.get("/api/topics/orders/records", params={**asked, "cursor": page["next"]})
            found += page["records"]
            looked += page["looked"]
        assert [json.loads(r["value"])["id"] for r in found] == [1, 41, 81, 121]
        assert (page["left"], looked >= 130) == (0, True)
        keyed = served.get("/api/topics/orders/records", params={"key": "c1", "where": "id < 5"})["records"]
        assert [json.loads(r["value"])["id"] for r in keyed] == [1, 4]
        wrong = served.get("/api/topics/orders/records", 422, params={"where": "ide > 1"})
        assert (wrong["hint"], wrong["where"]) == ("did you mean id?", "condition:1:1\n1 | ide > 1\n    ^^^")
        last = served.get("/api/topics/orders/records", 400, params={"where": "id > 1", "last": 3})
        assert last["detail"] == "`where` goes without `last`"


def test_the_command_searches_too(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    with penstock.open(folder) as project:
        project.append("orders", orders(130))
        project.produce("orders", b'{"id": 200, "customer": "c1"}', headers={"by": b"me"})

    def ids(*options: str) -> list[int]:
        lines = call("topic", "read", folder, "orders", *options, "--format", "raw").out.splitlines()
        return [json.loads(line)["id"] for line in lines]

    assert ids("--where", "MOD(id, 40) = 1") == [1, 41, 81, 121]
    assert ids("--where", "MOD(id, 40) = 1", "--rows", "2") == [1, 41]
    assert ids("--key", "c1", "--where", "id > 120") == [121, 124, 127, 200]
    assert ids("--header", "by") == ids("--header", "by=me") == [200]
    assert ids("--header", "by=you") == []
    wrong = call("topic", "read", folder, "orders", "--where", "id > 1", "--last", "3")
    assert wrong.err.startswith("error[usage]: --key, --header and --where go without --last and --follow\n")


def test_what_a_search_has_begun_is_not_done_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.project.search._DECODED_ROWS", 100)
    with penstock.open(make_project(tmp_path / "p")) as project:
        for start in range(0, 1_000, 100):
            project.append("orders", orders(100, first=start))
        condition = Condition(project, "orders", "MOD(id, 100) = 7")
        read: list[object] = []
        look = condition._looked

        def counted(*looked: Any) -> Any:
            read.append(looked)
            return look(*looked)

        monkeypatch.setattr(condition, "_looked", counted)
        wanted, asked = Wanted(condition=condition), iter([False, False, True])
        looked, found, following = 0, 0, {0: 0}
        while following:
            page = browse(project.log, "orders", following, 50, wanted=wanted, enough=lambda: next(asked, True))
            looked, found, following = looked + page.looked, found + page.records.height, page.following or {}
        assert (looked, found, len(read)) == (1_000, 10, 10)


TEXTS = (
    b'{"id": 1, "page": "home"}',
    b'{"id": 2, "page": "\\u0068ome"}',
    b'{"id": 3, "page": "away", "note": "home"}',
    b'{"id": 4, "page": "at home"}',
    b'{"id": 5, "note": "\\\\"}',
    b'{"id": 6, "page": null}',
    b"no JSON, and home",
)


@pytest.mark.parametrize(
    ("condition", "found", "text"),
    [
        ("page = 'home'", [0, 1], b"home"),
        ("'home' = page AND id < 2", [0], b"home"),
        ("page = 'home' AND page = 'at home'", [], b"at home"),
        ("page = 'home' OR id = 3", [0, 1, 2], b""),
        ("NOT page = 'home'", [2, 3, 7, 8], b""),
        ("page = '7'", [7], b""),
        ("page = 'true'", [8], b""),
    ],
)
def test_a_text_is_looked_for_before_anything_is_decoded(condition: str, found: list[int], text: bytes) -> None:
    with penstock.memory() as project:
        project.sql(VISITS)
        project.log.create_topic("visits")
        more = (b'{"id": 7, "page": 7}', b'{"id": 8, "page": true}')
        project.append("visits", pl.DataFrame({"value": [*TEXTS, *more]}))
        wanted = Wanted(condition=Condition(project, "visits", condition))
        assert wanted.condition is not None
        assert wanted.condition._text == text
        page = browse(project.log, "visits", {0: 0}, 100, wanted=wanted)
        assert (page.records["offset"].to_list(), page.looked, page.following) == (found, 9, None)
