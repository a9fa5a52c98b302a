"""The schema registry, as Confluent's clients ask it: their paths, bodies and numbers of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ConfigDict, Field
from starlette.responses import JSONResponse, Response

from penstock.connectors.registry import Subjects, Version
from penstock.core.errors import PenstockError, RegistryError, RequestError
from penstock.server.api.model import Given, Model, Project
from penstock.server.problem import Problem, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["CONTENT", "router"]

CONTENT = "application/vnd.schemaregistry.v1+json"

_NUMBERS = {
    "registry-subject": 40401,
    "registry-version": 40402,
    "registry-unknown": 40403,
    "registry-not-deleted": 40405,
    "registry-no-level": 40408,
    "registry-incompatible": 409,
    "registry-schema": 42201,
    "registry-version-form": 42202,
    "registry-level": 42203,
}


class RegistryProblem(Problem):
    """As every problem, and as Confluent's clients read it."""

    error_code: int = Field(examples=[40401])
    message: str = Field(examples=["there is no subject 'orders-value'"])


class _Answer(JSONResponse):
    media_type = CONTENT


class _Route(APIRoute):
    """Errors have the registry's body and numbers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except PenstockError as error:
                return _refused(error, _NUMBERS.get(error.code))
            except RequestValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"])
                return _refused(RequestError(f"{place}: {first['msg']}", code="request-form", where=place), None)

        return answered


def _refused(error: PenstockError, number: int | None) -> Response:
    status = problem_of(error).status
    found = problem_of(error, error_code=number or status * 100 + 1, message=error.message)
    return Response(orjson.dumps(found.model_dump()), status, {"cache-control": "no-store"}, CONTENT)


def _subjects(penstock: Project) -> Subjects:
    return Subjects(penstock.log)


Registry = Annotated[Subjects, Depends(_subjects)]
Subject = Annotated[str, Path(description="TOPIC-value or TOPIC-key", examples=["orders-value"])]
Number = Annotated[int, Path(ge=0, lt=1 << 31, examples=[1])]
Which = Annotated[str, Path(description="A number, or latest", examples=["latest"])]
Deleted = Annotated[bool, Query(description="Those too that were deleted, and not for good")]

router = APIRouter(
    prefix="/api/registry",
    tags=["registry"],
    route_class=_Route,
    default_response_class=_Answer,
    responses={"default": {"model": RegistryProblem, "content": {CONTENT: {}}}, 422: {"model": RegistryProblem}},
)


class SchemaText(Model):
    schema_: str = Field(alias="schema", examples=['{"type": "string"}'])

    model_config = ConfigDict(populate_by_name=True)


class SchemaRequest(SchemaText, Given):
    schemaType: str = "AVRO"  # noqa: N815  # Confluent's word
    references: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def text(self) -> str:
        """The schema. Raises RegistryError for what this registry does not do."""
        if self.schemaType != "AVRO" or self.references:
            what = "references" if self.references else f"schemaType {self.schemaType}"
            raise RegistryError(
                f"{what} is not supported", code="registry-schema", hint="schemas are whole, and of the type AVRO"
            )
        return self.schema_


class Registered(Model):
    id: int


class VersionAnswer(SchemaText):
    subject: str
    version: int
    id: int


class SubjectVersion(Model):
    subject: str
    version: int


class Compatible(Model):
    is_compatible: bool
    messages: list[str] = Field(default_factory=list)


class Level(Given):
    compatibility: str = Field(examples=["BACKWARD"])


class LevelNow(Model):
    compatibilityLevel: str = Field(examples=["BACKWARD"])  # noqa: N815  # Confluent's word


class Mode(Model):
    mode: str = "READWRITE"


def _number(version: str) -> int:
    if version in {"latest", "-1"}:
        return -1
    if version.isascii() and version.isdigit() and 0 < int(version[:11]) < 1 << 31:
        return int(version)
    raise RegistryError(f"'{version}' is no version", code="registry-version-form", hint="a number from 1, or latest")


def _answer(version: Version) -> VersionAnswer:
    return VersionAnswer(subject=version.subject, version=version.version, id=version.id, schema=version.schema)


# -- schemas ---------------------------------------------------------------------------------------


@router.get("/schemas/types", operation_id="registry_types")
async def list_types() -> list[str]:
    """The kinds of schemas."""
    return ["AVRO"]


@router.get("/schemas/ids/{number}", operation_id="registry_schema")
def show_schema(registry: Registry, number: Number) -> SchemaText:
    """A schema by its number."""
    return SchemaText(schema=registry.known(number))


@router.get("/schemas/ids/{number}/versions", operation_id="registry_uses")
def list_uses(registry: Registry, number: Number) -> list[SubjectVersion]:
    """The versions of subjects that are this schema."""
    return [SubjectVersion(subject=s, version=v) for s, v in registry.uses(number)]


@router.get("/schemas/ids/{number}/subjects", operation_id="registry_schema_subjects")
def list_schema_subjects(registry: Registry, number: Number) -> list[str]:
    """The subjects that have this schema."""
    return sorted({subject for subject, _ in registry.uses(number)})


# -- subjects --------------------------------------------------------------------------------------


@router.get("/subjects", operation_id="registry_subjects")
def list_subjects(
    registry: Registry, prefix: Annotated[str, Query(alias="subjectPrefix")] = "", deleted: Deleted = False
) -> list[str]:
    """All subjects."""
    return [name for name in registry.names(deleted=deleted) if name.startswith(prefix)]


@router.get("/subjects/{subject}/versions", operation_id="registry_versions")
def list_versions(registry: Registry, subject: Subject, deleted: Deleted = False) -> list[int]:
    """The versions of a subject."""
    return registry.versions(subject, deleted=deleted)


@router.post("/subjects/{subject}/versions", operation_id="registry_register")
def register(registry: Registry, subject: Subject, body: SchemaRequest) -> Registered:
    """Register a schema as the next version, if it is none yet; 409 where it does not fit those before."""
    return Registered(id=registry.register(subject, body.text))


@router.post("/subjects/{subject}", operation_id="registry_find")
def find(registry: Registry, subject: Subject, body: SchemaRequest) -> VersionAnswer:
    """The version that a schema is."""
    return _answer(registry.find(subject, body.text))


@router.get("/subjects/{subject}/versions/{version}", operation_id="registry_version")
def show_version(registry: Registry, subject: Subject, version: Which, deleted: Deleted = False) -> VersionAnswer:
    """A version, with its schema."""
    return _answer(registry.version(subject, _number(version), deleted=deleted))


@router.get("/subjects/{subject}/versions/{version}/schema", operation_id="registry_version_schema")
def show_version_schema(registry: Registry, subject: Subject, version: Which) -> Any:
    """The schema of a version, alone."""
    return orjson.loads(registry.version(subject, _number(version)).schema)


@router.delete("/subjects/{subject}", operation_id="registry_delete")
def delete_subject(registry: Registry, subject: Subject, permanent: bool = False) -> list[int]:
    """Delete all versions; with `permanent`, for good, after that. The schemas keep their numbers."""
    return registry.delete(subject, permanent=permanent)


@router.delete("/subjects/{subject}/versions/{version}", operation_id="registry_delete_version")
def delete_version(registry: Registry, subject: Subject, version: Which, permanent: bool = False) -> int:
    """Delete a version; with `permanent`, for good, after that."""
    return registry.delete(subject, _number(version), permanent=permanent)[0]


# -- compatibility ---------------------------------------------------------------------------------


@router.post("/compatibility/subjects/{subject}/versions", operation_id="registry_fits_all")
def check_all(registry: Registry, subject: Subject, body: SchemaRequest) -> Compatible:
    """Whether a schema may become the next version."""
    found = registry.misfits(subject, body.text)
    return Compatible(is_compatible=not found, messages=found)


@router.post("/compatibility/subjects/{subject}/versions/{version}", operation_id="registry_fits")
def check_one(registry: Registry, subject: Subject, version: Which, body: SchemaRequest) -> Compatible:
    """Whether a schema may follow that version."""
    found = registry.misfits(subject, body.text, _number(version))
    return Compatible(is_compatible=not found, messages=found)


@router.get("/config", operation_id="registry_level")
def show_level(registry: Registry) -> LevelNow:
    """What new versions must fit, where a subject has no level of its own."""
    return LevelNow(compatibilityLevel=registry.default_level)


@router.put("/config", operation_id="registry_set_level")
def set_level(registry: Registry, body: Level) -> Level:
    """Set it: one of BACKWARD, FORWARD, FULL, each also with _TRANSITIVE; or NONE."""
    registry.set_level(body.compatibility)
    return body


@router.delete("/config", operation_id="registry_unset_level")
def unset_level(registry: Registry) -> LevelNow:
    """Put it back to BACKWARD."""
    registry.set_level(None)
    return LevelNow(compatibilityLevel=registry.default_level)


@router.get("/config/{subject}", operation_id="registry_subject_level")
def show_subject_level(
    registry: Registry, subject: Subject, default: Annotated[bool, Query(alias="defaultToGlobal")] = False
) -> LevelNow:
    """The level of a subject."""
    level = registry.level(subject) or (registry.default_level if default else None)
    if level is None:
        raise RegistryError(
            f"subject '{subject}' has no compatibility level of its own",
            code="registry-no-level",
            hint="?defaultToGlobal=true gives the one that holds",
        )
    return LevelNow(compatibilityLevel=level)


@router.put("/config/{subject}", operation_id="registry_set_subject_level")
def set_subject_level(registry: Registry, subject: Subject, body: Level) -> Level:
    """Set the level of a subject."""
    registry.set_level(body.compatibility, subject)
    return body


@router.delete("/config/{subject}", operation_id="registry_unset_subject_level")
def unset_subject_level(registry: Registry, subject: Subject) -> LevelNow:
    """Take the level of a subject away; the level it had."""
    level = show_subject_level(registry, subject)
    registry.set_level(None, subject)
    return level


@router.get("/mode", operation_id="registry_mode")
async def show_mode() -> Mode:
    """Schemas can be read and registered."""
    return Mode()
