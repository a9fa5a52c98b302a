"""What is told of a job's runs: over the channels that notify it, by a real mail server and real receivers."""

from __future__ import annotations

from email import message_from_string
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import ConfigError
from penstock.incidents import incidents_of
from penstock.incidents.notification import notifications_of
from tests.incidents.receivers import Mailbox, Receiver, trusted
from tests.jobs.worlds import make, opened, settled

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.jobs import Run
    from penstock.project.penstock import Penstock

NIGHT = """
[jobs.night]
kind = "command"
command = ["sh", "-c", "echo looking for ok; test -e ok"]
retries = 1
notify = { failure = ["mail", "pager"], success = ["chat", "pager"] }
"""


def channels(box: Mailbox, receiver: Receiver) -> str:
    return f"""
[server]
url = "https://penstock.example.com"
[network]
allow = ["127.0.0.1", "localhost"]
[notify.mail]
type = "email"
host = "localhost"
port = {box.port}
user = "penstock"
password = "${{MAIL}}"
from = "penstock@example.com"
to = ["ops@example.com"]
[notify.pager]
type = "pagerduty"
routing-key = "${{PAGER}}"
url = "{receiver.url}"
[notify.chat]
type = "slack"
url = "{receiver.url}"
"""


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    monkeypatch.setenv("MAIL", "pa55")
    monkeypatch.setenv("PAGER", "r0ute")
    return trusted(tmp_path, monkeypatch)


def test_a_night_that_fails_twice_and_then_does_well(tmp_path: Path, certificate: ssl.SSLContext) -> None:
    with Mailbox(certificate, ("penstock", "pa55")) as box, Receiver() as receiver:
        folder = make(tmp_path / "shop", NIGHT, channels(box, receiver))
        with opened(folder) as penstock:
            first, _ = done(penstock), done(penstock)
            (incident,) = incidents_of(penstock.log)
            assert (incident.rule, incident.state, incident.start, incident.fired) == (
                "job.night", "firing", first.began, first.ended,
            )  # fmt: skip
            (folder / "ok").touch()
            last = done(penstock)
            assert [i.state for i in incidents_of(penstock.log)] == ["resolved"]
        failed, well = (message_from_string(mail, policy=default) for mail in box.mails)
        told = [(got.body.get("event_action"), got.body.get("text")) for got in receiver.got]
    assert (failed["Subject"], well["Subject"]) == (
        "[CRITICAL] Job night has failed (shop)", "[RESOLVED] Job night has failed (shop)",
    )  # fmt: skip
    text = failed.get_content().replace("\r\n", "\n")
    for words in (
        "step command: sh exited with code 1\n",
        f"run: {first.id}\n",
        "step: command\n",
        "attempts: 2\n",
        f"look: https://penstock.example.com/runs/{first.id}\n",
        "log:\nattempt 1\ncommand: looking for ok\n",
    ):
        assert words in text
    assert f"run {last.id} has done well" in well.get_content()
    assert told == [("trigger", None), ("resolve", None), (None, "[DONE] Job night is done (shop)")]


def done(penstock: Penstock) -> Run:
    """A run to its end, and who is to be told was told."""
    ended = settled(penstock, penstock.jobs.begin("night", {}).id)
    penstock.notices.tell()
    return ended


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Penstock]:
    with Receiver() as receiver:
        more = f'[network]\nallow = ["127.0.0.1"]\n[notify.ops]\ntype = "webhook"\nurl = "{receiver.url}"\n'
        jobs = """
[jobs.check]
kind = "check"
query = "SELECT 1 FROM orders"
consequence = "warn"
notify.success = ["ops"]

[jobs.stopped]
kind = "command"
command = ["sh", "-c", "exit 1"]
retries = 0
"""
        with opened(make(tmp_path / "shop", jobs, more)) as penstock:
            yield penstock


def test_a_summary_says_what_was_left_undone_and_what_the_steps_did(shop: Penstock) -> None:
    shop.append("orders", [{"id": 1, "amount": 2.0}])
    settled(shop, shop.jobs.begin("check", {}).id)
    (note,) = [i for i in _known(shop) if i["kind"] == "summary"]
    assert (note["title"], note["severity"], note["state"]) == ("Job check is done in part", "warning", "resolved")
    assert note["description"].startswith("1 row")
    shop.notices.tell()
    assert [(n.state, n.channel, n.status) for n in notifications_of(shop.log)] == [("told", "ops", "sent")]


def test_one_that_was_cancelled_is_no_incident(shop: Penstock) -> None:
    run = shop.jobs.begin("stopped", {})
    shop.jobs.cancel(run.id)
    assert _known(shop) == []
    assert settled(shop, shop.jobs.begin("stopped", {}).id).state == "failed"
    assert [i["state"] for i in _known(shop)] == ["firing"]
    shop.alerts.silence("job.stopped", {}, 60_000)
    with pytest.raises(ConfigError, match="there is no job 'stoped'"):
        shop.alerts.silence("job.stoped", {}, 60_000)


def test_a_channel_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    jobs = '[jobs.a]\nkind = "upkeep"\nnotify = { failure = ["opps"] }\n[jobs.b]\nkind = "upkeep"\nnotify.failed = []\n'
    with opened(make(tmp_path / "shop", jobs, '[notify.ops]\ntype = "webhook"\nurl = "http://x/"\n')) as penstock:
        wrong, unknown = (str(one.error) for one in penstock.jobs.file.listed())
    assert wrong == "there is no channel 'opps'\njobs.toml:3\nhint: did you mean ops?"
    assert unknown == "unknown option 'failed'\njobs.toml:6\nhint: did you mean failure?"


def test_a_scheduler_that_does_not_look_is_down(shop: Penstock, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.start()
    watch, scheduler = shop.health, shop.jobs.scheduler
    assert watch is not None
    assert scheduler is not None
    (part,) = (c for c in watch.components if c.name == "scheduler")
    there = part.look()
    assert there is not None
    assert there.up
    shop.jobs.stop()
    assert part.look() is None
    scheduler.ticked -= 31_000
    monkeypatch.setattr(shop.jobs, "_scheduler", scheduler)
    found = part.look()
    monkeypatch.setattr(shop.jobs, "_scheduler", None)
    assert found is not None
    assert (found.up, found.detail) == (False, "it has not looked for 31 s at what is due")


def _known(penstock: Penstock) -> list[dict[str, str]]:
    """What the topic of incidents has, each as it is now."""
    import orjson

    if not penstock.log.has("__incidents"):
        return []
    values = [orjson.loads(v) for f in penstock.log.read("__incidents", columns=("value",)) for v in f["value"]]
    return [*{value["id"]: value for value in values}.values()]
