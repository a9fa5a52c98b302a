"""Aggregate calls, with what the real Flink answered for each group: ``recorded_groups.jsonl``, one call a line.

A line is ``{"columns": {"x": [type, [values]]}, "keys": [a group for each row], "call": SQL}`` and, once Flink was
asked, ``"type"`` and ``"values"`` in order of the keys (or ``"refused"``, Flink's reason). To add calls, write lines
without an answer and run ``python -m tests.functions.recorded_groups``; with ``--all`` every line is asked again.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.functions.harness import type_of
from tests.functions.recorded import _event as event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.flink.oracle import Oracle

FILE = Path(__file__).resolve().parent / "recorded_groups.jsonl"


@dataclass(slots=True)
class RecordedGroups:
    """One call over the columns and groups of some rows, and Flink's answer."""

    columns: dict[str, tuple[str, list[Any]]]
    keys: list[int]
    call: str
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def line(self) -> str:
        return json.dumps({"columns": self.columns, "keys": self.keys, "call": self.call, **self.answer})


def read() -> list[RecordedGroups]:
    cases = []
    for line in FILE.read_text("utf-8").splitlines():
        value = json.loads(line)
        answer = {k: value[k] for k in ("type", "values", "refused") if k in value}
        cases.append(RecordedGroups(value["columns"], value["keys"], value["call"], answer))
    return cases


def record(flink: Oracle, folder: Path, cases: Sequence[RecordedGroups]) -> None:
    """Asks Flink; calls over the same rows go into one SELECT, but for those that change an AVG beside them."""
    groups: dict[str, list[RecordedGroups]] = {}
    for case in cases:
        kind = next((k for k in ("VAR", "STDDEV", "AVG") if case.call.startswith(k)), "")
        if "refused" in case.answer:  # the others would get no answer
            kind = case.call
        groups.setdefault(json.dumps([case.columns, case.keys, kind]), []).append(case)
    for group in groups.values():
        _ask(flink, folder, group)


def _ask(flink: Oracle, folder: Path, group: Sequence[RecordedGroups]) -> None:
    answer = flink.run(_file(folder, group))
    if answer.error is None:
        (table,) = answer.tables
        changes = sorted(table.changes, key=lambda c: c.row["$key"])
        for case, (name, kind) in zip(group, table.columns, strict=False):
            case.answer = {"type": kind, "values": [c.row[name] for c in changes]}
    elif len(group) > 1:
        for case in group:
            _ask(flink, folder, [case])
    else:
        group[0].answer = {"refused": answer.error.message}


def _file(folder: Path, group: Sequence[RecordedGroups]) -> Path:
    first = group[0]
    kinds = {name: type_of(kind) for name, (kind, _) in first.columns.items()}
    declared = ", ".join(f"`{name}` {kind}" for name, (kind, _) in first.columns.items())
    calls = ", ".join(f"{case.call} AS c{place}" for place, case in enumerate(group))
    file = folder / "groups.sql"
    file.write_text(
        "-- @events groups.events\n"
        f"CREATE TABLE t ({declared}, `$key` INT, `$ts` TIMESTAMP(3), WATERMARK FOR `$ts` AS `$ts`) "
        "WITH ('connector' = 'kafka', 'format' = 'json');\n"
        f"SELECT {calls}, `$key` FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(`$ts`), INTERVAL '1' MINUTE)) "
        "GROUP BY window_start, window_end, `$key`;\n",
        "utf-8",
    )
    with file.with_suffix(".events").open("w") as events:
        for row, key in enumerate(first.keys):
            values = {name: event(values[row], kinds[name]) for name, (_, values) in first.columns.items()}
            line = {"table": "t", "row": values | {"$key": key, "$ts": "2024-01-01 00:00:00"}}
            events.write(json.dumps(line) + "\n")
    return file


def main(arguments: list[str]) -> None:
    from tests.flink.oracle import Oracle

    cases = read()
    open_cases = [c for c in cases if not c.answer or "--all" in arguments]
    with tempfile.TemporaryDirectory() as folder, Oracle() as flink:
        record(flink, Path(folder), open_cases)
    FILE.write_text("".join(f"{case.line}\n" for case in cases), "utf-8")
    print(f"asked Flink about {len(open_cases)} calls")


if __name__ == "__main__":
    main(sys.argv[1:])
