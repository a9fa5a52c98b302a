"""Channels: where people are told of incidents, as penstock.toml names them ([notify.NAME])."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.connectors.secrets import secret
from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.options import Option, Values, choice, integer, text, texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["CHANNEL_OPTIONS", "Channel", "read_channel", "require_channels"]


_SECRET = secret('password = "${SMTP_PASSWORD}"', "penstock.toml, [notify.NAME]")

TYPE = Option("type", choice("webhook", "slack", "pagerduty", "email"), "", "What takes the message.", required=True)
URL = Option("url", text, "", "Its address, or the variable that has it: ${NAME}; of PagerDuty there is one already.")
SECRET = Option("secret", _SECRET, "", "webhook: the variable that has the key of the header Penstock-Signature.")
ROUTING_KEY = Option("routing-key", _SECRET, "", "pagerduty: the variable that has the integration's key.")
HOST = Option("host", text, "", "email: the mail server.")
PORT = Option("port", integer(1, 65_535), 587, "email: its port.")
SECURITY = Option(
    "security",
    choice("starttls", "tls", "none"),
    "starttls",
    "email: starttls or tls; none sends in the clear, and without a login.",
)
USER = Option("user", text, "", "email: the login's name.")
PASSWORD = Option("password", _SECRET, "", "email: the variable that has its password.")
SENDER = Option("from", text, "", "email: the sender's address.")
TO: Option[tuple[str, ...]] = Option("to", texts('a list of addresses: ["ops@example.com"]'), (), "email: who gets it.")
RETRIES = Option("retries", integer(0, 100), 8, "How often it is tried again, each time after a longer while.")

CHANNEL_OPTIONS: tuple[Option[Any], ...] = (
    TYPE,
    URL,
    SECRET,
    ROUTING_KEY,
    HOST,
    PORT,
    SECURITY,
    USER,
    PASSWORD,
    SENDER,
    TO,
    RETRIES,
)

_OF: dict[str, tuple[tuple[Option[Any], ...], tuple[Option[Any], ...]]] = {
    "webhook": ((URL,), (SECRET,)),
    "slack": ((URL,), ()),
    "pagerduty": ((ROUTING_KEY,), (URL,)),
    "email": ((HOST, SENDER, TO), (PORT, SECURITY, USER, PASSWORD)),
}
"""The options that each type needs, and those that it may have."""

_PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages go; secrets are names of variables still (``${NAME}``)."""

    name: str
    type: str
    url: str = ""
    secret: str = ""
    routing_key: str = ""
    host: str = ""
    port: int = PORT.default
    security: str = SECURITY.default
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    to: tuple[str, ...] = ()
    retries: int = RETRIES.default

    @property
    def tells_repeats_apart(self) -> bool:
        """Whether whoever gets the same message twice can tell that it is one: it has a key for that."""
        return self.type in ("webhook", "pagerduty")


def read_channel(name: str, given: Mapping[str, object], where: str) -> Channel:
    """The channel that a section says. Raises ConfigError for an option that is missing, unknown or of another type."""
    values = Values(CHANNEL_OPTIONS, given, where)
    kind = values[TYPE]
    needed, allowed = _OF[kind]
    values.require_of(TYPE, f"a channel of type {kind}", needed, (*allowed, RETRIES))
    if bool(values[USER]) != bool(values[PASSWORD]) or (values[USER] and values[SECURITY] == "none"):
        raise ConfigError(
            "a login to a mail server has a user and a password, and is never sent in the clear",
            code="notify-login",
            where=where,
            hint='user, password = "${SMTP_PASSWORD}", security = "starttls"',
        )
    return Channel(
        name=name,
        type=kind,
        url=values[URL] or (_PAGERDUTY if kind == "pagerduty" else ""),
        secret=values[SECRET],
        routing_key=values[ROUTING_KEY],
        host=values[HOST],
        port=values[PORT],
        security=values[SECURITY],
        user=values[USER],
        password=values[PASSWORD],
        sender=values[SENDER],
        to=values[TO],
        retries=values[RETRIES],
    )


def require_channels(names: Iterable[str], known: Collection[str], where: str) -> None:
    """Raises ConfigError for a channel that penstock.toml does not name."""
    for name in names:
        if name not in known:
            raise ConfigError(
                f"there is no channel '{name}'",
                code="alert-channel",
                where=where,
                hint=did_you_mean(name, known) or f"penstock.toml, [notify.{name}], would be it",
            )
