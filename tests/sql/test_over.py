"""OVER and ROW_NUMBER: what is refused, in which words, and what a plan says of them."""

from __future__ import annotations

import pytest

from penstock.core.errors import SqlError
from penstock.sql.session import Session

TABLE = """CREATE TABLE t (id INT, k STRING, v INT, d DECIMAL(10, 2), ts TIMESTAMP(3),
 WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'datagen');"""

LAG_FORM = "(a value [, how many rows back, a whole number [, what to give where there is no such row]])"
DAYS = "ORDER BY ts RANGE INTERVAL '{}' DAY PRECEDING"
BEST = "SELECT k, MAX(v) AS n FROM t GROUP BY k"


def _explained(query: str) -> str:
    *_, last = Session().run(f"{TABLE} EXPLAIN {query};")
    return str(last)


@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        (
            "SELECT SUM(v) OVER (PARTITION BY k ORDER BY v) FROM t",
            "OVER needs ORDER BY one event time, and nothing else",
            "ORDER BY the column that WATERMARK FOR names",
        ),
        (
            "SELECT SUM(v) OVER (ORDER BY ts DESC) FROM t",
            "OVER with ORDER BY ... DESC is not supported, nor by Flink",
            "time runs upwards",
        ),
        (
            "SELECT SUM(v) OVER (ORDER BY ts), COUNT(*) OVER (ORDER BY ts ROWS 2 PRECEDING) FROM t",
            "different windows behind OVER in one SELECT are not supported, nor by Flink",
            "compute the others in a view of their own, over this one",
        ),
        (
            "SELECT SUM(v) OVER (ORDER BY ts ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) FROM t",
            "a frame that does not go from rows before up to the current row is not supported, nor by Flink",
            "frames are ROWS n PRECEDING, RANGE INTERVAL '5' MINUTE PRECEDING, or UNBOUNDED PRECEDING",
        ),
        ("SELECT SUM(v) OVER (ORDER BY ts ROWS v PRECEDING) FROM t", "ROWS takes a number of rows, 0 or more", ""),
        (
            "SELECT SUM(v) OVER (ORDER BY ts RANGE 3 PRECEDING) FROM t",
            "RANGE takes an interval of days, hours, minutes or seconds",
            "",
        ),
        ("SELECT LAG(v) OVER (ORDER BY ts ROWS 2 PRECEDING) FROM t", "LAG takes no ROWS or RANGE", ""),
        ("SELECT LAG(v) FROM t", "LAG goes with OVER only", "OVER (PARTITION BY k ORDER BY ts)"),
        (
            "SELECT LAG(v, -1) OVER (ORDER BY ts) FROM t",
            "LAG takes a constant number of rows, 0 or more, got (INT, INT NOT NULL)",
            "LAG(x [, back [, default]])",
        ),
        (
            "SELECT LAG(v, 1, 1.5) OVER (ORDER BY ts) FROM t",
            "LAG takes a default of the value's type, CAST it: INT, got (INT, INT NOT NULL, DECIMAL(2, 1) NOT NULL)",
            "",
        ),
        (
            "SELECT LAG() OVER (ORDER BY ts) FROM t",
            f"LAG takes {LAG_FORM}, got ()",
            "",
        ),
        ("SELECT ROW_NUMBER(v) OVER (ORDER BY ts) FROM t", "ROW_NUMBER takes no argument", ""),
        ("SELECT LEAD(v) OVER (ORDER BY ts) FROM t", "the function LEAD is not supported", "batch mode only"),
        (
            "SELECT UPPER(k) OVER (ORDER BY ts) FROM t",
            "OVER belongs to an aggregate function, UPPER is none",
            "such as COUNT, SUM, LAG, ROW_NUMBER",
        ),
        (
            "SELECT COUNT(*) FILTER (WHERE v > 1) OVER (ORDER BY ts) FROM t",
            "FILTER does not go with OVER",
            "make what does not count NULL: SUM(CASE WHEN ... THEN x END) OVER (...)",
        ),
        (
            "SELECT LAST_VALUE(v) IGNORE NULLS OVER (ORDER BY ts) FROM t",
            "IGNORE NULLS and RESPECT NULLS are not supported",
            "FIRST_VALUE and LAST_VALUE pass over NULL",
        ),
        ("SELECT JSON_ARRAYAGG(k) OVER (ORDER BY ts) FROM t", "JSON_ARRAYAGG does not go with OVER", ""),
        (
            "SELECT VAR_POP(d) OVER (ORDER BY ts) FROM t",
            "VAR_POP of DECIMAL with OVER is not supported",
            "CAST it to DOUBLE",
        ),
        (
            "SELECT id FROM t WHERE COUNT(*) OVER (ORDER BY ts) > 1",
            "OVER is not allowed in WHERE",
            "compute it in a subquery or a view, and go on with its column",
        ),
        ("SELECT SUM(v) OVER x FROM t WINDOW w AS (ORDER BY ts)", "there is no window 'x'", "name it: WINDOW w AS"),
        (
            f"SELECT SUM(v) OVER w, MIN(v) OVER x FROM t WINDOW w AS ({DAYS.format(1)}), x AS ({DAYS.format(2)})",
            "different windows behind OVER in one SELECT are not supported, nor by Flink",
            "compute the others in a view of their own, over this one",
        ),
        (
            "SELECT SUM(v) OVER w FROM t WINDOW w AS (ORDER BY ts), x AS (ORDER BY ts)",
            "the window 'x' has been named before",
            "use one name for it",
        ),
        (
            "SELECT id FROM (SELECT *, RANK() OVER (PARTITION BY k ORDER BY v) AS n FROM t) WHERE n = 1",
            "OVER needs ORDER BY one event time, and nothing else",
            "",
        ),
        (
            f"SELECT k FROM (SELECT k, ROW_NUMBER() OVER (ORDER BY n) AS r FROM ({BEST})) WHERE r = 1",
            "ROW_NUMBER over rows that change (+I -U +U by k) is not supported",
            "number the rows before they are aggregated, or aggregate over windows",
        ),
    ],
)
def test_what_cannot_be_computed_is_refused_with_the_way_out(query: str, message: str, hint: str) -> None:
    with pytest.raises(SqlError) as caught:
        _explained(query)
    assert caught.value.message == message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("query", "label"),
    [
        (
            "SELECT id, SUM(v) OVER (PARTITION BY k ORDER BY ts) AS s FROM t",
            "OverAggregate on ts by k RANGE UNBOUNDED PRECEDING of SUM(v)",
        ),
        (
            "SELECT id, SUM(v) OVER (ORDER BY ts RANGE INTERVAL '5' SECOND PRECEDING) AS s FROM t",
            "OverAggregate on ts RANGE 5000 ms PRECEDING of SUM(v)",
        ),
        (
            "SELECT id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM t) WHERE n <= 3",
            "TopN 1 to 3 by k in order of v DESC [",
        ),
        (
            "SELECT id FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts) AS n FROM t) WHERE n = 1",
            "FirstRows on ts 1 to 1 by k in order of ts [",
        ),
    ],
)
def test_a_plan_says_what_is_done(query: str, label: str) -> None:
    assert label in _explained(query)
