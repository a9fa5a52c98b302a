"""A page from elsewhere, open in the same browser, gets nothing out of a project and changes nothing in it."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.page.browser import REBOUND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.page.browser import Running

ELSEWHERE = b"<!doctype html><title>elsewhere</title><iframe name=frame></iframe>"

FETCHED = """async ([url, init]) => {
  try {
    const answer = await fetch(url, init);
    return answer.type === "opaque" ? "opaque" : `${answer.status} ${await answer.text()}`;
  } catch (error) { return error.name; }
}"""
SOCKET = """(url) => new Promise((resolve) => {
  const heard = [];
  const socket = new WebSocket(url);
  socket.onmessage = (event) => heard.push(event.data);
  socket.onclose = (event) => resolve([event.code, heard]);
})"""
FRAMED = """(url) => new Promise((resolve) => {
  const frame = document.querySelector("iframe");
  frame.onload = () => resolve();
  frame.src = url;
})"""
POSTED = """([url, type]) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: url, enctype: type, target: "frame" });
  const field = document.createElement("input");
  field.name = '{"event_id":"hostile","x":"';
  field.value = '"}';
  form.append(field);
  document.body.append(form);
  form.submit();
}"""
EVENT = '{"event_id":"hostile"}'


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(ELSEWHERE)

    def log_message(self, *_: Any) -> None:
        """Nobody asks what it served."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The address of a page of another origin."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def hostile(page: Page, elsewhere: str) -> Page:
    page.goto(elsewhere)
    return page


def _records(collab: Running) -> int:
    return int(collab.rows("SELECT count(*) FROM user_events")[0][0])


@pytest.mark.real
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_it_reads_nothing(hostile: Page, collab: Running, mode: str) -> None:
    for path in ("/api/project", "/api/topics", "/openapi.json", "/metrics", "/"):
        got = hostile.evaluate(FETCHED, [collab.url + path, {"mode": mode, "credentials": "include"}])
        assert got in {"TypeError", "opaque"}, path


@pytest.mark.real
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-ndjson"])
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_it_appends_nothing(hostile: Page, collab: Running, mode: str, kind: str) -> None:
    before = _records(collab)
    init = {"method": "POST", "mode": mode, "headers": {"content-type": kind}, "body": EVENT}
    got = hostile.evaluate(FETCHED, [f"{collab.url}/api/topics/user_events/records", init])
    assert got in {"TypeError", "opaque"}
    assert _records(collab) == before


@pytest.mark.real
@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
def test_a_form_appends_nothing(hostile: Page, collab: Running, kind: str) -> None:
    before = _records(collab)
    with hostile.expect_response("**/records") as answered:
        hostile.evaluate(POSTED, [f"{collab.url}/api/topics/user_events/records", kind])
    assert answered.value.status in {403, 415}
    assert _records(collab) == before


@pytest.mark.real
def test_it_is_told_nothing(hostile: Page, collab: Running) -> None:
    assert hostile.evaluate(SOCKET, collab.url.replace("http", "ws") + "/ws") == [1006, []]
    assert (
        hostile.evaluate(
            FETCHED, [f"{collab.url}/api/stream?subscribe=%7B%22metrics%22%3A%5B%22pipelines%22%5D%7D", {}]
        )
        == "TypeError"
    )


@pytest.mark.real
def test_it_frames_nothing(hostile: Page, collab: Running) -> None:
    hostile.evaluate(FRAMED, collab.url)
    assert hostile.frames[1].url.startswith("chrome-error://")


@pytest.mark.real
def test_a_name_that_was_rebound_gets_nothing(page: Page, collab: Running) -> None:
    own = f"http://{REBOUND}:{collab.url.rpartition(':')[2]}"
    answer = page.goto(own)
    assert answer is not None
    assert answer.status == 421
    for path in ("/api/project", "/api/topics/user_events/records"):
        assert page.evaluate(FETCHED, [own + path, {}]).startswith("421 ")
    assert page.evaluate(SOCKET, own.replace("http", "ws") + "/ws") == [1006, []]


@pytest.mark.real
def test_its_own_page_gets_an_answer(page: Page, collab: Running) -> None:
    page.goto(collab.url)
    assert page.evaluate(FETCHED, [f"{collab.url}/api/project", {"mode": "cors"}]).startswith("200 ")
