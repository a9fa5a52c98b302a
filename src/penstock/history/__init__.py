"""Questions about what was: DuckDB over live tables, topics, files and the system's own tables, in one statement."""

from __future__ import annotations

from penstock.history.footers import Footers
from penstock.history.guard import read_question
from penstock.history.instances import Instances
from penstock.history.need import Comparison, Constant, Need
from penstock.history.parquet import Files
from penstock.history.query import Limits, Rows, Tables, query
from penstock.history.questions import Questions
from penstock.history.result import Result
from penstock.history.small_files import SmallFiles
from penstock.history.stop import Stop

__all__ = [
    "Comparison",
    "Constant",
    "Files",
    "Footers",
    "Instances",
    "Limits",
    "Need",
    "Questions",
    "Result",
    "Rows",
    "SmallFiles",
    "Stop",
    "Tables",
    "query",
    "read_question",
]
