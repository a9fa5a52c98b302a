"""A real schema registry for tests: Apicurio, which speaks Confluent's REST, fetched once and run on a free port."""

from __future__ import annotations

import os
import re
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flink.parts import find_jdk, run_maven
from tests.parts import MissingPartError, cache, free_port, say, says_yes, service

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["apicurio"]

VERSION = "3.3.3"
LEAST_JAVA = 21
SECONDS = 120


@contextmanager
def apicurio(folder: Path) -> Iterator[str]:
    """The address of a registry that runs as long as the block, in `folder`. Raises MissingPartError."""
    jar, java = _distribution() / "quarkus-run.jar", _java()
    port, management = free_port(), free_port()
    settings = {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": port,
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": management,
    }
    options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *(f"-D{k}={v}" for k, v in settings.items())]
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    log = folder / "apicurio.log"
    with service([java, *options, "-jar", jar], log, lambda: says_yes(f"{url}/subjects"), seconds=SECONDS, cwd=folder):
        yield url


def _java() -> Path:
    """A Java of at least version 21, which Apicurio needs."""
    homes = [Path(os.environ["REGISTRY_JAVA_HOME"])] if os.environ.get("REGISTRY_JAVA_HOME") else []
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    for home in homes:
        release = home / "release"
        found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE) if release.exists() else None
        if found and int(found[1]) >= LEAST_JAVA and (home / "bin" / "java").exists():
            return home / "bin" / "java"
    raise MissingPartError(f"Apicurio needs Java {LEAST_JAVA} or newer: install one, or set REGISTRY_JAVA_HOME")


def _distribution() -> Path:
    folder = cache() / f"apicurio-{VERSION}"
    if folder.exists():
        return folder
    home = find_jdk()
    if home is None:
        raise MissingPartError("a JDK is missing, which runs Maven")
    folder.parent.mkdir(parents=True, exist_ok=True)
    say(f"fetching Apicurio {VERSION} with Maven, once")
    packed = folder.parent / f"{folder.name}.maven"
    artifact = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
    run_maven(home, [goal, f"-Dartifact={artifact}", f"-DoutputDirectory={packed}"])
    unpacked = folder.parent / f"{folder.name}.new"
    with tarfile.open(next(packed.glob("*.tar.gz"))) as archive:
        archive.extractall(unpacked, filter="data")
    unpacked.rename(folder)
    for path in packed.iterdir():
        path.unlink()
    packed.rmdir()
    return folder
