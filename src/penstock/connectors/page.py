"""The page of all connectors, made of their declarations: `page` gives the text of docs/connectors.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.connectors import CONNECTORS
from penstock.connectors.datagen import FIELD_OPTIONS
from penstock.connectors.spec import WATERMARK_OPTIONS
from penstock.core.options import option_table
from penstock.formats import FORMATS

if TYPE_CHECKING:
    from penstock.connectors.spec import Connector

__all__ = ["page"]

_HEAD = """\
# Connectors

<!-- Made by scripts/pages.py of the declarations in src/penstock; change those, not this page. -->

What stands in `WITH (...)` of a table. Names and meanings are Flink's where nothing else is said; an option that is
not listed is an error, with the closest name that there is.
"""


def page() -> str:
    """The page, as Markdown."""
    parts = [_HEAD, "| connector | | reads | writes |\n|--|--|--|--|"]
    parts[-1] += "".join(
        f"\n| [`{c.name}`](#{c.name}) | {c.text} | {'yes' if c.source else '-'} | {'yes' if c.sink else '-'} |"
        for c in CONNECTORS.values()
    )
    parts += [_connector(c) for c in CONNECTORS.values()]
    parts.append("## Options of every table that is read\n\n" + option_table(WATERMARK_OPTIONS))
    parts.append("## Formats\n\nAn option of a format begins with its name: `'json.ignore-parse-errors'`.")
    parts += [f"### {f.name}\n\n" + (option_table(f.options) or "No options.") for f in FORMATS.values()]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _connector(connector: Connector) -> str:
    parts = [f"## {connector.name}", connector.text]
    if connector.notes:
        parts.append(connector.notes.strip())
    options = connector.options + (FIELD_OPTIONS if connector.name == "datagen" else ())
    if options:
        parts.append(option_table(options))
    if connector.formats:
        parts.append("Formats: " + ", ".join(f"`{f}`" for f in connector.formats) + ".")
    if connector.metadata:
        rows = "".join(
            f"\n| `{key}` | {data_type} | {'yes' if key in connector.writable_metadata else '-'} |"
            for key, data_type in connector.metadata.items()
        )
        parts.append("| metadata | type | written |\n|--|--|--|" + rows)
    if connector.sink:
        can = "can be replaced" if connector.replace else f"cannot be replaced: {connector.why_not_replace}"
        parts.append(f"Rows that were written {can} (`penstock rejects replay --rebuild`).")
    return "\n\n".join(parts)
