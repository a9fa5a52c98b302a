"""The table that the rows of an alert rule go into: a rule as options, and options as its sink."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING

from penstock.incidents import ALERT, AlertSink
from penstock.incidents.stretches import Timing
from penstock.sql.catalog import Table, TableColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.project.alerts.rule import Rule
    from penstock.sql.plan import Column

__all__ = ["alert_sink", "alert_table"]


def alert_table(rule: Rule, columns: Sequence[Column]) -> Table:
    """The table of `rule` over `columns`. What its state depends on is told apart from what it says (sink.*)."""
    source = blake2b(f"{rule.query}\0{rule.table}\0{rule.when}\0{rule.time}".encode(), digest_size=8).hexdigest()
    options = {
        "connector": ALERT,
        "source": source,
        "key": json.dumps(rule.key),
        "timing": json.dumps([rule.hold, rule.absent, rule.keep]),
        "sink.title": rule.title,
        "sink.description": rule.description,
        "sink.said": json.dumps({"severity": rule.severity, "runbook": rule.runbook}),
    }
    return Table(("", "", rule.name), tuple(TableColumn(c.name, c.type) for c in columns), options)


def alert_sink(table: Table) -> AlertSink:
    """The sink of an `alert_table`."""
    options = table.options
    return AlertSink(
        table.name,
        json.loads(options["key"]),
        Timing(*json.loads(options["timing"])),
        options["sink.title"],
        options["sink.description"],
        json.loads(options["sink.said"]),
    )
