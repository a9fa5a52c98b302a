"""JSON by its properties: what is valid, what comes out again, whatever the texts; and the JSON of groups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sql.functions.json_index import Index
from penstock.sql.functions.json_paths import parse_path
from tests.examples import examples
from tests.functions.grouped import aggregate
from tests.functions.harness import Fails, evaluate

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from tests.functions.harness import Columns


def _refuse(name: str) -> None:
    raise ValueError(name)


_BLANKS = " \t\n\r"
_DECODER = json.JSONDecoder(parse_constant=_refuse)

KEYS = st.sampled_from(["a", "b", 'c"', "d\\", "é", "", "a b"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.text(st.characters(codec="utf-8"), max_size=6)
)
VALUES: SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
SCRAPS = st.sampled_from([*'{}[],:"\\0-1e.t \nx', "null", "\\u0"])
QUICK = examples(30)


def is_json(text: str) -> bool:
    """By Python's reader: the first value counts, and a number or word must end where it ends."""
    rest = text.lstrip(_BLANKS)
    try:
        value, end = _DECODER.raw_decode(rest)
    except ValueError:
        return False
    behind = rest[end : end + 1]
    if isinstance(value, bool) or value is None:
        return not (behind.isalnum() or behind == "_")
    return isinstance(value, (str, list, dict)) or not behind or behind in _BLANKS


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(SCRAPS) + text[at + draw(st.integers(0, 1)) :]
    return text


@QUICK
@given(st.lists(st.one_of(st.none(), damaged()), min_size=1, max_size=8))
def test_texts_are_json_or_not_each_by_itself(texts: list[str | None]) -> None:
    valid = Index(pl.Series(texts, dtype=pl.String)).valid.tolist()
    assert valid == [text is not None and is_json(text) for text in texts]


def shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def as_flink(text: str) -> str:
    """Python escapes control characters in small letters, Jackson in capital ones."""
    for code in range(32):
        text = text.replace(f"\\u{code:04x}", f"\\u{code:04X}")
    return text


@QUICK
@given(st.lists(st.one_of(st.lists(VALUES, max_size=3), st.dictionaries(KEYS, VALUES, max_size=4)), max_size=6))
def test_documents_come_out_sorted_and_whole(documents: list[Any]) -> None:
    texts = [json.dumps(d, indent=1) for d in documents]
    answer = evaluate("JSON_QUERY(x, '$')", {"x": ("STRING", texts)})
    assert answer.values == [as_flink(shown(d)) for d in documents]


@QUICK
@given(st.lists(st.dictionaries(KEYS, SCALARS, max_size=4), min_size=1, max_size=6))
def test_a_scalar_is_found_the_same_by_polars_and_by_the_index(documents: list[dict[str, Any]]) -> None:
    columns: Columns = {"x": ("STRING", [json.dumps(d) for d in documents])}
    quick = evaluate("JSON_VALUE(x, '$.a')", columns).values
    slow = evaluate("JSON_VALUE(x, '$[\"a\"]' NULL ON EMPTY DEFAULT CAST(NULL AS STRING) ON ERROR)", columns).values
    expected = [d.get("a") for d in documents]
    wanted = [v if isinstance(v, str) else None if v is None else shown(v) for v in expected]
    assert quick == slow == wanted


@QUICK
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=5))
def test_a_text_survives_its_json(texts: list[str]) -> None:
    columns: Columns = {"x": ("STRING", texts)}
    assert evaluate("JSON_VALUE(JSON_OBJECT('k' VALUE x), '$.k')", columns).values == texts
    assert evaluate("JSON_UNQUOTE(JSON_STRING(x))", columns).values == texts
    assert [json.loads(x) for x in evaluate("JSON_STRING(x)", columns).values] == texts


def test_a_thousand_brackets_are_as_deep_as_jackson_goes() -> None:
    texts = ["[" * depth + "]" * depth for depth in (1000, 1001)]
    assert Index(pl.Series(texts)).valid.tolist() == [True, False]


def test_a_path_is_read_once() -> None:
    assert parse_path("$.a[0]") is parse_path("$.a[0]")


ROWS: Columns = {"k": ("STRING", ["b", "a", "b", "c"]), "v": ("INT", [1, None, 3, 4])}


@pytest.mark.parametrize("cuts", [(), (1,), (2, 3), (1, 2, 3)])
def test_json_of_groups(cuts: tuple[int, ...]) -> None:
    """The values are those of the real Flink for these rows."""
    assert aggregate("JSON_ARRAYAGG(v)", ROWS, cuts).values == ["[1,3,4]"]
    assert aggregate("JSON_ARRAYAGG(v NULL ON NULL)", ROWS, cuts).values == ["[1,null,3,4]"]
    assert (
        aggregate("JSON_ARRAYAGG(JSON_OBJECT('z' VALUE v))", ROWS, cuts).value == '[{"z":1},{"z":null},{"z":3},{"z":4}]'
    )
    keys = [0, 0, 1, 1]
    assert aggregate("JSON_OBJECTAGG(KEY k VALUE v)", ROWS, cuts, keys).values == ['{"a":null,"b":1}', '{"b":3,"c":4}']
    absent = aggregate("JSON_OBJECTAGG(k VALUE v ABSENT ON NULL)", ROWS, cuts, keys)
    assert absent.values == ['{"b":1}', '{"b":3,"c":4}']
    assert absent.type == "VARCHAR(2000) NOT NULL"


def test_json_of_groups_needs_keys_that_come_once() -> None:
    assert aggregate("JSON_OBJECTAGG(KEY k VALUE v)", ROWS).value == Fails(
        "JSON_OBJECTAGG takes each key once, one came twice"
    )
    nulls: Columns = {"k": ("STRING", [None]), "v": ("INT", [1])}
    assert aggregate("JSON_OBJECTAGG(KEY k VALUE v)", nulls).value == Fails("JSON_OBJECTAGG takes no NULL as a key")
