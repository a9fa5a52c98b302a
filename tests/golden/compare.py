"""Compares two answers: equal tables, not equal text.

An append-only result is a multiset of rows. An updating result is the table its changes add up to, after each
input line that changed it and at the end. DOUBLE is compared to 1e-12, FLOAT to 1e-6, all else exactly.
"""

from __future__ import annotations

import json
import math
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tests.golden.golden import Answer, Change, Table, line_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.golden.golden import Failure

Row = dict[str, Any]

SHOWN = 10
"""Rows of a difference that are shown."""


def differences(
    expected: Answer, actual: Answer, *, ordered: bool = False, lines: bool = False, words: bool = False
) -> list[str]:
    """What differs, in words; empty when the answers agree.

    With `ordered` the rows of an append-only result must also come in the same order. With `lines` each must come
    from the same input line and see the same watermark, and an updating result must agree after each input line;
    without, only the final tables count. With `words` all that Flink says must be the same: an error's class, text
    and place, EXPLAIN's plans, the marks of time attributes in types; without, an error's stage (validate and plan
    being one: refused before it runs). After a runtime error the tables count only with `lines`: how many rows came
    before it depends on the cut.
    """
    found = _failures(expected.error, actual.error, words)
    if not words:
        expected, actual = _plain(expected), _plain(actual)
    if expected.texts != actual.texts:
        found.append(f"texts differ\n  expected {expected.texts}\n  actual   {actual.texts}")
    if expected.error and expected.error.stage == "runtime" and not lines:
        return found
    tables, given = _by_sink(expected.tables), _by_sink(actual.tables)
    wanted, got = ([t.sink for t in of] for of in (tables, given))
    if wanted != got:
        return [*found, f"results of {_names(wanted)} were expected, there are {_names(got)}"]
    for left, right in zip(tables, given, strict=True):
        found += [f"{_names([left.sink])}: {text}" for text in _tables(left, right, ordered, lines)]
    return found


def _by_sink(tables: Iterable[Table]) -> list[Table]:
    """`tables` with those of INSERTs in a row by name: the INSERTs of a statement set begin in any order."""
    runs = groupby(tables, key=lambda table: table.sink is None)
    return [t for is_query, run in runs for t in (run if is_query else sorted(run, key=lambda t: t.sink or ""))]


def _names(sinks: Sequence[str | None]) -> str:
    return ", ".join("SELECT" if sink is None else sink for sink in sinks) or "nothing"


def _failures(expected: Failure | None, actual: Failure | None, words: bool) -> list[str]:
    if expected is None and actual is None:
        return []
    if expected is None or actual is None:
        return [f"error\n  expected {expected}\n  actual   {actual}"]
    same = expected == actual if words else _refused(expected.stage) == _refused(actual.stage)
    return [] if same else [f"errors differ\n  expected {expected}\n  actual   {actual}"]


def _plain(answer: Answer) -> Answer:
    """`answer` without plans, blank ends of texts and the marks of time attributes."""
    results = [
        ("" if result.startswith("== ") else result.rstrip("\n")) if isinstance(result, str) else _unmarked(result)
        for result in answer.results
    ]
    return Answer(results, answer.error)


def _unmarked(table: Table) -> Table:
    columns = [(name, re.sub(r" \*(ROW|PROC)TIME\*", "", kind)) for name, kind in table.columns]
    return Table(table.sink, columns, table.key, table.changes)


def _refused(stage: str) -> str:
    """Flink's line between validation and planning is its architecture, not a promise to its users."""
    return "validate" if stage == "plan" else stage


def _tables(expected: Table, actual: Table, ordered: bool, lines: bool) -> list[str]:
    if expected.columns != actual.columns:
        return [f"columns differ\n  expected {expected.columns}\n  actual   {actual.columns}"]
    tolerances = {name: _tolerance(kind) for name, kind in expected.columns}
    if expected.append_only:
        if not actual.append_only:
            return ["expected only +I, there are " + ", ".join(sorted({c.op for c in actual.changes} - {"+I"}))]
        left, right = _tagged(expected, lines), _tagged(actual, lines)
        return _rows(left, right, tolerances, "") or (_order(left, right, tolerances) if ordered else [])
    return _updating(expected, actual, tolerances, lines)


def _order(expected: list[Row], actual: list[Row], tolerances: dict[str, float]) -> list[str]:
    for place, (left, right) in enumerate(zip(expected, actual, strict=True), 1):
        if _exact(left, tolerances) != _exact(right, tolerances) or not _same_row(left, right, tolerances):
            return [f"row {place} differs\n  expected {json.dumps(left)}\n  actual   {json.dumps(right)}"]
    return []


def _tagged(table: Table, lines: bool) -> list[Row]:
    return [{**c.row, **({"$in": c.line, "$wm": c.wm} if lines else {})} for c in table.changes]


def _updating(expected: Table, actual: Table, tolerances: dict[str, float], lines: bool) -> list[str]:
    left, right = View(expected.key), View(expected.key)
    steps = sorted({c.line for c in (*expected.changes, *actual.changes)}, key=line_order)
    for number, step in enumerate(steps):
        left.apply(c for c in expected.changes if c.line == step)
        problem = right.apply(c for c in actual.changes if c.line == step)
        if problem:
            return [problem]
        if lines or number == len(steps) - 1:
            found = _rows(left.rows(), right.rows(), tolerances, f" after input line {step}")
            if found:
                return found
    return []


class View:
    """The table that changes add up to: by key where there is one (upserts), else as a multiset."""

    def __init__(self, key: Sequence[str]) -> None:
        self._key = key
        self._rows: dict[str, list[Row]] = {}

    def apply(self, changes: Iterable[Change]) -> str:
        """Applies `changes` in order; returns what is wrong with them, or ""."""
        for change in changes:
            name = json.dumps([change.row[k] for k in self._key] if self._key else change.row)
            if self._key:
                if change.op == "-D" and name not in self._rows:
                    return f"{change} deletes a key that is not there"
                if change.op in {"+I", "+U"}:
                    self._rows[name] = [change.row]
                else:
                    self._rows.pop(name, None)
            elif change.op in {"+I", "+U"}:
                self._rows.setdefault(name, []).append(change.row)
            else:
                if name not in self._rows:
                    return f"{change} takes back a row that is not there"
                self._rows[name].pop()
                if not self._rows[name]:
                    del self._rows[name]
        return ""

    def rows(self) -> list[Row]:
        return [row for rows in self._rows.values() for row in rows]


def _rows(expected: list[Row], actual: list[Row], tolerances: dict[str, float], when: str) -> list[str]:
    """Compares multisets: rows are matched within buckets of equal exact values."""
    buckets: dict[str, list[Row]] = {}
    for row in actual:
        buckets.setdefault(_exact(row, tolerances), []).append(row)
    missing = []
    for row in expected:
        candidates = buckets.get(_exact(row, tolerances), [])
        match = next((i for i, other in enumerate(candidates) if _same_row(row, other, tolerances)), None)
        if match is None:
            missing.append(row)
        else:
            candidates.pop(match)
    extra = [row for rows in buckets.values() for row in rows]
    if not missing and not extra:
        return []
    text = f"rows differ{when}: {len(missing)} missing, {len(extra)} too many"
    for sign, rows in (("-", missing), ("+", extra)):
        text += "".join(f"\n  {sign} {json.dumps(row, ensure_ascii=False)}" for row in rows[:SHOWN])
    return [text]


def _exact(row: Row, tolerances: dict[str, float]) -> str:
    return json.dumps({name: value for name, value in row.items() if not tolerances.get(name)})


def _same_row(left: Row, right: Row, tolerances: dict[str, float]) -> bool:
    return all(_same(left[name], right[name], tolerance) for name, tolerance in tolerances.items() if tolerance)


def _same(left: Any, right: Any, tolerance: float) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[k], right[k], tolerance) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_same(a, b, tolerance) for a, b in zip(left, right, strict=True))
    if _is_number(left) and _is_number(right):
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
    return bool(left == right)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tolerance(kind: str) -> float:
    """How far apart values of a column may be; 0: not at all."""
    return 1e-6 if "FLOAT" in kind else 1e-12 if "DOUBLE" in kind else 0.0
