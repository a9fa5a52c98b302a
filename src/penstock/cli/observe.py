"""`penstock observe`: what Prometheus and Grafana need to watch a running project."""

from __future__ import annotations

import click

from penstock.cli.command import Command, Group

__all__ = ["observe"]


@click.group(cls=Group)
def observe() -> None:
    """Alert rules and a dashboard over the metrics that `penstock run` serves at /metrics."""


@observe.command(
    cls=Command,
    examples=(
        "penstock observe rules   # for a file that rule_files in prometheus.yml names",
        "penstock observe rules --lag 100000 --job meetings",
    ),
)
@click.option("--job", default="penstock", show_default=True, help="The scrape job's name in prometheus.yml.")
@click.option(
    "--lag", type=click.IntRange(0), default=10_000, show_default=True, help="Records behind that are too many."
)
@click.option(
    "--watermark-lag",
    type=click.IntRange(0),
    default=300,
    show_default=True,
    help="Seconds that event time may be behind while rows come in.",
)
@click.option(
    "--checkpoint-age",
    type=click.IntRange(0),
    default=60,
    show_default=True,
    help="Seconds that work may stand uncommitted.",
)
@click.option(
    "--rejected",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="The share of rows that may be rejected.",
)
@click.option(
    "--late", type=click.FloatRange(0, 1), default=0.01, show_default=True, help="The share of rows that may be late."
)
@click.option(
    "--disk-free",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="The share of the disk that must be free.",
)
def rules(
    job: str, lag: int, watermark_lag: int, checkpoint_age: int, rejected: float, late: float, disk_free: float
) -> None:
    """Print alert rules for Prometheus."""
    from penstock.server.metrics.rules import Thresholds, rules_file

    limits = Thresholds(job, lag, watermark_lag, checkpoint_age, rejected, late, disk_free)
    click.echo(rules_file(limits), nl=False)


@observe.command(
    cls=Command,
    examples=("penstock observe grafana   # for Grafana: Dashboards, New, Import",),
)
def grafana() -> None:
    """Print a dashboard for Grafana."""
    from penstock.server.metrics.grafana import dashboard_file

    click.echo(dashboard_file(), nl=False)
