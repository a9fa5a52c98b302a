"""`schemas/*.avsc`: the Avro schemas of a project's topics, as versions of their subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.connectors.registry import Subjects
from penstock.core.errors import ConfigError, RegistryError

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.log import Log

__all__ = ["register_schemas", "subject_of"]

_PARTS = ("-key", "-value")


def subject_of(path: Path) -> str:
    """The subject of a schema's file: `orders.avsc` is that of the values of topic orders, `orders-value`."""
    return path.stem if path.stem.endswith(_PARTS) else f"{path.stem}-value"


def register_schemas(folder: Path, log: Log) -> dict[str, int]:
    """Register the project's schemas in its registry, each that is new; their numbers by subject.

    Raises RegistryError for a file that is no Avro schema, or does not fit the earlier versions of its subject;
    ConfigError for one that cannot be read.
    """
    subjects = Subjects(log)
    found = {}
    for path in sorted((folder / "schemas").glob("*.avsc")):
        where = str(path.relative_to(folder))
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where} cannot be read: {error}", code="project-file") from None
        try:
            found[subject_of(path)] = subjects.register(subject_of(path), text)
        except RegistryError as error:
            raise RegistryError(error.message, code=error.code, where=where, hint=error.hint) from None
    return found
