"""Incidents: what the alert rules have found, and who was told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from penstock.incidents.incident import changes_of
from penstock.incidents.notification import notifications_of
from penstock.server.api.model import Given, Model, Project

__all__ = ["router"]

router = APIRouter(prefix="/api/incidents", tags=["alerts"])

State = Literal["pending", "firing", "acknowledged", "resolved"]


class IncidentAnswer(Model):
    id: str = Field(examples=["high_latency-f00d5eedca11ab1e"])
    rule: str = Field(examples=["high_latency"])
    kind: Literal["condition", "rule", "health", "job"]
    """`rule`: about one that cannot tell; `health`: about a part that is down; `job`: about one that fails."""
    state: State
    severity: str
    title: str
    description: str
    runbook: str
    key: dict[str, Any] = Field(examples=[{"meeting_id": "m1"}])
    values: dict[str, Any]
    """The row that the last change came from."""
    start: int
    """Since when the condition held; this and the next three are event times, ms since 1970."""
    fired: int | None
    end: int | None
    at: int
    """Of the last change."""
    by: str
    """Who has acknowledged it."""
    note: str


class NotificationAnswer(Model):
    incident: str
    state: Literal["firing", "acknowledged", "resolved", "told"]
    """`told`: that a job is done."""
    channel: str = Field(examples=["ops"])
    status: Literal["planned", "sending", "sent", "failed", "withheld"]
    time: int
    """Of this status, ms since 1970 by the clock."""
    attempts: int
    reason: str
    """Why it is not sent, or not yet."""


class ChangeAnswer(Model):
    state: State
    at: int | None
    """By event time, ms since 1970; null for an acknowledgement."""
    known: int
    """When it became known, by the clock."""
    description: str
    by: str
    note: str


class IncidentDetails(IncidentAnswer):
    changes: list[ChangeAnswer]
    """The first one first."""
    notifications: list[NotificationAnswer]
    """Who was told of which of them, or is going to be."""


class AcknowledgeGiven(Given):
    by: str = Field(default="", max_length=200, examples=["kim"])
    """Who looks after it; whoever asks, where it is left out."""
    note: str = Field(default="", max_length=2_000)


Identity = Annotated[str, Path(examples=["high_latency-f00d5eedca11ab1e"])]


@router.get("", operation_id="incidents")
def list_incidents(
    penstock: Project,
    state: Annotated[list[State] | None, Query(description="Only those in one of these states")] = None,
    rule: Annotated[str | None, Query(description="Only those of this rule")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> list[IncidentAnswer]:
    """Incidents as they are now, the newest first; without `state` those that fire or have fired."""
    found = [
        incident
        for incident in penstock.alerts.incidents.all()
        if (incident.state in state if state else incident.fired is not None) and rule in (None, incident.rule)
    ]
    newest = sorted(found, key=lambda i: (i.start, i.id), reverse=True)[:limit]
    return [IncidentAnswer.model_validate(incident) for incident in newest]


@router.get("/notifications", operation_id="notifications")
def list_notifications(
    penstock: Project, incident: str | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000
) -> list[NotificationAnswer]:
    """Who was told of what, or is going to be; the newest last."""
    found = [n for n in notifications_of(penstock.log) if incident in (None, n.incident)]
    return [NotificationAnswer.model_validate(n) for n in found[-limit:]]


@router.get("/{identity}", operation_id="incident")
def show_incident(penstock: Project, identity: Identity) -> IncidentDetails:
    """One incident: how it went, and who was told."""
    incident, changes = changes_of(penstock.log, identity)
    told = [NotificationAnswer.model_validate(n) for n in notifications_of(penstock.log) if n.incident == identity]
    steps = [ChangeAnswer.model_validate(change) for change in changes]
    return IncidentDetails(**IncidentAnswer.model_validate(incident).model_dump(), changes=steps, notifications=told)


@router.post("/{identity}/acknowledge", operation_id="incident_acknowledge")
def acknowledge_incident(penstock: Project, identity: Identity, body: AcknowledgeGiven) -> IncidentAnswer:
    """Say that somebody looks after it."""
    return IncidentAnswer.model_validate(penstock.alerts.acknowledge(identity, body.by, body.note))
