"""Scalars by Polars' own reader of JSON paths, five times as fast: where its answer is surely Flink's.

It gives texts alone, so that a number, an object or an array cannot be told from a string that looks like one, and
it shows numbers in its own way. Such answers, and texts that it cannot read, are left to the index.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from penstock.sql.functions.json_paths import Key, Places

if TYPE_CHECKING:
    from penstock.sql.functions.json_paths import Path

__all__ = ["native_path", "scalars"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNSURE = r"^(?:[{\[]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$)"
_WHOLE = r"^(?:0|-?[1-9]\d{0,17})$"


def native_path(path: Path) -> str | None:
    """The path in the words of Polars, if it is of plain names and places."""
    written = "$"
    for step in path.steps:
        if isinstance(step, Key) and not step.deep and _NAME.fullmatch(step.name):
            written += f".{step.name}"
        elif isinstance(step, Places) and step.one and step.at[0] >= 0:
            written += f"[{step.at[0]}]"
        else:
            return None
    return written


def scalars(texts: pl.Series, path: str) -> tuple[pl.Series, pl.Series]:
    """The scalar at `path` of each text or NULL, and where that is sure."""
    found = texts.str.json_path_match(path)
    sure = ~found.str.contains(_UNSURE) | found.str.contains(_WHOLE)
    missing = found.is_null() & texts.is_not_null()
    if missing.any():
        # what it can read is JSON: then nothing, or null, stands at the path
        readable = texts.filter(missing).str.json_path_match("$").is_not_null()
        sure = sure.scatter(missing.arg_true(), readable)
    return found.zip_with(sure.fill_null(False), pl.Series([None], dtype=pl.String)), sure.fill_null(True)
