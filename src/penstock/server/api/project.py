"""The project as a whole."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import Field

import penstock as package
from penstock.project.confinement import told_error
from penstock.project.edit.files import changed_files
from penstock.server.access import entry_of
from penstock.server.api.edits import FileChanged
from penstock.server.api.model import Model, Project

__all__ = ["router"]

router = APIRouter(prefix="/api/project", tags=["project"])


class ProjectAnswer(Model):
    name: str = Field(examples=["collab"])
    folder: str = Field(examples=["/srv/collab"])
    version: str = Field(examples=["0.1.0"])
    """Penstock's."""
    now: int = Field(examples=[1767225600000])
    """The server's clock, ms since 1970."""
    running: bool
    """Whether an engine runs the pipelines in this process."""
    pipelines: list[str] = Field(examples=[["metrics"]])
    failed: dict[str, str] = Field(examples=[{}])
    """What ended pipelines, by their names."""
    event_time: int | None = Field(examples=[1767225590000])
    """Up to when all pipelines have seen events: the least of their watermarks, ms since 1970."""
    changed: list[FileChanged]
    """SQL files that are not as the pipelines were started with: `penstock diff` says what they would change."""
    position: int = Field(examples=[48213])
    """The place of the log's last record in its one order."""


@router.get("", operation_id="project")
def show(request: Request, penstock: Project) -> ProjectAnswer:
    """What the project is and how it goes."""
    run, filters = penstock.current, entry_of(request.scope).caller.filters
    return ProjectAnswer(
        name=penstock.settings.name,
        folder=str(penstock.folder.resolve()),
        version=package.__version__,
        now=penstock.clock.now_ms(),
        running=run is not None,
        pipelines=[p.name for p in penstock.definition.pipelines],
        failed={name: told_error(error, filters) or "" for name, error in run.errors.items()} if run else {},
        event_time=run.event_time if run else None,
        changed=[FileChanged.model_validate(one) for one in changed_files(penstock)],
        position=penstock.log.end_seq(),
    )
