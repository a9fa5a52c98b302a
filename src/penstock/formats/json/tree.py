"""Reading by way of a tree, as Flink does where ``decode.json-parser.enabled`` is false.

Also the text of a nested value, which a STRING column takes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock.core import types as t
from penstock.formats.format import shortened, with_article
from penstock.formats.json import tokens as tk
from penstock.formats.json.tokens import Tokens, java_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.core.types import Field
    from penstock.formats.json.leaves import Leaves
    from penstock.formats.json.rules import Rules

__all__ = ["MisfitError", "MissingError", "TreeReader", "tree_of", "tree_text"]

Node: TypeAlias = Any
"""A dict, a list, or a token's (kind, text)."""

_ESCAPED = re.compile('[\\x00-\\x1f"\\\\]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class MisfitError(ValueError):
    """A value that its column's type does not take; `path` are the names that lead to it."""

    def __init__(self, path: list[str], kind: int, text: str, type_: t.DataType) -> None:
        super().__init__(text)
        self._path = tuple(path)
        self._kind = kind
        self._text = text
        self._type = type_

    def reason(self) -> str:
        """The column, the value and what was expected."""
        shown = {tk.OBJECT: "an object", tk.ARRAY: "an array", tk.TEXT: f'"{shortened(self._text)}"'}
        value = shown.get(self._kind) or shortened(self._text)
        where = f"column {'.'.join(self._path)}" if self._path else "the message"
        return f"{where}: {value} is not {with_article(self._type)}"


class MissingError(ValueError):
    """Fields that are not in the message."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"field {', '.join(names)} is not in the message, and fail-on-missing-field is true")


def tree_of(tokens: Tokens) -> Node:
    """The value that begins at the current token, to its end; of fields of one name the last counts."""
    if tokens.kind == tk.OBJECT:
        fields: dict[str, Node] = {}
        while tokens.next() != tk.END_OBJECT:
            name = tokens.text
            tokens.next()
            fields[name] = tree_of(tokens)
        return fields
    if tokens.kind == tk.ARRAY:
        items = []
        while tokens.next() != tk.END_ARRAY:
            items.append(tree_of(tokens))
        return items
    return tokens.kind, tokens.text


def tree_text(node: Node, leaves: Leaves) -> str:
    """Compact JSON, spelt as Jackson spells a tree."""
    if isinstance(node, dict):
        return "{" + ",".join(f"{_quoted(k)}:{tree_text(v, leaves)}" for k, v in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ",".join(tree_text(v, leaves) for v in node) + "]"
    kind, text = node
    if kind == tk.TEXT:
        return _quoted(text)
    number = leaves.number(text) if kind == tk.NUMBER else text
    return f'"{number}"' if number.lstrip("-") == "Infinity" else number


def _quoted(text: str) -> str:
    escaped = _ESCAPED.sub(lambda m: _SHORT.get(m[0]) or f"\\u{ord(m[0]):04X}", text)
    return f'"{escaped}"'


class TreeReader:
    """Messages as rows by way of a tree."""

    def __init__(self, schema: tuple[Field, ...], rules: Rules, leaves: Leaves) -> None:
        self._rules = rules
        self._leaves = leaves
        self._note: Callable[[ValueError], None]
        self._path: list[str] = []
        self._row = self._nullable(self._fields(schema))

    def read(self, tokens: Tokens, rows: list[list[Any]], note: Callable[[ValueError], None]) -> None:
        """Append the message's rows; raises ValueError, or notes it where errors are ignored."""
        self._note = note
        self._path.clear()
        if tokens.next() == tk.END:
            return
        root = tree_of(tokens)
        for node in root if isinstance(root, list) else [root]:
            row = self._row(node)
            if row is not None:
                rows.append(list(row.values()))

    def _nullable(self, read: Callable[[Node], Any]) -> Callable[[Node], Any]:
        def nullable(node: Node) -> Any:
            if isinstance(node, tuple) and node[0] == tk.NULL:
                return None
            depth = len(self._path)
            try:
                return read(node)
            except ValueError as error:
                if not self._rules.ignore_errors:
                    raise
                del self._path[depth:]
                self._note(error)
                return None

        return nullable

    def _reader(self, type_: t.DataType) -> Callable[[Node], Any]:
        match type_:
            case t.Row(fields=fields):
                return self._nullable(self._fields(fields))
            case t.Array(element=element):
                each = self._reader(element)
                return self._nullable(lambda node: [each(n) for n in self._expect(node, list, type_)])
            case t.Map() | t.Multiset():
                value = self._reader(type_.value if isinstance(type_, t.Map) else t.INT)
                return self._nullable(lambda node: _entries(node, value))
            case t.Char() | t.Varchar():
                return self._nullable(self._string)
        leaf = self._leaves.reader(type_)

        def read(node: Node) -> Any:
            kind, text = node if isinstance(node, tuple) else (tk.OBJECT if isinstance(node, dict) else tk.ARRAY, "")
            try:
                return leaf(kind, text)
            except ValueError:
                raise MisfitError(self._path, kind, text, type_) from None

        return self._nullable(read)

    def _string(self, node: Node) -> str:
        return java_text(self._leaves.text(*node) if isinstance(node, tuple) else tree_text(node, self._leaves))

    def _fields(self, fields: tuple[Field, ...]) -> Callable[[Node], dict[str, Any]]:
        readers = {f.name: self._reader(f.type) for f in fields}
        row_type = t.Row(fields)

        def read(node: Node) -> dict[str, Any]:
            known = self._expect(node, dict, row_type)
            row: dict[str, Any] = dict.fromkeys(readers)
            for name, value in known.items():
                if name in readers:
                    self._path.append(name)
                    row[name] = readers[name](value)
                    self._path.pop()
            if self._rules.fail_on_missing and not known.keys() >= readers.keys():
                raise MissingError(sorted(readers.keys() - known.keys()))
            return row

        return read

    def _expect(self, node: Node, kind: type, type_: t.DataType) -> Any:
        if isinstance(node, kind):
            return node
        token = (tk.OBJECT, "") if isinstance(node, dict) else (tk.ARRAY, "") if isinstance(node, list) else node
        raise MisfitError(self._path, token[0], token[1], type_)


def _entries(node: Node, value: Callable[[Node], Any]) -> list[dict[str, Any]]:
    """A map; what is no object has no fields, says Jackson."""
    return [{"key": java_text(k), "value": value(v)} for k, v in node.items()] if isinstance(node, dict) else []
