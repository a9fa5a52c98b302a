"""Living, ready, and what the project says of itself; the sockets that it is served on."""

from __future__ import annotations

import json
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from penstock.core.errors import ConfigError
from penstock.server.holder import holder_of
from penstock.server.serve import Serving, reachable
from tests.cli.shell import PATIENCE, call, make_project, started
from tests.parts import says_yes, until
from tests.server.served import Served, serve
from tests.server.test_api import ENDLESS

if TYPE_CHECKING:
    from pathlib import Path


def test_a_running_project_lives_and_is_ready(shop: Served) -> None:
    assert shop.get("/livez") == {"status": "alive"}
    assert shop.get("/readyz") == {"status": "ready", "failed": []}
    project = shop.get("/api/project")
    assert (project["name"], project["running"], project["pipelines"]) == ("shop", True, ["orders"])
    assert project["position"] >= 130


def test_without_an_engine_it_lives_and_is_not_ready(tmp_path: Path) -> None:
    with serve(tmp_path / "p", engine=False, rows=0) as served:
        assert served.get("/livez") == {"status": "alive"}
        refused = served.get("/readyz", 503)
        assert (refused["code"], refused["detail"]) == ("request-draining", "the engine has not started")
        assert not served.socket.exists(), "it does not own the project"


def test_the_parts_of_a_project_and_their_uptime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shop"
    told = call("health", make_project(folder))
    assert (told.code, told.err) == (1, "nothing has probed them yet: the process that runs the project does it\n")
    monkeypatch.setattr("penstock.project.health.watch._FIRST_SECONDS", 0.0)
    with serve(folder, rows=0) as served:
        parts = until(lambda: served.get("/api/health")["parts"], "nothing is probed")
        assert {"disk", "log"} <= {part["component"] for part in parts}
        found = served.get("/api/uptime?days=2")
        assert (found["zone"], found["target"], len(found["parts"])) == ("UTC", 0.995, len(parts))
        assert {part["days"][0]["share"]["up_share"] for part in found["parts"]} == {None}, "that was before"
        assert served.get("/api/uptime?days=401", 400)["code"] == "request-form"
        rows = [json.loads(line) for line in call("health", folder, "--format", "json").out.splitlines()]
        assert [row["part"] for row in rows] == [part["component"] for part in parts]
        assert {row["unit"] for row in rows if row["part"] == "cpu" and row["value"] is not None} <= {"%"}
        served.penstock.stop()
        shown = [json.loads(row) for row in call("uptime", folder, "--format", "json").out.splitlines()]
        assert {(row["days"][0], len(row["days"]), row["target"]) for row in shown} == {(".", 30, 0.995)}
        assert [row["part"] for row in shown] == [part["component"] for part in parts]
        assert len(call("uptime", folder, "--days", "3", "--by-day", "--format", "csv").out.splitlines()) == (
            1 + 3 * len(parts)
        )
        assert call("health", folder).code == 0, "it was stopped as it should be"


def test_the_owner_answers_on_a_socket_for_its_user_alone(shop: Served) -> None:
    assert stat.S_IMODE(shop.socket.stat().st_mode) == 0o600
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(shop.socket))) as client:
        assert client.get("http://any.name/api/project").json()["name"] == "shop"


def test_the_socket_of_a_deep_folder_and_that_of_a_dead_process(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / ("deeper" * 10)
    make_project(folder)
    (folder / ".penstock").mkdir()
    (folder / ".penstock" / "penstock.sock").write_text("left behind")
    with serve(folder) as served:
        path = served.socket
        with reachable(path) as address, httpx.Client(transport=httpx.HTTPTransport(uds=address)) as client:
            assert client.get("http://x/livez").status_code == 200
    assert not path.exists()


def test_a_taken_port_is_an_error_that_names_its_holder(shop: Served) -> None:
    with pytest.raises(ConfigError) as refused:
        Serving(shop.penstock, port=shop.serving.port)
    assert f"port {shop.serving.port} of 127.0.0.1 is taken by process {os.getpid()} (" in refused.value.message
    assert refused.value.hint == "--port 0 takes any free one, --no-serve none"


def test_a_holder_that_cannot_be_told(tmp_path: Path) -> None:
    assert holder_of(1, tmp_path) == "another process"
    (tmp_path / "net").mkdir()
    line = "0: 0100007F:0050 00000000:0000 0A 0:0 0:0 0 0 0 4711 1\n"
    (tmp_path / "net" / "tcp").write_text("  sl local rem st\n" + line)
    assert holder_of(0x50, tmp_path) == "a process of another user"


@pytest.mark.parametrize(
    ("host", "words"),
    [("no-such-name.invalid", "cannot listen on 'no-such-name.invalid'"), ("192.0.2.1", "cannot listen on port 0 of")],
)
def test_an_address_that_is_none_of_this_machine(shop: Served, host: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Serving(shop.penstock, host, 0)


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.real), signal.SIGTERM])
def test_a_signal_ends_serving_and_engine_after_a_last_commit(tmp_path: Path, number: int) -> None:
    folder = make_project(tmp_path / "p")
    child = started("run", folder, "--port", "0")
    assert child.stderr is not None
    while not (line := child.stderr.readline()).startswith("page and API at "):
        assert line
    url = line.split()[-1]
    until(lambda: child.poll() is None and says_yes(f"{url}readyz"), "it does not answer")  # its port is taken before
    child.send_signal(number)
    _, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, err.splitlines()[-1]) == (0, "stopping after a last commit; Ctrl-C again ends at once")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}livez")
    assert not (folder / ".penstock" / "penstock.sock").exists()


def test_a_request_that_does_not_end_is_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.server.serve._GOODBYE_SECONDS", 0.05)
    with serve(tmp_path / "p", engine=False, rows=0) as served, ThreadPoolExecutor(1) as others:
        asked = others.submit(served.client.post, "/api/query", json={"sql": ENDLESS, "seconds": 60, "id": "long"})
        until(lambda: served.get("/api/query"), "it is not asked")
        served.serving.stop()
        with suppress(httpx.RemoteProtocolError):  # the connection may end before it is told
            assert asked.result(PATIENCE).status_code == 500


def test_no_serve_and_a_taken_port_on_the_command_line(tmp_path: Path, shop: Served) -> None:
    folder = make_project(tmp_path / "p")
    child = started("run", folder, "--port", str(shop.serving.port))
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 1
    assert f"is taken by process {os.getpid()} (" in err
    assert not (folder / ".penstock" / "engine.lock").exists(), "nothing has begun"


def test_a_port_can_be_listened_on_again_at_once(tmp_path: Path) -> None:
    port = 0
    with serve(tmp_path / "p", rows=0) as served:
        for _ in range(3):
            with Serving(served.penstock, port=port) as again:
                again.wait()
                assert says_yes(f"{again.url}livez")
            port = again.port
