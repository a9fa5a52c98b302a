"""Functions that Flink has and Penstock does not, each with the reason and what to use."""

from __future__ import annotations

from penstock.sql.functions.spec import Refused

__all__ = ["REFUSED"]

_BITMAPS = (
    "AND ANDNOT AND_AGG AND_CARDINALITY_AGG BUILD BUILD_AGG BUILD_CARDINALITY_AGG CARDINALITY FROM_BYTES OR OR_AGG "
    "OR_CARDINALITY_AGG TO_ARRAY TO_BYTES TO_STRING XOR XOR_AGG XOR_CARDINALITY_AGG"
)

_ALL: tuple[Refused, ...] = (
    *(
        Refused(f"BITMAP_{name}", "the type BITMAP is not supported: count with COUNT(DISTINCT x)")
        for name in _BITMAPS.split()
    ),
    *(
        Refused(name, "the type VARIANT is not supported: reach into the text with JSON_VALUE or JSON_QUERY")
        for name in ("PARSE_JSON", "TRY_PARSE_JSON")
    ),
    *(
        Refused(name, "structured types are not supported: make a row with ROW(...) or CAST(... AS ROW<...>)")
        for name in ("OBJECT_OF", "OBJECT_UPDATE")
    ),
    Refused("PROCTIME", "processing time is not supported: use an event time and its watermark"),
)

REFUSED: dict[str, Refused] = {r.name: r for r in _ALL}
