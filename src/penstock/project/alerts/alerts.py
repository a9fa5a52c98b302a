"""`Alerts`: the alerts of a project: their rules, and what they have found."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import ConfigError, PenstockError, StateError, did_you_mean
from penstock.incidents import INCIDENTS, RULE_KINDS, Incidents, ensure_incidents
from penstock.incidents.incident import acknowledge, resolved_by_hand
from penstock.incidents.policy import Policy
from penstock.incidents.silence import begin_silence, end_silence, silences_of
from penstock.project.alerts.alert import PREFIX, Alert, alerts_of
from penstock.project.alerts.rule import rules_of
from penstock.project.alerts.rule_watch import RuleWatch
from penstock.project.alerts.states import alert_states
from penstock.project.audit import audited, doer
from penstock.project.build import make_pipeline, signature_of
from penstock.project.health.standing import require_part
from penstock.project.health.watch import PREFIX as PART
from penstock.project.jobs.reports import PREFIX as JOB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.engine.pipeline import Pipeline
    from penstock.incidents import Incident
    from penstock.incidents.silence import Silence
    from penstock.project.alerts.states import AlertState
    from penstock.project.definition import Definition, PipelineDefinition
    from penstock.project.penstock import Penstock
    from penstock.project.run import Run

__all__ = ["Alerts"]


class Alerts:
    """The rules are those of alerts/, over the project's tables as they were applied; one that is wrong stops no other.

    They are followed: while the project runs, each second (`RuleWatch`), when one is saved, and when SQL files are
    applied.
    """

    def __init__(self, penstock: Penstock, definition: Definition | None) -> None:
        self._penstock = penstock
        self._definition = definition
        self._texts = self._seen = {} if definition is None else _texts(definition)
        self.rules: list[Alert] = [] if definition is None else alerts_of(definition)
        """By name."""
        self._watch: RuleWatch | None = None
        self._turn = Lock()

    @cached_property
    def incidents(self) -> Incidents:
        """What the rules have found."""
        return Incidents(self._penstock.log)

    def get(self, name: str) -> Alert:
        """The rule of that name. Raises ConfigError where there is none, and the error of one that is wrong."""
        known = {alert.name: alert for alert in self.rules}
        if name not in known:
            hint = did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else "alerts/ has none")
            raise ConfigError(f"there is no alert '{name}'", code="alert-unknown", hint=hint)
        if (error := known[name].error) is not None:
            raise error
        return known[name]

    def states(self) -> list[AlertState]:
        """How each rule is, by name."""
        return alert_states(self._penstock)

    # -- what people say ---------------------------------------------------------------------------

    def acknowledge(self, identity: str, by: str = "", note: str = "") -> Incident:
        """Say that somebody (`by`, else whoever says it) looks after a firing incident; what it is then.

        Raises StateError where there is no such incident, or it does not fire.
        """
        log, by = self._penstock.log, by or doer().caller.name
        done = acknowledge(log, identity, by, note)
        audited(log, "incident-acknowledge", identity, after={"by": by, "note": note})
        return done

    def silence(self, rule: str, key: Mapping[str, str], milliseconds: int, by: str = "", note: str = "") -> Silence:
        """Tell nobody of a rule's incidents for a while, from now.

        `rule` may be a job or a part that is probed: `job.night`, `health.disk`. Raises ConfigError for any other.
        """
        self.require(rule)
        log, now, by = self._penstock.log, self._penstock.clock.now_ms(), by or doer().caller.name
        made = begin_silence(log, rule, key, now, now + milliseconds, by, note)
        audited(log, "silence-begin", made.id, after=asdict(made))
        return made

    def require(self, rule: str) -> None:
        """Raises ConfigError where nothing is called so of which there could be an incident."""
        if rule.startswith(JOB):
            self._penstock.jobs.file.get(rule.removeprefix(JOB))
        elif rule.startswith(PART):
            require_part(self._penstock, rule.removeprefix(PART))
        else:
            self.get(rule)

    def end_silence(self, identity: str) -> None:
        """What is still firing is told now. Raises ConfigError where there is no such silence."""
        log = self._penstock.log
        known = {one.id: one for one in silences_of(log, self._penstock.clock.now_ms())}
        if not end_silence(log, identity):
            hint = did_you_mean(identity, known) or (f"there are {', '.join(known)}" if known else "there is none")
            raise ConfigError(f"there is no silence '{identity}'", code="silence-unknown", hint=hint)
        before = known.get(identity)
        audited(log, "silence-end", identity, before=before and asdict(before))

    # -- running -----------------------------------------------------------------------------------

    def pipelines(
        self, prepare: Callable[[Pipeline], None], *, bounded: bool
    ) -> list[tuple[PipelineDefinition, Pipeline]]:
        """The rules' pipelines, each where its last checkpoint left it; `prepare` is called with each before.

        A rule that has changed begins anew: its incidents have the same ids again. What keeps one from running becomes
        its error in `rules`.
        """
        return self._begun(self.rules, prepare, bounded=bounded)

    def follow(self, run: Run | None, prepare: Callable[[Pipeline], None], *, at_once: bool = True) -> None:
        """Let the rules be those that alerts/ and the tables say now, in `run` too, which has begun.

        What a rule finds goes on where neither its file nor what it reads is another; else as `pipelines` says. Rules
        that are gone end. A run over what is there now keeps the rules that it began with. Unless `at_once` files count
        when two looks have found the same: one may be half written, or be put in another's place.
        """
        with self._turn:
            if self._definition is None or (run is not None and (run.bounded or self._watch is None)):
                return
            definition = self._penstock.definition
            texts = _texts(definition)
            seen, self._seen = self._seen, texts
            if definition is self._definition and (texts == self._texts or (texts != seen and not at_once)):
                return
            self._definition, self._texts = definition, texts
            self._change(alerts_of(definition), run, prepare)

    def _change(self, rules: list[Alert], run: Run | None, prepare: Callable[[Pipeline], None]) -> None:
        before = {alert.name: alert for alert in self.rules}
        goes_on = {alert.name for alert in rules if _is_same(alert, before.get(alert.name))}
        self.rules = [before[alert.name] if alert.name in goes_on else alert for alert in rules]
        if run is None:
            return
        others = [alert for alert in self.rules if alert.name not in goes_on]
        halted = [PREFIX + name for name in before.keys() - goes_on]
        run.change_aside(halted, lambda: self._begun(others, prepare, bounded=False))

    def _begun(
        self, alerts: Sequence[Alert], prepare: Callable[[Pipeline], None], *, bounded: bool
    ) -> list[tuple[PipelineDefinition, Pipeline]]:
        """The pipelines of `alerts`; what there is of rules that are gone ends."""
        state, names = self._penstock.log.state, {alert.name for alert in self.rules}
        if self.rules:
            ensure_incidents(self._penstock.log)
        for checkpoint in state.checkpoints():
            name = checkpoint.pipeline.removeprefix(PREFIX)
            if name != checkpoint.pipeline and name not in names:
                state.drop_pipeline(checkpoint.pipeline)
        anew = {i.rule for i in self.incidents.all() if i.kind in RULE_KINDS} - names
        made, wrong = [], {}
        for alert in alerts:
            if alert.pipeline is None:
                continue
            try:
                pipeline = self._made(alert.pipeline, prepare, bounded=bounded)
                try:
                    pipeline.restore()
                except StateError:
                    pipeline.close()
                    state.drop_pipeline(alert.pipeline.name)
                    anew.add(alert.name)
                    pipeline = self._made(alert.pipeline, prepare, bounded=bounded)
                made.append((alert.pipeline, pipeline))
            except PenstockError as error:
                wrong[alert.name] = Alert(alert.name, alert.rule, error=error)
        self.rules = [wrong.get(alert.name, alert) for alert in self.rules]
        self._resolve(anew)
        return made

    def _made(self, definition: PipelineDefinition, prepare: Callable[[Pipeline], None], *, bounded: bool) -> Pipeline:
        pipeline = make_pipeline(definition, self._penstock.world, self._penstock.settings, bounded=bounded)
        prepare(pipeline)
        return pipeline

    def _resolve(self, rules: set[str]) -> None:
        """End what is open of `rules` that are gone or other ones now; what still holds is found anew."""
        records = [
            resolved_by_hand(incident, "the rule has changed")
            for incident in self.incidents.all()
            if incident.rule in rules and incident.state != "resolved"
        ]
        if records:
            self._penstock.log.append(INCIDENTS, pl.DataFrame(records))

    def start(self) -> None:
        """Look after the rules from here on."""
        if self._definition is None:
            return
        self._watch = RuleWatch(self._penstock)
        self._watch.start()

    def rest(self) -> None:
        """Follow no rule any more, nor look how it is; idempotent."""
        with self._turn:
            watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def policy(self, name: str) -> Policy:
        """How people are told of what a rule finds; nobody is of one that is gone."""
        rule = next((alert.rule for alert in self.rules if alert.name == name), None)
        return Policy() if rule is None else Policy(rule.notify, rule.quiet.spans, rule.quiet.zone, rule.dedup)


def _texts(definition: Definition) -> dict[str, str | None]:
    """The files of alerts/ as they are now; None for one that cannot be read."""
    folder = rules_of(definition.folder)
    found: dict[str, str | None] = {}
    for name in folder.names():
        try:
            found[name] = folder.read(name).text
        except ConfigError:  # it has gone just now, or its rule says so
            found[name] = None
    return found


def _is_same(alert: Alert, before: Alert | None) -> bool:
    """Whether a rule that runs goes on as it is."""
    if before is None or alert.pipeline is None or before.pipeline is None:
        return False
    return alert.rule == before.rule and signature_of(alert.pipeline) == signature_of(before.pipeline)
