"""A real Airflow in an environment of its own: Penstock never depends on it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.parts import cache, locked, run, say

__all__ = ["VERSION", "airflow"]

VERSION = "3.3.2"
_MADE = ".made"


def airflow() -> Path:
    """The folder of the programs of an environment with Airflow, which is made where it is missing.

    Raises MissingPartError.
    """
    folder = cache() / f"airflow-{VERSION}"
    with locked(cache()):
        if not (folder / _MADE).exists():
            say(f"installing Airflow {VERSION} into {folder} (about 200 MB are downloaded)")
            _install(folder)
            (folder / _MADE).touch()
    return folder / "bin"


def _install(folder: Path) -> None:
    wanted = f"apache-airflow=={VERSION}"
    environment = dict(os.environ)
    python = str(folder / "bin" / "python")
    base = str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")
    if (uv := shutil.which("uv")) is not None:
        run([uv, "venv", "--quiet", "--clear", "--python", base, str(folder)], environment, 120)
        run([uv, "pip", "install", "--quiet", "--python", python, wanted], environment, 900)
    else:
        run([base, "-m", "venv", "--clear", str(folder)], environment, 120)
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted], environment, 900)
