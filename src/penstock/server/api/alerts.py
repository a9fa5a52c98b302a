"""Alert rules: how each is, and what it would have said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from penstock.core.errors import ConfigError
from penstock.project.alerts.alert import drafted
from penstock.project.alerts.backtest import backtest_within
from penstock.project.alerts.rule import rules_of
from penstock.project.project_file import ProjectFile
from penstock.project.saved_files import put_file, remove_file
from penstock.server.api.model import Asker, Given, IfMatch, Model, Project, require_tag, tagged
from penstock.server.api.query import MOST

if TYPE_CHECKING:
    import polars as pl

    from penstock.history import Stop

__all__ = ["router"]

router = APIRouter(prefix="/api/alerts", tags=["alerts"])

_LAST = 253_402_300_799_999
"""The last moment that a date of four digits has."""


class AlertAnswer(Model):
    name: str = Field(examples=["high_latency"])
    title: str = Field(examples=["High latency"])
    severity: str = Field(examples=["warning"])
    state: Literal["wrong", "failed", "stopped", "no data", "firing", "pending", "ok"]
    """The first four are never OK: the rule cannot tell, and `reason` says why."""
    reason: str
    firing: int
    """Incidents, those acknowledged among them."""
    pending: int
    notify: list[str] = Field(examples=[["ops"]])
    """Channels."""


class AlertDetails(AlertAnswer):
    text: str
    """The file."""


class AlertFile(Given):
    text: str = Field(max_length=1 << 20, examples=['table = "latency"\nwhen = "ms > 200"\n'])


class WouldHaveFired(Model):
    key: dict[str, Any] = Field(examples=[{"meeting_id": "m1"}])
    start: int
    """Since when the condition held; all times are event times, ms since 1970."""
    fired: int
    end: int | None
    """Null for what is still firing."""
    title: str
    description: str


Name = Annotated[str, Path(description="Of a file in alerts/, without .toml", examples=["high_latency"])]


@router.get("", operation_id="alerts")
def list_alerts(penstock: Project) -> list[AlertAnswer]:
    """All rules and how each is."""
    return [AlertAnswer.model_validate(state) for state in penstock.alert_states()]


@router.get("/{name}", operation_id="alert")
def show_alert(penstock: Project, name: Name) -> AlertDetails:
    """One rule: how it is, and its file."""
    text = rules_of(penstock.folder).read(name).text
    found = next((state for state in penstock.alert_states() if state.name == name), None)
    if found is None:
        raise ConfigError(f"alert '{name}' is new", code="alert-unknown", hint="it is known within two seconds")
    return AlertDetails(**AlertAnswer.model_validate(found).model_dump(), text=text)


@router.get("/{name}/test", operation_id="alert_test")
async def backtest_alert(
    request: Request,
    penstock: Project,
    asking: Asker,
    name: Name,
    since: Annotated[
        int | None, Query(ge=0, le=_LAST, description="Those that fired from then on, ms since 1970")
    ] = None,
    until: Annotated[int | None, Query(ge=0, le=_LAST, description="Those that fired before then")] = None,
) -> list[WouldHaveFired]:
    """The incidents that the rule would have found in all that is kept: nothing is written, and nobody told.

    It has the limits that a question may have at most, and ends as one: with its asker, or by `DELETE /api/query/ID`.
    """

    def answer(stop: Stop) -> list[WouldHaveFired]:
        return _rows(backtest_within(penstock, penstock.alerts.get(name), since, until, MOST, stop))

    return await asking.work(request, f"alert {name}, tested", answer)


@router.post("/test", operation_id="alert_try")
async def try_alert(request: Request, penstock: Project, asking: Asker, body: AlertFile) -> list[WouldHaveFired]:
    """The same for a rule that is not there yet. Refused where it does not fit (422)."""

    def answer(stop: Stop) -> list[WouldHaveFired]:
        alert = drafted(penstock.definition, ProjectFile("draft", body.text))
        return _rows(backtest_within(penstock, alert, None, None, MOST, stop))

    return await asking.work(request, "an alert that is not saved, tested", answer)


@router.get("/{name}/file", operation_id="alert_file")
def show_file(penstock: Project, name: Name, response: Response) -> AlertFile:
    """The file of a rule, as it is now, and its ETag."""
    file = rules_of(penstock.folder).read(name)
    response.headers["etag"] = tagged(file.tag)
    return AlertFile(text=file.text)


@router.put("/{name}/file", operation_id="alert_save")
def save_alert(
    penstock: Project, name: Name, body: AlertFile, response: Response, if_match: IfMatch = None
) -> AlertFile:
    """Save a rule as it is; where the project runs, it does from here on.

    Refused over a file that has changed since it was read, with the difference (409), and where it does not fit (422).
    """
    tag = require_tag(if_match)
    drafted(penstock.definition, ProjectFile(name, body.text))
    file = put_file(penstock.log, rules_of(penstock.folder), name, body.text, tag)
    penstock.follow_alerts()
    response.headers["etag"] = tagged(file.tag)
    return AlertFile(text=file.text)


@router.delete("/{name}/file", operation_id="alert_delete", status_code=204)
def delete_alert(penstock: Project, name: Name, if_match: IfMatch = None) -> None:
    """Remove the file; the rule ends, and what it has open is resolved."""
    remove_file(penstock.log, rules_of(penstock.folder), name, require_tag(if_match) or "")
    penstock.follow_alerts()


def _rows(found: pl.DataFrame) -> list[WouldHaveFired]:
    import polars as pl

    numbers = found.with_columns(pl.col("start", "fired", "end").dt.epoch("ms"))
    return [WouldHaveFired(**{**row, "key": orjson.loads(row["key"])}) for row in numbers.iter_rows(named=True)]
