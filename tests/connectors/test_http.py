"""`http`: conditional questions, outages, and answers that are kept once, asked of a real server."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.connectors import connector_named
from penstock.connectors.http.poller import Poller, polled
from penstock.connectors.spec import TableOptions
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, UnsupportedError
from penstock.project.opening import open_project
from penstock.sql.catalog import Table
from tests.connectors.answering import Said, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

NOON = 1_767_268_800_000
VERSION = {"ETag": '"v1"', "Last-Modified": "Thu, 01 Jan 2026 12:00:00 GMT"}
BODY = b'[{"n":1}, {"n":2.50}]'


@contextmanager
def project(folder: Path, url: str, *, options: str = "", allow: str = "127.0.0.1") -> Iterator[Penstock]:
    """A project with the table `feed` of `url`, whose rows go to topic `kept`, at noon."""
    (folder / "sql").mkdir(parents=True, exist_ok=True)
    settings = f'[project]\nname = "polls"\n[network]\nallow = ["{allow}"]\n'
    (folder / "penstock.toml").write_text(settings)
    (folder / "sql" / "a.sql").write_text(f"""
        CREATE TABLE feed (n DOUBLE, came TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL)
        WITH ('connector' = 'http', 'topic' = 'feed', 'url' = '{url}', 'format' = 'json' {options});
        CREATE TABLE kept (n DOUBLE, came TIMESTAMP_LTZ(3))
        WITH ('connector' = 'kafka', 'topic' = 'kept', 'format' = 'json');
        INSERT INTO kept SELECT n, came FROM feed;
    """)
    with open_project(folder) as p:
        p.clock = ManualClock(NOON)
        yield p


def poller(p: Penstock) -> Poller:
    table = p.catalog.find(("feed",))
    assert isinstance(table, Table)
    return Poller(TableOptions(table, connector_named(table)), p.world, chance=lambda: 0.0)


def values(p: Penstock) -> list[bytes]:
    return [value for frame in p.log.read("feed") for value in frame["value"]]


def test_an_answer_is_kept_once_and_asked_for_by_its_version(tmp_path: Path) -> None:
    with serving(Said(BODY, headers=VERSION), Said(status=304)) as server, project(tmp_path, server.url) as p:
        assert poller(p).poll() == 60
        assert values(p) == [b'{"n":1}', b'{"n":2.50}']
        p.clock.sleep(60)
        assert poller(p).poll() == 60  # another one, as after a restart
        assert values(p) == [b'{"n":1}', b'{"n":2.50}']
        first, second = server.asked
        assert "if-none-match" not in first
        assert (second["if-none-match"], second["if-modified-since"]) == ('"v1"', VERSION["Last-Modified"])
        assert second["host"] == server.url.split("/")[2]
        (state,) = polled(p.log)
        assert (state.answers, state.unchanged, state.failures, state.records) == (1, 1, 0, 2)
        assert state.answered == NOON + 60_000


def test_a_topic_that_was_emptied_is_filled_again(tmp_path: Path) -> None:
    with serving(Said(BODY, headers=VERSION)) as server, project(tmp_path, server.url) as p:
        poller(p).poll()
        p.log.delete_topic("feed")
        poller(p).poll()
        assert "if-none-match" not in server.asked[1]
        assert len(values(p)) == 2


def test_an_outage_is_told_and_ends(tmp_path: Path) -> None:
    sick, busy = Said(status=500), Said(status=503, headers={"Retry-After": "90"})
    with serving(sick, sick, sick, busy, Said(BODY)) as server, project(tmp_path, server.url) as p:
        found = poller(p)
        assert [found.poll() for _ in range(2)] == [0.5, 1.0]
        p.clock.sleep(600)
        found = poller(p)  # the outage outlives the process
        assert [found.poll(), found.poll()] == [2.0, 90.0]
        place = server.url.removesuffix("?key=secret")
        (reason,) = p.why()
        assert (reason.pipeline, reason.operator, reason.code, reason.attention) == ("a", "source feed", "outage", True)
        assert reason.sentence == (
            f"{place} has not answered since 2026-01-01 12:00:00.000, for 10 min (4 tries): HTTP 503 Service"
            " Unavailable; it is asked again at 2026-01-01 12:11:30.000."
        )
        assert p.query("SELECT state, tries, failures, url FROM penstock.polls").rows() == [("outage", 4, 4, place)]
        assert found.poll() == 60
        assert p.why() == []
        (state,) = polled(p.log)
        assert (state.since, state.tries, state.failures, len(values(p))) == (None, 0, 4, 2)


def test_the_rest_grows_to_a_limit_and_varies(tmp_path: Path) -> None:
    with serving(Said(status=404)) as server, project(tmp_path, server.url, options=", 'max-backoff' = '6 s'") as p:
        found = poller(p)
        assert [found.poll() for _ in range(6)] == [0.5, 1.0, 2.0, 3.0, 3.0, 3.0]
        found._chance = lambda: 0.5
        assert found.poll() == 4.5


@pytest.mark.parametrize(
    ("said", "options", "message"),
    [
        (Said(b"[" + b"1," * 600 + b"1]"), ", 'max-body' = '1 kb'", "the answer has more than 1,024 bytes"),
        (Said(status=302, headers={"Location": "/again"}), "", "more than 5 redirects"),
        (Said(status=302, headers={"Location": "http://127.0.0.2:9/"}), "", "leads to 127.0.0.2, a loopback address"),
        (Said(status=302, headers={"Location": "file:///etc/hosts"}), "", "'file:///etc/hosts' is no address"),
        (Said(status=304), "", "HTTP 304 Not Modified"),
    ],
)
def test_what_counts_as_no_answer(tmp_path: Path, said: Said, options: str, message: str) -> None:
    with serving(said) as server, project(tmp_path, server.url, options=options) as p:
        poller(p).poll()
        (state,) = polled(p.log)
        assert message in state.error
        assert values(p) == []


def test_who_does_not_answer_in_time_or_at_all_is_out(tmp_path: Path) -> None:
    go = threading.Event()
    with serving(Said(BODY, before=go.wait)) as server:
        with project(tmp_path, server.url, options=", 'timeout' = '50 ms'") as p:
            poller(p).poll()
            assert polled(p.log)[0].error == "no answer within 0.05 s"
        go.set()
    with project(tmp_path, server.url) as p:
        poller(p).poll()
        assert "Connection refused" in polled(p.log)[0].error
        assert polled(p.log)[0].tries == 2


def test_an_answer_that_nobody_kept_is_asked_for_again(tmp_path: Path) -> None:
    """The process ends between the answer and its commit."""
    with (
        serving(Said(BODY, headers=VERSION), Said(BODY, headers=VERSION)) as server,
        project(tmp_path, server.url) as p,
    ):
        found = poller(p)
        server.answers[0].before = found.close
        found.poll()
        assert values(p) == []
        poller(p).poll()
        assert "if-none-match" not in server.asked[1]
        assert values(p) == [b'{"n":1}', b'{"n":2.50}']


def test_what_is_no_json_stands_among_the_rejects(tmp_path: Path) -> None:
    page = b"<html>maintenance</html>"
    cut = BODY[:-3]
    with serving(Said(page)) as server, project(tmp_path, server.url) as p:
        p.run(bounded=True)
        server.answers = [Said(cut)]
        p.run(bounded=True)
        assert p.rejects()["raw"].to_list() == [page, cut]
        assert p.query("SELECT n FROM kept").rows() == []


def test_a_run_asks_and_its_rows_know_when_they_came(tmp_path: Path) -> None:
    with serving(Said(BODY, headers=VERSION), Said(status=304), Said(b'{"n":3}')) as server:
        with project(tmp_path, server.url, options=", 'poll-interval' = '10 ms'") as p:
            p.run(bounded=True)  # asks once
            assert len(server.asked) == 1
            p.clock = penstock.Penstock(p._definition, None).clock
            run = p.start()
            while not p.query("SELECT 1 FROM kept WHERE n = 3").rows():
                assert not run.wait(0.01)
            p.stop()
            rows = p.query("SELECT DISTINCT n, came = TIMESTAMPTZ '2026-01-01 12:00:00Z' FROM kept ORDER BY n").rows()
            assert rows == [(1.0, True), (2.5, True), (3.0, False)]
            asked = len(server.asked)
        assert len(server.asked) <= asked + 1


def test_an_address_that_is_not_allowed_is_told_before_anything_runs(tmp_path: Path) -> None:
    with project(tmp_path, "http://me:secret@127.0.0.1:1/x?key=secret", allow="example.org") as p:
        with pytest.raises(ConfigError) as raised:
            p.start()
        assert raised.value.code == "network-refused"
        assert raised.value.hint == 'add it to penstock.toml: [network] allow = ["127.0.0.1:1"]'
        assert "'url'" in raised.value.where
        assert "secret" not in raised.value.message


@pytest.mark.parametrize("url", ["ftp://example.org/x", "parking.json", "http://[/?key=secret"])
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    with project(tmp_path, url) as p, pytest.raises(ConfigError, match="is no address: http or https") as raised:
        p.start()
    assert "secret" not in raised.value.message


def test_a_host_that_nobody_knows_is_an_outage(tmp_path: Path) -> None:
    with project(tmp_path, "http://no-such-host.invalid/x") as p:
        p.run(bounded=True)
        assert p.why()[0].code == "outage"
        assert "host 'no-such-host.invalid'" in p.why()[0].sentence


def test_it_is_read_from_alone(tmp_path: Path) -> None:
    with project(tmp_path, "http://127.0.0.1:1/x") as p:
        p.sql("INSERT INTO feed SELECT n FROM kept")
        with pytest.raises(UnsupportedError) as raised:
            p.start()
        assert raised.value.message == "connector 'http' cannot be written to"


def test_the_whole_body_can_be_one_record(tmp_path: Path) -> None:
    with serving(Said(BODY)) as server, project(tmp_path, server.url, options=", 'records' = 'body'") as p:
        poller(p).poll()
        assert values(p) == [BODY]
        assert replace(polled(p.log)[0], url="").records == 1
