"""Flink's own formats, asked without a job: a JVM that is fed with questions (see java/oracle/Formats.java)."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

from tests.flink import parts
from tests.parts import cache

_SOURCE = Path(__file__).resolve().parent / "java" / "oracle" / "Formats.java"
_AVRO = "org.apache.flink:flink-sql-avro-confluent-registry:2.3.0"


class FlinkFormats:
    """Use it as a context manager.

    >>> with FlinkFormats() as flink:
    ...     flink.ask({"format": "json", "type": "ROW<a INT>", "decode": ["eyJhIjoxfQ=="]})
    {'answers': [[{'a': 1}]]}
    """

    def __init__(self) -> None:
        found = parts.get()
        avro = _avro_jar(found.java_home)
        self._folder = tempfile.TemporaryDirectory(prefix="penstock-formats-")
        class_path = f"{self._folder.name}:{found.class_path}:{avro}"
        compiler = str(found.java_home / "bin" / "javac")
        subprocess.run(
            [compiler, "-nowarn", "-XDsuppressNotes", "-cp", class_path, "-d", self._folder.name, str(_SOURCE)],
            check=True,
        )
        self._process = subprocess.Popen(
            [str(found.java), "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", class_path, "oracle.Formats"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()
        self._folder.cleanup()


def _avro_jar(java_home: Path) -> Path:
    """The jar with Flink's Avro formats, fetched once."""
    _, name, version = _AVRO.split(":")
    folder = cache() / "avro"
    jar = folder / f"{name}-{version}.jar"
    if not jar.exists():
        goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
        parts.run_maven(java_home, [goal, f"-Dartifact={_AVRO}", f"-DoutputDirectory={folder}"])
    return jar
