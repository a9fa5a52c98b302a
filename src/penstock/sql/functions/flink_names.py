"""Where each function of Flink's own catalog stands here: its SHOW FUNCTIONS has inner names and the Table API's too.

A name not listed is that of SQL, in any case, with an underscore where the case changes (`dateFormat`).
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["FORMS", "catalog", "sql_name"]

FORMS: dict[str, str] = {
    "CAST": "CAST(x AS type): x as another type; a value that does not fit fails",
    "TRY_CAST": "TRY_CAST(x AS type): as CAST, NULL where a value does not fit",
    "BETWEEN": "x [NOT] BETWEEN a AND b",
    "AS": "x AS name: names a column",
    "DISTINCT": "COUNT(DISTINCT x): inside an aggregate, each value once",
    "=>": "NAME => x: an argument by its name, in TUMBLE, HOP, CUMULATE and SESSION",
    "row.*": "row.*: all fields of a row, each a column",
    "window_start": "the column window_start of a window",
    "window_end": "the column window_end of a window",
    "window_time": "the column window_time of a window",
    "METADATA": "ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp': the time of a record, in CREATE TABLE",
    "ORDER BY": "refused: rows come in the order of the log",
    "OVER": "f(x) OVER (PARTITION BY k ORDER BY ts ROWS 2 PRECEDING): over the rows before",
    "DEFAULT": "refused: it stands for an argument of a user's own function",
    "Table API": "no SQL: Flink's Table API alone can say it",
}
"""What is grammar rather than a function, or no SQL at all."""

_NAMES = {
    "ASSIGNMENT": "=>",
    "DEFAULT": "DEFAULT",
    "TRY_CAST": "TRY_CAST",
    "as": "AS",
    "asc": "ORDER BY",
    "at": "[]",
    "between": "BETWEEN",
    "cast": "CAST",
    "desc": "ORDER BY",
    "distinct": "DISTINCT",
    "divide": "/",
    "end": "window_end",
    "equals": "=",
    "flatten": "row.*",
    "get": ".",
    "greaterThan": ">",
    "greaterThanOrEqual": ">=",
    "ifThenElse": "IF",
    "initCap": "INITCAP",
    "isFalse": "IS FALSE",
    "isNotFalse": "IS NOT FALSE",
    "isNotNull": "IS NOT NULL",
    "isNotTrue": "IS NOT TRUE",
    "isNull": "IS NULL",
    "isTrue": "IS TRUE",
    "lessThan": "<",
    "lessThanOrEqual": "<=",
    "listAgg": "LISTAGG",
    "localTime": "LOCALTIME",
    "localTimestamp": "LOCALTIMESTAMP",
    "lowerCase": "LOWER",
    "minus": "-",
    "minusPrefix": "NEGATE",
    "notBetween": "BETWEEN",
    "notEquals": "<>",
    "over": "OVER",
    "plus": "+",
    "rangeTo": "Table API",
    "reinterpretCast": "Table API",
    "rowtime": "window_time",
    "similar": "SIMILAR TO",
    "start": "window_start",
    "streamRecordTimestamp": "METADATA",
    "sum0": "$SUM0",
    "temporalOverlaps": "OVERLAPS",
    "times": "*",
    "timestampDiff": "TIMESTAMPDIFF",
    "upperCase": "UPPER",
    "withColumns": "Table API",
    "withoutColumns": "Table API",
}


def catalog() -> list[str]:
    """The names that SHOW FUNCTIONS of Flink 2.3.0 lists."""
    lines = Path(__file__).with_name("flink_functions.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def sql_name(name: str) -> str:
    """The name in the table of functions, among those refused, or in FORMS, for a name of Flink's catalog."""
    return _NAMES.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
