"""A rule over an hour of rows, run by processes that are killed: what fired is what a test of it finds, and each
incident is told once, or again under the same key.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from penstock.incidents import incidents_of
from penstock.incidents.notification import notifications_of
from penstock.project.alerts.backtest import backtest
from penstock.project.opening import open_project
from tests.cli.shell import started
from tests.incidents.receivers import Receiver
from tests.parts import until
from tests.project.test_alerts import SLOW, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.project.penstock import Penstock

KILLS = 6
EVERY_SECONDS = 5
ROOMS = "abcdef"


def hour(now_ms: int) -> list[dict[str, object]]:
    """Values of some rooms, every few seconds of the hour before; each is slow for some minutes at a time."""
    chance = random.Random(4)
    slow = dict.fromkeys(ROOMS, False)
    rows: list[dict[str, object]] = []
    for second in range(0, 3_300, EVERY_SECONDS):
        for room in ROOMS:
            slow[room] ^= chance.random() < 0.03
            ms = chance.uniform(200, 400) if slow[room] else chance.uniform(10, 190)
            moment = now_ms - 3_400_000 + (second - chance.randint(0, 4)) * 1000
            text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment / 1000))
            rows.append({"meeting": room, "ms": ms, "ts": text})
    return rows


def fired(project: Penstock) -> list[tuple[str, int, int | None]]:
    found = [(i.key["meeting"], i.start, i.end) for i in incidents_of(project.log) if i.fired is not None]
    return sorted(found, key=str)


def found_again(project: Penstock) -> list[tuple[str, int, int | None]]:
    found = [
        (row["key"][12:13], int(row["start"].timestamp() * 1000), row["end"] and int(row["end"].timestamp() * 1000))
        for row in backtest(project, project.alerts.get("slow")).to_dicts()
    ]
    return sorted(found, key=str)


@pytest.mark.real
def test_each_incident_is_found_and_told_once_through_kills(tmp_path: Path, tell: Callable[[str], None]) -> None:
    chance = random.Random(9)
    with Receiver([chance.choice([200, 200, 503, 0]) for _ in range(40)]) as receiver:
        answers = [*receiver.answers]
        toml = f'[network]\nallow = ["127.0.0.1"]\n[notify.ops]\ntype = "webhook"\nurl = "{receiver.url}"\n'
        folder = make(tmp_path / "calls", toml, slow=SLOW + 'notify = ["ops"]\n')
        with open_project(folder) as project:
            rows = hour(project.clock.now_ms())
            share = len(rows) // KILLS + 1
            for part in range(KILLS):
                child = started("run", folder, "--no-serve")
                before = len(receiver.got)
                project.append("latency", rows[part * share : (part + 1) * share])
                receiver.wait(before + 1)
                time.sleep(chance.uniform(0, 0.4))  # at whatever moment
                child.kill()
                child.communicate()
            child = started("run", folder, "--no-serve")
            until(
                lambda: (
                    found_again(project) == fired(project)
                    and len(told := notifications_of(project.log)) >= len(fired(project))
                    and all(n.settled for n in told)
                ),
                "not all is found and told",
            )
            child.terminate()
            child.communicate()
            live = fired(project)
            assert live == found_again(project)
            ids = {i.id: i for i in incidents_of(project.log) if i.fired is not None}
    assert len(live) > 20
    attempts = defaultdict(list)
    for got, answer in zip(receiver.got, [*answers, *[200] * len(receiver.got)], strict=False):
        attempts[got.headers["idempotency-key"]].append((answer, got.body["repeat"]))
    assert {key for key in attempts if key.endswith(":firing")} == {f"{identity}:firing" for identity in ids}
    assert {key for key in attempts if key.endswith(":resolved")} == {
        f"{i}:resolved" for i, one in ids.items() if one.state == "resolved"
    }
    again = 0
    for of in attempts.values():
        for n, (_, repeat) in enumerate(of):
            arrived = any(answer != 503 for answer, _ in of[:n])
            assert repeat or not arrived, of
            again += arrived
    tell(f"{len(live)} incidents, {KILLS} kills, {len(receiver.got)} messages, {again} of them marked as repeats")
