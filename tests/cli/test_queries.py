from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import penstock
from tests.cli.shell import call

if TYPE_CHECKING:
    from pathlib import Path

TOP = """\
-- Who has ordered most.
-- @param least BIGINT = 44  Orders at least.
-- @param only STRING        A customer's name.
SELECT customer, count(*) AS orders FROM orders
WHERE $only IN (customer, 'all') GROUP BY customer HAVING count(*) >= $least ORDER BY customer
"""


@pytest.fixture
def asked(shop: Path) -> Path:
    """A shop with a saved query, and one that is wrong."""
    (shop / "queries").mkdir()
    (shop / "queries" / "top.sql").write_text(TOP)
    (shop / "queries" / "bad.sql").write_text("-- @param x NUMBER\nSELECT 1")
    return shop


def test_the_list_says_what_each_takes_and_what_is_wrong(asked: Path) -> None:
    listed = call("queries", "list", asked, "--format", "json")
    assert [json.loads(line) for line in listed.out.splitlines()] == [
        {"name": "top", "parameters": "least BIGINT = 44, only STRING", "description": "Who has ordered most."}
    ]
    assert ("bad cannot be asked: '@param x NUMBER' declares no parameter\nqueries/bad.sql, line 1\n") in listed.err


def test_one_over_a_table_that_is_gone_says_so(asked: Path) -> None:
    (asked / "queries" / "gone.sql").write_text("SELECT id FROM ordrs")
    (asked / "queries" / "raw.sql").write_text("SELECT id FROM big")
    with penstock.open(asked) as project:
        project.log.create_topic("big")
    listed = call("queries", "list", asked, "--format", "json")
    assert [json.loads(line)["name"] for line in listed.out.splitlines()] == ["top"]
    assert "gone cannot be asked: there is no table, view or topic 'ordrs'\n" in listed.err
    assert "raw cannot be asked: Binder Error" in listed.err
    ran = call("queries", "run", asked, "raw")
    assert "Candidate bindings" not in ran.err
    assert "hint: no table is called big, or none any more: it is a topic, whose columns DESCRIBE shows\n" in ran.err


def test_one_is_shown_with_how_it_is_asked(asked: Path) -> None:
    shown = call("queries", "show", asked, "top")
    assert shown.out == (
        "top: Who has ordered most.\n  least BIGINT = 44  Orders at least.\n  only STRING  A customer's name.\n\n"
        f"{TOP}\npenstock queries run {asked} top --param only=...\n"
    )
    missing = call("queries", "show", asked, "topp")
    assert missing.err == "error[query-unknown]: there is no query 'topp'\nhint: did you mean top?\n"
    assert missing.code == 1


def test_one_is_asked_with_its_parameters(asked: Path) -> None:
    ran = call("queries", "run", asked, "top", "--param", "only=all", "--format", "csv")
    assert ran.out == "customer,orders\nc0,44\n"
    assert ran.err.startswith("as of row ")
    fewer = call("queries", "run", asked, "top", "--param", "only=c1", "--param", "least=1", "--format", "csv")
    assert fewer.out == "customer,orders\nc1,43\n"


def test_more_than_an_answer_holds_is_told(asked: Path) -> None:
    (asked / "queries" / "many.sql").write_text("SELECT * FROM range(10001)")
    ran = call("queries", "run", asked, "many", "--format", "csv")
    assert len(ran.out.splitlines()) == 10_001
    assert "these are the first 10,000 rows; penstock query takes --rows for more\n" in ran.err


@pytest.mark.parametrize(
    ("given", "message", "code"),
    [
        ((), "error[query-parameter]: query 'top' needs parameter only, a text", 1),
        (
            ("--param", "only=all", "--param", "least=x"),
            "error[query-parameter]: parameter least is a whole number (BIGINT), this is 'x'",
            1,
        ),
        (("--param", "onyl=x"), "error[query-parameter]: query 'top' has no parameter 'onyl'", 1),
        (("--param", "only"), "error[usage]: --param takes NAME=VALUE, this is 'only'", 2),
        (("--param", "only=a", "--param", "only=b"), "error[usage]: --param only is given twice", 2),
    ],
)
def test_parameters_that_do_not_fit(asked: Path, given: tuple[str, ...], message: str, code: int) -> None:
    refused = call("queries", "run", asked, "top", *given)
    assert refused.err.splitlines()[0] == message
    assert refused.code == code
