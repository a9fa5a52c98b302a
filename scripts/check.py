"""Everything that reading can prove: style, types, layers, dead code, generated files. One line per check."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [name for name in ("src", "tests", "bench", "scripts") if (ROOT / name).is_dir()]

CHECKS: tuple[tuple[str, list[str]], ...] = (
    ("lint", ["ruff", "check", "--quiet", *SOURCES]),
    ("format", ["ruff", "format", "--check", "--quiet", *SOURCES]),
    ("types", ["mypy", "--no-error-summary"]),
    ("layers", ["lint-imports", "--no-cache"]),
    ("dead code", ["vulture"]),
    ("generated pages", ["python", "scripts/pages.py", "--check"]),
    ("the page is current", ["python", "scripts/ui.py", "--check"]),
)


def main() -> int:
    """Run all checks; the exit code is how many failed."""
    failed = 0
    for name, command in CHECKS:
        started = time.monotonic()
        program = Path(sys.executable).with_name(command[0])
        done = subprocess.run([str(program), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
        good = done.returncode == 0
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
        if not good:
            print(done.stdout + done.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
