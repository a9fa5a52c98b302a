"""The examples of all functions, asked of a real Flink: its values, and its types with NULL-ability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import SqlError
from penstock.sql.functions import FUNCTIONS
from tests.flink.oracle import Oracle
from tests.functions.harness import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.golden.golden import Answer

AT_ONCE = 60
"""Examples in one SELECT; alone if Flink refuses one of them."""

EXAMPLES = sorted({(e.sql, repr(e.result)): e for f in FUNCTIONS.values() for e in f.examples}.items())


class Asking:
    def __init__(self, flink: Oracle, folder: Path) -> None:
        self.flink = flink
        self.file = folder / "examples.sql"

    def answer(self, calls: Sequence[str]) -> Answer:
        columns = ", ".join(f"{call} AS c{i}" for i, call in enumerate(calls))
        self.file.write_text(f"SELECT {columns};\n", "utf-8")
        return self.flink.run(self.file)

    def types_and_values(self, calls: Sequence[str]) -> list[tuple[str, object]]:
        """Of each call: its type and value, or "error" and Flink's message."""
        answer = self.answer(calls)
        if answer.error is None:
            (table,) = answer.tables
            (change,) = table.changes
            return [(kind, change.row[name]) for name, kind in table.columns]
        if len(calls) == 1:
            return [("error", answer.error.message)]
        return [self.types_and_values([call])[0] for call in calls]


def our_type(sql: str) -> str:
    try:
        return evaluate(sql).type
    except SqlError as error:
        return f"error: {error.message}"


@pytest.mark.real
def test_examples_agree_with_flink(tmp_path: Path, tell: Callable[[str], None]) -> None:
    differing = []
    with Oracle() as flink:
        asking = Asking(flink, tmp_path)
        for start in range(0, len(EXAMPLES), AT_ONCE):
            group = EXAMPLES[start : start + AT_ONCE]
            calls = [example.sql for _, example in group]
            for (_, example), (kind, value) in zip(group, asking.types_and_values(calls), strict=True):
                ours = our_type(example.sql)
                close = isinstance(value, float) and value == pytest.approx(example.result, rel=1e-12)
                if ours != kind or not (close or value == example.result):
                    differing.append(f"{example.sql}\n  ours  {ours} {example.result!r}\n  Flink {kind} {value!r}")
    tell(f"{len(EXAMPLES) - len(differing)} of {len(EXAMPLES)} examples of functions agree with Flink")
    assert not differing, "\n".join(differing)
