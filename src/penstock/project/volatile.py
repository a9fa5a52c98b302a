"""Which functions of a plan give another value each time: NOW, RAND and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql import plan as p
from penstock.sql.expr import Call, walk

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["volatile"]


def volatile(plan: p.Node) -> Iterator[str]:
    """The name of each such function, as often as it is called."""
    for node in p.nodes(plan):
        for expr in p.expressions(node):
            for part in walk(expr):
                if isinstance(part, Call) and not part.function.deterministic and not _reads_a_text(part):
                    yield part.function.name


def _reads_a_text(call: Call) -> bool:
    """Whether it is UNIX_TIMESTAMP of a text, which is no function of the clock."""
    return call.function.name == "UNIX_TIMESTAMP" and bool(call.args)
