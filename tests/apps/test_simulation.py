"""What holds for each app: order, faults, determinism, arguments."""

from __future__ import annotations

import json
import math
from itertools import islice
from typing import Any

import polars as pl
import pytest

from penstock.apps import FAULTS, LATE_MS, ORDERLY_MS, START_MS, events
from penstock.core.errors import ConfigError
from tests.apps.records import records

APPS = ("collab", "web")
FAULTY: dict[str, Any] = {"events": 60_000, "seed": 5, "late": 0.02, "duplicate": 0.03, "malformed": 0.05, "rate": 100}

REQUIRED = {
    "user_events": {"event_id": str, "user_id": str, "meeting_id": str, "event_type": str, "timestamp": int},
    "chat_events": {"event_id": str, "user_id": str, "meeting_id": str, "event_type": str, "timestamp": int},
    "meeting_events": {"event_id": str, "meeting_id": str, "event_type": str, "timestamp": int},
    "website-analytics-events": {"eventId": str, "sessionId": str, "eventType": str, "timestamp": int},
}
TYPES = {
    "user_events": {"join", "leave"},
    "chat_events": {"message", "reaction", "emoji"},
    "meeting_events": {"video_start", "video_stop", "screen_share", "network_lag"},
    "website-analytics-events": {"PAGE_VIEW", "SESSION_START", "SESSION_END", "CONVERSION"},
}


def _verdict(topic: str, value: bytes, sent: int) -> str:
    """What a reader finds wrong with a record, looked at alone."""
    try:
        event = json.loads(value)
    except ValueError:
        return "broken_json"
    for name, kind in REQUIRED[topic].items():
        if event.get(name) is None:
            return "missing_field"
        if not isinstance(event[name], kind):
            return "wrong_type"
    if event.get("event_type", event.get("eventType")) not in TYPES[topic]:
        return "unknown_type"
    if event["timestamp"] > sent + 86_400_000:
        return "future"
    behind = sent - event["timestamp"]
    assert 0 <= behind <= ORDERLY_MS or LATE_MS[0] <= behind <= LATE_MS[1]
    return "late" if behind > ORDERLY_MS else "none"


@pytest.mark.parametrize("app", APPS)
def test_faults_are_what_a_reader_finds(app: str) -> None:
    made = records(app, **FAULTY)
    rows = list(zip(made["topic"], made["value"], made["timestamp"], strict=True))
    found = pl.Series([_verdict(*row) for row in rows])
    repeated = ~made["value"].is_first_distinct() & (found != "broken_json")
    found = found.set(repeated, "duplicate")
    assert made.filter(found != made["fault"].cast(pl.String)).is_empty()
    assert set(found) == set(FAULTS)


@pytest.mark.parametrize("app", APPS)
def test_faults_are_as_frequent_as_asked(app: str) -> None:
    made = records(app, **FAULTY)
    counts = dict(made["fault"].cast(pl.String).value_counts().iter_rows())
    n, seconds = FAULTY["events"], FAULTY["events"] / FAULTY["rate"]
    kinds = FAULTS[3:]
    # a record is late only where it can still be sent before the end
    in_time = 1 - (LATE_MS[0] + LATE_MS[1]) / 2 / 1000 / seconds
    expected = {"late": 0.02 * in_time, "duplicate": 0.03, **{kind: 0.05 / len(kinds) for kind in kinds}}
    for fault, p in expected.items():
        assert abs(counts[fault] - n * p) < 5 * math.sqrt(n * p), fault


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("batch", [1_000, 7_777, 1_000_000])
def test_batches_do_not_change_the_records(app: str, batch: int) -> None:
    arguments = {**FAULTY, "events": 70_000}  # more than one block
    assert records(app, **arguments, batch=batch).equals(records(app, **arguments))
    sizes = [sum(frame.height for frame in made.topics.values()) for made in events(app, **arguments, batch=batch)]
    assert sizes == [batch] * (70_000 // batch) + ([70_000 % batch] if 70_000 % batch else [])


@pytest.mark.parametrize("app", APPS)
def test_another_seed_gives_other_records(app: str) -> None:
    one, other = (records(app, events=2_000, seed=seed) for seed in (1, 2))
    assert not set(one["value"]) & set(other["value"])
    assert not set(one["key"]) & {key for key in other["key"] if not key.startswith(b"user_")}


@pytest.mark.parametrize("app", APPS)
def test_records_come_in_the_order_in_which_they_are_sent(app: str) -> None:
    arguments = {**FAULTY, "events": 70_000}  # more than one block
    sent = START_MS
    for made in events(app, **arguments, batch=5_000):
        for frame in made.topics.values():
            assert frame.schema == {"key": pl.Binary, "value": pl.Binary, "timestamp": pl.Int64}
            assert frame["timestamp"].is_sorted()
            assert frame["timestamp"][0] >= sent
        sent = max(int(frame["timestamp"][-1]) for frame in made.topics.values())
        assert START_MS <= made.first_ms <= made.last_ms < START_MS + 700_000


def test_time_runs_at_the_rate_from_the_start() -> None:
    made = records("web", events=10_001, rate=50, start_ms=1_000_000)
    times = sorted(json.loads(value)["timestamp"] for value in made["value"])
    assert times[0] == 1_000_000
    assert times[-1] == 1_000_000 + 10_000 * 20
    assert times != [json.loads(value)["timestamp"] for value in made["value"]]


def test_it_goes_on_without_end_when_none_is_given() -> None:
    made = list(islice(events("collab", rate=1_000, batch=30_000), 5))
    assert [sum(frame.height for frame in one.topics.values()) for one in made] == [30_000] * 5


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize("app", APPS)
def test_few_records(app: str, count: int) -> None:
    assert [sum(frame.height for frame in made.topics.values()) for made in events(app, events=count)] == [1] * count


@pytest.mark.parametrize("rate", [0.001, 1_000_000])
@pytest.mark.parametrize("app", APPS)
def test_extreme_rates(app: str, rate: float) -> None:
    assert records(app, rate=rate, events=5_000).height == 5_000


TOO_SHORT = (
    "late records are sent 90 s or more after they happened, but 9000 events at 100 a second last 90 s\n"
    "hint: ask for more events, a lower rate, or none that are late"
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"app": "colab"}, "no app 'colab' is simulated\nhint: did you mean collab?"),
        ({"app": "parking"}, "no app 'parking' is simulated\nhint: simulated are collab, web"),
        ({"events": -1}, "events is -1, allowed is a whole number of at least 0"),
        ({"seed": -1}, "seed is -1, allowed is a whole number of at least 0"),
        ({"batch": 0}, "batch is 0, allowed is a whole number of at least 1"),
        ({"rate": 0}, "rate is 0, allowed is 0.001 to 1000000 events a second"),
        ({"late": 5}, "late is 5, allowed is a probability from 0 to 1\nhint: 1 % is late=0.01"),
        (
            {"malformed": math.nan},
            "malformed is nan, allowed is a probability from 0 to 1\nhint: 1 % is malformed=0.01",
        ),
        (
            {"duplicate": 0.6, "malformed": 0.5},
            "late, duplicate and malformed add up to 1.1, allowed is 1 at most\nhint: a record has one fault at most",
        ),
        ({"late": 0.01, "events": 9_000}, TOO_SHORT),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        events(**arguments)
    assert str(caught.value) == message


def _lags(anomaly: float) -> pl.DataFrame:
    parts = []
    for made in events("collab", events=120_000, anomaly=anomaly):
        frame = made.topics["meeting_events"].with_columns(made.anomalous["meeting_events"])
        parts.append(frame.with_columns(pl.col("value").cast(pl.String).str.json_decode(_LAG).struct.unnest()))
    return pl.concat(parts).filter(pl.col("event_type") == "network_lag")


_LAG = pl.Struct({"event_id": pl.String, "meeting_id": pl.String, "event_type": pl.String, "latency_ms": pl.Int64})


def test_a_meeting_with_an_anomaly_is_twelve_times_as_slow_for_half_a_minute() -> None:
    usual, lags = _lags(0.0), _lags(0.5)
    assert not usual["anomalous"].any()
    both = lags.join(usual.select("event_id", "meeting_id", usual="latency_ms"), on=["event_id", "meeting_id"])
    assert both.height == usual.height
    assert both.filter(~pl.col("anomalous") & (pl.col("latency_ms") != pl.col("usual"))).is_empty()
    slow = both.filter(pl.col("anomalous") & (pl.col("latency_ms") < 3_000))
    assert (slow["latency_ms"] // slow["usual"]).is_between(11, 13).all()
    spells = both.filter("anomalous").group_by("meeting_id").agg(pl.col("timestamp").max() - pl.col("timestamp").min())
    assert spells.height > 20
    assert spells["timestamp"].max() < 40_000  # type: ignore[operator]


@pytest.mark.parametrize(
    ("app", "anomaly", "message"),
    [
        ("collab", 1.5, "anomaly is 1.5, allowed is a probability from 0 to 1"),
        ("web", 0.1, "web has no anomalies to simulate"),
    ],
)
def test_anomalies_that_cannot_be(app: str, anomaly: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        events(app, anomaly=anomaly)
