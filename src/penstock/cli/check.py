"""`penstock check`: what is wrong with a project, and what differs from Flink, without running it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, folder_argument, format_option
from penstock.cli.errors import OK, USER
from penstock.cli.terminal import painted, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.project.finding import Finding

__all__ = ["check"]

_COLOURS = {"error": "red", "difference": "magenta", "warning": "yellow", "note": "cyan"}


@click.command(cls=Command, examples=("penstock check shop", "penstock check shop --format json"))
@folder_argument()
@format_option("text", "json")
def check(folder: Path, form: str) -> int:
    """Check the project in DIR: every table and pipeline is wired up, jobs can be done, and the files of loads fit
    each other (sources, schemas, warehouse, quality). Nothing is run or made.

    It says what is wrong (exit code 1 then), what Flink would do otherwise, what may surprise, and what is unused.
    """
    from penstock.project.check import check as findings_of
    from penstock.project.home import HOME

    findings = findings_of(folder, folder / HOME)
    errors = sum(f.level == "error" for f in findings)
    if form == "json":
        import orjson

        for finding in findings:
            click.echo(orjson.dumps(asdict(finding)))
    else:
        _show(findings)
        counts = ((level, sum(f.level == level for f in findings)) for level in _COLOURS)
        click.echo(", ".join(plural(count, level) for level, count in counts if count) or "nothing was found")
    return USER if errors else OK


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        label = painted(f"{finding.level}[{finding.code}]", fg=_COLOURS[finding.level], bold=True)
        inline = f"{finding.where}: " if finding.where and "\n" not in finding.where else ""
        click.echo(f"{label}: {inline}{finding.message}")
        if "\n" in finding.where:
            click.echo("\n".join("  " + line for line in finding.where.splitlines()))
        if finding.hint:
            click.echo(f"  hint: {finding.hint}")
