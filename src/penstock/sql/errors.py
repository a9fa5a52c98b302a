"""Where in a statement something is wrong, drawn under its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlglot import exp

__all__ = ["Span", "span_of", "underline"]


class Span(NamedTuple):
    """A piece of a text: characters `start` to `end`, the last one included."""

    start: int
    end: int


def span_of(node: exp.Expr) -> Span | None:
    """The piece of the statement that `node` was read from, as far as its parts know it."""
    starts, ends = [], []
    for part in node.walk():
        if "start" in part.meta:
            starts.append(int(part.meta["start"]))
            ends.append(int(part.meta["end"]))
    return Span(min(starts), max(ends)) if starts else None


def underline(text: str, span: Span | None, source: str = "") -> str:
    """The line of `text` that holds `span`, its number, and a mark below the piece.

    `source` names the file, if there is one.
    """
    if span is None:
        return source
    first = text.rfind("\n", 0, span.start) + 1
    last = text.find("\n", span.start)
    line = text[first : len(text) if last < 0 else last]
    column = span.start - first
    width = max(1, min(span.end, first + len(line) - 1) - span.start + 1)
    number = text.count("\n", 0, first) + 1
    margin = f"{number} | "
    head = f"{source}:{number}:{column + 1}" if source else f"line {number}, column {column + 1}"
    return f"{head}\n{margin}{line}\n{' ' * (len(margin) + column)}{'^' * width}"
