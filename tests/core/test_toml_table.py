"""Errors in the TOML files of a project name the line."""

from __future__ import annotations

import pytest

from penstock.core.errors import ConfigError
from penstock.core.options import Option, integer, text
from penstock.core.toml_table import TomlTable, read_toml

NAME = Option("name", text, "", "")
SIZE = Option("size", integer(1, 9), 1, "")
SAID = '''# a comment
name = """
size = 12
"""
list = [
  "a",
  # [not.a.header]
]

[parts.one]
size = 3
[parts."t.w=o"]
"quo=ted" = 1
a.b = 2
size = 12
'''


@pytest.fixture
def table() -> TomlTable:
    return read_toml(SAID, "jobs.toml")


def test_a_value_that_does_not_fit_is_found_by_its_line(table: TomlTable) -> None:
    two = table.tables("parts")["t.w=o"].without("quo=ted", "a")
    with pytest.raises(ConfigError) as caught:
        two.values([SIZE])
    assert str(caught.value) == "option 'size' is '12', allowed is a whole number from 1 to 9\njobs.toml:15"


def test_what_is_unknown_or_missing_is_too(table: TomlTable) -> None:
    with pytest.raises(ConfigError, match=r"unknown option 'list'\njobs.toml:5\nhint: known are name, size"):
        table.without("parts").values([NAME, SIZE])
    needed = Option("needed", text, "", "", required=True)
    with pytest.raises(ConfigError, match=r"option 'needed' is required\njobs.toml:10"):
        table.tables("parts")["one"].values([needed, SIZE])


def test_every_way_to_write_a_key_has_its_line(table: TomlTable) -> None:
    two = table.tables("parts")["t.w=o"]
    assert [two.where(key) for key in ("", "quo=ted", "a", "size")] == [
        "jobs.toml:12", "jobs.toml:13", "jobs.toml:12", "jobs.toml:15",
    ]  # fmt: skip
    assert table.where("name") == "jobs.toml:2"
    assert table.where() == "jobs.toml"


def test_what_is_no_toml_is_said_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"^this is not TOML: Invalid value\njobs.toml:2$"):
        read_toml("a = 1\nb = \n", "jobs.toml")
    with pytest.raises(ConfigError, match=r"^this is not TOML: .*\njobs.toml:2$"):
        read_toml("a = 1\nb = [1", "jobs.toml")


def test_a_key_that_should_have_tables_has_one_for_each_name() -> None:
    with pytest.raises(ConfigError, match=r"'jobs' has a table for each name\njobs.toml:1\nhint: \[jobs.NAME\]"):
        read_toml("jobs = 3", "jobs.toml").tables("jobs")
    assert read_toml("", "jobs.toml").tables("jobs") == {}
