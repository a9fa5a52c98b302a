"""The shipped projects as `penstock init` lays them out, in a folder of the test."""

from __future__ import annotations

import shutil
from pathlib import Path

import penstock.apps

SHIPPED = Path(penstock.apps.__file__).parent


def laid_out(app: str, folder: Path) -> Path:
    """`folder` with the project of `app` in it, and what its data are read from."""
    shutil.copytree(SHIPPED / app / "project", folder)
    if app == "web":
        (folder / "data").mkdir()
        shutil.copy(SHIPPED / "web" / "data" / "access.log.gz", folder / "data")
    return folder


def statements(app: str) -> str:
    """The SQL of a project, file after file."""
    return "\n".join(path.read_text("utf-8") for path in sorted((SHIPPED / app / "project" / "sql").glob("*.sql")))
