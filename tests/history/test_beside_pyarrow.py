"""Questions where pyarrow is installed too, as it mostly is beside other tools: DuckDB reads frames by it then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import cache, locked, run, say

VERSION = "26.0.1"


@pytest.mark.real
def test_questions_have_the_same_answers() -> None:
    asked = str(Path(__file__).with_name("test_query.py"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", asked]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(_pyarrow())
    done = subprocess.run(command, env=environment, timeout=300, check=False, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def _pyarrow() -> Path:
    """A folder that has pyarrow and nothing else. Raises MissingPartError where it cannot be had."""
    folder = cache() / f"pyarrow-{VERSION}-{sys.version_info.major}.{sys.version_info.minor}"
    with locked(cache()):
        if not folder.exists():
            say(f"installing pyarrow {VERSION} into {folder} (about 50 MB are downloaded)")
            new = folder.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            _install(new)
            new.rename(folder)
    return folder


def _install(folder: Path) -> None:
    wanted = ["--quiet", "--no-deps", "--target", str(folder), f"pyarrow=={VERSION}"]
    if (uv := shutil.which("uv")) is not None:
        run([uv, "pip", "install", "--python", sys.executable, *wanted], dict(os.environ), 300)
    else:
        run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *wanted], dict(os.environ), 300)
