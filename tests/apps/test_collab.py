from __future__ import annotations

import polars as pl

from tests.apps.records import records, told

RUN = {"events": 120_000, "seed": 11}
FIELDS = {
    "user_events": ["event_id", "user_id", "meeting_id", "event_type", "timestamp"],
    "chat_events": ["event_id", "user_id", "meeting_id", "event_type", "message_length", "timestamp"],
    "meeting_events": ["event_id", "user_id", "meeting_id", "event_type", "latency_ms", "packet_loss", "timestamp"],
}


def _share(condition: pl.Expr, of: pl.Expr | None = None) -> float:
    frame = told("collab", **RUN)
    return float((frame if of is None else frame.filter(of)).select(condition.mean()).item())


def test_events_have_the_fields_of_their_topic_and_no_others() -> None:
    for (topic,), part in told("collab", **RUN).group_by("topic"):
        filled = [s.name for s in part.drop("topic", "sent") if s.null_count() < part.height]
        assert sorted(filled) == sorted(FIELDS[str(topic)])
        assert part["event_id"].str.contains("^[0-9a-f]{32}$").all()
        assert part["user_id"].str.contains("^user_(0[0-9]{3}|1000)$").all()
        assert part["meeting_id"].str.contains("^meeting_[0-9a-f]{8}$").all()
    assert told("collab", **RUN)["event_id"].is_unique().all()


def test_optional_fields_stand_where_they_mean_something() -> None:
    frame = told("collab", **RUN)
    message, lag = pl.col("event_type") == "message", pl.col("event_type") == "network_lag"
    assert frame.select((pl.col("message_length").is_not_null() == message).all()).item()
    assert frame.select((pl.col("latency_ms").is_not_null() == lag).all()).item()
    assert frame.select((pl.col("packet_loss").is_not_null() == lag).all()).item()
    assert frame.select(pl.col("message_length").is_between(1, 2_000).all()).item()
    assert frame.select(pl.col("packet_loss").is_between(0, 100).all()).item()


def test_the_key_is_the_meeting() -> None:
    made = records("collab", **RUN)
    assert made.select((pl.col("value").bin.contains(pl.col("key"))).all()).item()
    assert made["key"].cast(pl.String).str.starts_with("meeting_").all()


def test_people_join_before_they_do_anything_and_leave_once() -> None:
    frame = told("collab", **RUN)
    for _, person in frame.group_by("meeting_id", "user_id", maintain_order=True):
        types = person["event_type"]
        moves = types.filter(types.is_in(["join", "leave"]))
        assert moves[::2].eq("join").all()
        assert moves[1::2].eq("leave").all()
        here = types.eq("join").cum_sum() - types.eq("leave").cum_sum()
        assert (here >= types.ne("leave").cast(pl.Int32)).all()


def test_meetings_start_with_a_join_and_end_with_the_last_leave() -> None:
    frame = told("collab", **RUN)
    meetings = frame.group_by("meeting_id").agg(
        pl.col("event_type").first().alias("first"),
        pl.col("event_type").last().alias("last"),
        pl.col("user_id").filter(pl.col("event_type") == "join").n_unique().alias("size"),
        (pl.col("timestamp").max() - pl.col("timestamp").min()).alias("ms"),
        (pl.col("event_type").eq("join").sum() - pl.col("event_type").eq("leave").sum()).cast(pl.Int64).alias("left"),
    )
    assert meetings["first"].eq("join").all()
    over = meetings.filter(pl.col("left") == 0)
    assert over["last"].eq("leave").all()
    assert over["size"].is_between(2, 10).all()
    assert over.select(pl.col("ms").median()).item() > 60_000
    # those that are still going on when the run ends: one in each room
    assert 6 <= meetings.height - over.height <= 12


def test_nobody_is_in_two_meetings_at_once() -> None:
    stays = (
        told("collab", **RUN)
        .filter(pl.col("event_type").is_in(["join", "leave"]))
        .with_columns(pl.col("event_type").replace_strict({"join": 1, "leave": -1}, return_dtype=pl.Int8).alias("step"))
    )
    present = stays.select(pl.col("step").cum_sum().over("user_id"))
    assert present["step"].max() == 1


def test_video_starts_and_stops_by_turns_while_one_is_there() -> None:
    video = told("collab", **RUN).filter(pl.col("event_type").is_in(["join", "video_start", "video_stop"]))
    stay = pl.col("event_type").eq("join").cum_sum().over("meeting_id", "user_id").alias("stay")
    turns = video.with_columns(stay).filter(pl.col("event_type") != "join")
    for _, one in turns.group_by("meeting_id", "user_id", "stay", maintain_order=True):
        assert one["event_type"][::2].eq("video_start").all()
        assert one["event_type"][1::2].eq("video_stop").all()
    assert turns.filter(pl.col("event_type") == "video_stop").height > 100


def test_activity_is_seven_parts_chat_to_three_of_meeting_events() -> None:
    activity = pl.col("topic") != "user_events"
    assert abs(_share(pl.col("topic") == "chat_events", activity) - 0.70) < 0.04
    assert abs(_share(pl.col("event_type") == "message", pl.col("topic") == "chat_events") - 0.75) < 0.01
    assert abs(_share(pl.col("event_type") == "network_lag", pl.col("topic") == "meeting_events") - 0.90) < 0.01


def test_networks_are_good_fair_and_poor_and_change() -> None:
    windows = (
        told("collab", **RUN)
        .filter(pl.col("event_type") == "network_lag")
        .group_by("meeting_id", pl.col("timestamp") // 60_000)
        .agg(pl.col("latency_ms", "packet_loss").mean(), pl.len())
        .filter(pl.col("len") >= 10)
        .with_columns(
            health=1 + (pl.col("latency_ms") > 100).cast(pl.Int8) + (pl.col("latency_ms") > 200).cast(pl.Int8)
        )
    )
    good, fair, poor = windows["health"].value_counts(normalize=True).sort("health")["proportion"]
    assert good > 0.4
    assert fair > 0.1
    assert poor > 0.05
    good, fair, poor = windows.group_by("health").agg(pl.col("packet_loss").mean()).sort("health")["packet_loss"]
    assert good < 1 < fair < poor
    changing = windows.group_by("meeting_id").agg(pl.col("health").n_unique(), pl.len()).filter(pl.col("len") >= 4)
    assert changing.select((pl.col("health") > 1).mean()).item() > 0.3


def test_meetings_at_once_grow_with_the_rate() -> None:
    for rate, rooms in ((100, 12), (1_000, 120)):
        frame = told("collab", events=rate * 60, rate=rate)
        last = frame.filter(pl.col("timestamp") > pl.col("timestamp").max() - 20_000)
        assert 0.7 * rooms <= last["meeting_id"].n_unique() <= 1.5 * rooms
