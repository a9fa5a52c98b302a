"""What the options of the json format mean for reading."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """`separator` between date and time; `tree`: values are read as ``decode.json-parser.enabled = false`` does."""

    separator: str = " "
    fail_on_missing: bool = False
    ignore_errors: bool = False
    tree: bool = False
    exact_floats: bool = False
    """A DECIMAL is in the schema: the tree keeps every number's digits."""
