"""What rules have set aside is shown, mended and brought in again, by command and over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

import penstock
from penstock.core.errors import ConfigError, DataError, LogError
from penstock.quality.mending import Mending
from tests.cli.shell import call, make_project
from tests.parts import until
from tests.server.served import serve
from tests.server.test_metrics import scraped, value

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
on = "orders"
[rules.amount_sane]
range = "amount"
from = 0
then = "quarantine"
[rules.once]
unique = "id"
then = "quarantine"
[rules.small]
range = "amount"
to = 6
then = "warn"
"""
ROWS = [(1, 5), (2, -7), (1, 7), (3, -1)]


def _project(folder: Path) -> Path:
    made = make_project(folder)
    (made / "quality").mkdir()
    (made / "quality" / "orders.toml").write_text(RULES)
    return made


def _lines(*rows: tuple[int, int]) -> bytes:
    return b"\n".join(
        orjson.dumps({"id": n, "customer": "anna", "amount": amount, "ts": f"2026-01-01 00:00:0{n}"})
        for n, amount in rows
    )


def test_rows_are_shown_mended_and_replayed_by_command(tmp_path: Path) -> None:
    folder = _project(tmp_path / "shop")
    assert call("quality", "show", folder).out == "no rule has looked at a row yet\n"
    call("topic", "write", folder, "orders", given=_lines(*ROWS))
    call("run", folder, "--bounded")
    shown = call("quality", "show", folder).out
    assert "orders.once: id is there already: '1'" in shown
    assert "quality:orders.once: a rule of quality/ took them out" in call("rejects", "list", folder).err
    rows = [orjson.loads(line) for line in call("quality", "show", folder, "--format", "json").out.splitlines()]
    assert [(r["id"], r["rule"], r["state"]) for r in rows] == [
        ("3", "orders.amount_sane", "open"),
        ("2", "orders.once", "open"),
        ("1", "orders.amount_sane", "open"),
    ]
    fixed = call("quality", "fix", folder, "--rule", "orders.amount_sane", "--sql", "amount=ABS(amount)")
    assert fixed.out.endswith("2 rows mended; penstock quality replay DIR brings them in\n")
    assert call("quality", "fix", folder, "2", "--set", "id=9", "--set", "customer=eva").code == 0
    assert "say what to mend: --set COLUMN=VALUE" in call("quality", "fix", folder, "2").err
    assert "--sql takes COLUMN=..., not 'x'" in call("quality", "fix", folder, "2", "--sql", "x").err
    assert "say which rows: their ids, or --rule" in call("quality", "fix", folder, "--set", "a=1").err
    assert "name rows by their ids, or by what" in call("quality", "replay", folder, "1", "--fixed").err
    assert "3 rows would be replayed; nobody can be asked here, so say --yes" in (
        call("quality", "replay", folder, "--fixed").err
    )
    replayed = call("quality", "replay", folder, "--fixed", "--yes")
    assert replayed.out == "3 rows appended to orders; the next run reads them\n"
    assert call("quality", "replay", folder, "--fixed", "--yes").out == "there is no such row\n"
    call("run", folder, "--bounded")
    with penstock.open(folder) as project:
        assert project.rejects().height == 3, "all that were replayed are in"
        source = next(one for one in project.ledger().to_dicts() if one["kind"] == "source")
        assert (source["taken"], source["passed"], source["rejected"], source["replayed"]) == (7, 4, 3, 3)
        assert {r["state"] for r in project.quality.rows().to_dicts()} == {"replayed"}
        with pytest.raises(LogError, match="row 1 was replayed already"):
            project.quality.fix(["1"], {"id": 5}, {})
        with pytest.raises(LogError, match="there is no row 77\nhint: penstock quality show DIR lists what there is"):
            project.quality.replay(["77"])
        with pytest.raises(ConfigError, match="nothing is to be mended"):
            project.quality.fix(["1"], {}, {})
        project.start(bounded=True, fresh=True).wait(180)
        project.stop()
        known = {r["rule"]: (r["rows"], r["broken"]) for r in project.quality.results().to_dicts()}
        assert known == {"orders.amount_sane": (7, 2), "orders.once": (7, 1), "orders.small": (7, 3)}
        assert {r["state"] for r in project.quality.rows().to_dicts()} == {"replayed"}


def test_rows_that_no_rule_took_out_are_another_commands(tmp_path: Path) -> None:
    folder = _project(tmp_path / "shop")
    call("topic", "write", folder, "orders", given=b"no json")
    call("run", folder, "--bounded")
    with penstock.open(folder) as project:
        assert project.quality.rows().is_empty()
        with pytest.raises(LogError) as caught:
            project.quality.replay(["1"])
        assert str(caught.value) == (
            "row 1 was set aside by no quality rule, but as json-syntax\nhint: penstock rejects replay DIR --id 1"
        )


def test_over_http_and_in_metrics(tmp_path: Path) -> None:
    with serve(_project(tmp_path / "p"), rows=0) as served:
        assert call("topic", "write", served.penstock.folder, "orders", given=_lines(*ROWS)).code == 0
        until(lambda: served.penstock.rejects().height == 3, "not all are rejected")
        rules = served.get("/api/quality")
        names = [column["name"] for column in rules["columns"]]
        found = [dict(zip(names, row, strict=True)) for row in rules["rows"]]
        assert [(r["rule"], r["rows"], r["broken"]) for r in found] == [
            ("orders.amount_sane", 4, 2),
            ("orders.once", 4, 1),
            ("orders.small", 4, 1),
        ]
        labels = {"pipeline": found[0]["run"], "table": "orders", "rule": "orders.once"}
        samples = scraped(served.penstock)
        assert value(samples, "penstock_quality_passed", **labels) == 0
        assert value(samples, "penstock_quality_broken_rows", **labels) == 1
        assert len(served.get("/api/quality/rows?rule=orders.once")["rows"]) == 1
        assert call("quality", "fix", served.penstock.folder, "2", "--set", "id=8").code == 0, "through the socket"
        assert len(served.get("/api/quality/rows?state=fixed")["rows"]) == 1
        fixed = served.post("/api/quality/fix", {"ids": ["1"], "expressions": {"amount": "0 - amount"}})
        assert '"amount":7' in str(fixed["rows"])
        assert served.post("/api/quality/fix", {"ids": ["1"], "values": {}}, 422)["code"] == "quality-fix"
        out = call("quality", "replay", served.penstock.folder, "1", "2", "--yes").out
        assert out == "2 rows appended to orders; read at once\n"


@pytest.mark.parametrize(
    ("raw", "expressions", "message"),
    [
        (b"[1]", {"a": "1"}, "only rows that are JSON objects can be mended by column"),
        (b'{"a": "x"}', {"a": "CAST(a AS INT)"}, "a = CAST(a AS INT): cannot CAST to INT"),
        (b'{"a": 18446744073709551615, "b": 1}', {"b": "1 / (b - 1)"}, "b = 1 / (b - 1): division by zero"),
    ],
)
def test_a_row_that_cannot_be_mended(raw: bytes, expressions: dict[str, str], message: str) -> None:
    with pytest.raises(DataError) as caught:
        Mending({}, expressions)(raw)
    assert caught.value.message == message
