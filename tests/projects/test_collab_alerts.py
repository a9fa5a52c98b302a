"""The alerts of `collab`: what fires over meetings that go badly, live and when they are tested."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from penstock.apps import START_MS
from penstock.incidents import incidents_of
from penstock.project.alerts.backtest import backtest
from tests.parts import until
from tests.projects.folders import laid_out
from tests.projects.meetings import opened

if TYPE_CHECKING:
    from pathlib import Path

RULES = {"high_latency", "low_engagement", "processing_lag"}
BAD, GOOD = "meeting_bad", "meeting_good"


def _events(meeting: str, kind: str, seconds: range, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"{meeting}-{kind}-{second}",
            "user_id": f"user_{second % 8:04}",
            "meeting_id": meeting,
            "event_type": kind,
            "timestamp": START_MS + second * 1000,
            **more,
        }
        for second in seconds
    ]


def _lag(second: int, records: int) -> dict[str, Any]:
    time = dt.datetime.fromtimestamp(START_MS / 1000 + second, dt.UTC)
    return {"component": "pipeline.metrics", "metric": "lag", "value": records, "unit": "records", "time": time}


def test_a_slow_and_silent_meeting_fires_both_and_a_good_one_none(tmp_path: Path) -> None:
    folder = laid_out("collab", tmp_path / "collab")
    settings = folder / "penstock.toml"
    text = settings.read_text().replace('idle-timeout = "2 s"', 'idle-timeout = "200 ms"')
    settings.write_text(text.replace('interval = "10 s"', 'interval = "1 d"'))  # what is measured stands here
    with opened(folder) as project:
        for meeting, latency in ((BAD, 900), (GOOD, 40)):
            project.append("user_events", _events(meeting, "join", range(8)))
            lags = _events(meeting, "network_lag", range(8, 420, 5), latency_ms=latency, packet_loss=0.5)
            project.append("meeting_events", lags)
        project.append("system_metrics", [_lag(second, 20_000 if second < 80 else 9) for second in range(0, 100, 10)])
        project.start()
        until(lambda: {i.rule for i in incidents_of(project.log) if i.fired} == RULES, "nothing fires")
        project.stop()
        fired = [
            (i.rule, *i.key.values(), i.start - START_MS, (i.fired or 0) - i.start)
            for i in incidents_of(project.log)
            if i.fired is not None
        ]
        assert sorted(fired) == [
            ("high_latency", BAD, 30_000, 90_000),
            ("low_engagement", BAD, 60_000, 240_000),
            ("processing_lag", "pipeline.metrics", 0, 60_000),
        ]
        for name in RULES:
            tested = backtest(project, project.alerts.get(name))
            live = [(i.start, i.fired, i.end) for i in incidents_of(project.log) if i.rule == name and i.fired]
            assert [tuple(v.timestamp() * 1000 if v else None for v in row[1:4]) for row in tested.rows()] == live
            (title,) = tested["title"]
            assert title.endswith(f" in {BAD}") or title == "pipeline.metrics is behind"
