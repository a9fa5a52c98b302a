"""Dashboards: files of dashboards/, read, and saved with their comments."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from pydantic import Field

from penstock.core.errors import ConfigError
from penstock.project.dashboard import (
    Dashboard,
    dashboard_text,
    dashboards_of,
    parse_dashboard,
    read_dashboard,
)
from penstock.project.saved_files import put_file, remove_file
from penstock.server.api.model import IfMatch, Model, Project, require_tag, tagged

__all__ = ["router"]

router = APIRouter(prefix="/api/dashboards", tags=["dashboards"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Dashboard"}}},
    }
}


class DashboardLine(Model):
    name: str = Field(examples=["meetings"])
    title: str = Field(examples=["Meeting health"])
    description: str = ""
    hidden: bool = False
    """Not in lists: panels of another dashboard lead to it."""
    error: str = ""
    """What is wrong with the file."""


Name = Annotated[str, Path(description="Of a file in dashboards/, without .toml", examples=["meetings"])]


@router.get("", operation_id="dashboards")
def list_dashboards(penstock: Project) -> list[DashboardLine]:
    """All dashboards, by name; one that is wrong says so."""
    folder = dashboards_of(penstock.folder)
    found = []
    for name in folder.names():
        try:
            found.append(DashboardLine.model_validate(read_dashboard(folder.read(name))))
        except ConfigError as error:
            found.append(DashboardLine(name=name, title=name, error=str(error)))
    return found


@router.get("/{name}", operation_id="dashboard")
def show_dashboard(penstock: Project, name: Name, response: Response) -> Dashboard:
    """One dashboard, with the ETag of its file."""
    file = dashboards_of(penstock.folder).read(name)
    response.headers["etag"] = tagged(file.tag)
    response.headers["cache-control"] = "no-cache"
    return read_dashboard(file)


@router.put("/{name}", operation_id="dashboard_save", openapi_extra=_BODY)
def save_dashboard(
    penstock: Project, name: Name, body: Annotated[dict[str, Any], Body()], response: Response, if_match: IfMatch = None
) -> Dashboard:
    """Save it; comments and what it does not touch stay.

    Refused over a file that has changed since it was read, with the difference (409).
    """
    tag, folder = require_tag(if_match), dashboards_of(penstock.folder)
    dashboard = parse_dashboard(name, {k: v for k, v in body.items() if k != "name"})
    before = "" if tag is None else folder.text(name)
    file = put_file(penstock.log, folder, name, dashboard_text(before, dashboard), tag)
    response.headers["etag"] = tagged(file.tag)
    return read_dashboard(file)


@router.delete("/{name}", operation_id="dashboard_delete", status_code=204)
def delete_dashboard(penstock: Project, name: Name, if_match: IfMatch = None) -> None:
    """Remove the file."""
    remove_file(penstock.log, dashboards_of(penstock.folder), name, require_tag(if_match) or "")
