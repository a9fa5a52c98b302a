"""The project's settings, without its secrets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from penstock.project.settings_change import Holds, settings_file
from penstock.project.settings_shown import shown_settings
from penstock.server.api.model import Given, IfMatch, Model, Project, require_tag, tagged

__all__ = ["router"]

router = APIRouter(prefix="/api/settings", tags=["project"])


class SettingAnswer(Model):
    section: str = Field(examples=["engine"])
    """topics.NAME is what any topic may have; what one has is in a section that is called after it."""
    name: str = Field(examples=["idle-timeout"])
    value: str | None = Field(examples=["30 s"])
    """As penstock.toml has it; null where it says nothing. A secret stands there as the name of a variable of the
    environment, and credentials in an address are masked."""
    default: str = Field(examples=["0"])
    allowed: str = Field(examples=["a duration such as 500 ms, 10 s, 5 min, 1 h, 7 d"])
    description: str
    missing: bool
    """Whether it names a variable that is not set."""
    choices: list[str]
    """All that it may be, where that can be counted; else none."""
    holds: Holds
    """A change holds at once (`now`), from the next start of a `pipeline` or, by `restart`, of the process; `file`: it
    is changed in the file alone."""


class NewSetting(Given):
    value: str | bool | int | float | None = Field(examples=[4])
    """null takes it out of the file."""


class ChangedAnswer(Model):
    section: str = Field(examples=["engine"])
    name: str = Field(examples=["threads"])
    before: str | bool | int | float | None
    after: str | bool | int | float | None
    holds: Holds
    tag: str
    """The file's, as in ETag."""


@router.get("", operation_id="settings")
def list_settings(penstock: Project, response: Response) -> list[SettingAnswer]:
    """All settings of penstock.toml as the file is now, with its ETag."""
    response.headers["etag"] = tagged(settings_file(penstock.folder).tag)
    response.headers["cache-control"] = "no-cache"
    return [SettingAnswer.model_validate(one) for one in shown_settings(penstock.folder)]


@router.put("/{section}/{name}", operation_id="setting_change")
def change_setting(
    penstock: Project,
    section: Annotated[str, Path(examples=["engine"])],
    name: Annotated[str, Path(examples=["threads"])],
    setting: NewSetting,
    response: Response,
    if_match: IfMatch = None,
) -> ChangedAnswer:
    """Change it in penstock.toml, and leave the rest of the file as it is.

    Refused over a file that has changed since it was read (409), for what has a secret or is about the machine, and for
    a value that does not fit (422).
    """
    done = penstock.change_setting(section, name, setting.value, require_tag(if_match))
    response.headers["etag"] = tagged(done.tag)
    return ChangedAnswer.model_validate(done)
