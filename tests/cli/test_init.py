from __future__ import annotations

import gzip
import re
import shlex
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.cli.savepoint import savepoint
from penstock.cli.shows import days
from tests.cli.shell import PATIENCE, Ended, call, started

if TYPE_CHECKING:
    from pathlib import Path


def next_commands(ended: Ended) -> list[list[str]]:
    lines = ended.out.split("next:\n")[1].splitlines()
    words = [shlex.split(line) for line in lines]
    assert all(w[0] == "penstock" for w in words)
    return [w[1:] for w in words]


def works(words: list[str]) -> None:
    shown = call(*words)
    assert shown.code == 0, (words, shown.err)
    assert shown.out


@pytest.mark.parametrize("app", [None, "web", "collab", "parking", "warehouse"])
def test_a_new_project_explains_each_file_and_checks_clean(tmp_path: Path, app: str | None) -> None:
    folder = tmp_path / "my project"
    made = call("init", folder, *(["--app", app] if app else []))
    assert made.code == 0
    files = [p for p in folder.rglob("*") if p.is_file()]
    for file in files:
        line = next(line for line in made.out.splitlines() if line.startswith(str(file)))
        assert len(line.removeprefix(str(file)).strip()) > 10, "it says nothing about the file"
    checked = call("check", folder)
    assert checked.code == 0, checked.out
    assert (folder / ".penstock").exists() is False


def test_the_starter_runs_and_its_next_commands_work(tmp_path: Path) -> None:
    made = call("init", tmp_path / "shop")
    for words in next_commands(made):
        works(words)
    with penstock.open(tmp_path / "shop") as project:
        assert project.query("SELECT sum(orders), sum(amount) > 0 FROM revenue").rows() == [(40, True)]


def test_the_examples_of_savepoints_work_on_the_starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call("init", "shop")
    call("run", "shop", "--bounded")
    for name in ("create", "restore", "list", "drop"):
        for example in savepoint.commands[name].examples:  # type: ignore[attr-defined]
            works(shlex.split(example)[1:])


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    refused = call("init", tmp_path)
    assert (refused.code, refused.err) == (
        1,
        f"error[init-not-empty]: {tmp_path} is not empty\nhint: give a new folder, or --force to add to this one\n",
    )
    assert call("init", tmp_path, "--force").code == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    ended = call("init", tmp_path / "x")
    assert ended.err == f"error[init-file]: {tmp_path / 'x'} is a file\nhint: give the name of a folder\n"


@pytest.mark.parametrize("packed", [False, True])
def test_ones_own_access_log(tmp_path: Path, packed: bool) -> None:
    line = '192.0.2.{} - - [17/May/2015:10:05:{:02d} +0000] "GET /page HTTP/1.1" 200 10 "-" "Mozilla/5.0"\n'
    text = "".join(line.format(i % 9, i) for i in range(30)) + "no log line\n"
    log = tmp_path / "own.log"
    log.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    made = call("init", tmp_path / "w", "--app", "web", "--log", log)
    ending = "access.log.gz" if packed else "access.log"
    assert f"{tmp_path / 'w' / 'data' / ending}  31 lines: your own.log\n" in made.out
    ran = call("run", tmp_path / "w", "--bounded")
    assert "1 row of access_log: null-event-time" in ran.out
    with penstock.open(tmp_path / "w") as project:
        assert project.query("SELECT sum(page_views) FROM page_views_5s").rows() == [(30,)]


def test_a_packed_log_that_is_cut_off_leaves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "own.log.gz"
    log.write_bytes(gzip.compress(b"a line\n" * 1000)[:-10])
    ended = call("init", tmp_path / "tr", "--app", "web", "--log", log)
    assert ended.code == 1
    assert ended.err == (
        f"error[file-damaged]: '{log}' cannot be unpacked: Compressed file ended before the end-of-stream marker was"
        " reached\nhint: nothing was made; give a file that is whole\n"
    )
    assert not (tmp_path / "tr").exists()


def test_a_log_goes_with_web_alone(tmp_path: Path) -> None:
    ended = call("init", tmp_path / "x", "--log", __file__)
    assert (ended.code, ended.err.splitlines()[0]) == (2, "error[usage]: --log goes with --app web")


def test_the_demo_shows_the_real_log_and_three_commands_that_work() -> None:
    shown = call("demo", "web", "--bounded", "--no-browser")
    assert shown.code == 0, shown.err
    assert "traffic: 10,000 rows read in" in shown.out
    assert "3,617 page views in 9,999 requests, 1,897 of them by bots" in shown.out
    assert re.search(r"Mon 2015-05-18  .*[▁▂▃▄▅▆▇█]{10}.*  1,194\n", shown.out)
    assert "2015-05-18 11:05:45.000          16" in shown.out
    commands = next_commands(shown)
    assert len(commands) == 3
    for words in commands:
        works(words)
    folder = shown.err.split("a project of Flink SQL: ")[1].splitlines()[0]
    assert call("demo", "web").err.startswith(
        "the demo of before, with its events, is made anew: penstock demo web --keep DIR makes one to go on with\n"
        f"a project of Flink SQL: {folder}\n"
    )


@pytest.mark.real
def test_a_second_demo_leads_to_the_first_or_runs_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache" / "penstock" / "demo-web"
    child = started("demo", "web", "--live", "--events", "50", "--no-browser")
    assert child.stderr is not None
    page = ""
    while not page:
        assert child.poll() is None
        page = child.stderr.readline().strip().partition("page and API at ")[2]
    beside = call("demo", "web", "--bounded", "--events", "50")
    by_hand = call("run", folder, "--bounded")
    monkeypatch.delenv("PENSTOCK_PORT")
    again = call("demo", "web", "--live")
    child.terminate()
    child.communicate(timeout=PATIENCE)
    assert beside.code == 0
    assert f"another demo runs in {folder}, its page is at {page}\n" in beside.err
    assert f"a project of Flink SQL: {folder}-2\n" in beside.err
    assert "made 2 topics with 6 partitions each: page_views_5s, top_pages\n" in beside.err
    assert "50 rows read" in beside.out
    assert f"UTC, whose page is at {page}\n" in by_hand.err
    assert again.code == 1
    assert again.err == (
        f"error[demo-running]: the demo of web runs already: its page is at {page}\n  {folder}\n"
        "hint: penstock demo web --port 0 starts another one beside it\n"
    )


def test_a_demo_in_a_folder_to_keep(tmp_path: Path) -> None:
    shown = call("demo", "web", "--events", "50", "--port", "0", "--keep", tmp_path / "kept here")
    assert shown.code == 0
    assert shown.err.startswith("without a terminal the demo ends with its input and serves no page at --port; --live")
    for words in next_commands(shown):
        works(words)
    again = call("demo", "web", "--keep", tmp_path / "kept here")
    assert (again.code, again.err.splitlines()[0]) == (
        1,
        f"error[init-not-empty]: {tmp_path / 'kept here'} is not empty",
    )


def test_the_other_demo() -> None:
    shown = call("demo", "--events", "10000")
    assert shown.code == 0, shown.err
    assert "one event in a hundred each comes late, twice, or broken, for you to see what becomes of it\n" in shown.err
    assert "simulated 10,000 events into chat_events, meeting_events, user_events" in shown.err
    for words in next_commands(shown):
        works(words)


def test_a_rate_goes_with_simulated_events() -> None:
    ended = call("demo", "web", "--rate", "5")
    assert ended.code == 2
    assert ended.err.startswith(
        "error[usage]: --rate goes with collab: requests of the web log have times of their own"
    )


def test_hours_as_bars() -> None:
    import datetime as dt

    import polars as pl

    day = dt.date(2025, 1, 6)
    frame = pl.DataFrame({"day": [day, day, day], "hour": [0, 1, 23], "views": [80, 1, 40]})
    header, line = days(frame)
    assert header.endswith("UTC")
    assert line == f"Mon 2025-01-06       ██▁▁{'  ' * 21}▄▄     121"


def test_a_demo_leaves_what_somebody_has_changed(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "penstock"
    call("demo", "web", "--events", "50")
    (cache / "demo-web" / "sql" / "20_mine.sql").write_text("-- mine", "utf-8")
    shown = call("demo", "web", "--events", "50")
    assert f"{cache / 'demo-web'} stays: its files were changed since it was made\n" in shown.err
    assert f"a project of Flink SQL: {cache / 'demo-web-2'}\n" in shown.err
    assert (cache / "demo-web" / "sql" / "20_mine.sql").read_text("utf-8") == "-- mine"


@pytest.mark.real
def test_the_demo_of_parking_asks_a_city(tmp_path: Path) -> None:
    with socket.socket() as other:
        with suppress(OSError):  # somebody else has it: taken it is
            other.bind(("127.0.0.1", 8765))
            other.listen()
        shown = call("demo", "parking", "--bounded", "--keep", tmp_path / "p")
    assert shown.code == 0, shown.err
    found = re.search(r"port 8765 is taken: the project asks its city at (\d+)\n", shown.err)
    assert found is not None, shown.err
    assert f"a simulated city publishes at http://127.0.0.1:{found[1]}/parking.json; " in shown.err
    assert f"127.0.0.1:{found[1]}" in (tmp_path / "p" / "penstock.toml").read_text()
    assert " of 9 car parks\n" in shown.out
    for title in ("now", "the fullest days", "the newest alerts", "the source"):
        assert f"\n{title}\n" in shown.out
    assert [line.split()[0] for line in shown.out.partition("\nthe source\n")[2].splitlines()[2:3]] == ["answers"]
    assert call("demo", "parking", "--rate", "3").err.startswith(
        "error[usage]: --rate and --events do not go with parking"
    )
