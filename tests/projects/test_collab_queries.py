"""The saved queries of `collab`: live results and what was before, in one question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from penstock.apps import START_MS, history
from penstock.project.saved_query import queries_of, read_saved
from tests.projects.folders import laid_out
from tests.projects.meetings import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.project.penstock import Penstock

MEETING = "meeting_one"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Penstock]:
    """One meeting of eight people of several organisations, and a week of history before."""
    folder = laid_out("collab", tmp_path_factory.mktemp("queries") / "collab")
    with opened(folder) as made:
        for table, rows in history(days=10, until_ms=START_MS).items():
            made.fill(table, rows)
        users = [f"user_{n:04}" for n in range(1, 9)]
        made.append("user_events", [_event(f"j{u}", u, "join", n) for n, u in enumerate(users)])
        made.append("chat_events", [_event(f"m{n}", users[n % 8], "message", 20 + n) for n in range(50)])
        lags = [
            _event(f"l{n}", users[n], "network_lag", 30 + n) | {"latency_ms": 80, "packet_loss": 0.5} for n in range(8)
        ]
        made.append("meeting_events", lags)
        made.run(bounded=True)
        yield made


def _event(number: str, user: str, kind: str, second: int) -> dict[str, Any]:
    time = START_MS + second * 100
    return {"event_id": number, "user_id": user, "meeting_id": MEETING, "event_type": kind, "timestamp": time}


def _asked(project: Penstock, name: str, **parameters: Any) -> list[dict[str, Any]]:
    saved = read_saved(queries_of(project.folder).read(name))
    return project.query(saved.sql, parameters=saved.values(parameters)).dicts()


def test_the_worked_example_of_engagement(project: Penstock) -> None:
    found = project.query(
        "SELECT active_users, message_count, avg_latency_ms, engagement_score FROM meeting_metrics_1m"
    )
    assert found.rows() == [(8, 50, 80.0, 69.2)]


def test_meetings_of_the_last_hour_and_whose_they_are(project: Penstock) -> None:
    (row,) = _asked(project, "meeting_health")
    owner = "SELECT organization_name FROM user_profiles JOIN organization_plans USING (organization_id)"
    ((name,),) = project.query(f"{owner} WHERE user_id = 'user_0001'").rows()
    assert (row["meeting_id"], row["organization_name"]) == (MEETING, name), "that of the first joiner"
    assert (row["meeting_health"], row["engagement"], row["messages"]) == ("good", "Medium", 50)
    assert _asked(project, "meeting_health", organization="org_none") == []


def test_engagement_counts_each_day_once(project: Penstock) -> None:
    found = {row["user_id"]: row for row in _asked(project, "user_engagement")}
    before = project.query(
        "SELECT CAST(sum(meetings_attended) AS BIGINT), CAST(sum(total_messages) AS BIGINT) FROM user_activity_summary"
        " WHERE user_id = 'user_0001' AND activity_date >= DATE '2024-12-26'"
    ).rows()[0]
    one = found["user_0001"]
    live = sum(1 for n in range(50) if n % 8 == 0)
    assert (one["meetings"], one["messages"]) == (before[0] + 1, before[1] + live)
    assert one["score"] == one["meetings"] * 10 + one["messages"] * 0.5
    ranks = [r["rank_in_organization"] for r in found.values() if r["organization_name"] == one["organization_name"]]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    bounds = {"Power": (500, 1e9), "Active": (200, 500), "Regular": (50, 200), "Inactive": (-1, 50)}
    assert all(bounds[r["segment"]][0] < r["score"] <= bounds[r["segment"]][1] for r in found.values())


@pytest.mark.parametrize("rule", ["high_latency", "low_engagement", "processing_lag"])
def test_rules_find_nothing_where_all_is_well(project: Penstock, rule: str) -> None:
    assert _asked(project, rule) == []


def test_rules_find_what_is_below_their_bounds(project: Penstock) -> None:
    assert _asked(project, "low_engagement", minutes=1, below=70.0)[0]["meeting_id"] == MEETING
