"""Probes of the parts of a project, uptime as computed by hand, and incidents of what is down."""

from __future__ import annotations

import datetime as dt
import threading
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, StorageError, WarehouseError
from penstock.incidents import incidents_of
from penstock.incidents.notification import notifications_of
from penstock.project.definition import read_definition
from penstock.project.health.component import Component, Verdict, components_of
from penstock.project.health.marks import HEALTH_TABLE, marks_of
from penstock.project.health.standing import health_of, uptime_of
from penstock.project.health.uptime import Share, days_until, shares_of, spells_of
from penstock.project.health.watch import HealthWatch
from penstock.project.home import HOME
from penstock.project.opening import open_project
from penstock.project.penstock import Penstock
from penstock.project.warehouse.warehouse import FILE
from tests.cli.shell import PATIENCE, make_project
from tests.incidents.receivers import Receiver
from tests.parts import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3_600_000
NOON = round(dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC).timestamp() * 1000)


def mark(second: int, state: str, *, begins: bool = False, component: str = "disk") -> tuple[object, ...]:
    """A probe that speaks for a minute."""
    return (second * 1000, component, state, 60_000, begins, 0.0, None, "", "")


def spells(now: int, *marks: tuple[object, ...]) -> list[tuple[object, ...]]:
    """(state, first second, the one after the last)."""
    found = spells_of(marks_of(marks), now * 1000)
    return [(state, begin / 1000, end / 1000) for _, state, begin, end in found.iter_rows()]


def test_a_probe_speaks_until_the_next_one_and_no_longer_than_it_holds() -> None:
    every = [mark(0, "up", begins=True), mark(30, "up"), mark(61, "down"), mark(70, "up"), mark(200, "up")]
    assert spells(210, *every) == [
        ("up", 0, 61), ("down", 61, 70), ("up", 70, 130), ("unknown", 130, 200), ("up", 200, 210),
    ]  # fmt: skip
    assert spells(1000, *every)[-2:] == [("up", 200, 260), ("unknown", 260, 1000)]


def test_a_crash_is_unknown_from_the_last_probe_on_and_a_stop_is_not() -> None:
    before = [mark(0, "up", begins=True), mark(30, "up")]
    after = [mark(50, "up", begins=True)]
    assert spells(60, *before, *after) == [("up", 0, 30), ("unknown", 30, 50), ("up", 50, 60)]
    assert spells(60, *before, mark(40, "stopped"), *after) == [("up", 0, 40), ("stopped", 40, 50), ("up", 50, 60)]
    assert spells(9_000, *before, mark(40, "stopped")) == [("up", 0, 40), ("stopped", 40, 9_000)]


def test_shares_of_days_of_23_and_25_hours() -> None:
    zone = ZoneInfo("Europe/Zurich")
    spring = round(dt.datetime(2026, 3, 30, 12, tzinfo=zone).timestamp() * 1000)
    autumn = round(dt.datetime(2026, 10, 26, 12, tzinfo=zone).timestamp() * 1000)
    assert [(e - b) / HOUR for _, b, e in days_until(spring, 3, zone)] == [24, 23, 24]
    (_, _, _), (day, begin, end), (_, today, _) = days_until(autumn, 3, zone)
    assert (str(day), (end - begin) / HOUR) == ("2026-10-25", 25)
    one = pl.DataFrame({"component": ["disk"] * 2, "state": ["up", "down"], "begin": [begin - HOUR, begin + HOUR],
                        "end": [begin + HOUR, today + HOUR]})  # fmt: skip
    assert shares_of(one, [(begin, end), (today, autumn)]) == {
        "disk": [Share(up=HOUR, down=24 * HOUR), Share(down=HOUR)]
    }
    assert Share(up=HOUR, down=24 * HOUR).up_share == 1 / 25
    assert Share(stopped=HOUR).up_share is None


def opened_at(folder: Path, clock: ManualClock) -> Penstock:
    return Penstock(read_definition(folder), folder / HOME, clock)


# -- a project ---------------------------------------------------------------------------------


class Parts:
    """Parts that are as they are told to be, looked at by hand, as processes come and go."""

    def __init__(self, folder: Path, clock: ManualClock, toml: str = "") -> None:
        self.folder = make_project(folder)
        with (self.folder / "penstock.toml").open("a") as file:
            file.write(f"\n[health]\ninterval = '30 s'\nafter = '1 min'\n{toml}")
        self.clock = clock
        self.faults: dict[str, str] = {}
        self.names = ["database", "disk"]
        self.open()

    def open(self) -> None:
        self.penstock = opened_at(self.folder, self.clock)
        self.watch = HealthWatch(self.penstock, [Component(n, partial(self._look, n)) for n in self.names])

    def _look(self, name: str) -> Verdict:
        if name in self.faults:
            raise StorageError(self.faults[name], code="storage")
        return Verdict(True, "", 5.0, "bytes")

    def go(self, looks: int = 1) -> None:
        """So many looks, half a minute before each."""
        for _ in range(looks):
            self.clock.advance(30_000)
            self.watch.look()

    def again(self, *, killed: bool = False) -> None:
        """Another process, ten minutes later; one that is killed writes nothing more."""
        if not killed:
            self.watch.close()
        self.penstock.close()
        self.clock.advance(600_000)
        self.open()

    @property
    def incidents(self) -> list[tuple[str, str, int, int | None, str]]:
        """(rule, state, start, end, description), in seconds after noon."""
        found = incidents_of(self.penstock.log)
        return [
            (
                i.rule,
                i.state,
                (i.start - NOON) // 1000,
                None if i.end is None else (i.end - NOON) // 1000,
                i.description,
            )
            for i in found
        ]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def parts(tmp_path: Path, clock: ManualClock) -> Iterator[Parts]:
    made = Parts(tmp_path / "shop", clock)
    yield made
    made.watch.close()
    made.penstock.close()


def shares(penstock: Penstock) -> dict[str, tuple[float, ...]]:
    """Seconds up, down, unknown and stopped."""
    found = uptime_of(penstock)
    return {
        p.component: tuple(ms / 1000 for ms in (p.share.up, p.share.down, p.share.unknown, p.share.stopped))
        for p in found.parts
    }


def test_uptime_over_faults_a_stop_and_a_crash(parts: Parts, clock: ManualClock) -> None:
    parts.go(10)  # 30 .. 300
    parts.faults["database"] = "no route to host"
    parts.go(3)  # 330 .. 390
    del parts.faults["database"]
    parts.go(2)  # 420, 450
    clock.advance(5_000)
    parts.again()  # stopped from 455 to 1055, and until the first look at 1085
    parts.go(2)  # 1085, 1115
    parts.again(killed=True)  # unknown from 1115 to 1745
    parts.go(1)
    clock.advance(10_000)
    # database: 30-330, 420-455, 1085-1115, 1745-1755 up; 330-420 down
    assert shares(parts.penstock) == {"database": (375, 90, 630, 630), "disk": (465, 0, 630, 630)}
    database, disk = uptime_of(parts.penstock).parts
    assert (database.share.up_share, database.meets(0.995), disk.meets(465 / 1095)) == (375 / 1095, False, True)
    rows = parts.penstock.query("SELECT component, uptime, down_s FROM penstock.uptime ORDER BY 1").rows()
    assert rows == [("database", 375 / 1095, 90), ("disk", 465 / 1095, 0)]
    states = parts.penstock.query("SELECT state, count(*) FROM penstock.health GROUP BY 1 ORDER BY 1").rows()
    assert states == [("down", 3), ("stopped", 2), ("up", 33)]


def test_what_is_down_is_an_incident_until_it_is_up_again(parts: Parts) -> None:
    parts.go()
    parts.faults["database"] = "no route to host"
    parts.go(2)
    assert parts.incidents == [], "for less than a minute"
    parts.go(2)
    assert parts.incidents == [("health.database", "firing", 60, None, "no route to host")]
    parts.again()
    parts.go()
    assert parts.incidents[0][1] == "firing", "the next process knows of it"
    del parts.faults["database"]
    parts.go()
    said = "up again after 750 s; it was: no route to host"
    assert parts.incidents == [("health.database", "resolved", 60, 810, said)]


def test_a_part_that_is_no_more(parts: Parts) -> None:
    parts.faults["database"] = "gone"
    parts.go(3)
    parts.names.remove("database")
    parts.again(killed=True)
    parts.go()
    died = "it ended without being stopped, at most 630 s before it was started again"
    assert parts.incidents == [
        ("health.database", "resolved", 30, 720, "gone"),
        ("health.process", "resolved", 90, 720, died),
    ]
    assert [p.component for p in health_of(parts.penstock).parts] == ["disk"]
    parts.go()
    assert shares(parts.penstock)["database"] == (0, 60, 630, 30), "it is unknown until it was known to be gone"


def test_a_part_that_comes_and_goes_while_it_is_looked_at(parts: Parts) -> None:
    there = [False, True, True, False, True]
    parts.watch.components.append(Component("api", lambda: Verdict(True) if there.pop(0) else None))
    parts.go(5)
    parts.watch.close()
    assert shares(parts.penstock)["api"] == (60, 0, 0, 30), "it is up from 60 to 120, and gone until 150"


def test_the_warehouse_is_a_part_once_it_is_there(tmp_path: Path) -> None:
    with open_project(make_project(tmp_path / "shop")) as penstock:
        (database,) = (c for c in components_of(penstock) if c.name == "database")
        assert database.look() is None
        penstock.warehouse.database()
        assert database.look() == Verdict(True)
        penstock.warehouse.close()
        assert penstock.home is not None
        (penstock.home / FILE).write_text("no database")
        with pytest.raises(WarehouseError, match="cannot be opened"):
            database.look()


def test_health_as_of_now(parts: Parts, clock: ManualClock) -> None:
    assert health_of(parts.penstock).state == "unknown"
    parts.go(2)
    parts.faults["disk"] = "full"
    parts.go()
    found = health_of(parts.penstock)
    assert (found.state, [(p.component, p.state, p.since - NOON, p.value, p.detail) for p in found.parts]) == (
        "down",
        [("database", "up", 30_000, 5.0, ""), ("disk", "down", 90_000, None, "full")],
    )
    clock.advance(60_001)
    assert [p.state for p in health_of(parts.penstock).parts] == ["unknown", "unknown"]
    parts.watch.close()
    assert health_of(parts.penstock).state == "stopped"


def test_what_a_clock_that_was_ahead_has_found_is_not_how_it_is_now(parts: Parts, clock: ManualClock) -> None:
    parts.faults["disk"] = "full"
    clock.advance(86_400_000)
    parts.go()
    clock.advance(-86_400_000)
    del parts.faults["disk"]
    parts.go()
    assert [(p.component, p.state, p.probed, p.detail) for p in health_of(parts.penstock).parts] == [
        ("database", "up", clock.now_ms(), ""),
        ("disk", "up", clock.now_ms(), ""),
    ]


def test_one_that_does_not_answer_is_down_and_keeps_no_other_waiting(parts: Parts) -> None:
    go_on, asked = threading.Event(), []

    def stuck() -> Verdict:
        asked.append(1)
        assert go_on.wait(60)
        return Verdict(True)

    parts.watch.components.append(Component("api", stuck))
    for _ in range(2):
        parts.watch.look(patience=0.05)
    assert [(p.component, p.state, p.detail) for p in health_of(parts.penstock).parts] == [
        ("api", "down", "it has not answered for 0.05 s"), ("database", "up", ""), ("disk", "up", ""),
    ]  # fmt: skip
    assert len(asked) == 1
    go_on.set()


def test_one_that_breaks_is_down_with_its_error(parts: Parts) -> None:
    parts.watch.components.append(Component("api", lambda: Verdict(up=bool(1 // 0))))
    parts.go()
    assert [p.detail for p in health_of(parts.penstock).parts if p.component == "api"] == [
        "ZeroDivisionError: integer division or modulo by zero"
    ]


def test_what_could_not_be_written_is_written_later(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    parts.go()

    def full(*_: object) -> None:
        raise StorageError("the disk is full", code="storage-full")

    with monkeypatch.context() as patched:
        patched.setattr(type(parts.penstock.log.tables), "append", full)
        parts.faults["disk"] = "full"
        parts.go(2)
    del parts.faults["disk"]
    parts.go()
    assert shares(parts.penstock)["disk"] == (30, 60, 0, 0)


def test_the_parts_of_a_real_project(tmp_path: Path) -> None:
    with open_project(make_project(tmp_path / "shop")) as penstock:
        watch = HealthWatch(penstock)
        watch.look(patience=PATIENCE)
        found = {part.component: part for part in health_of(penstock).parts}
        assert [(name, found[name].state) for name in ("cpu", "disk", "log", "memory")] == [
            ("cpu", "up"), ("disk", "up"), ("log", "up"), ("memory", "up"),
        ]  # fmt: skip
        assert 0 <= (found["cpu"].value or 0) <= 1
        assert (found["disk"].value or 0) > 1 << 20
        watch.close()


@pytest.mark.parametrize(
    ("toml", "name", "words"),
    [
        ("[health]\ndisk-free = '900 tb'", "disk", "are to be (disk-free in [health])"),
        ("[health]\nmemory-free = 1", "memory", "are available (memory-free in [health])"),
        ("[log]\nleast-free = '900 tb'", "log", "the disk under the log has"),
    ],
)
def test_why_a_part_is_down(tmp_path: Path, toml: str, name: str, words: str) -> None:
    folder = make_project(tmp_path / "shop")
    with (folder / "penstock.toml").open("a") as file:
        file.write(f"\n{toml}\n")
    with open_project(folder) as penstock:
        watch = HealthWatch(penstock, [c for c in components_of(penstock) if c.name == name])
        watch.look()
        (part,) = health_of(penstock).parts
        assert part.state == "down"
        assert words in part.detail


def test_processors_are_down_when_they_were_busy_for_five_minutes(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = [0, 0]
    monkeypatch.setattr("penstock.project.health.component.processor_ticks", lambda: tuple(ticks))
    with opened_at(make_project(tmp_path / "shop"), clock) as penstock:
        (cpu,) = (c for c in components_of(penstock) if c.name == "cpu")

        def minute(busy: int) -> Verdict:
            clock.advance(60_000)
            ticks[0] += busy
            ticks[1] += 100
            found = cpu.look()
            assert found is not None
            return found

        assert [minute(100).up for _ in range(5)] == [True, True, True, True, False]
        assert minute(100).detail == "100.0% busy over five minutes (cpu in [health])"
        found = minute(50)
        assert (found.up, found.value, found.unit) == (True, 0.5, "share")


def test_the_channels_of_health_are_told(tmp_path: Path, clock: ManualClock) -> None:
    with Receiver() as receiver:
        toml = f'notify = ["ops"]\n[notify.ops]\ntype = "webhook"\nurl = "{receiver.url}"\n'
        parts = Parts(
            tmp_path / "shop",
            clock,
            toml + '[network]\nallow = ["127.0.0.1"]\n[server]\nurl = "https://example.com/p/"',
        )
        with parts.penstock:
            parts.faults["disk"] = "full"
            parts.go(3)
            parts.penstock.notices.start()
            receiver.wait(1)
            parts.faults.clear()
            parts.go()
            fired, over = receiver.wait(2)
            assert [(g.body["state"], g.body["incident"]["title"]) for g in (fired, over)] == [
                ("firing", "disk is down"), ("resolved", "disk is down"),
            ]  # fmt: skip
            (incident,) = incidents_of(parts.penstock.log)
            assert fired.body["link"] == f"https://example.com/p/alerts?incident={incident.id}"
            parts.penstock.notices.stop()
            assert [n.status for n in notifications_of(parts.penstock.log)] == ["sent", "sent"]
            parts.penstock.alerts.silence("health.disk", {}, 60_000)
            with pytest.raises(ConfigError) as raised:
                parts.penstock.alerts.silence("health.dsk", {}, 60_000)
            assert (raised.value.message, raised.value.hint) == ("there is no part 'dsk'", "did you mean disk?")


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("interval = '10 ms'", "option 'interval' is 10 ms, and a part is probed once a second at most"),
        ("notify = ['ops']", "there is no channel 'ops'"),
        ("target = 99.5", "option 'target' is '99.5', allowed is a number from 0 to 1"),
    ],
)
def test_settings_that_do_not_fit(tmp_path: Path, toml: str, words: str) -> None:
    folder = make_project(tmp_path / "shop")
    with (folder / "penstock.toml").open("a") as file:
        file.write(f"\n[health]\n{toml}\n")
    with pytest.raises(ConfigError) as raised:
        open_project(folder)
    assert words in str(raised.value)
    assert "penstock.toml, [health]" in str(raised.value)


def test_days_that_are_none(parts: Parts) -> None:
    with pytest.raises(ConfigError, match="0 days are asked for, allowed are 1 to 400"):
        uptime_of(parts.penstock, 0)


def test_a_project_that_runs_is_probed_and_its_end_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.project.health.watch._FIRST_SECONDS", 0.0)
    with open_project(make_project(tmp_path / "shop")) as penstock:
        penstock.start()
        until(lambda: HEALTH_TABLE in penstock.log.tables.names(), "nothing is probed")
        assert health_of(penstock).state in ("up", "down")
        penstock.stop()
        assert health_of(penstock).state == "stopped"
