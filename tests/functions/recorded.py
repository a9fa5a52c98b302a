"""Calls on columns, with what the real Flink answered: ``recorded/*.jsonl``, one call a line.

A line is ``{"columns": {"x": [type, [values]]}, "zone": ..., "call": SQL}`` and, once Flink was asked, ``"type"`` and
``"values"`` (or ``"refused"``, Flink's reason). A row on which the job fails has ``{"fails": message}``. To add calls,
write lines without an answer and run ``python -m tests.functions.recorded``; with ``--all`` every line is asked again.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.core import types as t
from tests.functions.harness import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.core.types import DataType
    from tests.flink.oracle import Oracle

HERE = Path(__file__).resolve().parent / "recorded"


@dataclass(slots=True)
class Recorded:
    """One call over its columns, and Flink's answer."""

    columns: dict[str, tuple[str, list[Any]]]
    call: str
    zone: str = "UTC"
    answer: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, line: str) -> Recorded:
        value = json.loads(line)
        answer = {k: value[k] for k in ("type", "values", "refused") if k in value}
        return cls(value["columns"], value["call"], value.get("zone", "UTC"), answer)

    @property
    def line(self) -> str:
        zone = {} if self.zone == "UTC" else {"zone": self.zone}
        return json.dumps({"columns": self.columns, **zone, "call": self.call, **self.answer})

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values()))[1]) if self.columns else 1

    @property
    def failing(self) -> list[int]:
        """The rows on which the job fails, as far as was recorded."""
        values = self.answer.get("values", [])
        return [place for place, value in enumerate(values) if isinstance(value, dict) and "fails" in value]

    @property
    def spoils(self) -> bool:
        """Whether it was recorded that calls beside it get no answer."""
        return "refused" in self.answer or bool(self.failing)

    def some(self, places: Sequence[int]) -> Recorded:
        """The same call on some of its rows."""
        columns = {name: (kind, [values[p] for p in places]) for name, (kind, values) in self.columns.items()}
        return Recorded(columns, self.call, self.zone)


def files() -> list[Path]:
    return sorted(HERE.glob("*.jsonl"))


def read(file: Path) -> list[Recorded]:
    return [Recorded.read(line) for line in file.read_text("utf-8").splitlines() if line]


def write(file: Path, cases: Sequence[Recorded]) -> None:
    file.write_text("".join(f"{case.line}\n" for case in cases), "utf-8")


class Recorder:
    """Asks Flink; calls over the same columns go into one SELECT."""

    def __init__(self, flink: Oracle, folder: Path) -> None:
        self.flink = flink
        self.folder = folder

    def record(self, cases: Sequence[Recorded]) -> None:
        for group in same_columns(cases):
            for some in alone(group):
                self._ask(some)

    def _ask(self, group: Sequence[Recorded]) -> None:
        answer = self.flink.run(self._file(group))
        if answer.error is None:
            (table,) = answer.tables
            changes = sorted(table.changes, key=lambda c: c.row["$row"])
            for place, (case, (name, kind)) in enumerate(zip(group, table.columns, strict=False)):
                assert name == f"c{place}"
                case.answer = {"type": kind, "values": [c.row[name] for c in changes]}
        elif len(group) > 1:
            for case in group:
                self._ask([case])
        elif answer.error.stage != "runtime":
            group[0].answer = {"refused": _steady(answer.error.message)}
        else:
            self._ask_rows(group[0], answer.tables[0].columns[0][1], answer.error.message)

    def _ask_rows(self, case: Recorded, kind: str, message: str) -> None:
        """The row that fails hides the others: each alone, but for those that were recorded not to fail."""
        if case.rows == 1:
            case.answer = {"type": kind, "values": [{"fails": message}]}
            return
        failing = case.failing or range(case.rows)
        values: dict[int, Any] = {}
        for places in ([p for p in range(case.rows) if p not in failing], *([p] for p in failing)):
            if places:
                some = case.some(places)
                self._ask([some])
                values |= zip(places, some.answer["values"], strict=True)
        case.answer = {"type": kind, "values": [values[place] for place in range(case.rows)]}

    def _file(self, group: Sequence[Recorded]) -> Path:
        first = group[0]
        file = self.folder / "calls.sql"
        calls = ", ".join(f"{case.call} AS c{place}" for place, case in enumerate(group))
        zone = f"SET 'table.local-time-zone' = '{first.zone}';\n"
        if not first.columns:
            file.write_text(f"{zone}SELECT {calls}, 0 AS `$row`;\n", "utf-8")
            return file
        kinds = {name: type_of(kind) for name, (kind, _) in first.columns.items()}
        declared = ", ".join(f"`{name}` {kind}" for name, (kind, _) in first.columns.items())
        file.write_text(
            "-- @events calls.events\n"
            f"{zone}CREATE TABLE t ({declared}, `$row` INT) WITH ('connector' = 'kafka', 'format' = 'json');\n"
            f"SELECT {calls}, `$row` FROM t;\n",
            "utf-8",
        )
        events = [
            {name: _event(values[row], kinds[name]) for name, (_, values) in first.columns.items()} | {"$row": row}
            for row in range(first.rows)
        ]
        lines = "".join(json.dumps({"table": "t", "row": event}) + "\n" for event in events)
        file.with_suffix(".events").write_text(lines, "utf-8")
        return file


def _steady(message: str) -> str:
    """`message` without the methods that Java might have called: they come in any order."""
    return message.partition("; candidates are: ")[0]


def same_columns(cases: Sequence[Recorded]) -> Iterator[list[Recorded]]:
    """`cases` in groups that ask about the same columns."""
    groups: dict[str, list[Recorded]] = {}
    for case in cases:
        groups.setdefault(json.dumps([case.columns, case.zone]), []).append(case)
    yield from groups.values()


def alone(group: Sequence[Recorded]) -> Iterator[list[Recorded]]:
    """`group` in those that may be asked together; by the answers that were recorded, or Flink is asked once more."""
    if together := [case for case in group if not case.spoils]:
        yield together
    for case in group:
        if case.spoils:
            yield [case]


def _event(value: Any, kind: DataType) -> Any:
    """A value as the oracle prints it, as Flink's JSON format reads it."""
    match kind:
        case _ if value is None:
            return None
        case t.Binary() | t.Varbinary():
            return base64.b64encode(bytes.fromhex(value.removeprefix("0x"))).decode()
        case t.Array(element):
            return [_event(v, element) for v in value]
        case t.Map(_, item):
            return {k: _event(v, item) for k, v in value}
        case t.Row(fields):
            return {f.name: _event(value[f.name], f.type) for f in fields}
    return value


def main(arguments: list[str]) -> None:
    from tests.flink.oracle import Oracle

    wanted = [a for a in arguments if not a.startswith("--")]
    with tempfile.TemporaryDirectory() as folder, Oracle() as flink:
        for file in files():
            cases = read(file)
            open_cases = [c for c in cases if not c.answer or "--all" in arguments]
            if open_cases and (not wanted or file.stem in wanted):
                Recorder(flink, Path(folder)).record(open_cases)
                write(file, cases)
                print(f"{file.name}: asked Flink about {len(open_cases)} calls")


if __name__ == "__main__":
    main(sys.argv[1:])
