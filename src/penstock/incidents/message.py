"""What is said of an incident, in the form of each kind of channel."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.incidents.incident import Incident

__all__ = ["Message", "pagerduty_body", "plain_text", "slack_body", "webhook_body"]

_ACTIONS = {"firing": "trigger", "acknowledged": "acknowledge", "resolved": "resolve"}
_COLOURS = {"info": "#0072B2", "warning": "#E69F00", "critical": "#D55E00"}
_GOOD = "#009E73"
_SLACK_TEXT = 2_500
"""Of a longer text the end is shown: Slack takes 3,000 characters of a field."""
REPEATED = "(again: whether the first attempt arrived is not known)"


@dataclass(frozen=True, slots=True)
class Message:
    """That `incident` is in `state`, or, where that is `told`, that a job is done; `project` is where.

    `repeat`: an earlier attempt may have arrived. `link` is where to look at it, if that is known.
    """

    incident: Incident
    state: str
    project: str
    repeat: bool = False
    link: str = ""

    @property
    def key(self) -> str:
        """The same for each attempt to say it."""
        return f"{self.incident.id}:{self.state}"

    @property
    def headline(self) -> str:
        """In a line."""
        word = {"resolved": "RESOLVED", "told": "DONE"}.get(self.state, self.incident.severity.upper())
        return f"[{word}] {self.incident.title} ({self.project})"


def webhook_body(message: Message) -> dict[str, Any]:
    """All there is; times in ISO 8601."""
    found = message.incident
    return {
        "key": message.key,
        "repeat": message.repeat,
        "project": message.project,
        "state": message.state,
        "link": message.link,
        "incident": {
            "id": found.id,
            "rule": found.rule,
            "severity": found.severity,
            "title": found.title,
            "description": found.description,
            "runbook": found.runbook,
            "key": dict(found.key),
            "values": dict(found.values),
            "start": _iso(found.start),
            "fired": _iso(found.fired),
            "end": _iso(found.end),
        },
    }


def slack_body(message: Message) -> dict[str, Any]:
    """A message of Slack's incoming webhooks; what comes from data is text there, never a link or a mention."""
    found = message.incident
    colour = _GOOD if message.state == "resolved" else _COLOURS[found.severity]
    facts, texts = _values(message)
    said = {**found.key, **facts}
    fields = [{"title": _slack(str(k)), "value": _slack(str(v)), "short": True} for k, v in said.items()]
    fields += [
        {"title": _slack(k), "value": f"```{_slack(v[-_SLACK_TEXT:])}```", "short": False} for k, v in texts.items()
    ]
    attachment: dict[str, Any] = {
        "color": colour,
        "fallback": _slack(message.headline),
        "title": _slack(found.title),
        "text": _slack(found.description),
        "fields": fields,
        "footer": "Penstock",
        "ts": _moment(found, message.state) // 1000,
    }
    if message.link or found.runbook:
        attachment["title_link"] = message.link or found.runbook
    again = f" {REPEATED}" if message.repeat else ""
    return {"text": _slack(message.headline) + again, "attachments": [attachment]}


def pagerduty_body(message: Message, routing_key: str) -> dict[str, Any]:
    """An event of PagerDuty's Events API v2: those of one incident share its `dedup_key`."""
    found = message.incident
    body: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": _ACTIONS[message.state],
        "dedup_key": found.id,
        "client": "Penstock",
    }
    if message.state == "firing":
        body["payload"] = {
            "summary": message.headline[:1024],
            "source": message.project,
            "severity": found.severity,
            "timestamp": _iso(_moment(found, message.state)),
            "component": found.rule,
            "custom_details": {"description": found.description, **found.values},
        }
        links = {"Runbook": found.runbook, "Penstock": message.link}
        body["links"] = [{"href": href, "text": text} for text, href in links.items() if href]
    return body


def plain_text(message: Message) -> str:
    """For a mail."""
    found = message.incident
    facts, texts = _values(message)
    lines = [found.title, found.description, ""]
    lines += [f"{k}: {v}" for k, v in {**found.key, **facts}.items()]
    lines += [f"rule: {found.rule}", f"severity: {found.severity}", f"since: {_iso(found.start)}"]
    if found.end is not None:
        lines.append(f"over: {_iso(found.end)}")
    if found.runbook:
        lines.append(f"runbook: {found.runbook}")
    if message.link:
        lines.append(f"look: {message.link}")
    for name, text in texts.items():
        lines += ["", f"{name}:", text]
    if message.repeat:
        lines += ["", REPEATED]
    return "\n".join(lines)


def _values(message: Message) -> tuple[dict[str, Any], dict[str, str]]:
    """Of what is about a job, what it says of a run: facts, and texts of several lines."""
    said = message.incident.values if message.incident.kind in ("job", "summary") else {}
    texts = {name: value for name, value in said.items() if isinstance(value, str) and "\n" in value}
    return {name: value for name, value in said.items() if name not in texts}, texts


def _moment(incident: Incident, state: str) -> int:
    """When that became so."""
    return incident.end if state == "resolved" and incident.end is not None else incident.fired or incident.at


def _iso(ms: int | None) -> str | None:
    return None if ms is None else dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat(timespec="milliseconds")


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
