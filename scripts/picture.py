"""The picture of the README: what `penstock demo` shows in a terminal, as docs/demo.svg; --check: is it current?"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

TARGET = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
COLUMNS = 100


def picture() -> str:
    """Run the demo in a folder of its own, and draw the part of its output that is the same everywhere."""
    program = Path(sys.executable).with_name("penstock")
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "XDG_CACHE_HOME": folder, "TZ": "UTC"}
        done = subprocess.run([str(program), "demo", "web"], env=env, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    first = next(i for i, line in enumerate(lines) if "page views in" in line)
    last = next(i for i, line in enumerate(lines) if "next:" in line)
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115, PTH123
    console.print(Text("$ penstock demo web", style="bold"))
    console.print(Text.from_ansi("\n".join(lines[first:last]).rstrip()))
    svg = console.export_svg(title="Penstock")
    # the page that shows it fetches nothing
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return f"<!-- Made by scripts/picture.py. -->\n{svg}"


def main(check: bool) -> int:
    """Draw the picture, or only tell whether it is as it would be drawn."""
    svg = picture()
    if not check:
        TARGET.write_text(svg, "utf-8")
        return 0
    current = TARGET.read_text("utf-8") == svg
    if not current:
        print("docs/demo.svg is not what the demo shows: run python scripts/picture.py")
    return not current


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
