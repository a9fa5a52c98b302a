"""One JSON message as rows, by Flink's own rules, odd ones included; about 20 µs a message.

Flink's converters pull tokens. One that fails in the midst of a nested value leaves the stream where it stands,
and under ``ignore-parse-errors`` reading goes on from there; so the converters here pull tokens too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock.core import types as t
from penstock.core.errors import UnsupportedError
from penstock.formats.format import Fault
from penstock.formats.json import tokens as tk
from penstock.formats.json.leaves import Leaves
from penstock.formats.json.tokens import JsonSyntaxError, Tokens, java_text
from penstock.formats.json.tree import MisfitError, MissingError, TreeReader, tree_of, tree_text

if TYPE_CHECKING:
    from penstock.core.types import Field
    from penstock.formats.json.rules import Rules

__all__ = ["ExactReader", "Reading"]

Read: TypeAlias = Callable[[Tokens], Any]
Row: TypeAlias = list[Any]

_STARTS = (tk.OBJECT, tk.ARRAY)
_ROOT = "a message is an object, or an array of objects"


@dataclass(slots=True)
class Reading:
    """The rows of one message, each a list of physical values, and what was wrong with it."""

    rows: list[Row] = field(default_factory=list)
    fault: Fault | None = None


class ExactReader:
    """Reads messages as rows of a schema, one by one."""

    def __init__(self, schema: tuple[Field, ...], rules: Rules) -> None:
        """Raises UnsupportedError for a type that JSON does not have."""
        self._rules = rules
        self._leaves = Leaves(rules)
        self._row = self._nullable(self._fields(schema))
        self._tree = TreeReader(schema, rules, self._leaves) if rules.tree else None
        self._fault: Fault | None = None
        self._path: list[str] = []

    def read(self, data: bytes) -> Reading:
        """The message's rows; where it cannot be read and errors are not ignored, no row and the fault."""
        reading = Reading()
        self._fault = None
        self._path.clear()
        if not data:
            return reading
        tokens = Tokens(data)
        try:
            if self._tree:
                self._tree.read(tokens, reading.rows, self._note)
            else:
                self._root(tokens, reading.rows)
        except ValueError as error:
            self._note(error)
            if not self._rules.ignore_errors:
                reading.rows = []
        reading.fault = self._fault
        return reading

    def _note(self, error: ValueError) -> None:
        """Keep the first fault of a message."""
        self._fault = self._fault or fault_of(error)

    def _root(self, tokens: Tokens, rows: list[Row]) -> None:
        kind = tokens.next()
        if kind not in _STARTS:
            raise JsonSyntaxError(f"not a row: {_ROOT}")
        if kind == tk.OBJECT:
            self._collect(tokens, rows)
            return
        while tokens.next() != tk.END_ARRAY:
            if tokens.kind == tk.END:
                raise JsonSyntaxError(f"not a row: {_ROOT}")
            self._collect(tokens, rows)

    def _collect(self, tokens: Tokens, rows: list[Row]) -> None:
        row = self._row(tokens)
        if row is not None:
            rows.append(list(row.values()))

    def _nullable(self, read: Read) -> Read:
        def nullable(tokens: Tokens) -> Any:
            if tokens.kind in {tk.NULL, tk.END}:
                return None
            depth = len(self._path)
            try:
                return read(tokens)
            except ValueError as error:
                if not self._rules.ignore_errors:
                    raise
                del self._path[depth:]
                self._note(error)
                return None

        return nullable

    def _reader(self, type_: t.DataType) -> Read:
        match type_:
            case t.Row(fields=fields):
                return self._nullable(self._fields(fields))
            case t.Array(element=element):
                return self._nullable(self._array(element))
            case t.Map() | t.Multiset():
                return self._nullable(self._map(type_))
            case t.Char() | t.Varchar():
                return self._nullable(self._string)
        leaf = self._leaves.reader(type_)

        def read(tokens: Tokens) -> Any:
            try:
                return leaf(tokens.kind, tokens.text)
            except ValueError:
                if self._leaves.loses_place(tokens.kind, tokens.text, type_):
                    tokens.run_on()
                raise MisfitError(self._path, tokens.kind, tokens.text, type_) from None

        return self._nullable(read)

    def _string(self, tokens: Tokens) -> str:
        if tokens.kind in _STARTS:
            return java_text(tree_text(tree_of(tokens), self._leaves))
        return java_text(tokens.text)

    def _array(self, element: t.DataType) -> Read:
        read_element = self._reader(element)

        def read(tokens: Tokens) -> list[Any]:
            if tokens.kind != tk.ARRAY:
                raise MisfitError(self._path, tokens.kind, tokens.text, t.Array(element))
            values = []
            while tokens.next() != tk.END_ARRAY:
                values.append(read_element(_still(tokens)))
            return values

        return read

    def _map(self, type_: t.Map | t.Multiset) -> Read:
        key, value = key_and_value(type_)
        read_key, read_value = self._reader(key), self._reader(value)

        def read(tokens: Tokens) -> list[dict[str, Any]]:
            if tokens.kind != tk.OBJECT:
                raise MisfitError(self._path, tokens.kind, tokens.text, type_)
            entries = {}
            while tokens.next() != tk.END_OBJECT:
                name = read_key(_still(tokens))
                tokens.next()
                entries[name] = read_value(tokens)
            return [{"key": k, "value": v} for k, v in entries.items()]

        return read

    def _fields(self, fields: tuple[Field, ...]) -> Read:
        """A ROW as a dict. Flink stops looking when it has met as many known names as there are, repeated or not."""
        readers = {f.name: self._reader(f.type) for f in fields}

        def read(tokens: Tokens) -> dict[str, Any]:
            if tokens.kind != tk.OBJECT:
                raise MisfitError(self._path, tokens.kind, tokens.text, t.Row(fields))
            row: dict[str, Any] = dict.fromkeys(readers)
            unread = set(readers)
            met = 0
            tokens.next()
            while tokens.kind != tk.END_OBJECT:
                if met == len(readers):
                    _skip(tokens)
                    continue
                name = _still(tokens).text
                tokens.next()
                reader = readers.get(name)
                if reader is None:
                    _skip(tokens)
                    continue
                self._path.append(name)
                row[name] = reader(tokens)
                self._path.pop()
                unread.discard(name)
                tokens.next()
                met += 1
            if met < len(readers) and self._rules.fail_on_missing:
                raise MissingError(sorted(unread))
            return row

        return read


def fault_of(error: ValueError) -> Fault:
    """What a user is told of a message that could not be read."""
    if isinstance(error, MisfitError):
        return Fault("json-value", error.reason())
    code = "json-missing-field" if isinstance(error, MissingError) else "json-syntax"
    return Fault(code, str(error))


def key_and_value(type_: t.Map | t.Multiset) -> tuple[t.DataType, t.DataType]:
    """A map's types; raises UnsupportedError where the key is no text, which JSON needs."""
    key, value = (type_.key, type_.value) if isinstance(type_, t.Map) else (type_.element, t.INT)
    if not isinstance(key, t.Char | t.Varchar):
        raise UnsupportedError(
            f"the format json does not have the type {type_.name}: a map's key must be a STRING",
            code="format-type",
            hint="declare the key as STRING and CAST it in a query",
        )
    return key, value


def _still(tokens: Tokens) -> Tokens:
    """`tokens`, if it is not over; only a converter that lost its place gets so far."""
    if tokens.kind == tk.END:
        raise JsonSyntaxError("the message ends inside a value that could not be read")
    return tokens


def _skip(tokens: Tokens) -> None:
    """Past the value that begins here."""
    if _still(tokens).kind in _STARTS:
        tokens.skip()
    tokens.next()
