"""What a path leads to in each text, as SQL asks for it: a value and OK, or that it is empty or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.sql.functions.json_index import ARRAY, LITERAL, NUMBER, OBJECT
from penstock.sql.functions.json_paths import children, follow
from penstock.sql.functions.json_values import as_json, as_text, is_null

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.core.types import DataType
    from penstock.sql.functions.json_index import Index
    from penstock.sql.functions.json_paths import Path

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["EMPTY", "ERROR", "MISFIT", "OK", "array", "exists", "json", "scalar"]

OK: Final = 0
EMPTY: Final = 1
ERROR: Final = 2
MISFIT: Final = 3
"""A value is there, and not of the type that RETURNING asks for."""

_WRAPS_ALL = ("WITH", "UNCONDITIONAL")


def _status(index: Index, path: Path, broken: Flags) -> NDArray[np.int8]:
    """A text's outcome where nothing was found: an error if strict, else empty."""
    status = np.full(index.size, ERROR if path.strict else EMPTY, dtype=np.int8)
    if not path.definite:
        # a list was found, even if there is nothing in it
        status[~broken | (index.valid & (not path.strict))] = OK
    status[index.valid & ~index.documents] = ERROR
    return status


def exists(index: Index, path: Path) -> pl.Series:
    nodes, broken = follow(index, path)
    status = _status(index, path, broken)
    found = np.zeros(index.size, dtype=np.bool_)
    if path.definite:
        null = is_null(index, nodes)
        status[index.doc[nodes]] = OK
        status[index.doc[nodes[null]]] = ERROR if path.strict else OK
        found[index.doc[nodes[~null]]] = True
    else:
        found = status == OK
    return _outcome(pl.Series(found), status)


def _outcome(value: pl.Series, status: NDArray[np.int8]) -> pl.Series:
    return pl.DataFrame({"value": value, "status": status}).to_struct()


def scalar(index: Index, path: Path, returning: DataType) -> pl.Series:
    """The text of a scalar of the kind that RETURNING wants."""
    nodes, broken = follow(index, path)
    status = _status(index, path, broken)
    value = pl.Series([None], dtype=pl.String).new_from_index(0, index.size)
    status[status == OK] = ERROR if path.strict else EMPTY  # a list is no scalar
    if path.definite:
        kinds = index.kind[nodes]
        scalar = (kinds != OBJECT) & (kinds != ARRAY) & ~is_null(index, nodes)
        nodes = nodes[scalar]
        docs = index.doc[nodes]
        shown = as_text(index, nodes)
        status[docs] = np.where(_fits(index, nodes, shown, returning), OK, MISFIT)
        value = value.scatter(docs, shown)
    return _outcome(value, status)


def _fits(index: Index, nodes: Ints, shown: pl.Series, returning: DataType) -> Any:
    kinds = index.kind[nodes]
    match returning:
        case t.Boolean():
            return kinds == LITERAL
        case t.Integer():
            whole = shown.str.contains(r"^-?\d+$").to_numpy()
            return (kinds == NUMBER) & whole & shown.cast(pl.Int32, strict=False).is_not_null().to_numpy()
        case t.Double():
            return (kinds == NUMBER) & index.slices(nodes).str.contains("[.eE]").to_numpy()
    return np.ones(nodes.size, dtype=np.bool_)


def _wraps(wrapper: str, is_array: Flags) -> Flags:
    """Which values become the only element of an array."""
    if wrapper == "CONDITIONAL":
        return ~is_array
    return np.full(is_array.size, wrapper in _WRAPS_ALL)


def _lists(docs: Ints, texts: pl.Series, wanted: Ints) -> pl.Series:
    """The texts that belong to each of the `wanted` documents, as lists."""
    found = pl.DataFrame({"doc": docs, "text": texts}).group_by("doc", maintain_order=True).agg("text")
    rows = pl.DataFrame({"doc": wanted}).join(found, on="doc", how="left", maintain_order="left")
    return rows.select(pl.coalesce("text", pl.lit([], pl.List(pl.String)))).to_series()


def _joined(lists: pl.Series) -> pl.Series:
    return _around(lists.list.join(","))


def _around(json: pl.Series) -> pl.Series:
    return pl.select(pl.lit("[") + pl.lit(json) + pl.lit("]")).to_series()


def json(index: Index, path: Path, wrapper: str) -> pl.Series:
    """Objects and arrays, or what the wrapper makes of a value."""
    nodes, broken = follow(index, path)
    status = _status(index, path, broken)
    if path.definite:
        nodes = nodes[~is_null(index, nodes)]
        docs, text = index.doc[nodes], as_json(index, nodes)
        is_array = index.kind[nodes] == ARRAY
        whole = is_array | (index.kind[nodes] == OBJECT)
    else:
        docs = np.flatnonzero(status == OK)
        text = _joined(_lists(index.doc[nodes], as_json(index, nodes), docs))
        is_array = whole = np.ones(docs.size, dtype=np.bool_)
    wrapped = _wraps(wrapper, is_array)
    if wrapped.any():
        text = _around(text).zip_with(pl.Series(wrapped), text)
    fits = wrapped | whole
    return _placed(docs[fits], text.filter(pl.Series(fits)), status)


def array(index: Index, path: Path, wrapper: str) -> pl.Series:
    """The elements of arrays as texts; a wrapper makes a value the only element."""
    nodes, broken = follow(index, path)
    status = _status(index, path, broken)
    if path.definite:
        nodes = nodes[~is_null(index, nodes)]
        is_array = index.kind[nodes] == ARRAY
        wrapped = _wraps(wrapper, is_array)
        docs = index.doc[nodes[is_array | wrapped]]
        tokens = np.concatenate((children(index, nodes[is_array & ~wrapped])[0], nodes[wrapped]))
        lists = _lists(index.doc[tokens], as_text(index, tokens), docs)
    else:
        docs = np.flatnonzero(status == OK)
        if wrapper in _WRAPS_ALL:
            lists = _lists(docs, _joined(_lists(index.doc[nodes], as_json(index, nodes), docs)), docs)
        else:
            lists = _lists(index.doc[nodes], as_text(index, nodes), docs)
    return _placed(docs, lists, status)


def _placed(docs: Ints, values: pl.Series, status: NDArray[np.int8]) -> pl.Series:
    """The outcome of each text, of which `docs` have a value."""
    status[status == OK] = ERROR
    status[docs] = OK
    rows = pl.DataFrame({"doc": np.arange(status.size), "status": status})
    found = pl.DataFrame({"doc": docs, "value": values}, schema={"doc": pl.Int64, "value": values.dtype})
    return rows.join(found, on="doc", how="left", maintain_order="left").select("value", "status").to_struct()
