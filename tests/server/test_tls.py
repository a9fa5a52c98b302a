"""Page, API and push by TLS, with a certificate made here."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.sync.client import connect

from penstock.core.errors import ConfigError
from penstock.server.certificate import certificate_of
from penstock.server.serve import Serving
from tests.certificates import certify
from tests.server.guarded import PASSWORD
from tests.server.served import serve

if TYPE_CHECKING:
    from pathlib import Path

TOML = '[server]\ncertificate = "tls/own.pem"\nkey = "tls/own.key"\n'


def test_with_a_certificate_all_is_served_by_tls(tmp_path: Path) -> None:
    with serve(tmp_path / "shop", engine=False, rows=0) as plain:
        assert plain.serving.url.startswith("http://")
    trusted = ssl.create_default_context(cafile=str(certify(tmp_path / "shop" / "tls")))
    with (tmp_path / "shop" / "penstock.toml").open("a") as file:
        file.write(TOML)
    with serve(tmp_path / "shop", engine=False, rows=0) as served:
        served.penstock.accounts.add_user("anna", "viewer", PASSWORD)
        with (
            Serving(served.penstock, "0.0.0.0", 0) as serving,
            httpx.Client(base_url=serving.url, verify=trusted, timeout=60) as client,
        ):
            serving.wait()
            assert serving.url == f"https://127.0.0.1:{serving.port}/"
            answer = client.post("/api/login", json={"user": "anna", "password": PASSWORD})
            assert "Secure" in answer.headers["set-cookie"]
            assert client.get("/api/login").json()["user"] == "anna"
            cookie = answer.headers["set-cookie"].split(";")[0]
            url = f"wss://127.0.0.1:{serving.port}/ws"
            with connect(url, ssl=trusted, additional_headers={"cookie": cookie}, open_timeout=60) as push:
                assert "hello" in push.recv()
            with pytest.raises(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{serving.port}/livez", timeout=60)


def test_a_certificate_that_does_not_fit_is_told_before_anything_is_served(tmp_path: Path) -> None:
    certify(tmp_path / "a")
    certify(tmp_path / "b")
    for certificate, key, message in (
        ("a/own.pem", None, "certificate and key are named together, or neither"),
        ("a/own.pem", "a/none.key", "a/own.pem or a/none.key cannot be read: No such file or directory"),
        ("a/own.pem", "b/own.key", "a/own.pem and b/own.key are no certificate and its key: KEY_VALUES_MISMATCH"),
        ("a/own.key", "a/own.key", "a/own.key and a/own.key are no certificate and its key"),
    ):
        with pytest.raises(ConfigError) as refused:
            certificate_of(tmp_path, certificate, key)
        assert refused.value.message.startswith(message)
    assert certificate_of(tmp_path, None, None) is None
