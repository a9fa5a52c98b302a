"""The project's SQL files against what its pipelines are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from penstock.project.edit.transition import What  # noqa: TC001  # a model needs it
from penstock.server.api.model import Given, Model, Project

__all__ = ["FileChanged", "router"]

router = APIRouter(prefix="/api", tags=["project"])


class FileChanged(Model):
    path: str = Field(examples=["sql/10_metrics.sql"])
    what: Literal["changed", "added", "removed"]


class OperatorChanged(Model):
    operator: str = Field(examples=["window aggregate"])
    kind: str = Field(examples=["window aggregate"])
    what: What
    """`rebuilt`: topics are read again, `empty`: it begins without state, `lost`: nobody takes its state over."""
    rows: int | None
    """Of its state; null where that is known when it is done."""
    start: dict[str, list[int]] = Field(examples=[{"chat_events": [0, 0]}])
    """The offsets from which topics are read again, by partition."""
    rows_again: int
    """Records that are read again."""
    gone: int
    """Records that are deleted, and will be missing in what is rebuilt."""
    reason: str
    details: list[str] = Field(examples=[["windows of 30 s", "by meeting_id"]])
    """What it does, in words."""


class PipelineChanged(Model):
    name: str = Field(examples=["metrics"])
    file: str = Field(examples=["sql/10_metrics.sql"])
    what: Literal["unchanged", "changed", "added", "removed"]
    operators: list[OperatorChanged]
    """Those that have state."""
    remarks: list[str]
    """What else is to be known, in sentences."""
    refusal: str
    """Why it cannot be applied; else empty."""


class DifferenceAnswer(Model):
    files: list[FileChanged]
    """Those that are not as they were when the pipelines were started."""
    pipelines: list[PipelineChanged]
    token: str
    """Names exactly this difference."""


@router.get("/diff", operation_id="diff")
def show_difference(penstock: Project) -> DifferenceAnswer:
    """What the SQL files would change if they were applied now, as of the last checkpoints; nothing is changed."""
    return DifferenceAnswer.model_validate(penstock.difference())


class FileDifferent(FileChanged):
    difference: str = Field(examples=["--- sql/10_metrics.sql (applied)\n+++ sql/10_metrics.sql (now)\n@@ ..."])
    """Of its text, from what was applied to what it is now; as unified lines."""


@router.get("/diff/files", operation_id="diff_files")
def show_file_differences(penstock: Project) -> list[FileDifferent]:
    """What has changed in the text of the SQL files; also of those that are wrong now."""
    return [FileDifferent.model_validate(one) for one in penstock.file_differences()]


class Apply(Given):
    token: str = Field(examples=["6a53f6370cafc5e8668c5938"])
    """That of the difference that was looked at."""


class AppliedAnswer(Model):
    pipelines: list[PipelineChanged]
    """Those that changed, with the rows of state that each operator has now."""
    savepoints: dict[str, str] = Field(examples=[{"metrics": "before-apply-1.metrics"}])
    """What keeps the state from before, by pipeline."""


@router.post("/apply", operation_id="apply")
def apply_files(penstock: Project, asked: Apply) -> AppliedAnswer:
    """Let the pipelines be what the SQL files are now; what does not work is undone, and answered 409 (`apply-back`).

    State is rebuilt while all go on; then the pipelines that change halt for a moment.
    """
    return AppliedAnswer.model_validate(penstock.apply(asked.token))


class ApplyProgress(Model):
    step: Literal["rebuild", "switch"]
    """`rebuild`: state is made by reading again, while all go on; `switch`: the pipelines that change halt."""
    read: int
    """Records that were read again."""
    of: int


@router.get("/apply", operation_id="apply_progress")
def show_progress(penstock: Project) -> ApplyProgress | None:
    """How far files are applied now; null while none are."""
    return None if penstock.applying is None else ApplyProgress.model_validate(penstock.applying)


class Compare(Given):
    since: str = Field(examples=["2026-01-31T12:00:00Z"])
    """Of records with a timestamp from then on."""
    key: list[str] = Field([], examples=[["meeting_id", "window_end"]])
    """What tells rows apart; by default the table's primary key."""


class ComparedAnswer(Model):
    table: str = Field(examples=["meeting_metrics"])
    columns: list[str]
    """Those that both have; the others are left out."""
    key: list[str]
    equal: int
    only_here: int
    """Rows that the query in the file gives, and the live one does not."""
    only_there: int
    """Rows that the live query gives, and the one in the file does not."""
    differing: int
    """Rows of the same key that are not equal."""
    sample: list[dict[str, Any]] = Field(examples=[[{"here": {"meeting_id": "m1", "n": 4}, "there": None}]])
    """Some of those that are not equal."""


class ComparisonAnswer(Model):
    pipeline: str = Field(examples=["metrics"])
    since_ms: int
    records: int
    """So many were read since."""
    tables: list[ComparedAnswer]


@router.post("/pipelines/{name}/compare", operation_id="pipeline_compare", tags=["pipelines"])
def compare_pipeline(
    penstock: Project, name: Annotated[str, Path(examples=["metrics"])], asked: Compare
) -> ComparisonAnswer:
    """Run a pipeline as its file is now, and as it was applied, over what it has read, and compare what both give.

    Both read from the first record that is kept on. Nothing is changed; the live one goes on meanwhile.
    """
    return ComparisonAnswer.model_validate(penstock.compare(name, asked.since, asked.key))
