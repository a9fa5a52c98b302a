"""The build that is committed is what Node makes of ui/, byte for byte."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("src/penstock/server/page")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.real
def test_the_build_is_what_its_sources_make(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "ui", tmp_path / "ui", ignore=shutil.ignore_patterns("node_modules", "schema.d.ts"))
    (tmp_path / PAGE).parent.mkdir(parents=True)
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(ROOT / "scripts" / "ui.py", tmp_path / "scripts")
    for step in ([], ["npm", "run", "check"]):
        done = subprocess.run([sys.executable, script, *step], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert _files(tmp_path / PAGE) == _files(ROOT / PAGE)


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "ui" / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_a_build_installs_what_the_lock_has_and_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("ui", ROOT / "scripts" / "ui.py")
    assert spec is not None
    assert spec.loader is not None
    ui = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ui)
    monkeypatch.setattr(ui, "UI", tmp_path)
    one, other = {"version": "1.0.0"}, {"version": "2.0.0", "optional": True}
    lock = {"packages": {"": {}, "node_modules/one": one, "node_modules/for-another-machine": other}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    assert not ui.installed()
    (tmp_path / "node_modules").mkdir()
    there = tmp_path / "node_modules" / ".package-lock.json"
    there.write_text(json.dumps({"packages": {"node_modules/one": one}}))
    assert ui.installed()
    there.write_text(json.dumps({"packages": {"node_modules/one": {"version": "0.9.0"}}}))
    assert not ui.installed()
