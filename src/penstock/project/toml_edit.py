"""Changing a TOML file and leaving the rest of it as it is: comments, order, the way values are written.

A file is its top and then blocks, each an element of an array of tables with the comment right above it; a block's own
arrays are blocks in it. Elements are known by a key, so that one that moves takes its comments along.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import InlineTable, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Array", "edited"]

_HEADER = re.compile(r"\s*\[\[\s*([\w\s.-]+?)\s*\]\]\s*(#.*)?")
_QUOTES = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*')


@dataclass(frozen=True, slots=True)
class Array:
    """Tables, or the one that the file is: the `key` that names an element, and the arrays inside each.

    A member that is as in `defaults` may be written or not.
    """

    name: str
    key: str
    defaults: Mapping[str, Any]
    inner: tuple[Array, ...] = ()


def edited(text: str, wanted: Mapping[str, Any], file: Array) -> str:
    """`text` changed so that it says `wanted`, plain data without what is as by default."""
    return _edited(text, wanted, file, ()).strip("\n") + "\n"


def _edited(text: str, wanted: Mapping[str, Any], of: Array, path: tuple[str, ...]) -> str:
    names = {array.name for array in of.inner}
    top, blocks = _split(text, path, names)
    parts = [_plain(top, {k: v for k, v in wanted.items() if k not in names}, of.defaults, path)]
    for array in of.inner:
        inside = (*path, array.name)
        there = {_said(block, inside).get(array.key): block for name, block in blocks if name == array.name}
        for element in wanted.get(array.name, ()):
            old = there.pop(element[array.key], None)
            begin = f"[[{'.'.join(inside)}]]\n" if old is None else old
            parts.append(_edited(begin, element, array, inside))
    return "\n\n".join(part.strip("\n") for part in parts if part.strip("\n")) + "\n"


def _split(text: str, path: tuple[str, ...], names: set[str]) -> tuple[str, list[tuple[str, str]]]:
    """The top, and the blocks of the arrays `names` right inside `path`."""
    lines = text.splitlines()
    starts: list[tuple[int, str]] = []
    for number, header in _headers(lines):
        parts = tuple(part.strip() for part in header.split("."))
        if len(parts) == len(path) + 1 and parts[:-1] == path and parts[-1] in names:
            first = number
            while first > 0 and lines[first - 1].lstrip().startswith("#"):
                first -= 1
            starts.append((first, parts[-1]))
    ends = [*(first for first, _ in starts), len(lines)][1:]
    blocks = [(name, "\n".join(lines[first:end])) for (first, name), end in zip(starts, ends, strict=False)]
    return "\n".join(lines[: starts[0][0]] if starts else lines), blocks


def _headers(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines that begin an element, outside of texts of several lines."""
    inside = ""
    for number, line in enumerate(lines):
        if not inside and (found := _HEADER.fullmatch(line)):
            yield number, found[1]
            continue
        at = 0
        while at < len(line):
            if inside:
                end = line.find(inside, at)
                at, inside = (len(line), inside) if end < 0 else (end + 3, "")
            elif (quote := _QUOTES.search(line, at)) is not None:
                at, inside = quote.end(), quote[0] if quote[0] in ('"""', "'''") else ""
            else:
                break


def _said(block: str, path: tuple[str, ...]) -> Any:
    """What a block says, as plain data."""
    found: Any = tomlkit.parse(block).unwrap()
    for name in path:
        found = found[name][0] if isinstance(found[name], list) else found[name]
    return found


def _plain(text: str, wanted: Mapping[str, Any], defaults: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """A top or the head of a block, with other values."""
    document = tomlkit.parse(text + "\n")
    table: Any = document
    for number, name in enumerate(path):
        table = table[name]
        if not isinstance(table, Table) or number == len(path) - 1:
            table = table[0]
    kept = {k: v for k, v in defaults.items() if k in table and k not in wanted and table[k] == v}
    _update(table, {**kept, **wanted})
    return tomlkit.dumps(document)


def _update(table: Any, wanted: Mapping[str, Any]) -> None:
    for key in [k for k in table if k not in wanted]:
        del table[key]
    for key, value in wanted.items():
        old = table.get(key)
        if key in table and old == value and isinstance(old, bool) is isinstance(value, bool):
            continue
        if isinstance(old, (Table, InlineTable)) and isinstance(value, dict):
            _update(old, value)
        else:
            table[key] = _item(value)


def _item(value: Any) -> Any:
    if isinstance(value, str) and "\n" in value:
        made = tomlkit.string(value, multiline=True)
        # below the quotes it reads better, and TOML passes over that line's end
        return made if value[0] == "\n" else tomlkit.value('"""\n' + made.as_string()[3:])
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    return tomlkit.item(value)
