"""The README's script runs as it stands there, and prints what stands below it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_script_prints_what_the_readme_shows(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", README, re.DOTALL)
    assert found is not None
    script, shown = found.groups()
    assert len([line for line in script.splitlines() if line.strip()]) <= 16
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (shown, "")


def test_the_pages_it_names_are_there() -> None:
    names = [n for n in re.findall(r"\]\(([^)]+)\)", README) if not n.startswith("http")]
    assert len(names) >= 5
    assert [n for n in names if not (ROOT / n).is_file()] == []
