"""Writes the .out files of golden files from the real Flink: ``python -m tests.flink.record FILES...``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.flink.oracle import Oracle
from tests.golden import golden


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: python -m tests.flink.record FILES_OR_FOLDERS...", file=sys.stderr)
        return 2
    with Oracle() as flink:
        for case in golden.find(Path(a) for a in arguments):
            if case.local_only is not None:
                print(f"{case.name}: local only ({case.local_only}), not recorded")
                continue
            answer = flink.run(case.path)
            case.out.write_text("".join(line + "\n" for line in answer.lines(ordered=case.ordered)), "utf-8")
            outcome = (
                f"{answer.error.stage} error"
                if answer.error
                else f"{sum(len(t.changes) for t in answer.tables)} changes"
            )
            print(f"{case.name}: {outcome}, {answer.ms} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
