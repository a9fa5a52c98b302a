"""The schema files of a project: read each time, written once by inference and where a schema evolves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError
from penstock.core.text_file import replace_text
from penstock.warehouse.schema import Schema, read_schema, schema_text, with_changes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SchemaFiles"]


@dataclass(frozen=True, slots=True)
class SchemaFiles:
    """The folder schemas/ of a project."""

    project: Path

    def read(self, name: str) -> Schema | None:
        """None where there is no such file. Raises ConfigError with the line of what is wrong."""
        said = self._text(name)
        return None if said is None else read_schema(name, said)

    def write(self, schema: Schema) -> Path:
        """Write a schema that was inferred. Raises ConfigError where that is not possible."""
        return self._write(schema.name, schema_text(schema))

    def change(self, before: Schema, after: Schema) -> Path:
        """Change the file that says `before`; what people wrote in it stays. Raises ConfigError."""
        return self._write(after.name, with_changes(self._text(after.name) or schema_text(before), before, after))

    def path(self, name: str) -> Path:
        return self.project / "schemas" / f"{name}.toml"

    def _text(self, name: str) -> str | None:
        try:
            return self.path(name).read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.path(name)} cannot be read: {error}", code="schema-file") from None

    def _write(self, name: str, text: str) -> Path:
        path = self.path(name)
        try:
            path.parent.mkdir(exist_ok=True)
            replace_text(path, text)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}", code="schema-file") from None
        return path
