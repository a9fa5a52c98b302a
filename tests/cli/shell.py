"""Calling the program: in this process, or as a process of its own."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

import penstock
from penstock.cli.root import cli

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 180
"""Seconds after which a process that should have ended will not; a loaded machine is slow."""

ORDERS = """\
CREATE TABLE orders (
  id BIGINT, customer STRING, amount DECIMAL(10, 2), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'orders', 'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json', 'key.format' = 'raw', 'key.fields' = 'customer'
);
CREATE TABLE revenue (window_end TIMESTAMP(3), orders BIGINT, amount DECIMAL(38, 2))
WITH ('connector' = 'kafka', 'topic' = 'revenue', 'format' = 'json');
INSERT INTO revenue SELECT window_end, COUNT(*), SUM(amount)
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;
"""


@dataclass(frozen=True)
class Ended:
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int


def call(*args: object, given: str | bytes | None = None) -> Ended:
    """Run a command in this process; no terminal anywhere."""
    result = CliRunner().invoke(cli, [str(a) for a in args], input=given, prog_name="penstock")
    return Ended(result.stdout, result.stderr, result.exit_code)


def started(*args: object, stdin: int | None = None, **env: str) -> subprocess.Popen[str]:
    """Start a command as a process."""
    command = [sys.executable, "-m", "penstock", *map(str, args)]
    return subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **env}
    )


def make_project(folder: Path, sql: str = ORDERS, toml: str = "", name: str = "orders") -> Path:
    """A project folder with one SQL file."""
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text('[project]\nname = "shop"\n' + toml)
    (folder / "sql" / f"01-{name}.sql").write_text(sql)
    return folder


def orders(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Rows of `orders`, one a second."""
    start = dt.datetime(2025, 1, 1)  # noqa: DTZ001  # a TIMESTAMP has no zone
    return [
        {"id": i, "customer": f"c{i % 3}", "amount": None, "ts": start + dt.timedelta(seconds=i)}
        for i in range(first, first + count)
    ]


def append(folder: Path, *rows: dict[str, Any]) -> None:
    with penstock.open(folder) as project:
        project.append("orders", list(rows))
