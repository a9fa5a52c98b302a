"""Aggregate functions: what the real Flink answered (recorded_groups.jsonl), and the same for any cut of the rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import SqlError
from penstock.sql.functions import AGGREGATES
from tests.examples import examples
from tests.functions import recorded_groups
from tests.functions.grouped import aggregate, arguments, bind, partials
from tests.functions.harness import evaluate
from tests.functions.test_recorded import same

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.sql.functions.spec import Aggregate, Example
    from tests.flink.oracle import Oracle
    from tests.functions.harness import Columns
    from tests.functions.recorded_groups import RecordedGroups

CASES = [pytest.param(c, id=f"{i} {c.call} of {c.columns['x'][0]}") for i, c in enumerate(recorded_groups.read())]


@pytest.mark.parametrize("case", CASES)
def test_a_call_gives_what_flink_gave(case: RecordedGroups) -> None:
    assert case.answer, "not recorded yet: python -m tests.functions.recorded_groups"
    if "refused" in case.answer:
        with pytest.raises(SqlError):
            bind(case.call, case.columns)
        return
    tolerance = 1e-6 if "FLOAT" in case.answer["type"] else 1e-12
    answer = aggregate(case.call, case.columns, [2, 5], case.keys)
    assert answer.type == case.answer["type"]
    assert same(answer.values, case.answer["values"], tolerance), (answer.values, case.answer["values"])


@pytest.mark.real
@pytest.mark.long
def test_the_records_are_what_flink_says(tmp_path: Path) -> None:
    from tests.flink.oracle import Oracle

    cases = recorded_groups.read()
    before = [case.line for case in cases]
    with Oracle() as flink:
        recorded_groups.record(flink, tmp_path, cases)
        given = {
            e.sql: _last_value(flink, tmp_path / "example.sql", e.sql) for a in AGGREGATES_ONCE for e in a.examples
        }
    assert [case.line for case in cases] == before
    assert [e.sql for a in AGGREGATES_ONCE for e in a.examples if not same(given[e.sql], e.result, 1e-12)] == []


def _last_value(flink: Oracle, file: Path, sql: str) -> Any:
    """What a query of one row has in the end."""
    file.write_text(f"{sql};\n", "utf-8")
    answer = flink.run(file)
    assert answer.error is None, answer.error
    (table,) = answer.tables
    (value,) = [c for c in table.changes if c.op in ("+I", "+U")][-1].row.values()
    return value


# -- examples ----------------------------------------------------------------------------------------

AGGREGATES_ONCE = list({id(a): a for a in AGGREGATES.values()}.values())
EXAMPLES = [pytest.param(e, id=e.sql) for a in AGGREGATES_ONCE for e in a.examples]


@pytest.mark.parametrize("function", AGGREGATES_ONCE, ids=lambda a: a.name)
def test_every_aggregate_has_an_example_and_a_text(function: Aggregate) -> None:
    assert function.examples
    assert function.text.endswith(".")
    assert function.syntax.startswith(function.name.split()[0])


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(example: Example) -> None:
    found = re.fullmatch(r"SELECT (.*) FROM \(VALUES \((.*)\)\) AS t\((.*)\)", example.sql)
    assert found
    call, rows, names = found.groups()
    cells = [_cells(row) for row in rows.split("), (")]
    columns = {}
    for name, column in zip(names.split(", "), zip(*cells, strict=True), strict=True):
        answers = [evaluate(cell) for cell in column]
        kind = next(a.type for a in answers if a.value is not None or len(set(column)) == 1)
        columns[name] = (kind.removesuffix(" NOT NULL"), [a.value for a in answers])
    assert same(aggregate(call, columns).value, example.result, 1e-12)


def _cells(row: str) -> list[str]:
    return re.split(r", (?![^(]*\))", row)


# -- any cut gives the same --------------------------------------------------------------------------

FLOATS = st.floats(-1e6, 1e6, width=32) | st.just("NaN")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "TINYINT": st.integers(-128, 127),
    "INT": st.integers(-(2**31), 2**31 - 1),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DOUBLE": FLOATS.map(lambda x: "NaN" if x != x else x),
    "DECIMAL(12, 3)": st.decimals(-(10**8), 10**8, places=3, allow_nan=False).map(str),
    "DECIMAL(38, 0)": st.integers(-(10**37), 10**37).map(str),
    "STRING": st.text("ab,é", max_size=3),
}
CALLS = [
    "COUNT(x)", "COUNT(*)", "SUM(x)", "AVG(x)", "MIN(x)", "MAX(x)", "FIRST_VALUE(x)", "LAST_VALUE(x)", "VAR_POP(x)",
    "STDDEV_SAMP(x)", "LISTAGG(x, ', ')", "ARRAY_AGG(x)", "COLLECT(x)", "PERCENTILE(x, 0.4)",
    "PERCENTILE(x, ARRAY[0, 0.5], n)", "SUM(DISTINCT x)",
]  # fmt: skip


@st.composite
def _rows(draw: st.DrawFn) -> tuple[str, Columns, list[int], list[int]]:
    """A call that fits, its columns, groups, and cuts."""
    kind = draw(st.sampled_from(list(VALUES)))
    text = ("COUNT", "MIN", "MAX", "FIRST", "LAST", "LISTAGG", "ARRAY", "COLLECT")
    calls = [c for c in CALLS if c.startswith(text) if kind == "STRING"] or [c for c in CALLS if "LISTAGG" not in c]
    values = draw(st.lists(st.none() | VALUES[kind], min_size=1, max_size=30))
    many = len(values)
    weights = draw(st.lists(st.integers(-1, 3) | st.none(), min_size=many, max_size=many))
    keys = draw(st.lists(st.integers(0, 2), min_size=many, max_size=many))
    cuts = draw(st.lists(st.integers(0, many), max_size=6))
    return draw(st.sampled_from(calls)), {"x": (kind, values), "n": ("INT", weights)}, keys, cuts


@examples(150)
@given(_rows())
def test_any_cut_of_the_rows_gives_the_same(rows: tuple[str, Columns, list[int], list[int]]) -> None:
    call, columns, keys, cuts = rows
    whole, cut = aggregate(call, columns, (), keys), aggregate(call, columns, cuts, keys)
    assert whole.type == cut.type
    numbers = [abs(float(v)) for v in columns["x"][1] if v not in (None, "NaN")] if columns["x"][0] != "STRING" else []
    scale = max(numbers, default=0.0)
    if call.startswith(("VAR", "STDDEV", "SUM", "AVG")) and whole.type == "DOUBLE":
        # to 1e-12 of what was added up
        scale = scale**2 if call.startswith("VAR") else scale
        for one, other in zip(whole.values, cut.values, strict=True):
            assert one == other or abs(one - other) <= 1e-12 * scale * 30
    elif call.startswith(("VAR", "STDDEV")) and whole.type.startswith(("DECIMAL", "BIGINT")):
        for one, other in zip(whole.values, cut.values, strict=True):
            assert one == other or float(one) == pytest.approx(float(other), rel=1e-9, abs=1e-5)
    else:
        assert whole.values == cut.values


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", list(VALUES))
def test_the_types_of_states_do_not_depend_on_the_data(call: str, kind: str) -> None:
    columns: Columns = {"x": (kind, [None, None]), "n": ("INT", [1, None])}
    try:
        bound = bind(call, columns)
    except SqlError:
        pytest.skip("does not take it")
    frame = arguments(bound, columns)
    nothing, empty = partials(bound, frame, []), partials(bound, frame.head(0), [])
    filled = aggregate(call, {"x": (kind, ["1" if "DEC" in kind or kind == "STRING" else 1] * 2), "n": ("INT", [1, 1])})
    assert nothing.schema == empty.schema
    assert pl.Object not in nothing.schema.dtypes()
    assert filled.type == aggregate(call, columns).type


PERCENTILE = "PERCENTILE takes (a number, a constant from 0 to 1 or an ARRAY of them, [how often, a whole number]), got"
MESSAGES = [
    ("COUNT(x, n)", "COUNT takes * or one value, got (INT, INT)"),
    ("COUNT()", "COUNT takes * or one value, got ()"),
    ("SUM(s)", "SUM takes a number, got (STRING)"),
    ("SUM(*)", "SUM takes a number, got *"),
    ("AVG(x, n)", "AVG takes a number, got 2 arguments"),
    ("AVG(NULL)", "AVG takes no bare NULL: CAST it to a type"),
    ("MIN(a)", "MIN takes a number, a text, a BOOLEAN, a date, a time or a timestamp, got (ARRAY<INT>)"),
    ("FIRST_VALUE()", "FIRST_VALUE takes one value, got 0 arguments"),
    ("LISTAGG(x)", "LISTAGG takes a text and perhaps a constant separator, got (INT)"),
    ("LISTAGG(s, s)", "LISTAGG takes a separator that is a text literal, and not NULL"),
    ("LISTAGG(s, CAST(NULL AS STRING))", "LISTAGG takes a separator that is a text literal, and not NULL"),
    ("PERCENTILE(x)", f"{PERCENTILE} 1 argument"),
    ("PERCENTILE(s, 0.5)", f"{PERCENTILE} (STRING, DECIMAL(2, 1) NOT NULL)"),
    ("PERCENTILE(x, n)", "PERCENTILE takes the percentage as a constant"),
    ("PERCENTILE(x, 1.5)", "PERCENTILE takes percentages as constants from 0 to 1, got 1.5"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), MESSAGES)
def test_wrong_arguments(call: str, message: str) -> None:
    with pytest.raises(SqlError) as error:
        bind(call, {"x": ("INT", []), "n": ("INT", []), "s": ("STRING", []), "a": ("ARRAY<INT>", [])})
    assert error.value.message == message


def test_a_result_that_must_not_be_null_fails() -> None:
    answer = aggregate("VAR_SAMP(x)", {"x": ("DECIMAL(10, 2) NOT NULL", ["1.00"])})
    assert str(answer.value.message) == "VAR_SAMP has no value here, and its type is NOT NULL"
