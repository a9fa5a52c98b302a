"""What a part of a plan is, as a short text that stays the same from one run to the next.

State is stored under the fingerprint of the operator's sub-plan: an edited query finds the state of what it
did not change, and is refused where it would need state that nobody has.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from penstock.sql.catalog import Table
from penstock.sql.functions.spec import Aggregate, Function
from penstock.sql.plan import Node, Scan, Sink, Sinks, nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fingerprint", "signature"]

# they say where reading starts or how it is paced, not what is read
_PASSING_OPTIONS = ("scan.startup.", "scan.watermark.", "properties.", "sink.")


@lru_cache(maxsize=4096)
def fingerprint(node: Node, zone: str = "UTC") -> str:
    """24 hexadecimal digits; `zone` is the session's, which what is computed may depend on."""
    text = _node(node)
    if zone != "UTC" and not isinstance(node, Sink):
        text = f"{zone}:{text}"
    return _digest(text)


def signature(plan: Sinks, settings: Mapping[str, object], zone: str) -> str:
    """24 hexadecimal digits of all that defines a pipeline, options and `settings` that no state depends on too."""
    parts = [zone, repr(sorted((name, str(value)) for name, value in settings.items()))]
    for sink in plan.parts:
        parts += [_node(sink.input), _text(sink.columns), _text(sink.table), repr((sink.options, sink.deduplicates))]
        parts.append(repr(sorted(sink.table.options.items())))
    for scan in dict.fromkeys(n for n in nodes(plan) if isinstance(n, Scan)):
        parts.append(repr((scan.table.path, sorted(scan.table.options.items()), scan.options)))
        parts += [_text(rule) for rule in scan.table.rules]
    return _digest("\n".join(parts))


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()


@lru_cache(maxsize=128)
def _node(node: Node) -> str:
    """The text of a node, kept for those above it: several may read it, and its own is as long as all below."""
    match node:
        case Scan():
            hints = _lasting(dict(node.options))
            return f"Scan({_text(node.table)}{hints or ''})"
        case Sink():  # what it holds are rows of its table, whatever query they come from
            return f"Sink({_text(node.table)},{node.table.partitioned_by},{node.overwrite})"
    return _fields(node)


def _text(value: Any) -> str:
    match value:
        case Table():
            options = _lasting(value.options)
            columns = [(c.name, str(c.type), c.computed_text, c.metadata) for c in value.columns]
            return f"Table{(value.path, columns, options, value.watermark_column, value.watermark_text)}"
        case Function() | Aggregate():
            return value.name
        case Node():
            return _node(value)
        case tuple() | list():
            return f"[{','.join(_text(v) for v in value)}]"
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    return repr(value)


def _lasting(options: Mapping[str, str]) -> dict[str, str]:
    """The options that say what is read, by name."""
    return {k: v for k, v in sorted(options.items()) if not k.startswith(_PASSING_OPTIONS)}


def _fields(value: Any) -> str:
    parts = ",".join(f"{f.name}={_text(getattr(value, f.name))}" for f in fields(value))
    return f"{type(value).__name__}({parts})"
