"""The results of the demos, as one would rather look at than read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.output import print_rows
from penstock.cli.terminal import amount, painted, plural

if TYPE_CHECKING:
    import polars as pl

    from penstock.project.penstock import Penstock

__all__ = ["days", "show_collab", "show_parking", "show_warehouse", "show_web"]

_BARS = " ▁▂▃▄▅▆▇█"
_ROWS = 5


def show_web(penstock: Penstock) -> None:
    """Page views: their sum, their course by the hour, the busiest five seconds, the top pages."""
    total = penstock.query(
        "SELECT sum(requests) AS requests, sum(page_views) AS views, sum(bot_page_views) AS bots,"
        " count(*) AS windows FROM page_views_5s"
    ).dicts()[0]
    if not total["windows"]:
        click.echo("no window has closed")
        return
    click.echo(
        painted(f"{plural(total['views'], 'page view')}", bold=True)
        + f" in {plural(total['requests'], 'request')}, {amount(total['bots'])} of them by bots;"
        + f" {plural(total['windows'], 'window')} of 5 s had a request\n"
    )
    hourly = penstock.query(
        "SELECT CAST(date_trunc('day', window_start) AS DATE) AS day, hour(window_start) AS hour,"
        " sum(page_views) AS views FROM page_views_5s GROUP BY ALL"
    ).frame
    click.echo("\n".join(days(hourly)))
    _section(
        penstock,
        "the busiest five seconds",
        "SELECT window_start, page_views, bot_page_views, requests, active_users, errors"
        f" FROM page_views_5s ORDER BY page_views DESC, window_start LIMIT {_ROWS}",
    )
    _section(
        penstock,
        "the pages that people looked at most, within any minute",
        "SELECT path, max(page_views) AS page_views, max(visitors) AS visitors, count(DISTINCT window_start) AS windows"
        f" FROM top_pages GROUP BY path ORDER BY page_views DESC, windows DESC, path LIMIT {_ROWS}",
    )


def show_collab(penstock: Penstock) -> None:
    """Meetings: how many and what was said in them, the busiest, and those with the worst network."""
    total = penstock.query(
        "SELECT count(DISTINCT meeting_id) AS meetings, sum(text_message_count) AS messages,"
        " sum(reaction_count) AS reactions, count(*) AS windows FROM meeting_metrics WHERE window_size_seconds = 30"
    ).dicts()[0]
    if not total["windows"]:
        click.echo("no window has closed")
        return
    click.echo(
        painted(plural(total["meetings"], "meeting"), bold=True)
        + f" with {plural(total['messages'], 'message')} and {plural(total['reactions'], 'reaction')};"
        + f" {plural(total['windows'], 'window')} of 30 s had an event"
    )
    columns = (
        "meeting_id, count(*) AS windows, sum(text_message_count) AS messages, sum(join_count) AS joins,"
        " sum(leave_count) AS leaves, round(avg(avg_latency_ms), 1) AS latency_ms,"
        " round(avg(packet_loss_pct), 2) AS loss_pct"
    )
    rows = f"SELECT {columns} FROM meeting_metrics WHERE window_size_seconds = 30 GROUP BY meeting_id"
    _section(penstock, "the busiest meetings", f"{rows} ORDER BY messages DESC, meeting_id LIMIT {_ROWS}")
    _section(
        penstock,
        "the worst networks",
        f"{rows} HAVING latency_ms IS NOT NULL ORDER BY latency_ms DESC, meeting_id LIMIT {_ROWS}",
    )


def show_warehouse(penstock: Penstock) -> None:
    """What became of the rows of each source, the versions of a customer, what was sold, and what is in quarantine."""
    _section(
        penstock,
        "rows by source",
        'SELECT source, sum("read") AS read, sum(loaded) AS loaded, sum(duplicate) AS duplicate,'
        " sum(quarantined) AS quarantined, sum(dropped) AS dropped FROM _loads GROUP BY source ORDER BY source",
    )
    _section(
        penstock,
        "the versions of a customer who moved",
        "SELECT customer_id, city, valid_from, valid_to, is_current FROM warehouse.dim_customers WHERE customer_id ="
        " (SELECT customer_id FROM warehouse.dim_customers GROUP BY customer_id"
        " HAVING count(DISTINCT city) > 1 ORDER BY count(*) DESC, customer_id LIMIT 1) ORDER BY valid_from",
    )
    _section(
        penstock,
        "sales",
        "SELECT coalesce(c.segment, 'not known') AS segment, count(*) AS sales, sum(f.amount) AS amount"
        " FROM warehouse.fact_sales AS f LEFT JOIN warehouse.dim_customers AS c ON c._key = f.customer_key"
        " GROUP BY segment ORDER BY segment",
    )
    _section(
        penstock,
        "in quarantine",
        "SELECT source, rules, count(*) AS rows, min(reason) AS reason FROM quarantine WHERE state = 'open'"
        " GROUP BY source, rules ORDER BY source, rules",
    )


def show_parking(penstock: Penstock) -> None:
    """Free spaces as they are now, the days, what is wrong with the readings, and how the asking goes."""
    total = penstock.query(
        "SELECT count(*) AS readings, count(DISTINCT facility) AS facilities FROM stavanger_parking_events"
    ).dicts()[0]
    if not total["readings"]:
        click.echo("no reading has come")
        return
    click.echo(
        painted(plural(total["readings"], "reading"), bold=True) + f" of {plural(total['facilities'], 'car park')}"
    )
    _section(
        penstock,
        "now",
        "SELECT facility, n.reading_time, n.free_spaces, t.highest_30d, round(t.trend, 2) AS trend_per_minute,"
        " t.full_soon, t.anomaly FROM parking_now AS n LEFT JOIN (SELECT DISTINCT ON (facility) * FROM parking_trend"
        " ORDER BY facility, reading_time DESC) AS t USING (facility) ORDER BY facility",
    )
    _section(
        penstock,
        "the fullest days",
        f"SELECT * FROM parking_daily ORDER BY minutes_under_10 DESC, minimum, day LIMIT {_ROWS}",
    )
    _section(
        penstock,
        "the newest alerts",
        'SELECT "rule", facility, state, since, sample FROM data_quality_alerts'
        f" ORDER BY since DESC, facility LIMIT {_ROWS}",
    )
    _section(penstock, "the source", "SELECT state, asked, answers, unchanged, failures, error FROM penstock.polls")


def _section(penstock: Penstock, title: str, sql: str) -> None:
    click.echo("\n" + painted(title, bold=True))
    print_rows(penstock.query(sql).frame, "table")


def days(hourly: pl.DataFrame) -> list[str]:
    """A line a day with a bar an hour (UTC), of a frame of `day`, `hour` and `views`; the highest is full."""
    views = {(day, hour): int(count) for day, hour, count in hourly.select("day", "hour", "views").iter_rows()}
    most = max(views.values())
    lines = [painted(f"{'page views per hour':<19}  0     3     6     9     12    15    18    21    UTC", dim=True)]
    for day in sorted({day for day, _ in views}):
        bars = [_bar(views.get((day, hour), 0), most) for hour in range(24)]
        total = sum(views.get((day, hour), 0) for hour in range(24))
        lines.append(f"{day:%a %Y-%m-%d}       {painted(''.join(2 * bar for bar in bars), fg='cyan')}  {total:>6,}")
    return lines


def _bar(value: int, most: int) -> str:
    """An eighth of a block for each eighth of `most`; something for anything."""
    return _BARS[-(-value * 8 // most)] if value else _BARS[0]
