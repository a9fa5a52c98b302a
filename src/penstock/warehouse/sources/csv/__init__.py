"""Files of comma-separated values, in whatever spelling."""

from __future__ import annotations

from penstock.warehouse.sources.csv.source import CsvSource, read_csv
from penstock.warehouse.sources.csv.spelling import Spelling, sniffed

__all__ = ["CsvSource", "Spelling", "read_csv", "sniffed"]
