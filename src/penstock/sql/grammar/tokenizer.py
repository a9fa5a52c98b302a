"""Text to tokens: a word is a key word only where the grammar of queries needs it to be one."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import tokens
from sqlglot.tokenizer_core import TokenType

__all__ = ["FlinkTokenizer"]

_OPERATORS = ("/*+", "||", ">=", "<=", "<>", "!=", "=>")
_WORDS = """
    ALL AND AS ASC BETWEEN CASE CROSS CUBE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DESC DISTINCT ELSE END
    ESCAPE EXCEPT EXISTS FALSE FETCH FILTER FIRST FOR FROM FULL HAVING IN INNER INTERSECT INTERVAL IS JOIN LATERAL
    LEFT LIKE LIMIT LOCALTIME LOCALTIMESTAMP MATCH_RECOGNIZE NATURAL NEXT NOT NULL OFFSET ON OR ORDINALITY OUTER
    OVER OVERLAPS PARTITION RANGE RECURSIVE RIGHT ROLLUP ROW ROWS SELECT TABLE TABLESAMPLE THEN TRUE UNION UNKNOWN
    UNNEST USING VALUES WHEN WHERE WINDOW WITH
""".split()  # noqa: SIM905 - as a list it would be a word a line
_PHRASES = ("GROUP BY", "GROUPING SETS", "ORDER BY", "PARTITION BY", "SIMILAR TO")


class FlinkTokenizer(tokens.Tokenizer):
    IDENTIFIERS: ClassVar = ["`"]
    QUOTES: ClassVar = ["'"]
    STRING_ESCAPES: ClassVar = ["'"]
    HEX_STRINGS: ClassVar = [("x'", "'"), ("X'", "'")]
    UNICODE_STRINGS: ClassVar = [("U&'", "'"), ("u&'", "'")]
    COMMENTS: ClassVar = ["--", "//", ("/*", "*/")]
    NESTED_COMMENTS = False
    KEYWORDS: ClassVar = {k: v for k, v in tokens.Tokenizer.KEYWORDS.items() if k in {*_OPERATORS, *_WORDS, *_PHRASES}}
    TOKENS_PRECEDING_HINT: ClassVar = {*tokens.Tokenizer.TOKENS_PRECEDING_HINT, TokenType.VAR, TokenType.IDENTIFIER}
