"""Texts of a project by the command line: shown, saved where they fit, removed; all of it written down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import call, make_project

if TYPE_CHECKING:
    from pathlib import Path

RULE = 'table = "orders"\nwhen = "amount > 5"\n'
QUERY = "SELECT id FROM orders\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_project(tmp_path / "shop")


def acts(shop: Path) -> list[str]:
    told = call("audit", shop, "--format", "json").out.splitlines()
    return [f"{one['act']} {one['on']}" for one in map(json.loads, told)]


def test_a_text_is_made_replaced_and_removed(shop: Path) -> None:
    assert call("file", "save", shop, "alerts/large.toml", given=RULE).out == "alerts/large.toml is made\n"
    assert call("file", "save", shop, "queries/ids", given=QUERY).out == "queries/ids is made\n"
    listed = call("file", "list", shop, "--format", "json").out.splitlines()
    assert [json.loads(line)["path"] for line in listed] == [
        "alerts/large.toml",
        "queries/ids.sql",
        "sql/01-orders.sql",
    ]
    assert call("file", "show", shop, "alerts/large").out == RULE
    assert "alerts/large.toml is so already" in call("file", "save", shop, "alerts/large.toml", given=RULE).err
    other = RULE.replace("5", "7")
    asked = call("file", "save", shop, "alerts/large.toml", given=other)
    assert ('+when = "amount > 7"' in asked.err, "--yes" in asked.err) == (True, True)
    assert (shop / "alerts" / "large.toml").read_text() == RULE
    assert (
        call("file", "save", shop, "alerts/large.toml", "--yes", given=other).out == "alerts/large.toml is replaced\n"
    )
    assert "large" in call("alert", "list", shop).out
    assert "--yes" in call("file", "delete", shop, "alerts/large.toml").err
    assert call("file", "delete", shop, "alerts/large.toml", "--yes").out == "alerts/large.toml is gone\n"
    assert not (shop / "alerts" / "large.toml").exists()
    assert acts(shop) == ["alert-save large", "query-save ids", "alert-save large", "alert-delete large"]


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("alerts/large.toml", 'table = "ordres"', "there is no table or view 'ordres'"),
        ("queries/ids.sql", "SELECT id FROM ordres", "there is no table, view or topic 'ordres'"),
        ("dashboards/all.toml", "panels = 5", "dashboards/all.toml"),
        ("sql/02_more.sql", "INSERT INTO revenue SELECT nothing FROM orders;", "nothing"),
        ("penstock.toml", "", "'penstock.toml' is no text of a project"),
        ("alerts/../../x.toml", RULE, "cannot name a alert"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(shop: Path, path: str, text: str, words: str) -> None:
    before = sorted(shop.rglob("*.toml")) + sorted(shop.rglob("*.sql"))
    ended = call("file", "save", shop, path, given=text)
    assert (ended.code, words in ended.err) == (1, True), ended.err
    assert sorted(shop.rglob("*.toml")) + sorted(shop.rglob("*.sql")) == before
