"""`penstock alert`, with a process that runs the project and without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from penstock.incidents import incidents_of
from penstock.project.opening import open_project
from penstock.server.serve import Serving
from tests.cli.shell import call
from tests.parts import until
from tests.project.test_alerts import SLOW, make, samples

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A project with a rule, one that is wrong, and an incident that fires; nothing runs it."""
    folder = make(tmp_path / "calls", slow=SLOW, bad="table = 'latency'\nwhen = 'msec > 2'")
    with open_project(folder) as project:
        project.append("latency", samples("a", (0, 300), (60, 300), (66, 300)))
        project.start()
        until(lambda: any(i.state == "firing" for i in incidents_of(project.log)), "it does not fire")
    return folder


def lines(*args: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in call(*args, "--format", "json").out.splitlines()]


def test_rules_are_listed_with_how_they_are(calls: Path) -> None:
    listed = call("alert", "list", calls)
    assert "bad is wrong: there is no column 'msec'" in listed.err
    one = {"name": "slow", "severity": "warning", "state": "stopped", "firing": 1, "pending": 0, "notify": ""}
    assert lines("alert", "list", calls)[1] == one
    with open_project(calls) as project:
        project.start()
        with Serving(project, port=0) as serving:
            serving.wait()
            assert lines("alert", "list", calls) == [
                {"name": "bad", "severity": "warning", "state": "wrong", "firing": 0, "pending": 0, "notify": ""},
                one | {"state": "firing"},
            ]
    shown = call("alert", "show", calls, "slow").out
    assert shown.startswith("Slow: {meeting}: stopped (no engine runs it)\n  firing       slow-")
    assert shown.endswith(SLOW)


def test_a_test_says_when_it_would_have_fired(calls: Path) -> None:
    tested = call("alert", "test", calls, "slow", "--format", "json")
    assert [json.loads(line) for line in tested.out.splitlines()] == [
        {
            "key": '{"meeting":"a"}',
            "start": "2026-03-01 12:00:00.000Z",
            "fired": "2026-03-01 12:01:00.000Z",
            "end": None,
            "title": "Slow: a",
            "description": "300.0 ms",
        }
    ]
    assert tested.err == "it would have fired 1 time\n"
    assert not lines("alert", "test", calls, "slow", "--since", "2026-03-01T12:01:01Z")
    assert not lines("alert", "test", calls, "slow", "--until", "2026-03-01T13:01:00+01:00")
    wrong = call("alert", "test", calls, "slow", "--since", "noon")
    assert "'noon' is no time with its zone, such as 2026-01-31T12:00:00Z" in wrong.err
    assert call("alert", "test", calls, "sloe").err == (
        "error[alert-unknown]: there is no alert 'sloe'\nhint: did you mean slow?\n"
    )


def test_an_incident_is_acknowledged_once(calls: Path) -> None:
    (incident,) = lines("alert", "incidents", calls)
    assert (incident["state"], incident["title"]) == ("firing", "Slow: a")
    done = call("alert", "ack", calls, incident["id"], "--by", "kim")
    assert done.out == f"{incident['id']} is acknowledged: Slow: a\n"
    again = call("alert", "ack", calls, incident["id"])
    assert again.err == (
        f"error[incident-state]: incident {incident['id']} is acknowledged, and only one that is firing can be"
        " acknowledged\n"
    )
    assert call("alert", "ack", calls, "slow-1").err == (
        "error[incident-unknown]: there is no incident 'slow-1'\nhint: none is firing\n"
    )
    (now,) = lines("alert", "incidents", calls, "--rule", "slow", "--state", "acknowledged")
    assert now["by"] == "kim"
    first, *steps = call("alert", "incident", calls, incident["id"]).out.splitlines()
    assert first == "Slow: a: acknowledged"
    assert [step.split()[0] for step in steps] == ["pending", "firing", "acknowledged"]
    assert "  300.0 ms" in steps[1]
    assert steps[2].endswith("  kim")
    assert call("alert", "incident", calls, "slow-1").err.startswith("error[incident-unknown]")
    assert not lines("alert", "incidents", calls, "--rule", "other")


def test_a_silence_is_begun_listed_and_ended(calls: Path) -> None:
    assert call("alert", "silence", calls).out == "there is no silence\n"
    begun = call("alert", "silence", calls, "slow", "--key", "meeting=a", "--for", "2 h", "--by", "kim").out
    identity = begun.split()[1].rstrip(":")
    assert begun == f"silence {identity}: nobody is told of slow's incidents for 2 h\n"
    assert call("alert", "silence", calls).out == f"{identity}  slow  meeting=a  120 minutes left  kim\n"
    assert call("alert", "silence", calls, "--end", identity).out == f"silence {identity} has ended\n"
    assert call("alert", "silence", calls, "--end", identity).err == (
        f"error[silence-unknown]: there is no silence '{identity}'\nhint: there is none\n"
    )
    assert "a silence has an end: --for '2 h'" in call("alert", "silence", calls, "slow").err
    assert (
        "--key takes COLUMN=VALUE, this is 'a'"
        in call("alert", "silence", calls, "slow", "--for", "1 h", "--key", "a").err
    )


def test_a_check_finds_what_is_wrong_with_a_rule(calls: Path) -> None:
    assert "there is no column 'msec'" in call("check", calls).out
