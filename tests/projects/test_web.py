"""The project `web`: an access log in, page views out, counted again by Python's own regular expressions."""

from __future__ import annotations

import gzip
from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import penstock
from tests.apps.access_log import Request, lines, requests
from tests.projects.folders import laid_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[penstock.Penstock]:
    with penstock.open(laid_out("web", tmp_path_factory.mktemp("web") / "w")) as project:
        project.run(bounded=True)
        yield project


def _five_seconds(request: Request) -> int:
    return int(request.time.timestamp()) // 5 * 5


def _balances(project: penstock.Penstock) -> None:
    """Each operator's rows have one fate each, and none is lost on the way to the sinks."""
    ledger = project.ledger()
    fates = ("passed", "filtered", "superseded", "expired", "late", "rejected", "held")
    assert ledger.filter(pl.sum_horizontal(fates) != pl.col("carried") + pl.col("taken")).rows() == []
    assert ledger["held"].sum() == 0


def test_page_views_add_up_to_those_of_the_file(ran: penstock.Penstock) -> None:
    asked = "SELECT SUM(page_views), SUM(human_page_views), SUM(bot_page_views) FROM page_views_5s"
    (sums,) = ran.query(asked).rows()
    views = [r for r in requests() if r.is_page_view]
    bots = sum(r.is_bot for r in views)
    assert sums == (len(views), len(views) - bots, bots) == (3_617, 1_720, 1_897)


def test_each_window_is_what_the_lines_say(ran: penstock.Penstock) -> None:
    columns = "page_views, human_page_views, active_users, requests, errors, bytes_sent"
    asked = f"SELECT CAST(epoch(window_start) AS BIGINT), {columns} FROM page_views_5s"
    windows: dict[int, list[Request]] = {}
    for request in requests():
        windows.setdefault(_five_seconds(request), []).append(request)
    wanted = {
        (
            start,
            sum(r.is_page_view for r in found),
            sum(r.is_page_view and not r.is_bot for r in found),
            len({(r.client, r.agent) for r in found if not r.is_bot}),
            len(found),
            sum(r.status >= 400 for r in found),
            sum(r.size or 0 for r in found),
        )
        for start, found in windows.items()
    }
    assert set(ran.query(asked).rows()) == wanted


def test_top_pages_of_the_last_minute(ran: penstock.Penstock) -> None:
    asked = "SELECT CAST(epoch(window_start) AS BIGINT), path, page_views FROM top_pages"
    wanted: Counter[tuple[int, str]] = Counter()
    for request in requests():
        if request.is_page_view and not request.is_bot:
            last = int(request.time.timestamp()) // 10 * 10
            wanted.update((start, request.target.partition("?")[0]) for start in range(last - 50, last + 10, 10))
    assert {(start, path): views for start, path, views in ran.query(asked).rows()} == wanted


def test_rejects_hold_the_rest_and_the_ledger_balances(ran: penstock.Penstock) -> None:
    ((raw, code, reason),) = ran.query("SELECT raw, code, reason FROM penstock.rejects").rows()
    (broken,) = (line for line in lines() if line.endswith("+http://www.google.com/bot.html"))
    assert raw == broken.encode()
    assert code == "null-event-time"
    assert reason.startswith("the event time 'event_time' is NULL (")
    _balances(ran)
    source = ran.ledger().row(by_predicate=pl.col("kind") == "source", named=True)
    assert (source["taken"], source["given"], source["rejected"]) == (10_000, 9_999, 1)
    assert ran.ledger()["late"].sum() == 0


def test_a_run_with_nothing_new_writes_nothing(ran: penstock.Penstock) -> None:
    before = ran.query("SELECT * FROM page_views_5s ORDER BY window_start").rows()
    ends = {topic: ran.log.ends(topic) for topic in ("page_views_5s", "top_pages")}
    ran.run(bounded=True)
    assert {topic: ran.log.ends(topic) for topic in ends} == ends
    assert ran.query("SELECT * FROM page_views_5s ORDER BY window_start").rows() == before


OWN = [
    '192.0.2.1 - - [01/Mar/2026:10:00:01 +0100] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0 \\"quoted\\""',
    '192.0.2.2 - ann [01/Mar/2026:09:00:02 +0000] "GET /a.php?x=1 HTTP/2.0" 304 - "https://x.example/" "curl/8"',
    "what is this",
    '192.0.2.3 - - [01/Mar/2026:10:00:03 +0100] "GET /logo.png HTTP/1.1" 200 900 "-" "curl/8" "an extra field"',
    '192.0.2.3 - - [01/Mar/2026:04:30:04 -0430] "GET /feed HTTP/1.1" 200 1 "-" "A Feed Reader"',
    '192.0.2.4 - - [01/Mar/2026:10:00:04 +0100] "POST /login HTTP/1.1" 500 20 "-" "curl/8"',
    "",
    '192.0.2.5 - - [01/Mar/2026:10:00:06 +0100] "\\x16\\x03\\x01" 400 150 "-" "-"',
    '192.0.2.6 - - [01/Mar/2026:10:00:07 +0100] "GET /common HTTP/1.0" 200 7',
    '192.0.2.6 - - [01/Foo/2026:10:00:07 +0100] "GET / HTTP/1.0" 200 7 "-" "-"',
    '192.0.2.7 - - [01/Mar/2026:10:00:08 +0100] "GET /cut HTTP/1.1" 200 7 "-" "Mozi',
]
"""A log as servers write them, with zones of their own, and lines that are none."""

OWN_WINDOWS = [(3, 2, 1, 5, 1, 926), (1, 1, 0, 2, 1, 157)]
OWN_BROKEN = [b"", b"192.0.2.6 - - [01/Foo", b"192.0.2.7 - - [01/Mar", b"what is this"]


@pytest.mark.parametrize("name", ["access.log", "access.log.gz"])
def test_a_log_of_ones_own(name: str, tmp_path: Path) -> None:
    folder = laid_out("web", tmp_path / "w")
    (folder / "data" / "access.log.gz").unlink()
    text = ("\n".join(OWN) + "\n").encode()
    (folder / "data" / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    with penstock.open(folder) as project:
        project.run(bounded=True)
        asked = """SELECT page_views, human_page_views, bot_page_views, requests, errors, bytes_sent
                   FROM page_views_5s ORDER BY window_start"""
        assert project.query(asked).rows() == OWN_WINDOWS
        starts: list[Any] = project.query("SELECT window_start FROM page_views_5s ORDER BY 1").rows()
        assert [str(start) for (start,) in starts] == ["2026-03-01 09:00:00", "2026-03-01 09:00:05"]
        rejected = sorted(raw for (raw,) in project.query("SELECT raw FROM penstock.rejects").rows())
        assert [raw[:21] for raw in rejected] == OWN_BROKEN
        _balances(project)


def test_a_delay_of_five_seconds_would_lose_most_of_the_shipped_log(tmp_path: Path) -> None:
    """What the README says of it."""
    folder = laid_out("web", tmp_path / "w")
    table = folder / "sql" / "01_access_log.sql"
    table.write_text(table.read_text("utf-8").replace("INTERVAL '60' SECOND", "INTERVAL '5' SECOND"), "utf-8")
    with penstock.open(folder) as project:
        project.run(bounded=True)
        late = project.query("SELECT COUNT(*) FROM penstock.late WHERE operator = 'window aggregate' AND lost").rows()
        (asked,) = project.query("SELECT SUM(page_views) FROM page_views_5s").rows()
        latest, lost, views = 0, 0, 0
        for request in requests():
            if _five_seconds(request) + 5 <= latest - 5:
                lost += 1
            elif request.is_page_view:
                views += 1
            latest = max(latest, int(request.time.timestamp()))
        assert late == [(lost,)]
        assert asked == (views,)
        text = (folder / "README.md").read_text("utf-8")
        assert f"{lost:,} of its 9,999 requests" in text
        assert f"{views:,} of 3,617 page views" in text
