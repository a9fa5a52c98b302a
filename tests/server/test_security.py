"""Who may come in: hostile requests, each refused before anything is done, and the owner's socket."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import io
import json
import resource
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from penstock.core.errors import ConfigError
from penstock.server.access import Access
from penstock.server.intake import Intake
from penstock.server.serve import Serving
from tests.server.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = {"content-type": "application/json"}
TOKEN = "a-token-of-enough-letters"


def raw(served: Served, method: str, path: str, headers: list[tuple[str, str]], body: bytes = b"") -> tuple[int, Any]:
    """Exactly these headers, and no others."""
    connection = http.client.HTTPConnection("127.0.0.1", served.serving.port, timeout=60)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    assert answer.status < 400 or answer.headers["content-type"] == "application/problem+json"
    return answer.status, json.loads(data) if data else None


def own(served: Served) -> tuple[str, str]:
    return ("Host", f"localhost:{served.serving.port}")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "127.0.0.2",
        "10.0.0.1",
        "[::2]",
        "localhost@evil.example",
        "localhost/",
        "localhost:port",
        "",
        " ",
    ],
)
def test_a_host_that_is_not_ours_is_refused(shop: Served, host: str) -> None:
    status, problem = raw(shop, "GET", "/api/project", [("Host", host)])
    assert (status, problem["code"]) == (421, "request-host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "localhost.", "127.0.0.1", "[::1]:99"])
def test_a_loopback_host_is_ours(shop: Served, host: str) -> None:
    assert raw(shop, "GET", "/api/project", [("Host", host)])[0] == 200


def test_two_hosts_or_none_are_refused(shop: Served) -> None:
    for headers in ([own(shop), ("Host", "evil.example")], []):
        with socket.create_connection(("127.0.0.1", shop.serving.port)) as connection:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
            connection.sendall(f"GET /api/project HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.split(b" ")[1] in (b"400", b"421")


HOSTILE: dict[str, tuple[list[tuple[str, str]], int, str]] = {
    "a form": ([("Content-Type", "application/x-www-form-urlencoded")], 415, "request-type"),
    "a form with a file": ([("Content-Type", "multipart/form-data; boundary=x")], 415, "request-type"),
    "text, as a form can send it": ([("Content-Type", "text/plain")], 415, "request-type"),
    "JSON in disguise": ([("Content-Type", "text/plain; application/json")], 415, "request-type"),
    "no type": ([], 415, "request-type"),
    "two types": ([("Content-Type", "application/json"), ("Content-Type", "text/plain")], 415, "request-type"),
    "another site": ([*JSON.items(), ("Origin", "https://evil.example")], 403, "request-origin"),
    "another port of this machine": ([*JSON.items(), ("Origin", "http://localhost:1")], 403, "request-origin"),
    "a page without an origin": ([*JSON.items(), ("Origin", "null")], 403, "request-origin"),
    "cross-site": ([*JSON.items(), ("Sec-Fetch-Site", "cross-site")], 403, "request-origin"),
    "same-site": ([*JSON.items(), ("Sec-Fetch-Site", "same-site")], 403, "request-origin"),
    "cross-site by a link": (
        [*JSON.items(), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")],
        403,
        "request-origin",
    ),
    "Forwarded": ([*JSON.items(), ("Forwarded", "for=1.2.3.4")], 403, "request-forwarded"),
    "X-Forwarded-For": ([*JSON.items(), ("X-Forwarded-For", "127.0.0.1")], 403, "request-forwarded"),
    "X-Forwarded-Host": ([*JSON.items(), ("x-forwarded-host", "localhost")], 403, "request-forwarded"),
    "X-Real-IP": ([*JSON.items(), ("X-Real-IP", "127.0.0.1")], 403, "request-forwarded"),
    "deflate": ([*JSON.items(), ("Content-Encoding", "deflate")], 415, "request-encoding"),
    "two packings": ([*JSON.items(), ("Content-Encoding", "gzip, gzip")], 415, "request-encoding"),
    "no gzip": ([*JSON.items(), ("Content-Encoding", "gzip")], 415, "request-encoding"),
}


@pytest.mark.parametrize(("headers", "status", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_request_changes_nothing(
    shop: Served, headers: list[tuple[str, str]], status: int, code: str
) -> None:
    before = {topic.name for topic in shop.penstock.log.topics()}
    answered, problem = raw(shop, "POST", "/api/topics", [own(shop), *headers], b'{"name": "hostile"}')
    assert (answered, problem["code"]) == (status, code)
    assert {topic.name for topic in shop.penstock.log.topics()} == before


def test_reading_from_another_site_is_refused_but_for_a_link(shop: Served) -> None:
    site = ("Sec-Fetch-Site", "cross-site")
    assert raw(shop, "GET", "/api/tables/orders/rows", [own(shop), site])[0] == 403
    assert raw(shop, "GET", "/livez", [own(shop), site, ("Sec-Fetch-Mode", "navigate")])[0] == 200
    assert raw(shop, "GET", "/livez", [own(shop), ("Sec-Fetch-Site", "same-origin")])[0] == 200


def test_no_answer_lets_another_site_read_it(shop: Served) -> None:
    answer = shop.client.options(
        "/api/query", headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
    )
    assert answer.status_code == 403
    for path in ("/api/project", "/nothing", "/openapi.json"):
        headers = shop.client.get(path).headers
        assert not [name for name in headers if name.startswith("access-control-")]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src 'self';" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
        assert "server" not in headers


def test_a_foreign_page_opens_no_websocket(shop: Served) -> None:
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    status, problem = raw(shop, "GET", "/ws", [own(shop), *upgrade, key, ("Origin", "https://evil.example")])
    assert (status, problem["code"]) == (403, "request-origin")
    assert raw(shop, "GET", "/ws", [("Host", "evil.example"), *upgrade, key])[0] == 421


# -- how much ----------------------------------------------------------------------------------------


def test_a_gzip_bomb_is_cut_off_early(shop: Served) -> None:
    bomb = gzip.compress(b" " * (300 << 20), 1)
    assert len(bomb) < 2 << 20
    status, problem = raw(shop, "POST", "/api/query", [own(shop), *JSON.items(), ("Content-Encoding", "gzip")], bomb)
    assert (status, problem["detail"]) == (413, "the body unpacks to more than 100 times what was sent")


def test_a_gzip_bomb_of_short_lines_is_cut_off_too(shop: Served) -> None:
    bomb = gzip.compress(b"{}\n" * 3_000_000)
    headers = [own(shop), ("Content-Type", "application/x-ndjson"), ("Content-Encoding", "gzip")]
    status, problem = raw(shop, "POST", "/api/topics/orders/records", headers, bomb)
    assert (status, problem["detail"]) == (413, "the body unpacks to more than 100 times what was sent")
    assert problem["accepted"] == len(problem["events"]) < 1_000_000


def test_what_is_packed_is_no_longer_unpacked_when_its_sender_has_gone() -> None:
    lines = gzip.compress(b"".join(b'{"n": %d}\n' % n for n in range(600_000)))
    messages = [{"type": "http.request", "body": lines, "more_body": True}, {"type": "http.disconnect"}]
    headers = [(b"content-encoding", b"gzip"), (b"content-type", b"application/x-ndjson")]
    kinds: list[str] = []

    async def app(_: Any, receive: Any, __: Any) -> None:
        while not kinds or kinds[-1] == "http.request":
            kinds.append((await receive())["type"])

    async def receive() -> Any:
        return messages.pop(0)

    async def send(_: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    asyncio.run(Intake(app)({"type": "http", "path": "/api/topics/in/records", "headers": headers}, receive, send))
    assert kinds == ["http.disconnect"]


def test_a_packed_body_is_unpacked(shop: Served) -> None:
    packed = gzip.compress(b'{"sql": "SELECT 1 AS one"}')
    headers = [own(shop), *JSON.items(), ("Content-Encoding", "gzip")]
    status, answer = raw(shop, "POST", "/api/query", headers, packed)
    assert (status, answer["rows"]) == (200, [[1]])
    status, problem = raw(shop, "POST", "/api/query", headers, packed[:-9])
    assert (status, problem["detail"]) == (415, "the body is cut off: its gzip does not end")


def test_a_packed_body_of_several_members_is_read_whole(shop: Served) -> None:
    packed = gzip.compress(b'{"sql": "SELECT 1 ') + gzip.compress(b'AS one"}')
    headers = [own(shop), *JSON.items(), ("Content-Encoding", "gzip")]
    status, answer = raw(shop, "POST", "/api/query", headers, packed)
    assert (status, answer["rows"]) == (200, [[1]])
    status, problem = raw(shop, "POST", "/api/query", headers, packed + b"and more")
    assert (status, problem["code"]) == (415, "request-encoding")


@pytest.mark.parametrize("line", [b"a" * 4096, b"a: b\r\n" * 500])
def test_a_head_without_an_end_is_cut_off(shop: Served, line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", shop.serving.port), timeout=180) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nx: ")
        with pytest.raises(ConnectionError):
            while True:
                client.sendall(line)


def test_a_head_that_does_not_come_is_not_waited_for(shop: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.server.heads._SECONDS", 0.1)
    for begun in (b"", b"GET /livez HTTP/1.1\r\nHost: local"):
        with socket.create_connection(("127.0.0.1", shop.serving.port), timeout=180) as client:
            client.sendall(begun)
            assert client.recv(100) == b""


def test_a_body_that_is_too_large_is_not_read(shop: Served) -> None:
    headers = [own(shop), *JSON.items(), ("Content-Length", str(33 << 20))]
    status, problem = raw(shop, "POST", "/api/query", headers)
    assert (status, problem["code"]) == (413, "request-too-large")

    def pieces() -> Iterator[bytes]:
        while True:
            yield b" " * (1 << 20)

    answer = shop.client.post("/api/query", content=pieces(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "request-too-large")


def test_as_many_may_connect_as_the_system_allows(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        with serve(tmp_path / "shop", engine=False, rows=0):
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == (
                65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
            )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# -- elsewhere than on loopback ----------------------------------------------------------------------


def test_an_address_that_others_reach_needs_a_token(shop: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PENSTOCK_TOKEN", raising=False)
    with pytest.raises(ConfigError) as refused:
        Serving(shop.penstock, "0.0.0.0", 0)
    assert refused.value.message == (
        "0.0.0.0 can be reached from other machines, and PENSTOCK_TOKEN is not set, and there is no user"
    )
    monkeypatch.setenv("PENSTOCK_TOKEN", "short")
    with pytest.raises(ConfigError, match="PENSTOCK_TOKEN is shorter than 16 characters"):
        Access.at(shop.penstock, "10.0.0.1", ())
    assert Access.at(shop.penstock, "::1", ("Shop.Example.",)) == Access(frozenset({"shop.example"}))


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A server that can be reached from elsewhere, so that it needs the token."""
    monkeypatch.setenv("PENSTOCK_TOKEN", TOKEN)
    toml = '[server]\nhosts = ["shop.example"]\n'
    with (
        serve(tmp_path / "p", engine=False, rows=0, toml=toml) as served,
        Serving(served.penstock, "0.0.0.0", 0) as serving,
        httpx.Client(base_url=f"http://127.0.0.1:{serving.port}", timeout=60) as client,
    ):
        yield client


def test_without_the_token_nothing_is_told(guarded: httpx.Client) -> None:
    assert guarded.get("/livez").status_code == 200
    for path in ("/api/project", "/openapi.json", "/metrics", "/api/registry/subjects", f"/api/project?token={TOKEN}"):
        answer = guarded.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "request-token")
        assert answer.headers["www-authenticate"] == "Bearer"
    wrong = guarded.get("/api/project", headers={"authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    assert guarded.get("/api/project", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_browser_logs_in_once(guarded: httpx.Client) -> None:
    assert guarded.get("/api/login").json() == {"needed": True, "user": None, "way": None, "rights": [], "filters": []}
    assert guarded.post("/api/login", json={"token": "wrong"}).json()["detail"] == "this is not the token"
    answer = guarded.post("/api/login", json={"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 204
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Max-Age=2592000"))
    assert TOKEN not in cookie
    assert guarded.get("/api/project").status_code == 200
    guarded.request("DELETE", "/api/login", headers=JSON)
    assert guarded.get("/api/project").status_code == 401


def test_with_a_login_a_proxy_may_stand_before_it(guarded: httpx.Client) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https"}
    assert guarded.get("/api/project", headers=headers).status_code == 200
    assert guarded.get("/api/project", headers={**headers, "host": "shop.example"}).status_code == 200
    assert guarded.get("/api/project", headers={**headers, "host": "evil.example"}).status_code == 421
    secure = guarded.post("/api/login", json={"token": TOKEN}, headers=headers).headers["set-cookie"]
    assert "Secure" in secure


def test_tokens_cannot_be_tried_without_end(guarded: httpx.Client) -> None:
    codes = [guarded.get("/api/project", headers={"authorization": f"Bearer {n}"}).status_code for n in range(25)]
    assert codes == [401] * 20 + [429] * 5


def test_questions_reach_no_file_no_network_and_no_setting(shop: Served) -> None:
    for sql in HOSTILE_SQL:
        answer = shop.client.post("/api/query", json={"sql": sql})
        assert answer.status_code == 422, (sql, answer.text)
        assert answer.json()["code"].startswith("query-"), sql


HOSTILE_SQL = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM glob('/**')",
    "SELECT * FROM read_parquet('http://127.0.0.1/x')",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "FROM read_json('https://example.com/x.json')",
    "SELECT * FROM parquet_metadata('/tmp/x')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('memory_limit')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_table_info('t0')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('orders')",
    "COPY (SELECT 1) TO '/tmp/penstock-hostile'",
    "COPY orders FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/penstock-hostile'",
    "ATTACH '/tmp/penstock-hostile.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '100GB'",
    "PRAGMA threads = 99",
    "CREATE TABLE x AS SELECT 1",
    "CREATE SECRET s (TYPE s3)",
    "DROP TABLE t0",
    "DELETE FROM orders",
    "CALL pragma_version()",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE t0",
    "WITH x AS (SELECT * FROM read_blob('/etc/shadow')) SELECT * FROM x",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM orders WHERE customer IN (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT nextval('s')",
    "SELECT json_execute_serialized_sql('x')",
    "SUMMARIZE read_csv('/etc/passwd')",
    "DESCRIBE read_csv('/etc/passwd')",
    "SELECT repeat('x', 4000000000)",
    "SELECT list_sort(range(1000000000000))",
    "SELECT printf('%1000000000d', 1)",
]


def test_a_question_in_a_body_of_another_form(shop: Served) -> None:
    deep = io.BytesIO(b"[" * 200_000)
    answer = shop.client.post("/api/query", content=deep.getvalue(), headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    nested = shop.client.post("/api/query", json={"sql": "SELECT " + "(" * 5_000 + "1" + ")" * 5_000})
    assert nested.status_code == 422
