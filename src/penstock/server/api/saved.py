"""Saved queries: files of queries/, each an endpoint with typed parameters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from penstock.core.errors import ConfigError
from penstock.project.project_file import ProjectFile
from penstock.project.saved_files import put_file, remove_file
from penstock.project.saved_query import LIMITS, queries_of, read_saved, require_askable
from penstock.server.api.model import Asker, Given, IfMatch, Model, Project, require_tag, tagged
from penstock.server.api.rows import answered, rows_responses

__all__ = ["router"]

router = APIRouter(prefix="/api/queries", tags=["saved queries"])


class ParameterAnswer(Model):
    name: str = Field(examples=["minutes"])
    type: str = Field(examples=["BIGINT"])
    required: bool
    default: str | None = Field(examples=["60"])
    """As text; null where there is none, or it is NULL."""
    description: str = Field(examples=["How far back."])


class SavedAnswer(Model):
    name: str = Field(examples=["live_health"])
    description: str = Field(examples=["The health of all meetings that are on."])
    parameters: list[ParameterAnswer]
    sql: str
    """The file's text."""
    error: str = ""
    """What is wrong with the file."""


class SavedFile(Given):
    text: str = Field(max_length=1 << 20, examples=["-- @param health STRING\\nSELECT 1 WHERE $health = 'poor'"])


Name = Annotated[str, Path(description="Of a file in queries/, without .sql", examples=["live_health"])]


@router.get("", operation_id="saved_queries")
def list_saved(penstock: Project) -> list[SavedAnswer]:
    """All saved queries; one that is wrong says so."""
    folder = queries_of(penstock.folder)
    found = []
    for name in folder.names():
        try:
            found.append(_answer(folder.read(name)))
        except ConfigError as error:
            found.append(_wrong(name, "", error))
    return found


def _answer(file: ProjectFile) -> SavedAnswer:
    try:
        return SavedAnswer.model_validate(read_saved(file))
    except ConfigError as error:
        return _wrong(file.name, file.text, error)


def _wrong(name: str, text: str, error: ConfigError) -> SavedAnswer:
    return SavedAnswer(name=name, description="", parameters=[], sql=text, error=str(error))


@router.get("/{name}", operation_id="saved_query", responses=rows_responses(), response_class=Response)
async def ask_saved(request: Request, penstock: Project, asking: Asker, name: Name) -> Response:
    """Its answer. Each parameter that it declares is one of the address: ?minutes=60&health=poor."""
    saved = read_saved(queries_of(penstock.folder).read(name))
    values = saved.values(dict(request.query_params))
    result = await asking.ask(request, saved.sql, LIMITS, parameters=values)
    return await answered(request, result)


@router.get("/{name}/file", operation_id="saved_query_file")
def show_file(penstock: Project, name: Name, response: Response) -> SavedAnswer:
    """The file: its text, what it declares, and its ETag."""
    file = queries_of(penstock.folder).read(name)
    response.headers["etag"] = tagged(file.tag)
    return _answer(file)


@router.put("/{name}/file", operation_id="saved_query_save")
def save_file(
    penstock: Project, name: Name, body: SavedFile, response: Response, if_match: IfMatch = None
) -> SavedAnswer:
    """Save it as it is; refused over a file that has changed since it was read, with the difference (409).

    A question that can never be answered, whatever its parameters are, is refused too (422).
    """
    tag = require_tag(if_match)
    require_askable(penstock, read_saved(ProjectFile(name, body.text)))
    file = put_file(penstock.log, queries_of(penstock.folder), name, body.text, tag)
    response.headers["etag"] = tagged(file.tag)
    return _answer(file)


@router.delete("/{name}/file", operation_id="saved_query_delete", status_code=204)
def delete_file(penstock: Project, name: Name, if_match: IfMatch = None) -> None:
    """Remove the file."""
    remove_file(penstock.log, queries_of(penstock.folder), name, require_tag(if_match) or "")
