"""Lines for a person and lines for a machine."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from penstock.core.errors import DataError
from penstock.core.logs import set_up, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.core.logs import LogFormat


@contextmanager
def written(form: LogFormat, level: str = "info") -> Iterator[list[str]]:
    lines: list[str] = []
    with set_up(form, level, lines.append):
        yield lines


def test_a_line_for_a_person() -> None:
    with written("text") as lines:
        tell("warning", "checkpoint-slow", "checkpoint 7 took 3.0 s", pipeline="a", epoch=7)
        assert [line.partition(" ")[2] for line in lines] == ["warning pipeline a: checkpoint 7 took 3.0 s"]


def test_an_error_has_its_place_and_hint() -> None:
    error = DataError("'x' is no INT", code="not-a-number", where="at t, offset 3", hint="mend it")
    with written("text") as lines:
        tell("error", "pipeline-failed", "has stopped with an error", pipeline="a", error=error)
        assert lines[0].splitlines()[1:] == ["error[not-a-number]: 'x' is no INT", "  at t, offset 3", "hint: mend it"]


def test_a_line_for_a_machine() -> None:
    with written("json") as lines:
        error = DataError("'x' is no INT", code="not-a-number", where="at t, offset 3", hint="mend it")
        tell("error", "pipeline-failed", "has stopped\nwith an error", pipeline="a", epoch=7, position=12, error=error)
        line: dict[str, Any] = json.loads(lines[0])
        assert "\n" not in lines[0]
        assert line.pop("time").endswith("+00:00")
        assert line == {
            "level": "error",
            "event": "pipeline-failed",
            "message": "has stopped\nwith an error",
            "pipeline": "a",
            "epoch": 7,
            "position": 12,
            "error": {"code": "not-a-number", "message": "'x' is no INT", "where": "at t, offset 3", "hint": "mend it"},
        }


def test_an_error_that_nobody_foresaw_has_its_traceback() -> None:
    with written("json") as lines:
        with pytest.raises(ZeroDivisionError) as caught:
            1 / 0  # noqa: B018
        tell("error", "request-failed", "GET /api/tables", error=caught.value)
        found = json.loads(lines[0])["error"]
        assert found["message"] == "ZeroDivisionError: division by zero"
        assert "test_logs.py" in found["where"]


def test_a_library_is_heard_from_warnings_on() -> None:
    with written("json", "debug") as lines:
        logging.getLogger("elsewhere").info("chatter")
        logging.getLogger("elsewhere").warning("%s is odd", "this")
        tell("debug", "detail", "ours is told")
        assert [(json.loads(line)["message"], json.loads(line).get("logger")) for line in lines] == [
            ("this is odd", "elsewhere"),
            ("ours is told", None),
        ]


def test_below_the_level_nothing_is_written_and_afterwards_nothing_at_all() -> None:
    with written("text", "error") as lines:
        tell("warning", "checkpoint-slow", "slow")
        tell("error", "pipeline-failed", "failed")
    tell("error", "pipeline-failed", "failed again")
    assert len(lines) == 1
