"""What a query would be as a pipeline."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from penstock.project.explain import planned
from penstock.project.home import HOME
from penstock.server.api.model import Given, Model, Project

__all__ = ["router"]

router = APIRouter(prefix="/api/explain", tags=["pipelines"])


class Explain(Given):
    sql: str = Field(max_length=1 << 20, examples=["SELECT customer, SUM(amount) FROM orders GROUP BY customer"])
    """One SELECT in Flink's SQL."""


class PlannedAnswer(Model):
    name: str = Field(examples=["group aggregate"])
    kind: str = Field(examples=["aggregate"])
    inputs: list[str] = Field(examples=[["source orders"]])
    details: list[str] = Field(examples=[["by customer"]])
    """What it does, in words."""
    stateful: bool
    """Whether it keeps state."""


@router.post("", operation_id="explain")
def explain(penstock: Project, asked: Explain) -> list[PlannedAnswer]:
    """The operators that would run it, in the order in which rows pass them; nothing is run."""
    found = planned(penstock.definition, penstock.home or penstock.folder / HOME, asked.sql)
    return [PlannedAnswer.model_validate(one) for one in found]
