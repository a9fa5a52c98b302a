"""What `penstock run` writes on stderr for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.shell import call

if TYPE_CHECKING:
    from pathlib import Path


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def settings(folder: Path, text: str) -> None:
    file = folder / "penstock.toml"
    file.write_text(file.read_text("utf-8") + text, "utf-8")


@pytest.mark.parametrize("by_option", [True, False])
def test_all_of_stderr_is_json_and_names_pipeline_and_position(shop: Path, by_option: bool) -> None:
    if not by_option:
        settings(shop, '[logging]\nformat = "json"\n')
    ended = call("run", shop, "--bounded", *(["--log-format", "json"] if by_option else []))
    assert ended.code == 0
    assert ended.out == ""
    found = lines(ended.err)
    assert [line["event"] for line in found if line["event"] != "note"] == ["pipeline-started", "pipeline-ended"]
    last = found[-1]
    assert (last["level"], last["pipeline"], last["rows"]) == ("info", "orders", 130)
    assert last["epoch"] > 0
    assert last["position"] > 0


def test_an_error_that_ends_the_command_is_a_line_too(shop: Path) -> None:
    settings(shop, '[engine]\ntime-zone = "UTC"\n')
    (shop / "sql" / "orders.sql").write_text("SELECT nothing", "utf-8")
    ended = call("run", shop, "--bounded", "--log-format", "json")
    assert ended.code == 1
    assert lines(ended.err)[-1]["error"]["code"].startswith("sql")


def test_the_level_says_what_is_told(shop: Path) -> None:
    assert call("run", shop, "--bounded", "--log-format", "json", "--log-level", "warning").err == ""
    told = call("run", shop, "--bounded", "--log-level", "info").err
    assert " info pipeline orders: goes on from checkpoint " in told


def test_what_may_be_chosen_is_said(shop: Path) -> None:
    settings(shop, '[logging]\nformat = "xml"\n')
    ended = call("run", shop, "--bounded")
    assert ended.code == 1
    assert "'xml'" in ended.err
    assert "one of text, json" in ended.err
