"""A crash before or after any part of a commit: the restored pipeline's results are exact."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from penstock.connectors.filesystem.sink import FileSink
from penstock.connectors.filesystem.staging import Staging
from penstock.engine import ledger, pipeline
from penstock.engine.executor import Executor
from penstock.engine.operators.sink import SinkOperator
from penstock.log import Log
from penstock.log.state import States
from penstock.log.transaction import Transaction
from penstock.project.build import make_pipeline
from tests.crash.workload import outcome, project, records, same, undisturbed
from tests.engine.project import fates, opened

if TYPE_CHECKING:
    from pathlib import Path

RECORDS, BATCH, LIVES = 450, 75, 3

STEPS: list[tuple[Any, str]] = [
    (SinkOperator, "prepare"),  # 1
    (ledger, "check"),  # 2
    (Executor, "snapshot"),  # 3
    (Transaction, "put_checkpoint"),  # 4
    (Transaction, "write"),
    (FileSink, "commit"),  # 5
]
"""What a commit calls, in the order of its steps."""
PARTS: list[tuple[Any, str]] = [
    (FileSink, "prepare"),  # of 1
    (Staging, "sync"),
    (States, "stage"),  # of 3
    (Transaction, "append_rows"),  # of 4
    (Log, "submit"),
    (Transaction, "prepare"),
    (States, "put"),
    (States, "settle"),
    (Staging, "show"),  # of 5
    (Staging, "_show"),
]
"""What those call."""


class CrashError(Exception):
    """The process ends here."""


def crash_at(monkeypatch: pytest.MonkeyPatch, of: Any, name: str, *, call: int, after: bool) -> None:
    """The `call`-th call from now on ends in a crash, before it has done anything or after it has done all."""
    original = getattr(of, name)
    calls = 0

    def broken(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            raise CrashError
        given = original(*arguments, **named)
        if calls == call:
            raise CrashError
        return given

    monkeypatch.setattr(of, name, broken)


@pytest.fixture(scope="module")
def input_and_outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A project that has its input, and what it leaves behind if nothing disturbs it."""
    folder = project(tmp_path_factory.mktemp("crash") / "project", file_rows=2)
    with opened(folder) as penstock:
        for first in range(0, RECORDS, 50):
            penstock.append("e", records(first, 50))
        return folder, undisturbed(folder.parent / "undisturbed", penstock)


def life(folder: Path, monkeypatch: pytest.MonkeyPatch, of: Any, name: str, *, call: int, after: bool) -> bool:
    """A checkpoint after each batch, up to a crash in the second or a later one; False if the input ends before."""
    penstock = opened(folder)
    made = make_pipeline(penstock.definition.pipelines[0], penstock.world, penstock.settings, bounded=True)
    made.restore()
    made.input.bound()
    if made.step(BATCH):
        made.commit()
    with monkeypatch.context() as patched:
        crash_at(patched, of, name, call=call, after=after)
        try:
            while made.step(BATCH):
                made.commit()
            made.finish()
        except CrashError:
            return True  # nothing is closed: a dead process closes nothing
    penstock.close()
    return False


def goes_on_from_crashes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    input_and_outcome: tuple[Path, dict[str, Any]],
    of: Any,
    name: str,
    *,
    after: bool,
) -> None:
    given, expected = input_and_outcome
    folder = shutil.copytree(given, tmp_path / "project")
    monkeypatch.setattr(pipeline, "_STAGE_ABOVE", 2_000)
    crashes = 0
    while crashes < LIVES and life(folder, monkeypatch, of, name, call=1 + crashes % 2, after=after):
        crashes += 1
    assert crashes >= 2
    with opened(folder) as penstock:
        penstock.run(bounded=True)
        assert fates(penstock)["source e"]["taken"] == RECORDS
        assert same(outcome(penstock), expected)
    assert not list((folder / "out").glob(".penstock-*"))


def named(seams: list[tuple[Any, str]]) -> list[str]:
    return [f"{of.__name__.split('.')[-1]}-{name}" for of, name in seams]


@pytest.mark.parametrize(("of", "name"), STEPS, ids=named(STEPS))
def test_a_crash_after_any_step(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    input_and_outcome: tuple[Path, dict[str, Any]],
    of: Any,
    name: str,
) -> None:
    goes_on_from_crashes(tmp_path, monkeypatch, input_and_outcome, of, name, after=True)


@pytest.mark.real
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("of", "name"), STEPS + PARTS, ids=named(STEPS + PARTS))
def test_a_crash_between_any_two_calls(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    input_and_outcome: tuple[Path, dict[str, Any]],
    of: Any,
    name: str,
    after: bool,
) -> None:
    goes_on_from_crashes(tmp_path, monkeypatch, input_and_outcome, of, name, after=after)
