"""A table of a TOML file, which knows the line that each of its keys stands in."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from penstock.core.errors import ConfigError
from penstock.core.options import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from penstock.core.options import Option

__all__ = ["TomlTable", "read_toml"]

_AT = re.compile(r" \(at line (\d+), column \d+\)$")


def read_toml(text: str, file: str) -> TomlTable:
    """What a file says; `file` is its path in the project. Raises ConfigError with the line that is no TOML."""
    try:
        return TomlTable(file, text, (), tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        line = found[1] if found else str(text.count("\n") + 1)
        said = _AT.sub("", str(error)).removesuffix(" (at end of document)")
        raise ConfigError(f"this is not TOML: {said}", code="toml", where=f"{file}:{line}") from None


@dataclass(frozen=True)
class TomlTable:
    """The keys and values at `path` in a file; the file's own table is at ()."""

    file: str
    text: str
    path: tuple[str, ...]
    given: Mapping[str, Any]

    def where(self, key: str = "") -> str:
        """``FILE:LINE`` of a key, or of the table itself; the file alone where neither has a line."""
        lines = _lines(self.text)
        line = lines.get((*self.path, key)) or lines.get(self.path)
        return f"{self.file}:{line}" if line else self.file

    def values(self, options: Iterable[Option[Any]]) -> Values:
        """Its keys as `options`. Raises ConfigError at the line of the one that is unknown or does not fit."""
        return Values(options, self.given, self.where)

    def require_name(self, name: str, pattern: re.Pattern[str], what: str, *, code: str, allowed: str) -> None:
        """Raises ConfigError where `name`, that of the table or of its file, cannot be that of `what`."""
        if not pattern.fullmatch(name):
            said = f"'{name}' cannot name {what}"
            raise ConfigError(said, code=code, where=self.where(), hint=f"allowed are {allowed}")

    def tables(self, key: str) -> dict[str, TomlTable]:
        """The tables ``[key.NAME]`` by name, none where there is no such key. Raises ConfigError for anything else."""
        given = self.given.get(key, {})
        if not isinstance(given, dict) or not all(isinstance(value, dict) for value in given.values()):
            raise ConfigError(f"'{key}' has a table for each name", code="toml-table", where=self.where(key),
                              hint=f"[{'.'.join((*self.path, key))}.NAME]")  # fmt: skip
        return {name: TomlTable(self.file, self.text, (*self.path, key, name), value) for name, value in given.items()}

    def table(self, key: str) -> TomlTable:
        """The table ``[key]``, empty where there is none. Raises ConfigError for anything else."""
        given = self.given.get(key, {})
        if not isinstance(given, dict):
            raise ConfigError(f"'{key}' is a table", code="toml-table", where=self.where(key),
                              hint=f"[{'.'.join((*self.path, key))}]")  # fmt: skip
        return TomlTable(self.file, self.text, (*self.path, key), given)

    def without(self, *keys: str) -> TomlTable:
        """The same table, those keys not in it: they were read otherwise."""
        return TomlTable(self.file, self.text, self.path, {k: v for k, v in self.given.items() if k not in keys})


@lru_cache(maxsize=4)
def _lines(text: str) -> Mapping[tuple[str, ...], int]:
    """The lines of all headers and keys: looked up for each table of a file, of which there may be a thousand."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for line, said in _statements(text):
        is_header = said.lstrip().startswith("[")
        path = _path(tomllib.loads(said), said)
        table = path if is_header else table
        found.setdefault(path if is_header else (*table, *path), line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header and each key with its value, which may take several lines, and the first of its lines."""
    said, began = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        began, said = (began, f"{said}\n{line}") if said else (number, line)
        try:
            is_whole = bool(tomllib.loads(said))
        except tomllib.TOMLDecodeError:
            continue
        if is_whole:
            yield began, said
        said = ""


def _path(document: Mapping[str, Any], said: str) -> tuple[str, ...]:
    """The keys down to a header's table, or to the value of a statement: those before its ``=``."""
    head = said if said.lstrip().startswith("[") else said.partition("=")[0] + "= 0"
    try:
        document = tomllib.loads(head)
    except tomllib.TOMLDecodeError:  # a quoted key that has = in it
        return tuple(document)
    path: list[str] = []
    value: Any = document
    while value := value[0] if isinstance(value, list) else value:
        key = next(iter(value))
        path, value = [*path, key], value[key]
    return tuple(path)
