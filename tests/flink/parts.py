"""What the oracle needs: a JDK, Maven, Flink's jars, our compiled classes. Each is looked for, else made.

Jars and classes live in `$XDG_CACHE_HOME/penstock` (or `~/.cache/penstock`), named by the hash of what they
were made from.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.parts import MissingPartError, apt_get, cache, locked, run, say

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
POM = HERE / "pom.xml"
SOURCES = HERE / "java"
JAVA_VERSIONS = (17, 21)
"""The Java versions on which Flink 2.3 runs, the preferred first."""

_OTHERWISE = "or set JAVA_HOME and MAVEN_HOME"
_SERVICES = {"org.apache.flink.core.execution.PipelineExecutorFactory": "oracle.MiniExecutor"}


@dataclass(frozen=True, slots=True)
class Parts:
    """A JDK's home, and the class path."""

    java_home: Path
    classes: Path
    jars: Path

    @property
    def java(self) -> Path:
        return self.java_home / "bin" / "java"

    @property
    def class_path(self) -> str:
        return f"{self.classes}:{self.jars}/*"


def get() -> Parts:
    """Finds or makes all parts; says on stderr what takes long. Raises MissingPartError."""
    with locked(cache()):
        java_home = find_jdk() or _install_jdk()
        jars = _jars(java_home)
        return Parts(java_home, _classes(java_home, jars), jars)


def find_jdk() -> Path | None:
    """The home of a fitting JDK: JAVA_HOME, PATH, then where distributions put them."""
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    compiler = shutil.which("javac")
    if compiler:
        homes.append(Path(compiler).resolve().parents[1])
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    versions = {version: home for home in reversed(homes) if (version := jdk_version(home)) in JAVA_VERSIONS}
    return next((versions[v] for v in JAVA_VERSIONS if v in versions), None)


def jdk_version(home: Path) -> int | None:
    """The major version of the JDK at `home`; None where there is none (or only a runtime)."""
    release = home / "release"
    if not (home / "bin" / "javac").exists() or not release.exists():
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
    return int(found[1]) if found else None


def _install_jdk() -> Path:
    needed = " or ".join(map(str, JAVA_VERSIONS))
    packages = [f"openjdk-{v}-jdk-headless" for v in JAVA_VERSIONS]
    apt_get(packages, f"a JDK (Java {needed}) for the real Flink", _OTHERWISE)
    home = find_jdk()
    if home is None:
        raise MissingPartError(f"a JDK was installed, but none of version {needed} is in /usr/lib/jvm")
    return home


def _maven() -> Path:
    found = _find_maven()
    if found is None:
        apt_get(["maven"], "Maven, which fetches Flink's jars", _OTHERWISE)
        found = _find_maven()
    if found is None:
        raise MissingPartError("Maven was installed, but there is no mvn in PATH or /usr/bin")
    return found


def _find_maven() -> Path | None:
    homes = [os.environ[name] for name in ("MAVEN_HOME", "M2_HOME") if os.environ.get(name)]
    places = [f"{home}/bin" for home in homes] + [os.environ.get("PATH", ""), "/usr/bin", "/usr/local/bin"]
    found = shutil.which("mvn", path=os.pathsep.join(places))
    return Path(found) if found else None


def _jars(java_home: Path) -> Path:
    jars = cache() / f"flink-{_hash([POM])}"
    if jars.exists():
        return jars
    say("fetching Flink's jars with Maven (about 150 MB, once)")
    with _built(jars) as folder:
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
        run_maven(java_home, ["-f", str(POM), *goal])
    return jars


def run_maven(java_home: Path, arguments: list[str]) -> None:
    """Runs Maven, installed if it is not there. Raises MissingPartError."""
    environment = {
        **os.environ,
        "JAVA_HOME": str(java_home),
        "PATH": os.pathsep.join([os.environ.get("PATH", ""), "/usr/bin", "/bin"]),
    }
    run([str(_maven()), "-q", "-B", *arguments], environment, 1200)


def _classes(java_home: Path, jars: Path) -> Path:
    sources = sorted(SOURCES.rglob("*.java"))
    classes = cache() / f"oracle-{_hash([POM, *sources])}-{jdk_version(java_home)}"
    if classes.exists():
        return classes
    say("compiling the oracle")
    with _built(classes) as folder:
        services = folder / "META-INF" / "services"
        services.mkdir(parents=True)
        for service, implementation in _SERVICES.items():
            (services / service).write_text(implementation + "\n")
        arguments = ["-nowarn", "-Xlint:none", "-cp", f"{jars}/*", "-d", str(folder), *map(str, sources)]
        run([str(java_home / "bin" / "javac"), *arguments], dict(os.environ), 120)
    return classes


@contextmanager
def _built(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `target` only when it is whole."""
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=target.name + "."))
    try:
        yield folder
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def main() -> int:
    """Have all parts ready, and say which they are; the exit code is 1 where one cannot be had."""
    try:
        parts = get()
    except MissingPartError as error:
        say(str(error))
        return 1
    say(f"Java in {parts.java_home}, Flink 2.3 and the oracle in {cache()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
