"""[warehouse] of penstock.toml: which PostgreSQL, trusted how, and no secret in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.errors import ConfigError, WarehouseError
from penstock.project.settings import settings_in
from penstock.project.warehouse.settings import TRUST, WarehouseSettings
from penstock.project.warehouse.warehouse import Warehouse
from penstock.warehouse.postgres import TLS, Address
from tests.parts import free_port

if TYPE_CHECKING:
    from pathlib import Path


def test_what_it_says(tmp_path: Path) -> None:
    said = '[warehouse]\nurl = "${DW}"\npassword = "${PW}"\ntls = "verify-ca"\nca = "own.pem"\npool = 5\noverflow = 0'
    found = settings_in(said, tmp_path).warehouse
    assert found == WarehouseSettings("${DW}", "${PW}", "verify-ca", tmp_path / "own.pem", 5, 0)
    assert settings_in("", tmp_path).warehouse == WarehouseSettings("", "", "verify-full", None, 20, 40)
    assert TRUST.kind.choices == TLS


@pytest.mark.parametrize("url", ["postgresql://etl:secret@db/dw", "postgresql://db/dw?user=etl&password=secret"])
def test_a_secret_in_the_file_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_in(f'[warehouse]\nurl = "{url}"', tmp_path)
    assert str(caught.value) == (
        "the url has a password, and a secret is allowed in the environment alone\npenstock.toml, [warehouse]\n"
        'hint: url = "${WAREHOUSE_URL}", or password = "${WAREHOUSE_PASSWORD}"'
    )
    with pytest.raises(ConfigError, match="a secret stands in the file"):
        settings_in('[warehouse]\nurl = "postgresql://etl@db/dw"\npassword = "secret"', tmp_path)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"url": "mysql://db/dw"}, "the url of the warehouse is none"),
        ({"url": "postgresql://db"}, "the url of the warehouse names no database"),
        ({"url": "postgresql://db:a/dw"}, "the url of the warehouse has the port 'a', allowed is a number"),
        ({"url": "postgresql://db/dw?sslmode=disable"}, "the url of the warehouse has 'sslmode'"),
        ({"url": "postgresql://db/dw?options=-cx"}, "the url of the warehouse has 'options'"),
        ({"tls": "verify"}, "tls is 'verify', allowed is one of off, require, verify-ca, verify-full"),
        ({"tls": "verify-ca"}, "verify-ca needs the certificate of the authority"),
    ],
)
def test_what_is_no_address_is_said(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Address(**({"url": "postgresql://db/dw", "where": "penstock.toml, [warehouse]"} | said))
    assert str(caught.value).startswith(f"{message}\npenstock.toml, [warehouse]")


def test_an_authority_s_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file .*none\.pem, which should have the certificate"):
        Address("postgresql://db/dw", ca=tmp_path / "none.pem")


def test_the_address_comes_from_the_environment_and_its_password_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = WarehouseSettings("${DW_URL}", tls="off")
    with pytest.raises(ConfigError, match="the environment has no variable DW_URL"):
        Warehouse(tmp_path, settings).database()
    port = free_port()
    monkeypatch.setenv("DW_URL", f"postgresql://etl:secret@127.0.0.1:{port}/dw")
    with pytest.raises(WarehouseError) as caught:
        Warehouse(tmp_path, settings).database()
    assert str(caught.value) == (
        f"postgresql://etl@127.0.0.1:{port}/dw cannot be used: nothing listens there\npenstock.toml, [warehouse]\n"
        "hint: is it running, and on that port?"
    )
    assert "secret" not in repr(Address("postgresql://etl:secret@db/dw"))
