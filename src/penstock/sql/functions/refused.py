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
    Refused("HASH_CODE", "it is Java's hash of Flink's own memory layout: use MD5 or SHA256"),
    Refused("PRINT", "it writes to the files of a Flink cluster: INSERT INTO a table of the connector 'print'"),
    *(
        Refused(name, "it belongs to Flink's own rewriting of plans: use SUM, or + and -")
        for name in ("AGG_DECIMAL_PLUS", "AGG_DECIMAL_MINUS", "HIVE_AGG_DECIMAL_PLUS", "$SUM0")
    ),
    *(
        Refused(name, "table functions beside windows are not supported: use TUMBLE, HOP or CUMULATE")
        for name in ("FROM_CHANGELOG", "TO_CHANGELOG", "ML_PREDICT")
    ),
    *(
        Refused(name, "it goes with MATCH_RECOGNIZE, which is not supported")
        for name in ("CLASSIFIER", "MATCH_ROWTIME", "MATCH_PROCTIME")
    ),
    Refused("PROCTIME", "processing time is not supported: use an event time and its watermark"),
    Refused("SOURCE_WATERMARK", "no source has watermarks: write WATERMARK FOR ts AS ts - INTERVAL '5' SECOND"),
    Refused("APPROX_COUNT_DISTINCT", "Flink has it in batch mode only: use COUNT(DISTINCT x)"),
    Refused("SINGLE_VALUE", "subqueries that give one value are not supported: use MIN or MAX"),
    *(Refused(name, "Flink has it in batch mode only") for name in ("LEAD", "PERCENT_RANK", "CUME_DIST", "NTILE")),
    *(
        Refused(name, "windows in GROUP BY are not supported: group TABLE(TUMBLE(...)) by window_start, window_end")
        for window in ("TUMBLE", "HOP", "SESSION")
        for name in (window, *(f"{window}_{part}" for part in ("START", "END", "ROWTIME", "PROCTIME")))
    ),
)

REFUSED: dict[str, Refused] = {r.name: r for r in _ALL}
