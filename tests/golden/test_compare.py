"""A wrong expectation must fail: the comparer, without Flink."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.compare import View, differences
from tests.golden.golden import END_OF_INPUT, Answer, Change, Table

Lines = list[dict[str, Any]]

APPEND: Lines = [
    {"schema": [["k", "STRING"], ["n", "BIGINT NOT NULL"], ["mean", "DOUBLE"]]},
    {"op": "+I", "row": {"k": "a", "n": 2, "mean": 0.3}, "in": 4, "wm": 1000},
    {"op": "+I", "row": {"k": "b", "n": 1, "mean": None}, "in": 4, "wm": 1000},
    {"op": "+I", "row": {"k": "a", "n": 2, "mean": 0.3}, "in": -1, "wm": 2000},
]
UPDATING: Lines = [
    {"schema": [["k", "STRING"], ["n", "BIGINT NOT NULL"]]},
    {"op": "+I", "row": {"k": "a", "n": 1}, "in": 1, "wm": None},
    {"op": "-U", "row": {"k": "a", "n": 1}, "in": 2, "wm": None},
    {"op": "+U", "row": {"k": "a", "n": 2}, "in": 2, "wm": None},
    {"op": "+I", "row": {"k": "b", "n": 1}, "in": 3, "wm": None},
]
KEYED: Lines = [
    {"schema": [["k", "STRING"], ["n", "BIGINT NOT NULL"]], "sink": "t", "key": ["k"]},
    {"op": "+I", "row": {"k": "a", "n": 1}, "in": 1, "wm": None, "sink": "t"},
    {"op": "+U", "row": {"k": "a", "n": 2}, "in": 2, "wm": None, "sink": "t"},
    {"op": "-D", "row": {"k": "a", "n": None}, "in": 3, "wm": None, "sink": "t"},
]
FAILED: Lines = [{"error": "validate", "class": "X", "message": "no column 'y'", "at": [1, 8, 1, 8]}]


def answer(lines: Lines) -> Answer:
    return Answer.parse(json.dumps(line) for line in lines)


def changed(lines: Lines, number: int, **new: Any) -> Lines:
    row = new.pop("row", {})
    line = {**lines[number], **new}
    if row:
        line["row"] = {**line["row"], **row}
    return [*lines[:number], line, *lines[number + 1 :]]


@pytest.mark.parametrize("lines", [APPEND, UPDATING, KEYED, FAILED])
def test_an_answer_agrees_with_itself_and_survives_its_text(lines: Lines) -> None:
    assert differences(answer(lines), answer(lines), lines=True, words=True) == []
    assert differences(answer(lines), Answer.parse(answer(lines).lines()), lines=True, words=True) == []


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        (APPEND[:-1], "1 missing, 0 too many"),
        ([*APPEND, APPEND[1]], "0 missing, 1 too many"),
        (changed(APPEND, 1, row={"n": 3}), "1 missing, 1 too many"),
        (changed(APPEND, 2, row={"mean": 0.0}), "1 missing, 1 too many"),
        (changed(APPEND, 1, row={"mean": 0.3000001}), "1 missing, 1 too many"),
        (changed(APPEND, 1, op="+U"), "expected only +I, there are +U"),
        (changed(APPEND, 0, schema=[["k", "STRING"], ["n", "BIGINT"], ["mean", "DOUBLE"]]), "columns differ"),
        ([], "results of SELECT were expected, there are nothing"),
        ([*APPEND, *FAILED], "error"),
        ([{"text": "+---+"}, *APPEND], "texts differ"),
    ],
)
def test_a_wrong_append_only_result_differs(actual: Lines, said: str) -> None:
    found = differences(answer(APPEND), answer(actual))
    assert said in "\n".join(found)


def test_rows_agree_in_any_order_and_doubles_nearly() -> None:
    actual = changed([APPEND[0], *reversed(APPEND[1:])], 1, row={"mean": 0.1 + 0.2})
    assert differences(answer(APPEND), answer(actual)) == []


def test_the_order_counts_where_asked() -> None:
    actual = [APPEND[0], APPEND[2], APPEND[1], APPEND[3]]
    assert differences(answer(APPEND), answer(actual), lines=True) == []
    assert "row 1 differs" in differences(answer(APPEND), answer(actual), ordered=True)[0]
    assert differences(answer(APPEND), answer(APPEND), ordered=True) == []


def test_the_line_and_the_watermark_count_where_asked() -> None:
    for actual in (changed(APPEND, 1, **{"in": 3}), changed(APPEND, 1, wm=999)):
        assert differences(answer(APPEND), answer(actual)) == []
        assert "1 missing, 1 too many" in differences(answer(APPEND), answer(actual), lines=True)[0]


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        (UPDATING[:-1], "1 missing, 0 too many"),
        (changed(UPDATING, 3, row={"n": 3}), "1 missing, 1 too many"),
        (changed(UPDATING, 2, row={"n": 7}), "takes back a row that is not there"),
        ([UPDATING[0], UPDATING[1], *UPDATING[3:]], "0 missing, 1 too many"),
    ],
)
def test_a_wrong_updating_result_differs(actual: Lines, said: str) -> None:
    assert said in "\n".join(differences(answer(UPDATING), answer(actual)))


def test_folded_updates_agree_at_the_end_but_not_line_by_line() -> None:
    folded = [UPDATING[0], changed(UPDATING, 3, op="+I")[3], UPDATING[4]]
    assert differences(answer(UPDATING), answer(folded)) == []
    assert "after input line 1" in differences(answer(UPDATING), answer(folded), lines=True)[0]


def test_a_keyed_sink_is_compared_by_key() -> None:
    never_there = [KEYED[0]]
    assert differences(answer(KEYED), answer(never_there)) == []
    assert differences(answer(KEYED), answer(KEYED[:-1])) != []
    assert "deletes a key that is not there" in differences(answer(KEYED), answer([KEYED[0], KEYED[3]]))[0]


def test_errors_agree_by_stage_and_where_asked_by_text() -> None:
    other_text = [{**FAILED[0], "message": "unknown column y"}]
    assert differences(answer(FAILED), answer(other_text)) == []
    assert differences(answer(FAILED), answer(other_text), words=True) != []
    assert differences(answer(FAILED), answer([{**FAILED[0], "error": "plan"}])) == []
    assert differences(answer(FAILED), answer([{**FAILED[0], "error": "parse"}])) != []
    assert differences(answer(FAILED), answer([])) != []


def test_plans_and_marks_of_time_attributes_count_where_asked() -> None:
    flinks: Lines = [{"text": "== Plan ==\na"}, {"schema": [["t", "TIMESTAMP(3) NOT NULL *ROWTIME*"]]}]
    ours: Lines = [{"text": "== Plan ==\nb"}, {"schema": [["t", "TIMESTAMP(3) NOT NULL"]]}]
    assert differences(answer(flinks), answer(ours)) == []
    assert len(differences(answer(flinks), answer(ours), words=True)) == 2
    other: Lines = [ours[0], {"schema": [["t", "TIMESTAMP(3)"]]}]
    assert differences(answer(flinks), answer(other)) != []


def test_rows_before_a_runtime_error_count_only_line_by_line() -> None:
    failing = [*APPEND, {**FAILED[0], "error": "runtime"}]
    fewer = [*APPEND[:2], failing[-1]]
    assert differences(answer(failing), answer(fewer)) == []
    assert differences(answer(failing), answer(fewer), lines=True) != []


def test_float_columns_are_compared_more_loosely_than_double_columns() -> None:
    head: dict[str, Any] = {"schema": [["f", "FLOAT"]]}
    expected: Lines = [head, {"op": "+I", "row": {"f": 0.1}, "in": 1, "wm": None}]
    actual = [head, {"op": "+I", "row": {"f": 0.10000000149}, "in": 1, "wm": None}]
    assert differences(answer(expected), answer(actual)) == []
    double: dict[str, Any] = {"schema": [["f", "DOUBLE"]]}
    assert differences(answer([double, expected[1]]), answer([double, actual[1]])) != []


def test_a_line_that_is_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="not a line of an answer"):
        Answer.parse(['{"rows":[]}'])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2)), max_size=12))
def test_a_view_is_what_inserts_less_deletes_leave(steps: list[tuple[str, int]]) -> None:
    """Each (k, n) is inserted, and deleted again when its number of occurrences is even."""
    view = View([])
    left: Lines = []
    for k, n in steps:
        row = {"k": k, "n": n}
        if row in left:
            left.remove(row)
            assert view.apply([Change("-D", row, END_OF_INPUT, None)]) == ""
        else:
            left.append(row)
            assert view.apply([Change("+I", row, END_OF_INPUT, None)]) == ""
    assert sorted(map(str, view.rows())) == sorted(map(str, left))


def test_inserts_of_a_statement_set_may_begin_in_any_order() -> None:
    one, other = (Table(name, [("n", "INT")], [], [Change("+I", {"n": 1}, 1, None)]) for name in ("a", "b"))
    assert differences(Answer([one, other]), Answer([other, one])) == []
    assert differences(Answer([one, other]), Answer([one])) == ["results of a, b were expected, there are a"]
