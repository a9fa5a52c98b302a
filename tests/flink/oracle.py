"""The real Flink, as an oracle for SQL files: one JVM, fed with files, read for answers."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.flink import parts
from tests.golden.golden import Answer, Golden

_OPENED = (
    "java.lang", "java.lang.reflect", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.text", "java.time",
    "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks",
)  # fmt: skip
_START_SECONDS = 120
_GRACE_SECONDS = 60


class OracleError(Exception):
    """The oracle itself failed: it gave no answer."""


class Oracle:
    """Runs SQL files in a real Flink; use it as a context manager.

    >>> with Oracle() as flink:
    ...     answer = flink.run(path)
    """

    def __init__(self) -> None:
        self._parts = parts.get()
        self._folder = Path(tempfile.mkdtemp(prefix="penstock-flink-"))
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        with (self._folder / "stderr").open("w") as errors:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                encoding="utf-8", cwd=self._folder,
            )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._next(time.monotonic() + _START_SECONDS, "start")
        except BaseException:
            self.close()
            raise

    def _command(self) -> list[str]:
        return [
            str(self._parts.java),
            "-Xmx768m",
            "-Xss4m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # statements are small: quick compilation beats good code
            f"-Djava.io.tmpdir={self._folder}",
            f"-Doracle.log={self._folder / 'log'}",
            f"-Dlog4j.configurationFile={parts.SOURCES / 'log4j2.xml'}",
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
            "-cp",
            self._parts.class_path,
            "oracle.Oracle",
        ]

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, sql_file: Path) -> Answer:
        """What the statements of `sql_file` give. Raises OracleError if there is no answer in time."""
        seconds = int(Golden.read(sql_file).directives.get("timeout", "60")) + _GRACE_SECONDS
        deadline = time.monotonic() + seconds
        assert self._process.stdin
        try:
            self._process.stdin.write(f"{sql_file.resolve()}\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._failed("is gone") from error
        lines = [self._next(deadline, str(sql_file))]
        while not lines[-1].startswith('{"end":'):
            lines.append(self._next(deadline, str(sql_file)))
        answer = Answer.parse(lines)
        if answer.error and answer.error.stage in {"read", "timeout"}:
            raise OracleError(f"{sql_file}: {answer.error.message}")
        return answer

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _next(self, deadline: float, what: str) -> str:
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise self._failed(f"did not answer in time ({what})") from None
        if line is None:
            raise self._failed(f"ended ({what})")
        json.loads(line)
        return line

    def _failed(self, what: str) -> OracleError:
        tail = "".join(
            path.read_text(errors="replace")[-3000:]
            for path in (self._folder / "stderr", self._folder / "log")
            if path.exists()
        )
        self.close()
        return OracleError(f"the JVM of Flink {what}\n{tail}".rstrip())

    def close(self) -> None:
        """Ends the JVM and removes what it left; may be called twice."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):  # what it did not read is of no interest any more
            self._process.stdin.close()
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
