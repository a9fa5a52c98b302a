"""Avro schemas as a registry sees them: what is the same schema, and what can read what another has written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.core.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEVELS", "checked_schema", "identity", "misfits"]

LEVELS = (
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
    "NONE",
)
"""What a new version of a subject must fit: BACKWARD reads what the last one wrote, FORWARD is read by it, FULL both;
TRANSITIVE: every earlier one."""

MOST_BYTES = 1 << 20


def checked_schema(text: str) -> str:
    """The Avro schema in `text`, as JSON without needless space. Raises RegistryError for what is none."""
    _parsed(text)
    return json.dumps(json.loads(text), separators=(",", ":"))


def identity(text: str) -> str:
    """Equal for two texts of one schema: spaces and the order of attributes do not count, documentation does."""
    return json.dumps(json.loads(text), separators=(",", ":"), sort_keys=True)


def misfits(level: str, new: str, earlier: Sequence[str]) -> list[str]:
    """Why `new` must not follow the schemas `earlier`, of which the last is the newest; empty where it may."""
    kind = level.removesuffix("_TRANSITIVE")
    if kind == "NONE":
        return []
    found: list[str] = []
    for old in reversed(earlier if level != kind else earlier[-1:]):
        if kind in {"BACKWARD", "FULL"}:
            found += _unreadable(new, old, "the new schema", "the earlier one")
        if kind in {"FORWARD", "FULL"}:
            found += _unreadable(old, new, "the earlier schema", "the new one")
    return list(dict.fromkeys(found))


def _unreadable(reader: str, writer: str, reader_name: str, writer_name: str) -> list[str]:
    from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

    checker: Any = ReaderWriterCompatibilityChecker
    result = checker().get_compatibility(_parsed(reader), _parsed(writer))
    if result.compatibility is not SchemaCompatibilityType.incompatible:
        return []
    kinds = ", ".join(dict.fromkeys(kind.value for kind in result.incompatibilities))
    details = "; ".join(sorted(result.messages))
    places = ", ".join(sorted(result.locations))
    return [f"{reader_name} cannot read what {writer_name} wrote: {kinds} at {places}: {details}"]


def _parsed(text: str) -> Any:
    from avro.errors import AvroException
    from avro.schema import make_avsc_object

    if len(text) > MOST_BYTES:
        raise RegistryError(
            f"a schema has at most {MOST_BYTES} characters, this one {len(text)}", code="registry-schema"
        )
    try:
        return make_avsc_object(_bare(json.loads(text)))
    except (AvroException, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RegistryError(
            f"not an Avro schema: {str(error) or type(error).__name__}",
            code="registry-schema",
            hint='a schema is JSON: {"type": "record", "name": "...", "fields": [...]}',
        ) from None


def _bare(schema: Any) -> Any:
    """`schema` without logical types: they change nothing in what can read what."""
    if isinstance(schema, list):
        return [_bare(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {k: v for k, v in schema.items() if k != "logicalType"}
    for key in ("type", "items", "values"):
        if key in bare:
            bare[key] = _bare(bare[key])
    if isinstance(bare.get("fields"), list):
        bare["fields"] = [_bare(field) for field in bare["fields"]]
    return bare
