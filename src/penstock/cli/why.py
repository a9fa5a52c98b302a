"""`penstock why`: what each open window waits for."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, acting, folder_argument, format_option
from penstock.cli.terminal import painted

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.engine.why import Reason

__all__ = ["why"]


@click.command(cls=Command, examples=("penstock why shop", "penstock why shop --format json"))
@folder_argument()
@format_option("text", "json")
def why(folder: Path, form: str) -> None:
    """Say why nothing comes out of the project in DIR, as of the last commit.

    For each window: the watermark that it waits for, the partition that holds it back, since when, and the setting
    that would change it. Times are event times as they stand in the data.
    """
    with acting(folder) as project:
        reasons = project.why()
        ran = bool(project.ledger().height)
    if form == "json":
        import orjson

        for reason in reasons:
            click.echo(orjson.dumps(asdict(reason)))
        return
    if not reasons:
        click.echo("nothing waits: no window is open" if ran else "nothing waits: no pipeline has run yet")
    for reason in reasons:
        click.echo(_text(reason))


def _text(reason: Reason) -> str:
    from penstock.project.alerts.alert import PREFIX as RULE

    rule = reason.pipeline.removeprefix(RULE)
    whose = reason.pipeline if rule == reason.pipeline else f"alert rule {rule}"
    lines = [f"{painted(whose, bold=True)} ({reason.code}): {reason.sentence}"]
    if reason.setting:
        lines.append(f"  {reason.setting}")
    return "\n".join(lines)
