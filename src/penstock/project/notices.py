"""`Notices`: who is told of the incidents of a project, while it runs: by what each is about."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from penstock.incidents.policy import Policy

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
        penstock, said = self._penstock, self._penstock.settings
        if penstock.home is None or not said.notify or self.delivery is not None:
            return
        from penstock.incidents.delivery import Delivery

        log, clock = penstock.log, penstock.clock
        self.delivery = Delivery(log, clock, said.name, said.notify, self.policy, said.allow, self.link)
        self.delivery.start()

    def stop(self) -> None:
        """Messages that are being sent are finished; idempotent."""
        delivery, self.delivery = self.delivery, None
        if delivery is not None:
            delivery.stop()

    def link(self, incident: Incident) -> str:
        """Where to look at it; empty where nobody knows an address of the page."""
        penstock = self._penstock
        base = penstock.settings.page_url or penstock.url or penstock.settings.url
        return f"{base.rstrip('/')}/alerts?{urlencode({'incident': incident.id})}" if base else ""

    def policy(self, incident: Incident) -> Policy:
        """How people are told of an incident: as its rule says, or for a part that is down [health]."""
        if incident.kind == "health":
            return Policy(self._penstock.settings.health.notify)
        return self._penstock.alerts.policy(incident.rule)
