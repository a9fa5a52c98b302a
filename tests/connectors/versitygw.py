"""A real S3 server for tests: Versity's gateway over a folder, built once with Go and run on a free port."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.parts import MissingPartError, cache, free_port, say, service

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KEYS", "versitygw"]

VERSION = "1.8.0"
KEYS = {"AWS_ACCESS_KEY_ID": "penstock", "AWS_SECRET_ACCESS_KEY": "a-secret-of-a-test"}


@contextmanager
def versitygw(folder: Path, *buckets: str) -> Iterator[str]:
    """The address of a server with these buckets that runs as long as the block. Raises MissingPartError."""
    for name in buckets:
        (folder / "root" / name).mkdir(parents=True)
    (folder / "iam").mkdir()
    port = free_port()
    log = folder / "versitygw.log"
    keys = ["--access", KEYS["AWS_ACCESS_KEY_ID"], "--secret", KEYS["AWS_SECRET_ACCESS_KEY"]]
    place = ["--port", f"127.0.0.1:{port}", "--iam-dir", str(folder / "iam"), "posix", str(folder / "root")]

    def listens() -> bool:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True

    with service([_program(), *keys, *place], log, listens):
        yield f"http://127.0.0.1:{port}"


def _program() -> Path:
    found = shutil.which("versitygw")
    if found is not None:
        return Path(found)
    folder = cache() / f"versitygw-{VERSION}"
    program = folder / "versitygw"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _build(folder)
    return program


def _build(folder: Path) -> None:
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    if go is None:
        raise MissingPartError("Go is missing, which builds versitygw, the S3 server of the tests")
    say(f"building versitygw {VERSION} with Go, once (some minutes)")
    done = subprocess.run(
        [go, "install", f"github.com/versity/versitygw/cmd/versitygw@v{VERSION}"],
        env={**os.environ, "GOBIN": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if done.returncode:
        raise MissingPartError(f"versitygw could not be built:\n{done.stderr[-3000:]}")
