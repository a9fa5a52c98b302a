"""No secret is told: not in log lines, answers, errors, exports or files, whatever is asked and however wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core.logs import set_up
from penstock.server.rights import RIGHTS
from tests.cli.shell import call
from tests.server.guarded import PASSWORD, TOKEN, guard

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    import pytest

S3_SECRET = "a-secret-key-of-a-bucket"
TOML = '[s3]\nendpoint = "http://127.0.0.1:1"\naccess-key = "${BUCKET_KEY}"\nsecret-key = "${BUCKET_SECRET}"\n'
ENDLESS = {"stream"}


def answers(client: httpx.Client, operations: dict[str, tuple[str, str]]) -> list[str]:
    """What all calls that change nothing answer, to good requests and to bad ones."""
    found = []
    for name, (method, path) in operations.items():
        if RIGHTS[name] not in (None, "read", "admin") or name in ENDLESS:
            continue
        for filled in (path.replace("{name}", "orders"), path.replace("{name}", "nothing")):
            for body in (None, b"{}", b"{", b'{"sql": "SELECT * FROM nowhere"}'):
                if method == "get" and body is not None:
                    continue
                headers = {"content-type": "application/json"}
                answer = client.request(method, filled.replace("{", "").replace("}", ""), content=body, headers=headers)
                found.append(f"{answer.headers}{answer.text}")
    return found


def test_no_secret_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_TOKEN", TOKEN)
    monkeypatch.setenv("BUCKET_KEY", "a-key")
    monkeypatch.setenv("BUCKET_SECRET", S3_SECRET)
    lines: list[str] = []
    folder = tmp_path / "shop"
    with set_up("json", "debug", lines.append), guard(folder, rows=10, toml=TOML) as served:
        made = served.token("ada", "admin")
        with served.logged_in("ada") as ada:
            login = str(ada.cookies["penstock_login"])
            document = ada.get("/openapi.json").json()
            operations: dict[str, tuple[str, str]] = {
                one["operationId"]: (method, path)
                for path, methods in document["paths"].items()
                for method, one in methods.items()
            }
            wrongs: tuple[Any, ...] = (
                {"user": "ada", "pasword": "hunter2 hunter2"},
                {"user": "ada", "password": ["hunter2 hunter2"]},
                {"user": "hunter2 hunter2", "password": "hunter2 hunter2"},
                {"token": "hunter2 hunter2"},
                {"token": 5, "password": "hunter2 hunter2"},
            )
            told = [ada.post("/api/login", json=wrong).text for wrong in wrongs]
            told.append(ada.post("/api/users", json={"name": "x", "role": "no", "password": "hunter2 hunter2"}).text)
            told.append(ada.put("/api/users/ada/password", json={"password": "hunter2"}).text)
            told.append(ada.get("/api/project", headers={"authorization": "Bearer hunter2 hunter2"}).text)
            assert not [text for text in told if "hunter2" in text]
            told += answers(ada, operations)
        with served.client(made) as program:
            told += answers(program, operations)
    told += [call("user", "list", folder, "--format", form).out for form in ("table", "json", "csv")]
    told += [call("token", "list", folder).out, call("topic", "read", folder, "__audit").out]
    assert len(told) > 100
    assert lines
    for secret in (TOKEN, S3_SECRET, made, made.split("_", 2)[2], login, "$argon2"):
        assert not [line for line in lines if secret in line], secret
        assert not [text for text in told if secret in text], secret
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in (TOKEN, S3_SECRET, made, made.split("_", 2)[2], login, PASSWORD, "hunter2"):
        assert secret.encode() not in kept, secret
