"""The table of functions: everything that SQL can call, by its name in upper case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql.functions import (
    aggregates,
    aggregates_json,
    arithmetic,
    bases,
    collections,
    collections_sets,
    comparison,
    conditional,
    constructors,
    encoding,
    grouping,
    hashing,
    json_make,
    json_query,
    logical,
    maps,
    misc,
    numeric,
    printf,
    rounding,
    strings,
    strings_maps,
    strings_parts,
    strings_patterns,
    temporal,
    urls,
)
from penstock.sql.functions.over import OVER_ONLY
from penstock.sql.functions.refused import REFUSED

if TYPE_CHECKING:
    from penstock.sql.functions.spec import Aggregate, Function

__all__ = ["AGGREGATES", "FUNCTIONS", "OVER_ONLY", "REFUSED"]

_MODULES = (
    misc,
    conditional,
    bases,
    arithmetic,
    comparison,
    constructors,
    grouping,
    logical,
    numeric,
    rounding,
    printf,
    strings,
    strings_maps,
    strings_parts,
    strings_patterns,
    encoding,
    hashing,
    json_make,
    json_query,
    urls,
    collections,
    collections_sets,
    maps,
    temporal,
)

FUNCTIONS: dict[str, Function] = {
    name: function
    for module in _MODULES
    for function in module.FUNCTIONS
    for name in (function.name, *function.aliases)
}

AGGREGATES: dict[str, Aggregate] = {
    name: function
    for module in (aggregates, aggregates_json)
    for function in module.AGGREGATES
    for name in (function.name, *function.aliases)
}
