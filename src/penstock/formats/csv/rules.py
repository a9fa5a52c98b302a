"""What the options of the csv format mean."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Characters are single ones; `quote`, `escape` and `null` are None where there is none."""

    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    between_elements: str = ";"
    null: str | None = None
    comments: bool = False
    ignore_errors: bool = False
    trim: bool = False
    drop_unmappable: bool = False
    trailing_delimiter: bool = True
    fail_on_missing: bool = False
    empty_as_null: bool = False
