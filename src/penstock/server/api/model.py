"""What all routers share: the form of answers, and how they get at the project."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict

from penstock.project.penstock import Penstock

__all__ = ["Model", "Project"]


class Model(BaseModel):
    """A body; the texts below its fields describe them in OpenAPI."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


def _project(request: Request) -> Penstock:
    found: Penstock = request.app.state.penstock
    return found


Project = Annotated[Penstock, Depends(_project)]
"""The project that is served, as an argument of an endpoint."""
