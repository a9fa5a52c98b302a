"""The pages of docs/ that are made of declarations: writes them, or with --check tells those that are stale."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"

PAGES: dict[str, str] = {
    "functions.md": "penstock.sql.page",
    "connectors.md": "penstock.connectors.page",
    "settings.md": "penstock.project.page",
    "cli.md": "penstock.cli.page",
    "metrics.md": "penstock.server.metrics.page",
}
"""A page, and the module whose `page()` gives its text."""


def main(check: bool) -> int:
    """Write what has changed, or only name it; the exit code of a check is how many pages are stale."""
    stale = 0
    for name, module in PAGES.items():
        text = importlib.import_module(module).page()
        file = DOCS / name
        if file.is_file() and file.read_text("utf-8") == text:
            continue
        stale += 1
        if check:
            print(f"docs/{name} is not what {module} makes: run python scripts/pages.py")
        else:
            DOCS.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
            print(f"docs/{name} written")
    return stale if check else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
