"""The files that are made of declarations: writes them, or with --check tells those that are stale."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PAGES: dict[str, str] = {
    "docs/functions.md": "penstock.sql.page",
    "docs/connectors.md": "penstock.connectors.page",
    "docs/settings.md": "penstock.project.page",
    "docs/cli.md": "penstock.cli.page",
    "docs/sources.md": "penstock.warehouse.sources.page",
    "docs/warehouse.md": "penstock.warehouse.page",
    "docs/dimensions.md": "penstock.warehouse.model_page",
    "docs/metrics.md": "penstock.server.metrics.page",
    "docs/quality.md": "penstock.quality.page",
    "ui/openapi.json": "penstock.server.openapi",
}
"""A file, and the module whose `page()` gives its text."""


def main(check: bool) -> int:
    """Write what has changed, or only name it; the exit code of a check is how many pages are stale."""
    stale = 0
    for name, module in PAGES.items():
        text = importlib.import_module(module).page()
        file = ROOT / name
        if file.is_file() and file.read_text("utf-8") == text:
            continue
        stale += 1
        if check:
            print(f"{name} is not what {module} makes: run python scripts/pages.py")
        else:
            file.write_text(text, "utf-8")
            print(f"{name} written")
    return stale if check else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
