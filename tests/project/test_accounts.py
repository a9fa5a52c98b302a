"""Users, tokens and logins as the database keeps them: until when they hold, and that no secret is anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, LogError
from penstock.log import Log
from penstock.project.access.caller import Caller
from penstock.project.access.passwords import hashed, matches
from penstock.project.access.rights import ROLES
from penstock.project.access.stored import StoredAccounts
from penstock.sql.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse battery"
DAY = 86_400_000
START = 1_767_225_600_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> Iterator[Log]:
    with Log.open(tmp_path / "log.db", clock=clock) as opened:
        yield opened


@pytest.fixture
def accounts(log: Log, clock: ManualClock) -> StoredAccounts:
    return StoredAccounts(log, clock, Catalog, Caller("root"), "10.0.0.7")


def test_a_password_is_kept_as_its_argon2id_hash() -> None:
    kept = hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert kept != hashed(PASSWORD)
    assert matches(PASSWORD, kept)
    assert not matches(PASSWORD + " ", kept)
    assert not matches("no password of anybody", None)
    assert not matches("\ud800" * 12, kept)


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("short", "a password has 12 to 256 characters, this one has 5"),
        ("a" * 257, "a password has 12 to 256 characters, this one has 257"),
        ("two lines\nof a file", "a password has no line breaks, tabs or other control characters"),
        ("\ud800" * 12, "a password has no line breaks, tabs or other control characters"),
    ],
)
def test_a_password_that_is_none(accounts: StoredAccounts, password: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        accounts.add_user("anna", "viewer", password)
    assert refused.value.message == message
    assert accounts.users() == []


@pytest.mark.parametrize("name", ["", "Anna", "an na", "../anna", ".anna", "a" * 65, "ann\u00e9", "a/b", "a\n"])
def test_a_name_that_is_none(accounts: StoredAccounts, name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        accounts.add_user(name, "viewer")
    assert refused.value.message == f"'{name}' is no name of a user"


def test_what_is_not_there_is_named_with_what_is(accounts: StoredAccounts) -> None:
    accounts.add_user("anna", "viewer")
    for act in (
        lambda: accounts.set_role("ana", "viewer"),
        lambda: accounts.set_password("ana", None),
        lambda: accounts.remove_user("ana"),
        lambda: accounts.make_token("ana", "read", 1),
    ):
        with pytest.raises(ConfigError) as refused:
            act()
        assert (refused.value.message, refused.value.hint) == ("there is no user 'ana'", "did you mean anna?")
    for act, message in (
        (lambda: accounts.add_user("anna", "viewer"), "there is a user 'anna' already"),
        (lambda: accounts.add_user("bert", "boss"), "there is no role 'boss'"),
        (lambda: accounts.make_token("anna", "rede", 1), "there is no scope 'rede'"),
        (lambda: accounts.make_token("anna", "read", 4000), "a token holds for up to 3,660 days, not 4000"),
        (lambda: accounts.make_token("anna", "read", float("nan")), "a token holds for up to 3,660 days, not nan"),
        (lambda: accounts.make_token("anna", "read", 1, "a\nb"), "a purpose is a line of up to 200 characters"),
        (lambda: accounts.revoke_token("00"), "there is no token '00'"),
    ):
        with pytest.raises(ConfigError) as refused:
            act()
        assert refused.value.message == message


def test_a_token_holds_for_its_days_and_is_forgotten_then(accounts: StoredAccounts, clock: ManualClock) -> None:
    accounts.add_user("anna", "operator")
    made = accounts.make_token("anna", "read", 1.5, "a screen")
    assert accounts.caller_of_token(made.text) == Caller("anna", ROLES["viewer"], "token", made.token.id)
    for wrong in (made.text[:-1], made.text + "a", made.text.upper(), f"pst_{made.token.id}_{'a' * 43}", "", "pst__"):
        assert accounts.caller_of_token(wrong) is None
    clock.advance(DAY + DAY // 2 - 1)
    assert accounts.tokens() == [made.token]
    assert accounts.caller_of_token(made.text) is not None
    clock.advance(1)
    assert accounts.tokens() == []
    assert accounts.caller_of_token(made.text) is None
    again = accounts.make_token("anna", "read", 1)
    assert set(accounts._log.facts.scan("access/token/")) == {f"access/token/{again.token.id}"}


def test_a_login_holds_for_thirty_days_and_only_as_long_as_its_password(
    accounts: StoredAccounts, clock: ManualClock
) -> None:
    accounts.add_user("anna", "admin", PASSWORD)
    assert accounts.log_in("anna", PASSWORD[:-1]) is None
    secret = accounts.log_in("anna", PASSWORD)
    assert secret is not None
    assert accounts.caller_of_login(secret) == Caller("anna", ROLES["admin"], "login")
    clock.advance(30 * DAY - 1)
    assert accounts.caller_of_login(secret) is not None
    clock.advance(1)
    assert accounts.caller_of_login(secret) is None
    second = accounts.log_in("anna", PASSWORD)
    assert len(accounts._log.facts.scan("access/login/")) == 1
    accounts.set_password("anna", None)
    assert accounts.caller_of_login(second or "") is None
    assert accounts.log_in("anna", PASSWORD) is None


def test_the_environments_token_logs_in_as_long_as_it_is_the_same(accounts: StoredAccounts) -> None:
    secret = accounts.log_in_holder("the-token-of-today")
    assert accounts.caller_of_login(secret, "the-token-of-today") == Caller("root", way="bootstrap")
    assert accounts.caller_of_login(secret, "the-token-of-tomorrow") is None
    assert accounts.caller_of_login(secret) is None


def test_two_who_change_a_user_at_once_do_not_undo_each_other(
    accounts: StoredAccounts, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add_user("anna", "admin", PASSWORD)

    def meanwhile(password: str) -> str:
        monkeypatch.undo()
        accounts.set_role("anna", "viewer")
        return hashed(password)

    monkeypatch.setattr("penstock.project.access.stored.hashed", meanwhile)
    with pytest.raises(LogError) as refused:
        accounts.set_password("anna", "another long password")
    assert refused.value.message == "somebody else has changed 'access/user/anna' at the same time"
    assert accounts.users()[0].role == "viewer"
    assert accounts.log_in("anna", PASSWORD) is not None


def test_each_change_is_audited_and_no_secret_is_kept(accounts: StoredAccounts, log: Log, tmp_path: Path) -> None:
    accounts.add_user("anna", "viewer", PASSWORD)
    accounts.set_role("anna", "operator")
    accounts.set_password("anna", "another long password")
    made = accounts.make_token("anna", "ingest", 1, "the gate")
    login = accounts.log_in("anna", "another long password") or ""
    accounts.log_out(login)
    accounts.revoke_token(made.token.id)
    accounts.remove_user("anna")
    records = [orjson.loads(value) for frame in log.read("__audit") for value in frame["value"]]
    assert [(r["act"], r["on"]) for r in records] == [
        ("user-add", "anna"),
        ("user-role", "anna"),
        ("user-password", "anna"),
        ("token-make", made.token.id),
        ("login", "anna"),
        ("logout", "anna"),
        ("token-revoke", made.token.id),
        ("user-remove", "anna"),
    ]
    assert {(r["by"], r["way"], r["from"]) for r in records} == {("root", "command", "10.0.0.7")}
    assert (records[1]["before"]["role"], records[1]["after"]["role"]) == ("viewer", "operator")
    secrets = [PASSWORD, "another long password", made.text, made.text.split("_", 2)[2], login]
    told = orjson.dumps(records).decode()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in secrets:
        assert secret not in told
        assert secret.encode() not in kept
