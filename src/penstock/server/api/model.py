"""What all routers share: the form of answers, and how they get at the project."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel, ConfigDict, model_validator

from penstock.core.errors import RequestError
from penstock.project.penstock import Penstock
from penstock.server.asking import Asking

__all__ = ["Asker", "Given", "IfMatch", "Model", "Project", "require_tag", "tagged"]


class Model(BaseModel):
    """A body; the texts below its fields describe them in OpenAPI."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


class Given(Model):
    """The body of a request: it has no member but those that are known, for a misspelt one would say nothing.

    Its texts are whole: JSON may bring halves of characters, which none can hold.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _has_texts(cls, given: Any) -> Any:
        try:
            json.dumps(given, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"half of a character, {error.object[error.start]!a}") from None
        return given


def _project(request: Request) -> Penstock:
    found: Penstock = request.app.state.penstock
    return found


Project = Annotated[Penstock, Depends(_project)]
"""The project that is served, as an argument of an endpoint."""


def _asking(request: Request) -> Asking:
    found: Asking = request.app.state.asking
    return found


Asker = Annotated[Asking, Depends(_asking)]
"""Who answers questions, as an argument of an endpoint."""

IfMatch = Annotated[
    str | None, Header(description="The ETag of what is replaced; * to make what is not there yet", examples=['"9f3a"'])
]


def tagged(tag: str) -> str:
    """A tag as an ETag says it."""
    return f'"{tag}"'


def require_tag(if_match: str | None) -> str | None:
    """The tag that a save names, None for what is not there yet. Raises RequestError where it names none."""
    if if_match is None:
        raise RequestError(
            "a save says what it replaces",
            code="request-if-match",
            hint="If-Match: the ETag of the file as it was read, or * for a new one",
        )
    return None if if_match.strip() == "*" else if_match.strip().removeprefix("W/").strip('"')
