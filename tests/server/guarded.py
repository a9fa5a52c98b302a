"""A project that is served to other machines: with an admin by the environment's token, and users."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from argon2 import PasswordHasher

from penstock.project.access import passwords
from penstock.server.serve import Serving
from tests.server.served import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

TOKEN = "a-token-of-enough-letters"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Guarded:
    """`penstock` is served at `url`, where a login is needed."""

    penstock: Penstock
    url: str

    def client(self, token: str = "", **more: Any) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=False, **more)

    @contextmanager
    def logged_in(self, user: str, password: str = PASSWORD) -> Iterator[httpx.Client]:
        with self.client() as client:
            answer = client.post("/api/login", json={"user": user, "password": password})
            assert answer.status_code == 204, answer.text
            yield client

    def token(self, user: str, scope: str, days: float = 1) -> str:
        return self.penstock.accounts.make_token(user, scope, days).text


@contextmanager
def guard(folder: Path, *, engine: bool = False, rows: int = 0, **project: str) -> Iterator[Guarded]:
    """The project of `serve`, with users vera (viewer), otto (operator) and ada (admin), each with PASSWORD.

    Passwords cost little here: what they cost elsewhere is tested by itself.
    """
    with pytest.MonkeyPatch.context() as patch, serve(folder, engine=engine, rows=rows, **project) as served:
        cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        patch.setattr(passwords, "_hasher", lambda: cheap)
        for name, role in (("vera", "viewer"), ("otto", "operator"), ("ada", "admin")):
            served.penstock.accounts.add_user(name, role, PASSWORD)
        with Serving(served.penstock, "0.0.0.0", 0) as serving:
            serving.wait()
            yield Guarded(served.penstock, serving.url)
