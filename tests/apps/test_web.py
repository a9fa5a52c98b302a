from __future__ import annotations

import ipaddress
import math

import polars as pl

from penstock.apps.web import site
from tests.apps.records import records, told

RUN = {"events": 60_000, "seed": 11}
SHARES = {"PAGE_VIEW": 0.70, "SESSION_START": 0.15, "SESSION_END": 0.10, "CONVERSION": 0.05}


def _share(frame: pl.DataFrame, condition: pl.Expr) -> float:
    return float(frame.select(condition.mean()).item())


def _views() -> pl.DataFrame:
    return told("web", **RUN).filter(pl.col("eventType") == "PAGE_VIEW").unnest("pageViewData")


def _sessions() -> pl.DataFrame:
    """Sessions in the order of their first events, with lists of what happened in them."""
    return (
        told("web", **RUN)
        .with_columns(pl.col("pageViewData").struct.field("url"))
        .group_by("sessionId", maintain_order=True)
        .agg(pl.col("eventType"), pl.col("url").drop_nulls(), pl.col("userId").n_unique().alias("users"))
    )


def test_events_have_all_fields() -> None:
    frame = told("web", **RUN)
    assert frame["eventId"].str.contains("^[0-9a-f]{32}$").all()
    assert frame["eventId"].is_unique().all()
    assert frame["sessionId"].str.contains("^session_[0-9a-f]{8}$").all()
    assert frame.schema["pageViewData"] == pl.Struct(
        {"url": pl.String, "title": pl.String, "referrer": pl.String, "pageLoadTime": pl.Int64}
    )
    assert frame.schema["conversionData"] == pl.Struct({"type": pl.String, "value": pl.Float64, "currency": pl.String})
    session = ["ipAddress", "country", "city", "deviceType", "browser", "os", "userAgent"]
    assert frame.unnest("sessionData").select(session).null_count().sum_horizontal().item() == 0
    for data, kind in (("pageViewData", "PAGE_VIEW"), ("conversionData", "CONVERSION")):
        there = pl.col(data).is_not_null() == (pl.col("eventType") == kind)
        assert frame.select(there.all()).item()


def test_the_key_is_the_user_else_the_session() -> None:
    made = records("web", **RUN)
    keys = dict(zip(made["value"], made["key"], strict=True))
    for value, key in list(keys.items())[:5_000]:
        assert b'"userId":"%b"' % key in value or (b'"userId"' not in value and b'"sessionId":"%b"' % key in value)
    assert abs(_share(told("web", **RUN), pl.col("userId").is_not_null()) - 0.65) < 0.03


def test_addresses_are_of_the_ranges_for_documentation() -> None:
    ranges = [
        ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
    ]
    addresses = told("web", **RUN)["sessionData"].struct.field("ipAddress").unique()
    assert addresses.len() > 1_000
    assert all(any(ipaddress.ip_address(address) in net for net in ranges) for address in addresses)


def test_kinds_of_sessions_give_the_mix() -> None:
    for odds in ([kind.share for kind in site.KINDS], *site.STEPS, [share for share, _ in site.ENTRIES]):
        assert math.isclose(sum(odds), 1)
    pages = sum(kind.share * (kind.least + kind.more + len(kind.tail)) for kind in site.KINDS)
    ends = sum(kind.share * kind.ends for kind in site.KINDS)
    conversions = sum(kind.share for kind in site.KINDS if kind.converts)
    total = 1 + pages + ends + conversions
    mix = {"PAGE_VIEW": pages, "SESSION_START": 1, "SESSION_END": ends, "CONVERSION": conversions}
    for kind, part in mix.items():
        assert abs(part / total - SHARES[kind]) < 0.001


def test_a_long_run_has_the_mix() -> None:
    counts = dict(
        records("web", events=400_000, seed=2).select(_type_of_value()).to_series().value_counts().iter_rows()
    )
    for kind, share in SHARES.items():
        # a run ends in the middle of at most 2,000 sessions, which lack their ends
        assert abs(counts[kind] / 400_000 - share) < 0.006, kind


def _type_of_value() -> pl.Expr:
    return pl.col("value").cast(pl.String).str.extract('"eventType":"([A-Z_]+)"').alias("type")


def test_sessions_start_once_end_last_and_convert_once() -> None:
    sessions = _sessions()
    types = pl.col("eventType")
    assert sessions.select((types.list.first() == "SESSION_START").all()).item()
    for kind in ("SESSION_START", "SESSION_END", "CONVERSION"):
        assert sessions.select((types.list.count_matches(kind) <= 1).all()).item()
    ended = sessions.filter(types.list.contains("SESSION_END"))
    assert ended.select((types.list.last() == "SESSION_END").all()).item()
    assert ended.select((pl.col("url").list.len() > 0).all()).item()
    assert sessions["users"].eq(1).all()


def test_a_third_of_sessions_is_abandoned() -> None:
    sessions = _sessions()[:4_000]  # begun long before the end of the run
    assert abs(_share(sessions, pl.col("eventType").list.contains("SESSION_END")) - 2 / 3) < 0.03


def test_who_buys_has_seen_the_product_the_cart_and_the_checkout() -> None:
    frame = told("web", **RUN)
    bought = (
        frame.filter(pl.col("eventType") == "CONVERSION").unnest("conversionData").filter(pl.col("type") == "PURCHASE")
    )
    assert bought.height > 500
    assert bought["value"].gt(0).all()
    paths = dict(_sessions().select("sessionId", "url").iter_rows())
    for session in bought["sessionId"]:
        path = paths[session]
        at = path.index(site.CHECKOUT)
        assert path[at - 1] == site.CART
        assert path[at - 2].startswith("/products/")
        assert path[at - 2].count("/") == 3
    free = (
        frame.filter(pl.col("eventType") == "CONVERSION").unnest("conversionData").filter(pl.col("type") != "PURCHASE")
    )
    assert free["value"].eq(0).all()


def test_pages_follow_one_another() -> None:
    views = _views().with_columns(pl.col("url").shift().over("sessionId").alias("before"))
    inside = views.filter(pl.col("before").is_not_null())
    assert inside.select((pl.col("referrer") == site.ORIGIN + pl.col("before")).all()).item()
    entries = views.filter(pl.col("before").is_null())
    assert set(entries["referrer"]) == {referrer for _, referrer in site.ENTRIES}
    assert abs(_share(entries, pl.col("referrer").is_null()) - site.ENTRIES[0][0]) < 0.02


def test_the_same_person_keeps_device_and_place() -> None:
    frame = told("web", **RUN).filter(pl.col("userId").is_not_null())
    assert frame.group_by("userId").agg(pl.col("sessionData").n_unique())["sessionData"].eq(1).all()


def test_mobile_pages_load_slower() -> None:
    loads = _views().unnest("sessionData").group_by("deviceType").agg(pl.col("pageLoadTime").median(), pl.len())
    median = {form: value for form, value, _ in loads.iter_rows()}
    assert set(median) == {"DESKTOP", "MOBILE", "TABLET"}
    assert median["DESKTOP"] * 1.2 < median["MOBILE"] < 3_000
