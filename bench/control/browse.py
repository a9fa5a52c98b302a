"""Finding messages in a topic of ten million: the oldest, by offset, time, key, header, and by a condition in SQL."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import penstock
from bench.table import Target
from penstock.project.browse import browse, offsets_at
from penstock.project.search import Condition, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.__main__ import Bench
    from penstock.project.penstock import Penstock

__all__ = ["measure"]

TOPIC = "messages"
SQL = f"""
CREATE TABLE {TOPIC} (id BIGINT, customer STRING, amount INT, filler STRING)
WITH ('connector' = 'kafka', 'topic' = '{TOPIC}', 'format' = 'json', 'key.format' = 'raw', 'key.fields' = 'customer');
CREATE TABLE nothing (id BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nothing SELECT id FROM {TOPIC};
"""
PART = 200_000
EVERY = 100_000
"""One message in so many fits the condition."""
FIRST_MS = 1_767_225_600_000


def measure(bench: Bench) -> None:
    count, runs = (1_000_000, 1) if bench.quick else (10_000_000, 5)
    report, folder = bench.report, made(bench.folder / "browse", count)
    report.title(f"Finding messages in a topic of {count:,}, 10 partitions, of some 150 bytes each")
    with penstock.open(folder) as project:
        moment = str(np.datetime64(FIRST_MS + count // 2, "ms"))
        target = Target(1, 0.2, below=True)
        for what, start, wanted, found in (
            ("the oldest hundred", "earliest", Wanted(), 100),
            ("from an offset on", str(count // 20), Wanted(), 100),
            ("from a time on", moment, Wanted(), 100),
            ("an absent one, by key", "earliest", Wanted(key=b"nobody"), 0),
            ("the only one of a key, at the end", "earliest", Wanted(key=b"the last"), 1),
            ("an absent one, by header", "earliest", Wanted(header=("none", None)), 0),
        ):
            seconds = [_searched(project, start, wanted, found) for _ in range(runs)]
            report.figure(what, seconds, "s", target)
        condition = Wanted(condition=Condition(project, TOPIC, f"MOD(id, {EVERY}) = {EVERY - 1} AND amount >= 0"))
        firsts, rates = [], []
        for _ in range(min(runs, 3)):
            began = time.perf_counter()
            page = browse(project.log, TOPIC, offsets_at(project.log, TOPIC, "earliest"), 1, wanted=condition)
            assert page.records.height == 1
            firsts.append(time.perf_counter() - began)
            rates.append(count / _searched(project, "earliest", condition, count // EVERY))
        report.figure(f"by a condition that 1 in {EVERY:,} fits: the first", firsts, "s", Target(1, 0.2, below=True))
        report.figure("all that fit it, messages looked at", rates, "/s", Target(1.5e6, 5e6))


def _searched(project: Penstock, start: str, wanted: Wanted, found: int) -> float:
    """Seconds of a search that goes on, page by page, until it has `found` so many, or has come to the end."""
    began = time.perf_counter()
    following, records = offsets_at(project.log, TOPIC, start), 0
    while True:
        page = browse(project.log, TOPIC, following, 100, wanted=wanted, enough=_half_a_second())
        records += page.records.height
        if page.following is None or (found and records >= found):
            break
        following = page.following
    assert records == found, f"{records} and not {found}"
    return time.perf_counter() - began


def _half_a_second() -> Callable[[], bool]:
    """As the page asks: after so long it wants to know how far a search is."""
    until = time.perf_counter() + 0.5
    return lambda: time.perf_counter() > until


def made(folder: Path, count: int) -> Path:
    """A project whose topic has so many messages: a millisecond apart, keys of a million customers."""
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text("[topics.messages]\npartitions = 10\n")
    (folder / "sql" / "messages.sql").write_text(SQL)
    with penstock.open(folder) as project:
        project.create_topic(TOPIC)
        for start in range(0, count, PART):
            project.append(TOPIC, messages(start, PART))
        last = pl.DataFrame({"key": [b"the last"], "value": [b'{"id": 0, "customer": "the last", "amount": -1}']})
        project.append(TOPIC, last)
    return folder


def messages(start: int, count: int) -> pl.DataFrame:
    """Records as `Penstock.append` takes them: JSON of about 150 bytes."""
    number = pl.Series("id", np.arange(start, start + count))
    customer = pl.concat_str(pl.lit("c"), number % 1_000_000)
    parts = ('{"id": ', number, ', "customer": "', customer, '", "amount": ', number % 997)
    filler = pl.lit(f', "filler": "{"x" * 80}"}}')
    value = pl.concat_str(*(pl.lit(part) if isinstance(part, str) else part for part in parts), filler)
    return pl.select(
        customer.cast(pl.Binary).alias("key"),
        value.cast(pl.Binary).alias("value"),
        (number + FIRST_MS).alias("timestamp"),
    )
