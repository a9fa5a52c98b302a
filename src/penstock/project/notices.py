"""`Notices`: who is told of the incidents of a project, while it runs: by what each is about."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from penstock.core.errors import LockedError
from penstock.incidents.incident import SUMMARY
from penstock.incidents.policy import Policy
from penstock.jobs import Notify
from penstock.project.jobs.reports import PREFIX as JOB

if TYPE_CHECKING:
    from penstock.incidents import Incident
    from penstock.incidents.delivery import Delivery
    from penstock.project.penstock import Penstock

__all__ = ["Notices"]


class Notices:
    """`delivery` tells the channels, from `start` to `stop`, where the settings name any."""

    def __init__(self, penstock: Penstock) -> None:
        self._penstock = penstock
        self.delivery: Delivery | None = None

    def start(self) -> None:
        """Take up what an earlier process left, and go on in threads."""
        if self.delivery is None and (made := self._made()) is not None:
            self.delivery = made
            made.start()

    def tell(self) -> None:
        """Send what is due, and return: for a process that does not stay. Where one runs the project it tells."""
        if self.delivery is not None or (made := self._made()) is None:
            return
        try:
            with self._penstock.locked():
                made.tell()
        except LockedError:
            return

    def _made(self) -> Delivery | None:
        penstock, said = self._penstock, self._penstock.settings
        if penstock.home is None or not said.notify:
            return None
        from penstock.incidents.delivery import Delivery

        log, clock = penstock.log, penstock.clock
        return Delivery(log, clock, said.name, said.notify, self.policy, said.allow, self.link)

    def stop(self) -> None:
        """Messages that are being sent are finished; idempotent."""
        delivery, self.delivery = self.delivery, None
        if delivery is not None:
            delivery.stop()

    def link(self, incident: Incident) -> str:
        """Where to look at it; empty where nobody knows an address of the page."""
        penstock = self._penstock
        base = penstock.settings.page_url or penstock.url or penstock.settings.url
        if not base:
            return ""
        run = incident.values.get("run") if incident.kind in ("job", SUMMARY) else None
        place = f"alerts?{urlencode({'incident': incident.id})}" if run is None else f"runs/{quote(run, safe='')}"
        return f"{base.rstrip('/')}/{place}"

    def policy(self, incident: Incident) -> Policy:
        """How people are told of an incident: as its rule says, its job, or for a part that is down [health]."""
        if incident.kind == "health":
            return Policy(self._penstock.settings.health.notify)
        if incident.kind in ("job", SUMMARY):
            job = self._penstock.jobs.file.good().get(incident.rule.removeprefix(JOB))
            told = Notify() if job is None else job.notify
            return Policy(told.success if incident.kind == SUMMARY else told.failure)
        return self._penstock.alerts.policy(incident.rule)
