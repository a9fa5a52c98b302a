"""A person watches a meeting go from good to poor, asks why, and loses the server on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.cli.shell import PATIENCE
from tests.parts import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page, WebSocket

    from tests.page.browser import Running

MEETING = "meeting_standup"
START_MS = 1_767_225_600_000  # 2026-01-01
WINDOW_MS = 30_000
PATIENCE_MS = 60_000
ROWS_ASKED = ("/api/query", "/api/queries", "/api/tables")

QUESTION = 'SELECT meeting_id, "timestamp", window_size_seconds, avg_latency_ms FROM meeting_metrics ORDER BY 2, 3'
ROWS = f"""\
title = "Rows"

[[panels]]
id = "rows"
title = "Rows"
kind = "table"
query = '''{QUESTION}'''
"""


class Link:
    """What a page and a server have told each other about the rows, in one connection after the other."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.position: str | None = None
        self.asked_from: str | None = None
        self.lost: list[str] = []
        self._id = ""
        self._channel = -1

    def listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda text: self._sent(json.loads(text)))
        socket.on("framereceived", lambda text: self._received(json.loads(text)))

    def _sent(self, message: dict[str, Any]) -> None:
        if message.get("query") == QUESTION:
            self._id = message["id"]
            self.asked_from = message.get("position")

    def _received(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribed" and message["id"] == self._id:
            self._channel = message["channel"]
        if message.get("channel") != self._channel or "position" not in message:
            return
        if message["type"] == "snapshot":
            self.rows = message["rows"]
        else:
            if message["after"] != self.position:
                self.lost.append(f"{message['after']} came after {self.position}")
            for kind, place, row in message["changes"]:
                self.rows[place : place + (kind != "+I")] = [] if kind == "-D" else [row]
        self.position = message["position"]


class Standup:
    """A meeting that is told to the project window by window."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._windows = 0
        people = [self._event(f"join-{n}", f"user_{n}", "join", 0) for n in range(4)]
        running.append("user_events", people)

    def goes_on(self, latency_ms: int) -> None:
        """Half a minute of samples, of all four."""
        at = self._windows * WINDOW_MS
        lags = [
            self._event(f"lag-{at}-{n}", f"user_{n % 4}", "network_lag", at + n * 2_000)
            | {"latency_ms": latency_ms, "packet_loss": 0.5}
            for n in range(15)
        ]
        self._running.append("meeting_events", lags)
        self._say(at + WINDOW_MS - 2_000)
        self._windows += 1

    def ends(self) -> None:
        """Half a minute later somebody says so and leaves: all windows before are over."""
        at = (self._windows + 1) * WINDOW_MS
        self._say(at)
        self._running.append("user_events", [self._event("leave", "user_0", "leave", at)])

    def _say(self, at: int) -> None:
        message = self._event(f"message-{at}", "user_1", "message", at) | {"message_length": 12}
        self._running.append("chat_events", [message])

    @staticmethod
    def _event(name: str, user: str, kind: str, after_ms: int) -> dict[str, Any]:
        return {
            "event_id": name,
            "user_id": user,
            "meeting_id": MEETING,
            "event_type": kind,
            "timestamp": START_MS + after_ms,
        }


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """`collab`, with a dashboard of all rows."""
    from tests.cli.shell import call
    from tests.page.browser import Running

    call("init", tmp_path / "collab", "--app", "collab")
    (tmp_path / "collab" / "dashboards" / "rows.toml").write_text(ROWS)
    with Running(tmp_path / "collab") as one:
        yield one


def _becomes(page: Page, health: str) -> None:
    row = page.get_by_role("grid", name="Meetings").get_by_role("row").filter(has_text=MEETING)
    expect(row.get_by_text(health, exact=True)).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.real
def test_a_meeting_goes_from_good_to_poor(page: Page, running: Running) -> None:
    standup = Standup(running)
    asked: list[str] = []
    page.goto(f"{running.url}/dashboards/meetings")
    standup.goes_on(40)
    standup.goes_on(40)
    _becomes(page, "good")
    page.wait_for_load_state("networkidle")  # all that it asks for when it begins
    page.on("request", lambda request: asked.append(request.url) if any(p in request.url for p in ROWS_ASKED) else None)
    standup.goes_on(450)
    standup.ends()
    _becomes(page, "poor")
    assert asked == []  # it was told, it did not ask

    page.get_by_role("link", name=MEETING).first.click()
    page.get_by_role("heading", name=f"Meeting {MEETING}").wait_for()
    page.get_by_role("article", name="Latency").get_by_role("button").click()
    reason = page.get_by_role("dialog", name="Latency")
    expect(reason.locator("dl")).to_contain_text("meeting_metrics, written by metrics")
    sql = f"SELECT avg(avg_latency_ms) FROM meeting_metrics WHERE meeting_id = '{MEETING}' AND window_size_seconds = 30"
    expect(reason.locator("dl code").first).to_have_text(str(running.rows(sql)[0][0]))
    reason.get_by_role("link", name="Open in SQL").click()
    page.get_by_role("heading", name="SQL", level=1).wait_for()
    expect(page.get_by_role("grid").get_by_text("latency", exact=True)).to_be_visible()


@pytest.mark.real
def test_a_lost_server_comes_back_without_a_gap_or_a_repeat(page: Page, running: Running) -> None:
    link = Link()
    page.on("websocket", link.listen)
    standup = Standup(running)
    standup.goes_on(40)
    standup.goes_on(40)
    page.goto(f"{running.url}/dashboards/rows")
    grid = page.get_by_role("grid", name="Rows")
    expect(grid).to_contain_text(MEETING, timeout=PATIENCE_MS)
    _shows_all(page, running, link)

    running.kill()
    expect(page.get_by_text("Disconnected")).to_be_visible(timeout=PATIENCE_MS)
    before = link.position
    expect(grid).to_contain_text(MEETING)  # what was known stays
    page.wait_for_timeout(10_000)  # the server is away for so long
    expect(page.get_by_text("Disconnected")).to_be_visible()
    running.start()
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert link.asked_from == before
    standup.goes_on(450)
    standup.ends()
    expect(grid).to_contain_text("450", timeout=PATIENCE_MS)
    _shows_all(page, running, link)


def _shows_all(page: Page, running: Running, link: Link) -> None:
    """The page comes to have each row of the log, once."""
    grid = page.get_by_role("grid", name="Rows")

    def shown() -> bool:
        page.wait_for_timeout(200)  # what is told is heard in the meantime
        return running.rows(QUESTION) == link.rows and grid.get_attribute("aria-rowcount") == str(len(link.rows) + 1)

    until(shown, "the page has other rows than the log", PATIENCE)
    assert link.lost == []
