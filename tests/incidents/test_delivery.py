"""Who is told of what, how often, and when not: over real receivers that fail as they are told."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from dataclasses import asdict
from email import message_from_string
from email.policy import default
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.core.clock import ManualClock
from penstock.incidents import INCIDENTS, Incident, ensure_incidents, incidents_of
from penstock.incidents.channel import Channel
from penstock.incidents.delivery import Delivery
from penstock.incidents.incident import record_of
from penstock.incidents.message import REPEATED
from penstock.incidents.notification import notifications_of
from penstock.incidents.policy import Policy
from penstock.incidents.silence import begin_silence, end_silence
from penstock.log import Log
from tests.incidents.receivers import Mailbox, Receiver, trusted

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.incidents.notification import Notification

NOON = round(dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC).timestamp() * 1000)
ALLOW = ("127.0.0.1", "localhost")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def log(clock: ManualClock) -> Iterator[Log]:
    with Log.open(None, clock=clock) as opened:
        ensure_incidents(opened)
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


ANEW = pytest.mark.parametrize("anew", [False, True], ids=["one process", "restarted at each step"])


class Told:
    """A delivery by hand: no threads, and time passes when it is told to. `anew`: each step is another process's."""

    def __init__(
        self,
        log: Log,
        clock: ManualClock,
        channel: Channel,
        allow: tuple[str, ...] = ALLOW,
        *,
        anew: bool = False,
        **policy: Any,
    ) -> None:
        self.log, self.clock, self.channel, self.allow, self.anew = log, clock, channel, allow, anew
        self.policy = Policy(channels=(channel.name,), **policy)
        self.begin()

    def begin(self) -> None:
        """As a process that starts: all that it knows is in the log."""
        named = {self.channel.name: self.channel}
        self.delivery = Delivery(self.log, self.clock, "shop", named, lambda _: self.policy, self.allow)
        self.delivery.restore()
        self.looked: dict[str, int] = {}

    def go(self, seconds: int = 0) -> list[Notification]:
        """Let time pass, and do all that is due: what became of all notifications."""
        self.clock.advance(seconds * 1000)
        self._next()
        self.delivery.plan()
        self._next()
        while self.delivery.send_next(self.channel, self.looked):
            self._next()
        return notifications_of(self.log)

    def _next(self) -> None:
        if self.anew:
            self.begin()


def say(log: Log, state: str, at: int = NOON, **more: Any) -> Incident:
    found = Incident(
        **{
            "id": "slow-1",
            "rule": "slow",
            "state": state,
            "at": at,
            "start": at - 120_000,
            "fired": at,
            "end": at + 1000 if state == "resolved" else None,
            "severity": "critical",
            "title": "Slow <m1>",
            "description": "251 ms",
            "runbook": "https://example.com/slow",
            "key": {"meeting": "m1"},
            "values": {"ms": 251.0},
            **more,
        }
    )
    log.append(INCIDENTS, pl.DataFrame([record_of(asdict(found))]))
    return found


def webhook(receiver: Receiver, **more: Any) -> Channel:
    return Channel("ops", "webhook", url=receiver.url, **more)


def fates(notifications: list[Notification]) -> list[tuple[str, str, str]]:
    return [(n.state, n.status, n.reason) for n in notifications]


def test_each_change_is_told_once(
    log: Log, clock: ManualClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "k3y")
    told = Told(log, clock, webhook(receiver, secret="${HOOK_KEY}"))
    say(log, "pending", fired=None)
    say(log, "firing")
    told.go()
    say(log, "firing")  # the log was read again from its start
    say(log, "resolved")
    told.go()
    again = Told(log, clock, webhook(receiver))
    assert fates(again.go(60)) == [("firing", "sent", ""), ("resolved", "sent", "")]
    first, second = receiver.got
    assert (first.body["state"], first.body["repeat"], second.body["state"]) == ("firing", False, "resolved")
    assert first.body["incident"]["fired"] == "2026-03-02T12:00:00.000+00:00"
    assert (first.headers["idempotency-key"], second.headers["idempotency-key"]) == ("slow-1:firing", "slow-1:resolved")
    digest = hmac.new(b"k3y", first.raw, hashlib.sha256).hexdigest()
    assert first.headers["penstock-signature"] == f"sha256={digest}"


def test_a_receiver_that_fails_is_asked_again_later(log: Log, clock: ManualClock, receiver: Receiver) -> None:
    receiver.answers = [503, 0]
    told = Told(log, clock, webhook(receiver))
    say(log, "firing")
    say(log, "resolved")
    port = receiver.url.split(":")[2].split("/")[0]
    assert fates(told.go()) == [
        ("firing", "planned", f"127.0.0.1:{port} answers 503 Service Unavailable"),
        ("resolved", "planned", ""),
    ]
    told.go()
    assert len(receiver.got) == 1  # it is not yet time
    told.go(1)
    assert [n.unknown for n in told.go()] == [1, 0]
    assert fates(told.go(2)) == [("firing", "sent", ""), ("resolved", "sent", "")]
    assert [(g.body["state"], g.body["repeat"]) for g in receiver.got] == [
        ("firing", False),
        ("firing", False),
        ("firing", True),
        ("resolved", False),
    ]


def test_retry_after_is_kept_to(log: Log, clock: ManualClock, receiver: Receiver) -> None:
    receiver.answers, receiver.headers = [429], {"retry-after": "90"}
    told = Told(log, clock, webhook(receiver))
    say(log, "firing")
    told.go()
    told.go(89)
    assert len(receiver.got) == 1
    assert told.go(1)[0].status == "sent"


@pytest.mark.parametrize("answer", [400, 302])
def test_what_is_refused_is_not_sent_again(log: Log, clock: ManualClock, receiver: Receiver, answer: int) -> None:
    receiver.answers, receiver.headers = [answer], {"location": "http://127.0.0.1:1/"}
    told = Told(log, clock, webhook(receiver))
    say(log, "firing")
    say(log, "resolved")
    assert [(n.status, n.attempts) for n in told.go(3600)] == [("failed", 1), ("withheld", 0)]
    assert told.go()[1].reason == "nobody was told that it fired"
    assert len(receiver.got) == 1


def test_it_gives_up_after_its_retries(log: Log, clock: ManualClock, receiver: Receiver) -> None:
    receiver.answers = [500] * 9
    told = Told(log, clock, webhook(receiver, retries=2))
    say(log, "firing")
    for _ in range(9):
        told.go(60)
    assert [(n.status, n.attempts) for n in told.go()] == [("failed", 3)]


class Dies(Delivery):
    """Ends where a message has gone out and that is not yet written down."""

    def _note(self, notification: Notification) -> None:
        if notification.status == "sent":
            raise KeyboardInterrupt
        super()._note(notification)


@pytest.mark.parametrize("kind", ["webhook", "slack", "pagerduty"])
def test_what_a_crash_left_open_is_sent_again_under_its_key(
    log: Log, clock: ManualClock, receiver: Receiver, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", "r0uting")
    channel = Channel("ops", kind, url=receiver.url, routing_key="${PAGER}")
    told = Told(log, clock, channel)
    told.delivery.__class__ = Dies
    say(log, "firing")
    with pytest.raises(KeyboardInterrupt):
        told.go()
    after = Told(log, clock, channel)
    assert [(n.status, n.attempts, n.unknown) for n in after.go()] == [("sent", 2, 1)]
    first, second = (g.body for g in receiver.got)
    if kind == "slack":
        assert REPEATED not in first["text"]
        assert second["text"] == f"[CRITICAL] Slow &lt;m1&gt; (shop) {REPEATED}"
    elif kind == "webhook":
        assert (first["key"], first["repeat"]) == (second["key"], False)
        assert second["repeat"]
    else:
        assert first == second
        assert first["dedup_key"] == "slow-1"


def test_pagerduty_hears_of_all_three(
    log: Log, clock: ManualClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", "r0uting")
    told = Told(log, clock, Channel("ops", "pagerduty", url=receiver.url, routing_key="${PAGER}"))
    say(log, "firing")
    log.append(
        INCIDENTS, pl.DataFrame([record_of({"id": "slow-1", "state": "acknowledged", "by": "kim", "note": "on it"})])
    )
    say(log, "resolved")
    told.go()
    assert [g.body["event_action"] for g in receiver.got] == ["trigger", "acknowledge", "resolve"]
    assert {g.body["dedup_key"] for g in receiver.got} == {"slow-1"}
    assert receiver.got[0].body["routing_key"] == "r0uting"
    assert receiver.got[0].body["payload"] == {
        "summary": "[CRITICAL] Slow <m1> (shop)",
        "source": "shop",
        "severity": "critical",
        "timestamp": "2026-03-02T12:00:00.000+00:00",
        "component": "slow",
        "custom_details": {"description": "251 ms", "ms": 251.0},
    }


def test_nobody_is_told_of_what_fired_long_ago(log: Log, clock: ManualClock, receiver: Receiver) -> None:
    told = Told(log, clock, webhook(receiver))
    say(log, "firing", NOON - 3_600_001)
    assert fates(told.go()) == [("firing", "withheld", "it fired more than an hour before it was known")]


@ANEW
def test_a_key_that_fires_again_soon_is_not_told_anew(
    log: Log, clock: ManualClock, receiver: Receiver, anew: bool
) -> None:
    told = Told(log, clock, webhook(receiver), anew=anew, dedup=60_000)
    say(log, "firing")
    told.go()
    say(log, "resolved")
    told.go()
    say(log, "firing", NOON + 30_000, id="slow-2")
    say(log, "firing", NOON + 30_000, id="slow-3", key={"meeting": "m2"})
    assert fates(told.go())[2:] == [
        ("firing", "withheld", "its key had an incident just before (slow-1)"),
        ("firing", "sent", ""),
    ]


@ANEW
def test_silence_holds_back_what_still_fires_after_it(
    log: Log, clock: ManualClock, receiver: Receiver, anew: bool
) -> None:
    told = Told(log, clock, webhook(receiver), anew=anew)
    silence = begin_silence(log, "slow", {"meeting": "m1"}, NOON, NOON + 600_000, "kim", "known")
    say(log, "firing")
    say(log, "firing", id="slow-2", key={"meeting": "m2"})
    held = f"silenced by kim ({silence.id})"
    assert fates(told.go()) == [("firing", "planned", held), ("firing", "sent", "")]
    assert end_silence(log, silence.id)
    assert fates(told.go(1))[0] == ("firing", "sent", "")


@pytest.mark.parametrize(
    ("key", "given"), [(True, "true"), (None, "null"), (None, None), (7, "7"), (2.0, "2"), (1.5, "1.5"), ("1", 1)]
)
def test_silence_is_of_a_key_as_it_is_or_as_json_writes_it(log: Log, key: object, given: object) -> None:
    incident = say(log, "firing", key={"of": key})
    assert begin_silence(log, "slow", {"of": given}, NOON, NOON + 1, "", "").covers(incident, NOON)
    assert not begin_silence(log, "slow", {"of": "other"}, NOON, NOON + 1, "", "").covers(incident, NOON)


@ANEW
def test_what_is_over_before_quiet_hours_end_is_never_told(
    log: Log, clock: ManualClock, receiver: Receiver, anew: bool
) -> None:
    told = Told(log, clock, webhook(receiver), anew=anew, quiet=((22 * 60, 13 * 60 + 30),), zone="Europe/Oslo")
    say(log, "firing")  # 13:00 in Oslo
    say(log, "firing", id="slow-2")
    assert fates(told.go()) == [("firing", "planned", "quiet hours")] * 2
    say(log, "resolved")
    told.go(29 * 60)
    assert not receiver.got
    assert fates(told.go(60)) == [
        ("firing", "withheld", "quiet hours; it is over"),
        ("firing", "sent", ""),
        ("resolved", "withheld", "nobody was told that it fired"),
    ]


def test_addresses_of_this_machine_are_refused(log: Log, clock: ManualClock, receiver: Receiver) -> None:
    told = Told(log, clock, webhook(receiver), allow=())
    say(log, "firing")
    ((_, status, reason),) = fates(told.go())
    assert status == "failed"
    origin = receiver.url.removesuffix("/hook")
    assert reason == f"'{origin}' leads to 127.0.0.1, a loopback address, and is not among those allowed"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    return trusted(tmp_path, monkeypatch)


def mail(box: Mailbox, **more: Any) -> Channel:
    return Channel(
        "mail", "email", host="localhost", port=box.port, sender="p@example.com", to=("o@example.com",), **more
    )


def test_a_mail_goes_over_starttls_with_a_login(
    log: Log, clock: ManualClock, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL", "pa55")
    with Mailbox(certificate, ("penstock", "pa55"), ["451 later"]) as box:
        told = Told(log, clock, mail(box, user="penstock", password="${MAIL}"))
        say(log, "firing")
        assert fates(told.go()) == [("firing", "planned", f"localhost:{box.port} answers 451 later")]
        assert told.go(1)[0].status == "sent"
        (text,) = box.mails
        assert "Subject: [CRITICAL] Slow <m1> (shop)\r\n" in text
        assert "Message-ID: <slow-1.firing@penstock>\r\n" in text
        assert "251 ms" in text
        monkeypatch.setenv("MAIL", "wrong")
        say(log, "firing", id="slow-2")
        assert fates(told.go())[1] == (
            "firing",
            "failed",
            f"localhost:{box.port} answers 535 5.7.8 Authentication credentials invalid",
        )


def test_a_mail_is_never_sent_in_the_clear_where_tls_is_asked_for(log: Log, clock: ManualClock) -> None:
    with Mailbox() as box:
        told = Told(log, clock, mail(box))
        say(log, "firing")
        assert fates(told.go()) == [
            ("firing", "failed", f"localhost:{box.port} cannot do that: STARTTLS extension not supported by server.")
        ]
        assert not box.mails


NIGHT: dict[str, Any] = {
    "id": "job.night-1",
    "rule": "job.night",
    "kind": "job",
    "title": "Job night has failed",
    "description": "no such table <orders>",
    "runbook": "",
    "key": {},
    "values": {"run": "night-20260302T020000Z", "step": "orders", "log": "first\nlast & <least>"},
}


def test_what_a_failed_run_said_is_in_each_kind_of_message(
    log: Log, clock: ManualClock, certificate: ssl.SSLContext, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", "r0ute")
    with Mailbox(certificate) as box:
        channels = [
            mail(box),
            Channel("pager", "pagerduty", url=receiver.url, routing_key="${PAGER}"),
            Channel("chat", "slack", url=receiver.url),
            webhook(receiver),
        ]
        named = {channel.name: channel for channel in channels}
        policy = Policy(channels=tuple(named))
        delivery = Delivery(log, clock, "shop", named, lambda _: policy, ALLOW, lambda i: f"https://p.example/{i.id}")
        say(log, "firing", **NIGHT)
        delivery.tell()
        (text,) = box.mails
    said = message_from_string(text, policy=default).get_content().splitlines()
    assert said[:5] == [
        "Job night has failed", "no such table <orders>", "", "run: night-20260302T020000Z", "step: orders",
    ]  # fmt: skip
    assert said[-5:] == ["look: https://p.example/job.night-1", "", "log:", "first", "last & <least>"]
    pager, chat, hook = (got.body for got in receiver.got)
    assert pager["payload"]["custom_details"]["step"] == "orders"
    assert pager["links"] == [{"href": "https://p.example/job.night-1", "text": "Penstock"}]
    (attachment,) = chat["attachments"]
    assert attachment["title_link"] == hook["link"] == "https://p.example/job.night-1"
    assert [field["value"] for field in attachment["fields"]] == [
        "night-20260302T020000Z", "orders", "```first\nlast &amp; &lt;least&gt;```",
    ]  # fmt: skip
    assert hook["incident"]["values"]["log"] == "first\nlast & <least>"


def test_that_a_job_is_done_is_told_once_to_those_who_want_it(
    log: Log, clock: ManualClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER", "r0ute")
    channels = [webhook(receiver), Channel("pager", "pagerduty", routing_key="${PAGER}", url=receiver.url)]
    named = {channel.name: channel for channel in channels}
    delivery = Delivery(log, clock, "shop", named, lambda _: Policy(channels=("ops", "pager")), ALLOW)
    say(log, "resolved", **{**NIGHT, "kind": "summary", "title": "Job night is done", "severity": "info"})
    for _ in range(2):
        delivery.tell()
    (got,) = receiver.got
    assert (got.body["state"], got.body["incident"]["title"]) == ("told", "Job night is done")
    assert fates(notifications_of(log)) == [("told", "sent", "")]
    assert incidents_of(log) == [], "it is no incident"


def test_it_runs_in_threads_of_its_own(log: Log, receiver: Receiver) -> None:
    channel = webhook(receiver)
    delivery = Delivery(log, ManualClock(NOON), "shop", {"ops": channel}, lambda _: Policy(("ops",)), ALLOW)
    delivery.start()
    say(log, "firing")
    receiver.wait(1)
    delivery.stop()
    assert [n.status for n in notifications_of(log)] == ["sent"]
