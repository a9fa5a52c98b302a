"""Commands act through the process that runs a project, and by themselves where none does: the same either way."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.server.owner import is_owned
from penstock.server.serve import SOCKET
from tests.cli.shell import call, make_project, orders
from tests.parts import until
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.shell import Ended

BAD = [b'{"id": "x"}', b"no json", b"\xff"]
SINCE = """\
-- @param start TIMESTAMP = '2025-01-01 00:02:00'
SELECT id, date_trunc('minute', $start) AS start FROM orders WHERE ts >= $start ORDER BY id LIMIT 3
"""
LATE = b'{"id": 1, "customer": "c1", "amount": 7, "ts": "2025-01-01 00:00:01"}'

COMMANDS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("query", "SHOW TABLES"),),
    (("query", "SELECT * FROM revenue ORDER BY window_end", "--format", "json"),),
    (("query", 'SELECT * FROM "revenue$open"'),),
    (("query", "SELECT ts, sum(id) FROM orders GROUP BY ALL ORDER BY ts LIMIT 3", "--format", "csv"),),
    (("query", "SELECT * FROM orders", "--rows", "3"),),
    (("query", "SELECT * FROM nothing"),),
    (("query", "SELECT count(*) FROM range(10000000000000)", "--seconds", "0.3"),),
    (
        ("queries", "list"),
        ("queries", "run", "since"),
        ("queries", "run", "since", "--param", "start=2025-01-01 00:01:00", "--format", "json"),
        ("queries", "run", "since", "--param", "start=noon"),
        ("queries", "run", "sinse"),
    ),
    (("why",), ("why", "--format", "json")),
    (("ledger",), ("ledger", "--format", "json")),
    (("explain",), ("check",)),
    (("rejects", "list"), ("rejects", "list", "--late"), ("rejects", "list", "--format", "json")),
    (("rejects", "show", "1"), ("rejects", "show", "9")),
    (
        ("rejects", "replay", "--id", "1", "--set", "id=5", "--yes"),
        ("rejects", "replay", "--id", "1", "--yes"),
        ("rejects", "replay", "--id", "2", "--set", "id=5", "--yes"),
        ("rejects", "replay", "--late", "--all", "--yes"),
    ),
    (
        ("savepoint", "create", "before"),
        ("savepoint", "create", "before"),
        ("savepoint", "create", "x", "--pipeline", "none"),
        ("savepoint", "drop", "before"),
        ("savepoint", "list"),
    ),
    (
        ("topic", "create", "clicks"),
        ("topic", "create", "clicks"),
        ("topic", "describe", "clicks"),
        ("topic", "alter", "clicks", "--partitions", "5"),
        ("topic", "write", "clicks", "--partition", "1"),
        ("topic", "read", "clicks"),
        ("topic", "delete", "clicks", "--yes"),
    ),
    (
        ("user", "add", "anna", "--role", "operator"),
        ("user", "add", "gate", "--role", "operator", "--no-password"),
        ("user", "add", "anna", "--no-password"),
        ("user", "add", "Anna Smith", "--no-password"),
        ("user", "add", "bert", "--role", "vewer", "--no-password"),
        ("user", "role", "anna", "admin"),
        ("user", "role", "ana", "viewer"),
        ("user", "password", "anna", "--none"),
        ("token", "make", "nobody"),
        ("token", "make", "gate", "--days", "0"),
        ("token", "make", "gate", "--scope", "all"),
        ("token", "revoke", "0123456789ab"),
        ("user", "filter", "gate", "orders", "customer=c1,c2", "id=5"),
        ("user", "filter", "gate", "revenue", "--all"),
        ("user", "filter", "gate", "orders", "id=five"),
        ("user", "filter", "gate", "order", "--all"),
        ("user", "filter", "gate", "orders", "customer"),
        ("user", "filter", "gate", "orders", "customer=c1", "--none"),
        ("user", "list", "--format", "json"),
        ("user", "filter", "gate", "revenue", "--none"),
        ("user", "filter", "gate", "orders", "--none"),
        ("user", "remove", "anna", "--yes"),
        ("user", "remove", "anna", "--yes"),
        ("token", "list"),
    ),
    (("topic", "list"), ("topic", "read", "orders", "--last", "2")),
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has run: windows closed and open, rejected rows, a late one."""
    folder = make_project(tmp_path_factory.mktemp("ran") / "shop", toml="[topics.clicks]\npartitions = 3\n")
    with penstock.open(folder) as project:
        (folder / "queries").mkdir()
        (folder / "queries" / "since.sql").write_text(SINCE)
        project.append("orders", orders(130))
        project.start()
        project.append("orders", pl.DataFrame({"value": BAD}))
        until(lambda: project.running[0].rows == 133, "not all rows are read")
        project.append("orders", pl.DataFrame({"value": [LATE]}))
        until(lambda: project.running[0].rows == 134, "the late row is not read")
    return folder


def plain(ended: Ended, folder: Path) -> tuple[str, str, int]:
    """Without what differs from one moment to the next."""
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+"
    varies = rf"the next run reads them|read at once by orders|checkpoints orders \d+|(?!2025){when}"
    texts = [re.sub(varies, "", t.replace(str(folder), "DIR")) for t in (ended.out, ended.err)]
    return texts[0], texts[1], ended.code


@pytest.mark.parametrize("commands", COMMANDS, ids=[" ".join(c[0]) for c in COMMANDS])
def test_a_command_does_the_same_either_way(ran: Path, tmp_path: Path, commands: tuple[tuple[str, ...], ...]) -> None:
    answers = []
    for owned in (False, True):
        folder = tmp_path / f"owned-{owned}" / "shop"
        shutil.copytree(ran, folder)
        if owned:
            with serve(folder, rows=0):
                answers.append([plain(run(folder, command), folder) for command in commands])
        else:
            answers.append([plain(run(folder, command), folder) for command in commands])
    alone, through = answers
    assert through == alone
    assert any(code == 0 or err for _, err, code in alone)


def run(folder: Path, command: tuple[str, ...]) -> Ended:
    words = [command[0], *command[1:]]
    place = 2 if command[0] in ("queries", "rejects", "savepoint", "token", "topic", "user") else 1
    given = "correct horse battery\n" if command[0] == "user" else '{"id": 1}\n{"id": 2}\n'
    return call(*words[:place], folder, *words[place:], given=given)


def test_the_process_that_runs_it_is_asked(ran: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(ran, folder)
    with serve(folder, rows=0) as served:
        answered = served.penstock.questions.seconds.read().count
        assert call("query", folder, "SELECT 1").code == 0
        assert served.penstock.questions.seconds.read().count == answered + 1
        epoch = served.penstock.running[0].epoch
        assert call("savepoint", "create", folder, "now").code == 0
        assert served.penstock.running[0].epoch == epoch + 1, "it keeps what has just been run"
        refused = call("rejects", "replay", folder, "--late", "--all", "--yes", "--rebuild")
        assert refused.code == 1
        assert "error[locked]: windows that have closed cannot be computed again while the project runs" in refused.err
        mended = call("rejects", "replay", folder, "--id", 1, "--set", "id=5", "--yes")
        assert "1 row appended to orders; read at once by orders\n" in mended.out


def test_a_socket_that_was_left_behind_is_passed_over(ran: Path, tmp_path: Path) -> None:
    import socket

    folder = tmp_path / "shop"
    shutil.copytree(ran, folder)
    path = folder / ".penstock" / SOCKET
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert path.exists()
    assert not is_owned(folder / ".penstock")
    assert call("query", folder, "SELECT 1 AS one", "--format", "json").out == '{"one":1}\n'


def test_a_process_that_goes_away_meanwhile_is_told(tmp_path: Path) -> None:
    import socket
    import threading

    folder = make_project(tmp_path / "p")
    (folder / ".penstock").mkdir()

    def hang_up(listening: socket.socket) -> None:
        for _ in range(2):
            listening.accept()[0].close()

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / ".penstock" / SOCKET))
        listening.listen()
        thread = threading.Thread(target=hang_up, args=(listening,))
        thread.start()
        ended = call("ledger", folder)
        thread.join()
    assert ended.code == 1
    assert ended.err.startswith("error[owner-gone]: the process that runs the project has not answered: ")
    assert ended.err.endswith("hint: if it has ended in the meantime, try again\n")
