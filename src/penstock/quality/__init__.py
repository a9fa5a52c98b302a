"""Quality rules: what rows have to fulfil, the same on a stream and in a batch, and what became of it.

A file of quality/ says it (`rule`), `conditions` makes rules about single rows expressions of the dialect, `rules`
checks frames with them, `sets` asks a database about all rows of a load, `results` keeps how it went.
"""

from __future__ import annotations

from penstock.quality.results import Result, earlier_values, record, require_good, results
from penstock.quality.rule import Rule, RuleFile, read_files, rules_on
from penstock.quality.rules import OUT, Checked, Rules, Tally
from penstock.quality.sets import Found, Staged, found_in

__all__ = [
    "OUT",
    "Checked",
    "Found",
    "Result",
    "Rule",
    "RuleFile",
    "Rules",
    "Staged",
    "Tally",
    "earlier_values",
    "found_in",
    "read_files",
    "record",
    "require_good",
    "results",
    "rules_on",
]
