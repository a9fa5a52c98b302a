"""Names that functions have in other dialects, each with what is nearest in Flink's, for hints."""

from __future__ import annotations

__all__ = ["ELSEWHERE"]

_LENGTH = "nearest is CHAR_LENGTH(text)"
_IF = "nearest is IF(condition, a, b) or CASE WHEN condition THEN a ELSE b END"
_TRUNCATED = "nearest is FLOOR(ts TO HOUR), of YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND"
_NOW = "nearest is CURRENT_TIMESTAMP or LOCALTIMESTAMP"
_ADDED = "nearest is TIMESTAMPADD(DAY, 1, ts), or ts + INTERVAL '1' DAY"
_BETWEEN = "nearest is TIMESTAMPDIFF(DAY, a, b)"
_TEXT = "nearest is DATE_FORMAT(ts, 'yyyy-MM-dd') of a time, CAST(x AS STRING) of a number"
_JOINED = "nearest is LISTAGG(text, ',')"
_PLACE = "nearest is POSITION('a' IN text)"
_JSON = "nearest is JSON_VALUE(text, '$.a') of a value, JSON_QUERY(text, '$.a') of an object or array"
_ITEMS = "nearest is CARDINALITY(items)"
_MATCHES = "nearest is REGEXP(text, 'pattern')"
_PART = "nearest is EXTRACT(HOUR FROM ts)"
_DISTINCT = "nearest is COUNT(DISTINCT x)"
_COUNTED = "nearest is COUNT(*) FILTER (WHERE condition)"

ELSEWHERE: dict[str, str] = {
    "NVL": "nearest is COALESCE(a, b, ...) or IFNULL(a, b)",
    "NVL2": _IF,
    "ISNULL": "nearest is x IS NULL, or IFNULL(a, b) for a value in its place",
    "IIF": _IF,
    "IFF": _IF,
    "LEN": _LENGTH,
    "LENGTH": _LENGTH,
    "DATE_TRUNC": _TRUNCATED,
    "DATETRUNC": _TRUNCATED,
    "TIMESTAMP_TRUNC": _TRUNCATED,
    "TIME_BUCKET": "nearest is a window: TABLE(TUMBLE(...)), GROUP BY window_start, window_end",
    "GETDATE": _NOW,
    "SYSDATE": _NOW,
    "DATEADD": _ADDED,
    "DATE_ADD": _ADDED,
    "DATEDIFF": _BETWEEN,
    "DATE_DIFF": _BETWEEN,
    "DATE_PART": _PART,
    "DATEPART": _PART,
    "TO_CHAR": _TEXT,
    "STRFTIME": _TEXT,
    "STRING_AGG": _JOINED,
    "GROUP_CONCAT": _JOINED,
    "STRPOS": _PLACE,
    "CHARINDEX": _PLACE,
    "JSON_EXTRACT": _JSON,
    "JSON_EXTRACT_SCALAR": _JSON,
    "GET_JSON_OBJECT": _JSON,
    "ARRAY_LENGTH": _ITEMS,
    "ARRAY_SIZE": _ITEMS,
    "REGEXP_LIKE": _MATCHES,
    "REGEXP_MATCHES": _MATCHES,
    "SPLIT_PART": "nearest is SPLIT_INDEX(text, ',', 0), which counts from 0",
    "APPROX_DISTINCT": _DISTINCT,
    "COUNT_IF": _COUNTED,
    "COUNTIF": _COUNTED,
}
