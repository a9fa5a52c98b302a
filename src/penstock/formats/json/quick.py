"""One JSON message as a row, by the interpreter's own scanner; about 5 µs a message.

For messages that no layout fits: changing shapes, odd spellings, and broken ones. What only Flink's own order of
reading can tell (repeated names, values of the wrong shape under ``ignore-parse-errors``) is left to `exact`.
"""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, Any, NoReturn

from penstock.core import types as t
from penstock.formats.format import Fault
from penstock.formats.json import tokens as tk
from penstock.formats.json.exact import Reading, fault_of, key_and_value
from penstock.formats.json.rules import parts_of
from penstock.formats.json.tokens import java_text
from penstock.formats.json.tree import MisfitError, MissingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.core.types import Field
    from penstock.formats.json.leaves import Leaves
    from penstock.formats.json.rules import Rules

__all__ = ["QuickReader"]

_MAX_DIGITS = 1000


class _Number(str):
    """A number as it is spelt."""

    __slots__ = ()


class _OddError(Exception):
    """To be read by the exact reader."""


def _no_number(_: str) -> NoReturn:
    raise _OddError


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _OddError
    return fields


_SCAN = JSONDecoder(
    object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_no_number, strict=False
).scan_once  # type: ignore[attr-defined]
_KINDS: dict[type, int] = {str: tk.TEXT, _Number: tk.NUMBER, dict: tk.OBJECT, list: tk.ARRAY}


class QuickReader:
    """Reads messages as rows of a schema, one by one, or says that it cannot."""

    def __init__(self, schema: tuple[Field, ...], rules: Rules, leaves: Leaves) -> None:
        """Raises UnsupportedError for a type that JSON does not have."""
        self._rules = rules
        self._leaves = leaves
        self._path: list[str] = []
        self._fault: Fault | None = None
        self._row = self._fields(t.Row(schema))
        # An object in the place of a BOOLEAN is taken for false, and its end for that of the message.
        ends_early = not rules.tree and any(isinstance(part, t.Boolean) for f in schema for part in parts_of(f.type))
        self._lenient = rules.ignore_errors or ends_early

    def read(self, message: bytes) -> Reading | None:
        """The message's row or its fault; None where the exact reader must look."""
        if not message.startswith(b"{") or 0 in message[:4]:  # two or four bytes a character
            return None
        self._path.clear()
        self._fault = None
        try:
            text = message.decode()
        except UnicodeDecodeError:
            return None
        try:
            value, _ = _SCAN(text, 0)
            row = self._row(value)
        except JSONDecodeError as error:
            return None if self._lenient else Reading([], _broken(error.doc, error.pos, error.msg))
        except StopIteration as error:
            return None if self._lenient else Reading([], _broken(text, error.value))
        except (RecursionError, _OddError):
            return None
        except ValueError as error:
            return Reading([], fault_of(error))
        return Reading([list(row.values())], self._fault)

    def _reader(self, type_: t.DataType) -> Callable[[Any], Any]:
        match type_:
            case t.Row():
                return self._fields(type_)
            case t.Array(element=element):
                each = self._reader(element)
                return self._shaped(list, type_, lambda items: [None if i is None else each(i) for i in items])
            case t.Map() | t.Multiset():
                value = self._reader(key_and_value(type_)[1])

                def entries(found: dict[str, Any]) -> list[dict[str, Any]]:
                    return [{"key": java_text(k), "value": None if v is None else value(v)} for k, v in found.items()]

                return self._shaped(dict, type_, entries)
        return self._scalar(type_)

    def _scalar(self, type_: t.DataType) -> Callable[[Any], Any]:
        leaf = self._leaves.reader(type_)
        lenient = self._rules.tree or isinstance(type_, t.Boolean | t.Char | t.Varchar)

        def read(value: Any) -> Any:
            if value is True or value is False:
                kind, text = (tk.TRUE, "true") if value else (tk.FALSE, "false")
            else:
                kind, text = _KINDS[type(value)], value
                if kind == tk.NUMBER and len(text) > _MAX_DIGITS:
                    raise _OddError
                if kind in {tk.OBJECT, tk.ARRAY}:
                    if lenient or self._rules.ignore_errors:
                        raise _OddError
                    raise MisfitError(self._path, kind, "", type_)
            try:
                return leaf(kind, text)
            except ValueError:
                if self._leaves.loses_place(kind, text, type_):
                    raise _OddError from None
                return self._misfit(kind, text, type_)

        return read

    def _shaped(self, shape: type, type_: t.DataType, build: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A value that must be a list or a dict."""

        def read(value: Any) -> Any:
            if type(value) is shape:
                return build(value)
            kind = _KINDS.get(type(value), tk.TRUE if value else tk.FALSE)
            if self._rules.tree or (self._rules.ignore_errors and kind in {tk.OBJECT, tk.ARRAY}):
                raise _OddError
            return self._misfit(kind, value if isinstance(value, str) else str(value).lower(), type_)

        return read

    def _fields(self, type_: t.Row) -> Callable[[Any], Any]:
        readers = {f.name: self._reader(f.type) for f in type_.fields}
        empty = dict.fromkeys(readers)

        def build(found: dict[str, Any]) -> dict[str, Any]:
            row: dict[str, Any] = empty.copy()
            met = 0
            for name, value in found.items():
                if name not in readers:
                    continue
                met += 1
                if value is not None:
                    self._path.append(name)
                    row[name] = readers[name](value)
                    self._path.pop()
            if met < len(readers) and self._rules.fail_on_missing:
                raise MissingError(sorted(readers.keys() - found.keys()))
            return row

        return self._shaped(dict, type_, build)

    def _misfit(self, kind: int, text: str, type_: t.DataType) -> None:
        error = MisfitError(self._path, kind, text, type_)
        if not self._rules.ignore_errors:
            raise error
        self._fault = self._fault or fault_of(error)


def _broken(text: str, at: int, why: str = "") -> Fault:
    """Where the scanner stopped, in bytes."""
    over = at >= len(text) or why.startswith("Unterminated")
    why = "it ends inside a value" if over else f"{text[at]!r} was not expected"
    at = len(text) if over else at
    return Fault("json-syntax", f"not valid JSON at byte {len(text[:at].encode('utf-8', 'replace'))}: {why}")
