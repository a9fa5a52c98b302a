"""Operations of a project that another process runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from penstock.project.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OwnerOperations"]


class OwnerOperations:
    """`project.acting.Acts`, by calls of the API: `ask` takes a method and a path."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def list(self) -> list[Operation]:
        return [Operation(**one) for one in self._ask("GET", "/api/operations")]

    def cancel(self, identity: str) -> Operation:
        return Operation(**self._ask("DELETE", f"/api/operations/{quote(identity, safe='')}"))
