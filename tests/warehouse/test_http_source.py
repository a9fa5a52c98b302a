"""Sources over HTTP, asked of a real server: every way of paging and of being let in, outages, hostile answers."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.apps.warehouse.api import SECRETS, Api, ApiServer, Manners
from penstock.apps.warehouse.users import users
from penstock.core.clock import ManualClock, SystemClock
from penstock.core.errors import ConfigError
from penstock.core.toml_table import read_toml
from penstock.warehouse.sources.away import AwayError
from penstock.warehouse.sources.http import read_api
from penstock.warehouse.sources.http.source import HttpPart, HttpSource
from tests.certificates import Authority
from tests.connectors.answering import Said, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.core.clock import Clock

COUNT = 130
LINK = 'url = "URL/link/users"\n[paging]\nkind = "link"\n'


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"API_{name.upper()}", value)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer(Api({"users": users(COUNT)}), port=0) as found:
        yield found


def part(
    said: str,
    url: str,
    *,
    mark: str = "",
    clock: Clock | None = None,
    allow: tuple[str, ...] = ("127.0.0.1",),
    changes: bool = False,
) -> HttpPart:
    """The part of a source whose file says `said`, with URL for `url`."""
    api = read_api("users", read_toml(said.replace("URL", url), "sources/users.toml"), Path())
    source = HttpSource(api, allow, clock or ManualClock(), lambda: 0.0, changes=changes)
    (found,) = source.parts({})
    if mark:
        (found,) = source.parts({found.name: mark})
    return found


def load(said: str, url: str, **how: Any) -> pl.DataFrame:
    return pl.concat(part(said, url, **how).frames())


def refusal(said: str, url: str, **how: Any) -> str:
    with pytest.raises((AwayError, ConfigError)) as caught:
        load(said, url, **how)
    return str(caught.value)


@pytest.mark.parametrize(
    ("said", "requests"),
    [
        ('url = "URL/all/users"', 1),
        ('url = "URL/page/users"\nrecords = "$.data"\n[paging]\nkind = "page"', 4),  # the last one is empty
        ('url = "URL/page/users"\nrecords = "$.data"\n[paging]\nkind = "page"\ntotal = "$.pages"', 3),
        (
            'url = "URL/page/users"\nrecords = "$.data"\n[paging]\nkind = "page"\nmore = "$.more"\n[query]\nsize = 100',
            2,
        ),
        ('url = "URL/offset/users"\nrecords = "$.items"\n[paging]\nkind = "offset"\nlimit = 60\ntotal = "$.total"', 3),
        ('url = "URL/cursor/users"\nrecords = "$.data"\n[paging]\nkind = "cursor"\nnext = "$.meta.next"', 3),
        (LINK, 3),
    ],
)
def test_every_way_of_paging_gives_all_records(server: ApiServer, said: str, requests: int) -> None:
    frame = load(said, server.url)
    assert frame["id"].to_list() == [str(number) for number in range(1, COUNT + 1)]
    assert len(server.api.asked) == requests


def test_nested_records_are_flat_and_what_is_not_there_is_null(server: ApiServer) -> None:
    frame = load(LINK, server.url)
    first = server.api.lists["users"][0]
    row = frame.row(0, named=True)
    assert row["address_city"] == first["address"]["city"]
    assert row["address_geo_lat"] == str(first["address"]["geo"]["lat"])
    assert row["active"] == str(first["active"]).lower()
    assert frame.filter(pl.col("phone").is_null())["id"].to_list() == [str(n) for n in range(7, COUNT + 1, 7)]
    assert set(frame.schema.values()) == {pl.String()}


def test_elements_of_an_array_are_rows_with_columns_of_their_record(server: ApiServer) -> None:
    said = 'url = "URL/all/users"\narray = "interests"\n[keep]\nuser_id = "id"\ncity = "address.city"'
    frame = load(said, server.url)
    told = [(str(u["id"]), u["address"]["city"], i) for u in server.api.lists["users"] for i in u["interests"]]
    assert frame.columns == ["user_id", "city", "value"]
    assert frame.rows() == told


_AUTH = {
    "basic": 'kind = "basic"\nuser = "penstock"\npassword = "${API_PASSWORD}"',
    "bearer": 'kind = "bearer"\ntoken = "${API_TOKEN}"',
    "oauth2": 'kind = "oauth2"\ntoken-url = "URL/token"\nclient = "penstock"\nsecret = "${API_PASSWORD}"',
    "key": 'kind = "key"\nkey = "${API_KEY}"',
    "key-query": 'kind = "key"\nkey = "${API_KEY}"\nin = "query"\nname = "api_key"',
}


@pytest.mark.parametrize("auth", _AUTH)
def test_every_way_of_being_let_in(server: ApiServer, auth: Any) -> None:
    server.api.manners = Manners(auth=auth, token_requests=2)  # the third page takes another token
    assert "HTTP 401 Unauthorized\nhint: look at [auth]" in refusal(LINK, server.url)
    assert load(f"{LINK}[auth]\n{_AUTH[auth]}", server.url).height == COUNT


def test_a_secret_that_the_environment_lacks(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("API_TOKEN")
    assert "the environment has no variable API_TOKEN" in refusal(f"{LINK}[auth]\n{_AUTH['bearer']}", server.url)
    assert server.api.asked == []


def test_only_what_is_new_is_asked_for(server: ApiServer) -> None:
    said = f'{LINK}[incremental]\nfield = "updated_at"\nparameter = "since"\nfirst = "2026-01-01T01:00:00Z"'
    first = part(said, server.url)
    assert pl.concat(first.frames())["id"].to_list() == [str(n) for n in range(60, COUNT + 1)]
    assert first.mark == "2026-01-01T02:10:00Z"
    again = part(said, server.url, mark=first.mark)
    assert pl.concat(again.frames())["id"].to_list() == [str(COUNT)]
    assert again.mark == first.mark
    wrong = said.replace("updated_at", "changed")
    assert "no record has 'changed', by which [incremental] asks for what is new" in refusal(wrong, server.url)


def test_outages_and_limits_are_waited_for_as_the_server_says(server: ApiServer) -> None:
    clock = ManualClock(1_767_225_600_000)
    server.api.manners.told.extend([(503, ""), (429, "7"), (502, ""), (503, "Thu, 01 Jan 2026 00:00:30 GMT")])
    assert load(LINK, server.url, clock=clock).height == COUNT
    assert clock.monotonic() == 30  # half of 1 s, 7 s, half of 4 s, then until that moment
    assert len(server.api.asked) == 7


def test_an_api_that_is_down(server: ApiServer) -> None:
    clock = ManualClock()
    server.api.manners.outage = 1
    said = f'{LINK}[limits]\nretries = 3\nmax-wait = "3 s"'
    assert (
        refusal(said, server.url, clock=clock)
        == f"{server.url}/link/users: HTTP 503 Service Unavailable, tried 4 times"
    )
    assert clock.monotonic() == 0.5 + 1 + 1.5
    server.api.manners.outage = 0
    server.api.manners.told.append((429, "3600"))
    told = "HTTP 429 Too Many Requests: it asks for 3,600 s of rest, which is more than 'max-wait' allows (3 s)"
    assert refusal(said, server.url) == told


def test_nobody_listens() -> None:
    with ApiServer(Api({}), port=0) as gone:
        url = gone.url
    assert refusal('url = "URL/users"\n[limits]\nretries = 1', url) == f"{url}/users: connection refused, tried 2 times"


def test_no_more_requests_than_were_agreed_on(server: ApiServer) -> None:
    clock = ManualClock()
    said = f'{LINK}[query]\nsize = 20\n[limits]\nrequests = 3\nper = "10 s"'
    assert load(said, server.url, clock=clock).height == COUNT
    assert len(server.api.asked) == 7
    assert clock.monotonic() == 20


def dict_of_ids() -> bytes:
    return json.dumps({"data": {f"id{number}": {"n": 1} for number in range(2_001)}}).encode()


HOSTILE = [
    (b"<html>down</html>", "an answer is no JSON: Expecting value: line 1 column 1 (char 0); it begins with '<html>"),
    (b'{"data": [NaN]}', "an answer is no JSON: NaN is no number of JSON"),
    (b"[" * 100_000, "an answer is no JSON: it is nested too deeply; it begins with '[[[["),
    (b'{"items": []}', "the answer has nothing at $.data, where its records should be\nhint: it has items"),
    (b'{"data": null}', "the answer has null at $.data, where its records should be\nhint: an API that has no records"),
    (b'{"data": [{"id": 1}], "next": "a"}', "page 2 is page 1 again\nhint: look at [paging]"),
    (b'{"data": [{"id": 1}], "next": {"to": 2}}', "a page says that \"{'to': 2}\" comes next, which is no cursor"),
    (dict_of_ids(), "its records have 2,001 different names, allowed are 2,000\nhint: an object whose names are ids"),
    (b'{"data": [{"text": "%s"}]}' % (b"x" * 2_000), "an answer has more than 2,000 bytes, the most that 'max-body'"),
]
CURSOR = 'url = "URL"\nrecords = "$.data"\n[paging]\nkind = "cursor"\nnext = "$.next"\n[limits]\nmax-body = "{}"\n'


@pytest.mark.parametrize(("body", "told"), HOSTILE)
def test_hostile_answers_are_refused_with_a_sentence(body: bytes, told: str) -> None:
    with serving(Said(body)) as server:
        assert told in refusal(CURSOR.replace("{}", "1 mb" if len(body) > 9_000 else "2000 b"), server.url)


NOTHING = [
    (b'{"data": []}', 200, ""),
    (b'{"data": null}', 200, "the answer has null at $.data, where its records should be\nhint: an API that has no"),
    (b"{}", 200, "the answer has nothing at $.data, where its records should be\nhint: it has nothing at all"),
    (b"null", 200, "the answer has nothing at $.data, where its records should be\nhint: it has null"),
    (b"", 204, "the answer has nothing in it, where its records should be\nhint: an API that has no records says so"),
]


@pytest.mark.parametrize(("body", "status", "told"), NOTHING)
def test_an_api_that_says_what_is_new_may_have_nothing(body: bytes, status: int, told: str) -> None:
    file = CURSOR.replace("{}", "1 mb") + '[incremental]\nfield = "at"\nparameter = "since"'
    with serving(Said(body, status)) as server:
        found = part(file, server.url, mark="7", changes=True)
        assert (list(found.frames()), found.mark, len(server.asked)) == ([], "7", 1)
        if told:
            assert told in refusal(file, server.url)


def test_what_tells_of_no_records_is_wrong_though_nothing_may_be_new() -> None:
    file = 'url = "URL"\nrecords = "$.data"\n'
    for body, told in ((b'{"error": "no such list"}', "the answer has nothing at $.data"), (b"", "is no JSON")):
        with serving(Said(body)) as server, pytest.raises(AwayError, match=told.replace("$", r"\$")):
            list(part(file, server.url, changes=True).frames())


def test_a_page_without_content_is_the_end_of_the_list() -> None:
    file = 'url = "URL"\nrecords = "$.data"\n[paging]\nkind = "page"\n'
    with serving(Said(b'{"data": [{"id": 1}]}'), Said(b"", 204)) as server:
        assert load(file, server.url)["id"].to_list() == ["1"]


def pages(*cursors: str) -> list[Said]:
    return [Said(f'{{"data": [{{"id": {n}}}], "next": "{cursor}"}}'.encode()) for n, cursor in enumerate(cursors)]


def test_pages_that_do_not_say_what_comes_next() -> None:
    pages = 'url = "URL"\nrecords = "$.data"\n[paging]\nkind = "page"\n'
    with serving(Said(b'{"data": [{"id": 1}], "pages": "many", "more": 3}')) as server:
        told = "page 1 does not say what comes next: "
        for said, wrong in (('total = "$.pages"', "many"), ('more = "$.more"', "3"), ('total = "$.all"', "$.all")):
            found = refusal(pages + said, server.url)
            assert found.startswith(told)
            assert wrong in found
        link = 'url = "URL"\nrecords = "$.data"\n[paging]\nkind = "link"\nnext = "$.more"'
        assert refusal(link, server.url) == "a page says that '3' comes next, which is no address"


def test_a_host_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = 'url = "http://api.test/users"\n[limits]\nretries = 1'
    told = "host 'api.test' of 'http://api.test/users' is not known, tried 2 times"
    assert refusal(said, "") == f"http://api.test/users: {told}"


def test_pages_that_go_round_in_a_circle_and_pages_without_end() -> None:
    with serving(*pages("a", "b", "a")) as server:
        told = "after page 3 comes one that was there before: its pages go round in a circle"
        assert refusal(CURSOR.replace("{}", "1 kb"), server.url) == told
    with serving(*pages("a", "b", "c", "d")) as server:
        told = "there are more than 3 pages, the most that 'max-pages' allows"
        assert refusal(CURSOR.replace("{}", "1 kb") + "max-pages = 3", server.url) == told
    clock = ManualClock()
    slow = [Said(said.body, before=lambda: clock.sleep(40)) for said in pages("a", "b", "c", "d")]
    with serving(*slow) as server:
        told = "after 60 s, the most that 'max-time' allows, there are more pages"
        said = CURSOR.replace("{}", "1 kb") + 'timeout = "1 h"\nmax-time = "1 min"'
        assert refusal(said, server.url, clock=clock) == told


@pytest.mark.parametrize("place", ["http://10.1.2.3/users", "http://169.254.169.254/latest", "http://[::1]:9/x"])
def test_redirects_and_links_to_forbidden_addresses(place: str) -> None:
    for said in (
        Said(status=302, headers={"Location": place}),
        Said(b"[]", headers={"Link": f'<{place}>; rel="next"'}),
    ):
        with serving(said) as server:
            told = refusal('url = "URL"\n[paging]\nkind = "link"', server.url)
            assert f"'{place}' leads to " in told
            assert "address, and is not among those allowed" in told


def test_an_address_that_is_not_allowed_is_not_asked(server: ApiServer) -> None:
    told = refusal(LINK, server.url, allow=())
    assert "leads to 127.0.0.1, a loopback address, and is not among those allowed" in told
    assert server.api.asked == []


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n["])
def test_an_answer_that_comes_byte_by_byte_has_an_end(head: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening, head))
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        said = 'url = "URL"\n[limits]\ntimeout = "200 ms"\nretries = 0'
        assert refusal(said, url, clock=SystemClock()) == f"{url}/: no answer within 0.2 s"
        thread.join()


def drip(listening: socket.socket, head: bytes) -> None:
    """Answer the one question with `head` and then without an end, a byte at a time, until whoever asked has gone."""
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        connection.recv(65_536)
        connection.sendall(head)
        while True:
            connection.sendall(b" ")
            SystemClock().sleep(0.02)


def test_a_server_is_who_its_certificate_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: looked_up("127.0.0.1" if host == "api.test" else host, *rest, **more),
    )
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certify("api", ["api.test"]))
    with serving(Said(b'[{"id": 1}]'), context=context) as server:
        port = server.url.split("/")[2].rpartition(":")[2]
        known = f'url = "URL"\nca = "{authority.certificate}"\n[limits]\nretries = 0'
        assert load(known, f"https://api.test:{port}/users", allow=("api.test",)).rows() == [("1",)]
        assert server.asked[0]["host"] == f"api.test:{port}"
        told = refusal('url = "URL"', f"https://api.test:{port}/users", allow=("api.test",))
        assert "api.test is not who it says: unable to get local issuer certificate\nhint: ca names the file" in told
        other = refusal(known, f"https://127.0.0.1:{port}/users")
        assert "127.0.0.1 is not who it says: IP address mismatch" in other


def test_a_circle_of_redirects() -> None:
    with serving(Said(status=302, headers={"Location": "/free.json"})) as server:
        assert refusal('url = "URL"', server.url) == "exceeded 5 redirects"
        assert len(server.asked) == 6


def test_secrets_are_for_the_api_alone(server: ApiServer) -> None:
    for said in (
        Said(status=302, headers={"Location": f"{server.url}/all/users"}),
        Said(b"[{}]", headers={"Link": f'<{server.url}/all/users>; rel="next"'}),
    ):
        with serving(said) as other:
            told = refusal(f'url = "URL"\n[paging]\nkind = "link"\n[auth]\n{_AUTH["key"]}', other.url)
            assert told.startswith(f"the API leads on to {server.url}/all/users, and its secrets are for 127.0.0.1 ")
    assert server.api.asked == []
    clear = f'url = "http://8.8.8.8/users"\n[auth]\n{_AUTH["bearer"]}'
    assert "http://8.8.8.8/users would be told secrets in the clear" in refusal(clear, "")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[]", "the server of tokens has given none: its answer has no text 'access_token'"),
        (b'{"access_token": "x", "expires_in": "soon"}', "the server of tokens says how long one holds in something"),
    ],
)
def test_a_server_of_tokens_that_answers_anything(body: bytes, told: str) -> None:
    with serving(Said(body)) as server:
        auth = _AUTH["oauth2"].replace("URL/token", server.url)
        assert told in refusal(f'url = "URL"\n[auth]\n{auth}', server.url)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'url = "x"\nca = "none.pem"',
            "there is no file none.pem, which should have the certificate of the authority\n",
        ),
        ("", "option 'url' is required\nsources/users.toml"),
        ('url = "x"\nrecord = "$"', "unknown option 'record'\nsources/users.toml:2\nhint: did you mean records?"),
        ('url = "x"\nrecords = "data"', "'data' is no JSON path: it begins with $"),
        ('url = "x"\n[paging]\nkind = "pages"', "option 'kind' is 'pages', allowed is one of none, page, offset, "),
        ('url = "x"\n[paging]\nkind = "cursor"', "paging of kind cursor needs 'next'\nsources/users.toml:2"),
        (
            'url = "x"\n[paging]\nkind = "link"\nlimit = 3',
            "paging of kind link has no option 'limit'\nsources/users.toml:4",
        ),
        ('url = "x"\n[auth]\nkind = "bearer"\ntoken = "abc"', "a secret stands in the file, and is allowed in the env"),
        ('url = "x"\n[auth]\nkind = "basic"\nuser = "a"', "auth of kind basic needs 'password'"),
        ('url = "x"\nauth = "basic"', "'auth' is a table\nsources/users.toml:2\nhint: [auth]"),
        ('url = "x"\n[query]\nids = [1, 2]', "'ids' is [1, 2], allowed is a text, a number, true or false"),
        ('url = "x"\narray = "a..b"', "'a..b' leads to nothing in a record: allowed are names, joined by dots"),
        ('url = "x"\n[keep]\nuser = "id"', "[keep] says which columns the elements of an array get of their record"),
        ('url = "ftp://x"', "'ftp://x' leads to what is no address: http or https, and a host"),
        ('url = "http://127.0.0.1:1"\nrecords = "$.["', "'$.[' is no JSON path: "),
    ],
)
def test_files_that_are_wrong(said: str, told: str) -> None:
    assert told in refusal(said, "")


def test_one_record_of_another_shape_takes_nothing_from_the_others() -> None:
    shapes = b'[{"id": 1, "at": {"city": "Chur"}}, {"id": 2, "at": "Zug"}, {"id": 3, "at": {}}, [7], null]'
    with serving(Said(shapes)) as server:
        assert load('url = "URL"', server.url).to_dict(as_series=False) == {
            "id": ["1", "2", "3", None, None],
            "at_city": ["Chur", None, None, None, None],
            "at": [None, "Zug", None, None, None],
            "value": [None, None, None, "[7]", None],
        }
    names = b'[{"a_b": 1, "a": {"b": 2}, "A_B": 3}]'
    with serving(Said(names)) as server:
        assert load('url = "URL"', server.url).to_dict(as_series=False) == {
            "a_b": ["1"],
            "a_b_2": ["2"],
            "A_B_3": ["3"],
        }
