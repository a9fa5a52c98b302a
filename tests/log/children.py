"""What child processes of the tests do, started from a server that has imported everything already."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.errors import LogError
from penstock.log import Log

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.log.children"])


def start(work: Any, *arguments: object) -> tuple[BaseProcess, Connection]:
    """A child that runs `work(pipe, *arguments)`, and our end of the pipe."""
    ours, theirs = CONTEXT.Pipe()
    child = CONTEXT.Process(target=work, args=(theirs, *arguments), daemon=True)
    child.start()
    theirs.close()
    return child, ours


def values(*numbers: int) -> pl.DataFrame:
    """Each number as key and value."""
    return pl.DataFrame({"key": [b"%d" % n for n in numbers], "value": [b"%d" % n for n in numbers]})


def append_and_commit(pipe: Connection, path: str, start_at: int) -> None:
    """Append, commit transactions and keep the log until killed, telling what was acknowledged."""
    log = Log.open(Path(path))
    number = start_at
    while True:
        log.append("t", values(*range(number, number + 3)))
        pipe.send(("append", number))
        with log.transaction() as tx:
            tx.append("out", values(number))
            tx.append("out", values(number + 1))
            tx.commit_offsets("g", {"t": {0: number + 3}})
            tx.append_rows("rows", pl.DataFrame({"n": [number]}))
            tx.put_checkpoint("p", number + 1, b"%d" % number, {f"s{number}": b"%d" % number}, {f"s{number}"})
            tx.put("n", b"%d" % number)
        pipe.send(("commit", number))
        number += 3
        if number % 5 == 0:
            log.upkeep.merge(log.topic("t"))
            log.state.stage("p", number + 1, {"staged": b"never valid" * 100})
            log.maintain(0.01)


def append_numbers(pipe: Connection, path: str, topic: str, who: int, count: int) -> None:
    """Append `count` batches of some rows, named by who and number."""
    with Log.open(Path(path)) as log:
        pipe.send("ready")
        pipe.recv()
        number = 0
        for n in range(count):
            rows = 1 + n % 3
            log.append(topic, pl.DataFrame({"value": [f"{who} {number + i}".encode() for i in range(rows)]}))
            number += rows
        pipe.send(number)


def append_and_die(pipe: Connection, path: str) -> None:
    """Append some rows one by one, say how many, and end without closing the log."""
    log = Log.open(Path(path))
    log.create_topic("t")
    for number in range(20):
        log.append("t", values(number))
    pipe.send(20)
    os.kill(os.getpid(), signal.SIGKILL)


def open_and_append(pipe: Connection, path: str) -> None:
    """Open a log that may not be there yet, make a topic that may be there already, append one row."""
    pipe.send("ready")
    pipe.recv()
    with Log.open(Path(path)) as log:
        try:
            log.create_topic("t")
        except LogError as error:
            if error.code != "topic-exists":
                raise
        log.append("t", pl.DataFrame({"value": [b"x"]}))
    pipe.send("done")
