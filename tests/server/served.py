"""A project that is served: its folder, what runs in it, and a client for its API."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from penstock.project.opening import open_project
from penstock.server.serve import SOCKET, Serving
from tests.cli.shell import make_project, orders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

__all__ = ["Served", "serve"]


@dataclass(frozen=True)
class Served:
    penstock: Penstock
    serving: Serving
    client: httpx.Client

    def get(self, path: str, status: int = 200, **given: Any) -> Any:
        """The JSON of an answer."""
        return self.call("GET", path, status, **given)

    def post(self, path: str, body: Any, status: int = 200, **given: Any) -> Any:
        return self.call("POST", path, status, json=body, **given)

    def call(self, method: str, path: str, status: int, **given: Any) -> Any:
        answer = self.client.request(method, path, **given)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    @property
    def socket(self) -> Path:
        assert self.penstock.home is not None
        return self.penstock.home / SOCKET


@contextmanager
def serve(folder: Path, *, engine: bool = True, rows: int = 130, **project: str) -> Iterator[Served]:
    """The project of tests/cli/shell.py with so many orders, running unless `engine` is False."""
    if not folder.exists():
        make_project(folder, **project)
    with open_project(folder) as penstock:
        if rows:
            penstock.append("orders", orders(rows))
        if engine:
            penstock.start()
        with Serving(penstock, port=0) as serving:
            serving.wait()
            with httpx.Client(base_url=serving.url, timeout=60, verify=False) as client:
                yield Served(penstock, serving, client)
