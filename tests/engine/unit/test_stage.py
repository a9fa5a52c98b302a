"""A projection whose expressions repeat themselves computes each part once, and gives what it gave before."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from penstock.core.batch import SEQ
from penstock.engine.operators.calc import Stage, project_stage
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.grammar import parse_expression
from tests.functions.harness import Sheet

TEXTS = ["+0530", "-0330", "x", None, "+0000"] * 20
FRAME = pl.DataFrame({"s": TEXTS, SEQ: range(len(TEXTS))})


def _stage(*calls: str) -> Stage:
    sheet = Sheet.of({"s": ("STRING", TEXTS)})
    bound = [
        ExpressionBinder(Scope.of(Origin(c, "", sheet.context), sheet.columns, ("t",))).bind(parse_expression(c))
        for c in calls
    ]
    return project_stage([f"c{i}" for i in range(len(calls))], bound, sheet.context)


def test_casts_of_casts_give_the_same_with_and_without_sharing() -> None:
    minutes = "TRY_CAST(TRIM(s) AS INT) / 100 * 60 + MOD(TRY_CAST(TRIM(s) AS INT), 100)"
    stage = _stage(minutes, f"TIMESTAMPADD(MINUTE, {minutes}, TIMESTAMP '2026-03-01 00:00:00')")
    assert stage.repeats
    assert stage.computed(FRAME).equals(replace(stage, repeats=False).computed(FRAME))
    assert stage.computed(FRAME)["c0"].to_list()[:5] == [330, -210, None, None, 0]


def test_what_is_drawn_anew_is_not_shared() -> None:
    stage = replace(_stage("RAND()", "RAND()", "UUID()", "UUID()"), repeats=True)
    drawn = stage.computed(FRAME)
    assert (drawn["c0"] != drawn["c1"]).all()
    assert (drawn["c2"] != drawn["c3"]).all()


def test_plain_projections_are_not_searched_for_what_they_share() -> None:
    assert not _stage("s", "UPPER(s)", "CHAR_LENGTH(s) + 1").repeats
