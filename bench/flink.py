"""W on a real Flink 2.3 in one JVM, one core: a whole cold process, and later runs in a warm one.

Flink and Java are found or fetched as the tests against a real Flink do it.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import duckdb
from tests.flink import parts

from bench import project
from bench.child import Ran, command, run
from bench.events import file_of
from bench.windows import EVENTS, pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from bench.__main__ import Bench

__all__ = ["measure"]

_OPENED = (
    *("java.lang", "java.lang.reflect", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.text", "java.time"),
    *("java.util", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks"),
)


def measure(bench: Bench) -> None:
    report, source, runs = bench.report, file_of(EVENTS), 2 if bench.quick else 5
    report.title(f"W on a real Flink 2.3, {EVENTS:,} events, file to JSON files, 1 core")
    flink = parts.get()
    folder = bench.folder
    classes = [str(flink.java_home / "bin" / "javac"), "-cp", f"{flink.jars}/*", "-d", str(folder)]
    subprocess.run([*classes, str(project.HERE / "java" / "Windows.java")], check=True)
    sql = folder / "w.sql"
    sink = f"'connector' = 'filesystem', 'path' = 'file://{folder}/RUN', 'format' = 'json'"
    table = f"'connector' = 'filesystem', 'path' = 'file://{source}', 'format' = 'json'"
    sql.write_text(project.SQL.format(source=table, sink=sink), "utf-8")
    opened = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED]
    java = [str(flink.java), "-Xmx2g", "-XX:+UseSerialGC", *opened, "-cp", f"{folder}:{flink.jars}/*", "Windows"]
    cold, _ = jvm([*java, str(sql), "1"])
    check_results(folder, source, 1)
    shutil.rmtree(folder / "run-0")
    ours = pipeline(folder / "w", source)()
    _, times = jvm([*java, str(sql), str(runs)])
    check_results(folder, source, runs)
    report.figure("flink, cold: the whole process", EVENTS / cold.seconds, "/s")
    report.figure("flink, cold: CPU of the process", cold.cpu, "s")
    report.figure("flink, warm: later runs in one JVM", [EVENTS / t for t in times[1:]], "/s")
    report.figure("penstock, the whole process", EVENTS / ours.seconds, "/s")
    report.figure("penstock against a cold flink", cold.seconds / ours.seconds, "x")
    report.figure("penstock, start included, against a warm flink", min(times[1:]) / ours.seconds, "x")


def jvm(words: list[str]) -> tuple[Ran, list[float]]:
    """A JVM on one core, and the seconds of each run in it."""
    ran = run(words)
    return ran, [int(line.split()[1]) / 1000 for line in ran.output.splitlines() if line.startswith("run ")]


def check_results(folder: Path, source: Path, runs: int) -> None:
    """Every run gave as many windows as DuckDB's query, with all events in them. Raises AssertionError."""
    wanted = folder / "wanted.parquet"
    run(command("batch_query", source, wanted, 1))
    (rows,) = duckdb.sql(f"SELECT count(*) FROM '{wanted}'").fetchall()[0]
    for number in range(runs):
        found = duckdb.sql(
            f"SELECT count(*), sum(events) FROM read_json('{folder}/run-{number}/*', format = 'newline_delimited')"
        ).fetchall()[0]
        if found != (rows, EVENTS):
            raise AssertionError(f"run {number} of Flink gave {found}, wanted are {(rows, EVENTS)}")
