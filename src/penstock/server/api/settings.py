"""The project's settings, without its secrets."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from penstock.project.settings_shown import shown_settings
from penstock.server.api.model import Model, Project

__all__ = ["router"]

router = APIRouter(prefix="/api/settings", tags=["project"])


class SettingAnswer(Model):
    section: str = Field(examples=["engine"])
    name: str = Field(examples=["idle-timeout"])
    value: str | None = Field(examples=["30 s"])
    """As penstock.toml has it; null where it says nothing. A secret stands there as the name of a variable of the
    environment, and credentials in an address are masked."""
    default: str = Field(examples=["0"])
    allowed: str = Field(examples=["a duration such as 500 ms, 10 s, 5 min, 1 h, 7 d"])
    description: str
    missing: bool
    """Whether it names a variable that is not set."""


@router.get("", operation_id="settings")
def list_settings(penstock: Project) -> list[SettingAnswer]:
    """All settings of penstock.toml as the file is now; of topics and tables those that it names."""
    return [SettingAnswer.model_validate(one) for one in shown_settings(penstock.folder)]
