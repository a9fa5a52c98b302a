"""Quality rules about tables of the warehouse, held against the schemas of the sources that are loaded into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, PenstockError, did_you_mean
from penstock.quality.rules import Rules
from penstock.warehouse.schema_files import SchemaFiles
from penstock.warehouse.sources.source_file import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.definition import Definition
    from penstock.warehouse.sources.source_file import SourceFile

__all__ = ["wrong_load_rules"]


def wrong_load_rules(definition: Definition) -> Iterator[PenstockError]:
    """What does not fit: a table that nothing is loaded into, a rule that is none over its columns."""
    sources: dict[str, SourceFile] = {}
    for path in sorted((definition.folder / "sources").glob("*.toml")):
        try:
            source = read_source(path.stem, path.read_text("utf-8"))
            sources[str(source.into)] = source
        except (PenstockError, OSError, UnicodeDecodeError):  # of a job that loads it, this is said
            continue
    catalog = definition.session.catalog
    for file in definition.rules.files:
        for table in file.tables:
            if table.count(".") != 1 or catalog.find(tuple(table.split("."))) is not None:
                continue
            if table not in sources:
                yield ConfigError(
                    f"nothing is loaded into '{table}'",
                    code="quality-on",
                    where=file.said.where("on"),
                    hint=did_you_mean(table, sources) or "sources/NAME.toml says with into = what is",
                )
                continue
            try:
                schema = SchemaFiles(definition.folder).read(sources[table].schema)
            except PenstockError as error:
                yield error
                continue
            if schema is None:  # it is inferred by the first load
                continue
            for rule in file.rules:
                try:
                    Rules([rule], schema.types, definition.session.context)
                except PenstockError as error:
                    yield error
