"""The pipelines of a project's alerts beside its own: one that is wrong stops no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import PenstockError, StateError
from penstock.incidents import INCIDENTS, ensure_incidents, incidents_of
from penstock.incidents.delivery import Delivery
from penstock.incidents.incident import resolved_by_hand
from penstock.incidents.policy import Policy
from penstock.project.alerts.alert import Alert
from penstock.project.build import make_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.engine.pipeline import Pipeline
    from penstock.project.definition import PipelineDefinition
    from penstock.project.penstock import Penstock

__all__ = ["delivery_of", "watching"]


def watching(
    penstock: Penstock, prepare: Callable[[Pipeline], None], *, bounded: bool
) -> list[tuple[PipelineDefinition, Pipeline]]:
    """The pipelines of the alerts, each where its last checkpoint left it; `prepare` is called with each before.

    A rule that has changed begins anew: its incidents have the same ids again. What keeps one from running becomes
    its error in `Penstock.alerts`.
    """
    if not penstock.alerts:
        return []
    ensure_incidents(penstock.log)
    made = []
    began_anew = {i.rule for i in incidents_of(penstock.log)} - {a.name for a in penstock.alerts}
    for place, alert in enumerate(penstock.alerts):
        if alert.pipeline is None:
            continue
        try:
            pipeline = make_pipeline(alert.pipeline, penstock.world, penstock.settings, bounded=bounded)
            prepare(pipeline)
            try:
                pipeline.restore()
            except StateError:
                pipeline.close()
                penstock.log.state.drop_pipeline(alert.pipeline.name)
                began_anew.add(alert.name)
                pipeline = make_pipeline(alert.pipeline, penstock.world, penstock.settings, bounded=bounded)
                prepare(pipeline)
            made.append((alert.pipeline, pipeline))
        except PenstockError as error:
            penstock.alerts[place] = Alert(alert.name, alert.rule, error=error)
    _resolve(penstock, began_anew)
    return made


def delivery_of(penstock: Penstock) -> Delivery:
    """Who tells the channels of penstock.toml what the alerts say, not yet started."""
    rules = {alert.name: alert.rule for alert in penstock.alerts if alert.rule is not None}

    def policy(name: str) -> Policy:
        rule = rules.get(name)
        return Policy() if rule is None else Policy(rule.notify, rule.quiet.spans, rule.quiet.zone, rule.dedup)

    said = penstock.settings
    return Delivery(penstock.log, penstock.clock, said.name, said.notify, policy, said.allow)


def _resolve(penstock: Penstock, rules: set[str]) -> None:
    """End what is open of `rules` that are gone or other ones now; what still holds is found anew."""
    records = [
        resolved_by_hand(incident, "the rule has changed")
        for incident in incidents_of(penstock.log)
        if incident.rule in rules and incident.state != "resolved"
    ]
    if records:
        penstock.log.append(INCIDENTS, pl.DataFrame(records))
