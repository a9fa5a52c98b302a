"""What the options of the json format mean for reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core import types as t

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Rules", "parts_of"]


@dataclass(frozen=True, slots=True)
class Rules:
    """`separator` between date and time; `tree`: values are read as ``decode.json-parser.enabled = false`` does."""

    separator: str = " "
    fail_on_missing: bool = False
    ignore_errors: bool = False
    tree: bool = False
    exact_floats: bool = False
    """A DECIMAL is in the schema: the tree keeps every number's digits."""


def parts_of(type_: t.DataType) -> Iterator[t.DataType]:
    """The type and all inside it."""
    yield type_
    match type_:
        case t.Row(fields=fields):
            for f in fields:
                yield from parts_of(f.type)
        case t.Array(element=element) | t.Multiset(element=element):
            yield from parts_of(element)
        case t.Map(key=key, value=value):
            yield from parts_of(key)
            yield from parts_of(value)
