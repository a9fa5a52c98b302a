"""The page's build: makes src/penstock/server/page of ui/ with Node, or with --check says without it if it is current.

The build is committed, so that nobody needs Node to run Penstock. Beside it stands a digest of what it was made of
and of what it is: a changed source, a file edited by hand and a merge gone wrong are all found by reading.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "ui"
PAGE = ROOT / "src" / "penstock" / "server" / "page"
MANIFEST = PAGE.parent / "page.json"

SOURCES = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "tsconfig.json",
    "vite.config.ts",
    "index.html",
    "public",
    "src",
)
"""All that the build is made of; types and tests leave no trace in it."""
TRACELESS = (".test.ts", "schema.d.ts")


def digest(base: Path, names: tuple[str, ...]) -> str:
    """One digest of the files `names` and those in the folders `names`, below `base`."""
    found: set[Path] = set()
    for name in names:
        place = base / name
        found |= {place} if place.is_file() else {p for p in place.rglob("*") if p.is_file()}
    whole = hashlib.sha256()
    for file in sorted(found):
        if not file.name.endswith(TRACELESS):
            whole.update(f"{file.relative_to(base).as_posix()}\0".encode())
            whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def current() -> dict[str, str]:
    """The digests of sources and build as they are now."""
    return {"sources": digest(UI, SOURCES), "build": digest(PAGE, (".",))}


def check() -> int:
    """Compare with the digests of the last build; 1 where the page is stale."""
    built = json.loads(MANIFEST.read_text("utf-8")) if MANIFEST.is_file() else {}
    now = current()
    for what, wrong in (("sources", "ui/ has changed since"), ("build", "its files are not those of")):
        if built.get(what) != now[what]:
            print(f"the page in src/penstock/server/page is stale: {wrong} the last build; run python scripts/ui.py")
            return 1
    return 0


def build() -> int:
    """Build with Node, write the digests; the exit code is that of npm."""
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not here: building the page needs Node 20.19 or newer (running Penstock does not)")
        return 1
    steps = [["run", "build"]] if (UI / "node_modules").is_dir() else [["ci"], ["run", "build"]]
    for step in steps:
        code = subprocess.run([npm, *step], cwd=UI, check=False).returncode
        if code:
            return code
    MANIFEST.write_text(json.dumps(current(), indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(check() if "--check" in sys.argv[1:] else build())
