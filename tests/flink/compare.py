"""Asks the real Flink again and compares with the golden files: ``python -m tests.flink.compare [FILES...]``."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flink.oracle import Oracle
from tests.golden import golden
from tests.golden.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.golden.golden import Golden


@dataclass(slots=True)
class Report:
    """Golden files that agreed, by area, and what differed in the others."""

    agreed: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    local: Counter[str] = field(default_factory=Counter)
    differing: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{name}\n" + "\n".join(f"  {text}" for text in found) for name, found in self.differing.items()]
        width = max((len(area) for area in self.asked | self.local), default=0)
        for area in sorted(self.asked | self.local):
            note = f", {self.local[area]} not portable" if self.local[area] else ""
            lines.append(f"{area:<{width}}  {self.agreed[area]} of {self.asked[area]} agree with Flink{note}")
        return "\n".join([*lines, f"{self.agreed.total()} of {self.asked.total()} golden files agree with Flink"])


def compare(flink: Oracle, cases: Iterable[Golden]) -> Report:
    """Runs every portable one of `cases` on the real Flink."""
    report = Report()
    for case in cases:
        if case.local_only is not None:
            report.local[case.area] += 1
            continue
        report.asked[case.area] += 1
        found = differences(case.expected(), flink.run(case.path), ordered=case.ordered, lines=True, words=True)
        if found:
            report.differing[case.name] = found
        else:
            report.agreed[case.area] += 1
    return report


def main(arguments: list[str]) -> int:
    with Oracle() as flink:
        report = compare(flink, golden.find(Path(a) for a in arguments))
    print(report)
    return 1 if report.differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
