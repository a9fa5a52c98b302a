"""Where rows come from: each source gives parts, each part frames of raw columns."""

from __future__ import annotations

from penstock.warehouse.sources.source import FAULT, LINE, RAW, Part, Source

__all__ = ["FAULT", "LINE", "RAW", "Part", "Source"]
