"""The build that is committed is what Node makes of ui/, byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("src/penstock/server/page")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.real
def test_the_build_is_what_its_sources_make(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    assert npm is not None, "building the page needs Node 20.19 or newer, with npm"
    shutil.copytree(ROOT / "ui", tmp_path / "ui", ignore=shutil.ignore_patterns("node_modules", "schema.d.ts"))
    for step in (["ci", "--no-audit", "--no-fund"], ["run", "check"], ["run", "build"]):
        done = subprocess.run([npm, *step], cwd=tmp_path / "ui", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert _files(tmp_path / PAGE) == _files(ROOT / PAGE)


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "ui" / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
