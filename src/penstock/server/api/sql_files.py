"""Files of sql/: the tables, views and pipelines of the project."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from penstock.project.edit.sql_file import save_sql_file, sql_folder
from penstock.server.api.model import Given, IfMatch, Project, require_tag, tagged

__all__ = ["router"]

router = APIRouter(prefix="/api/sql", tags=["project"])


class SqlFile(Given):
    text: str = Field(max_length=1 << 20, examples=["INSERT INTO revenue SELECT ..."])


Name = Annotated[str, Path(description="Of a file in sql/, without .sql", examples=["20_revenue"])]


@router.get("/{name}/file", operation_id="sql_file")
def show_file(penstock: Project, name: Name, response: Response) -> SqlFile:
    """A file as it is now, and its ETag."""
    file = sql_folder(penstock.folder).read(name)
    response.headers["etag"] = tagged(file.tag)
    return SqlFile(text=file.text)


@router.put("/{name}/file", operation_id="sql_file_save")
def save_file(penstock: Project, name: Name, body: SqlFile, response: Response, if_match: IfMatch = None) -> SqlFile:
    """Save a file as it is: `GET /api/diff` tells what it would change, and `POST /api/apply` lets it.

    Refused over a file that has changed since it was read, with the difference (409), and where the project would not
    fit with it (422).
    """
    file = save_sql_file(penstock, name, body.text, require_tag(if_match))
    response.headers["etag"] = tagged(file.tag)
    return SqlFile(text=file.text)
