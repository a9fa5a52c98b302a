"""Values inside JSON texts as Flink shows them: scalars as texts, objects and arrays as JSON with sorted keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.sql.functions.json_index import ARRAY, LITERAL, NUMBER, OBJECT, STRING
from penstock.sql.functions.json_text import numbers, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.sql.functions.json_index import Index

    Ints = NDArray[np.int64]

__all__ = ["as_json", "as_text", "is_null"]


def is_null(index: Index, nodes: Ints) -> NDArray[np.bool_]:
    """Which values are ``null``."""
    null: NDArray[np.bool_] = (index.kind[nodes] == LITERAL) & (index.bytes[index.start[nodes]] == ord("n"))
    return null


def as_text(index: Index, nodes: Ints) -> pl.Series:
    """Scalars as texts, strings without quotes; NULL for ``null``; objects and arrays as JSON."""
    kinds = index.kind[nodes]
    out = pl.Series([None], dtype=pl.String).new_from_index(0, nodes.size)
    for chosen, shown in (
        (kinds == STRING, index.strings),
        (kinds == NUMBER, lambda tokens: numbers(index.slices(tokens))),
        ((kinds == LITERAL) & ~is_null(index, nodes), index.slices),
        ((kinds == OBJECT) | (kinds == ARRAY), lambda tokens: as_json(index, tokens)),
    ):
        if chosen.all():
            return shown(nodes)
        if chosen.any():
            out = out.scatter(np.flatnonzero(chosen), shown(nodes[chosen]))
    return out


def as_json(index: Index, nodes: Ints) -> pl.Series:
    """Values as JSON without white space: keys in order, of one that stands twice the last value."""
    inside = _inside(index, nodes)
    written = _scalars(index, inside)
    brackets = inside[(index.kind[inside] == OBJECT) | (index.kind[inside] == ARRAY)]
    members = _members(index, inside)
    for level in np.unique(index.level[brackets])[::-1]:
        own = pl.DataFrame({"token": brackets[index.level[brackets] == level]})
        # the members' own texts are there: they lie deeper
        parts = members.join(own, left_on="parent", right_on="token", how="semi", maintain_order="left").join(
            written, on="token", how="left", maintain_order="left"
        )
        joined = parts.group_by("parent", maintain_order=True).agg(
            (pl.col("name") + pl.col("json")).str.join(",").alias("json")
        )
        whole = own.join(joined, left_on="token", right_on="parent", how="left").with_columns(
            pl.Series("object", index.kind[own["token"].to_numpy()] == OBJECT), pl.col("json").fill_null("")
        )
        shown = (
            pl.when("object")
            .then(pl.concat_str(pl.lit("{"), "json", pl.lit("}")))
            .otherwise(pl.concat_str(pl.lit("["), "json", pl.lit("]")))
        )
        written = pl.concat([written, whole.select("token", shown.alias("json"))])
    wanted = pl.DataFrame({"token": nodes})
    return wanted.join(written, on="token", how="left", maintain_order="left")["json"]


def _inside(index: Index, nodes: Ints) -> Ints:
    """The values at and below `nodes`."""
    brackets = nodes[index.close[nodes] >= 0]
    depth = np.zeros(index.kind.size + 1, dtype=np.int64)
    np.add.at(depth, brackets, 1)
    np.add.at(depth, index.close[brackets], -1)
    below = np.cumsum(depth)[:-1] > 0
    below[nodes] = True
    return np.flatnonzero(below & index.is_value)


def _scalars(index: Index, values: Ints) -> pl.DataFrame:
    kinds = index.kind[values]
    texts, others = values[kinds == STRING], values[(kinds == NUMBER) | (kinds == LITERAL)]
    strings = index.strings(texts).alias("json").to_frame().select(quoted(pl.col("json")))
    shown = index.slices(others)
    is_number = index.kind[others] == NUMBER
    if is_number.any():
        shown = shown.scatter(np.flatnonzero(is_number), numbers(index.slices(others[is_number])))
    return pl.DataFrame(
        {"token": np.concatenate((texts, others)), "json": pl.concat([strings.to_series(), shown.rename("json")])}
    )


def _members(index: Index, values: Ints) -> pl.DataFrame:
    """`token` and `parent` of what stands in brackets, in the order of the output; `name` as JSON with its colon."""
    values = values[index.parent[values] >= 0]
    in_object = index.kind[index.parent[values]] == OBJECT
    elements = pl.DataFrame(
        {"parent": index.parent[values[~in_object]], "token": values[~in_object], "name": ""},
        schema={"parent": pl.Int64, "token": pl.Int64, "name": pl.String},
    )
    named = pl.DataFrame(
        {
            "parent": index.parent[values[in_object]],
            "token": values[in_object],
            "name": index.strings(values[in_object] - 2),
        },
        schema=elements.schema,
    )
    named = named.unique(["parent", "name"], keep="last", maintain_order=True).sort("parent", "name")
    return pl.concat([elements, named.with_columns((quoted(pl.col("name")) + ":").alias("name"))])
