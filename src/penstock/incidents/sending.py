"""Sending one message over one channel, once: it arrives, or DeliveryError says whether to try again."""

from __future__ import annotations

import hashlib
import hmac
import socket
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from penstock.connectors.secrets import revealed
from penstock.core.errors import ConfigError, PenstockError
from penstock.core.network import outgoing
from penstock.incidents.message import pagerduty_body, plain_text, slack_body, webhook_body

if TYPE_CHECKING:
    import smtplib
    import ssl
    from collections.abc import Collection, Mapping
    from email.message import EmailMessage
    from urllib.parse import SplitResult

    from penstock.core.network import Address
    from penstock.incidents.channel import Channel
    from penstock.incidents.message import Message

__all__ = ["DeliveryError", "send"]

_SECONDS = 10.0
_LATER = (408, 425, 429)
"""Answers, beside those of 500 and above, after which another attempt may succeed."""


class DeliveryError(PenstockError):
    """A message was not taken. `again`: another attempt may succeed, not before `after` seconds.

    `unknown`: it may have arrived all the same.
    """

    code = "notify-failed"

    def __init__(self, message: str, *, again: bool, after: float = 0.0, unknown: bool = False) -> None:
        super().__init__(message, code="notify-failed")
        self.again = again
        self.after = after
        self.unknown = unknown


def send(channel: Channel, message: Message, allow: Collection[str]) -> None:
    """Send it. `allow` are the hosts that need not be public (core.network). Raises DeliveryError."""
    where = f"channel {channel.name}"
    try:
        if channel.type == "email":
            _send_mail(channel, message, allow, where)
            return
        url = revealed(channel.url, where)
        if channel.type == "slack":
            body: Mapping[str, Any] = slack_body(message)
        elif channel.type == "pagerduty":
            body = pagerduty_body(message, revealed(channel.routing_key, where))
        else:
            body = webhook_body(message)
        data = orjson.dumps(body)
        headers = {"content-type": "application/json", "user-agent": "Penstock"}
        if channel.type == "webhook":
            headers["idempotency-key"] = message.key
            if channel.secret:
                key = revealed(channel.secret, where).encode()
                headers["penstock-signature"] = "sha256=" + hmac.new(key, data, hashlib.sha256).hexdigest()
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # the rest of it is often a secret
        _post(parts, data, headers, outgoing(origin, allow, where))
    except ConfigError as error:  # a host may be known again, a secret only after a new start
        raise DeliveryError(error.message, again=error.code == "network-host") from None


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to believe; reading them takes as long as sending several messages."""
    import ssl

    return ssl.create_default_context()


def _post(parts: SplitResult, data: bytes, headers: dict[str, str], address: Address) -> None:
    """To the address that was checked; a redirect leads elsewhere, and is not followed."""
    import httpx

    shown = f"[{address.ip}]" if ":" in address.ip else address.ip
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers["host"] = parts.netloc.rpartition("@")[2]
    place = f"{address.host}:{address.port}"
    try:
        with httpx.Client(
            transport=httpx.HTTPTransport(verify=_certificates()), timeout=_SECONDS, trust_env=False
        ) as client:
            answer = client.post(
                f"{parts.scheme}://{shown}:{address.port}{path}",
                content=data,
                headers=headers,
                extensions={"sni_hostname": address.host},
            )
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise DeliveryError(f"{place} cannot be reached: {error or type(error).__name__}", again=True) from None
    except httpx.HTTPError as error:
        said = f"{place} has not answered: {error or type(error).__name__}"
        raise DeliveryError(said, again=True, unknown=True) from None
    status = answer.status_code
    if not 200 <= status < 300:
        again = status >= 500 or status in _LATER
        wait = answer.headers.get("retry-after", "")
        after = float(wait) if wait.isdecimal() else 0.0
        raise DeliveryError(f"{place} answers {status} {answer.reason_phrase}", again=again, after=min(after, 3600.0))


def _send_mail(channel: Channel, message: Message, allow: Collection[str], where: str) -> None:
    import smtplib
    import ssl

    address = outgoing(f"smtp://{channel.host}:{channel.port}", allow, where)
    place = f"{channel.host}:{channel.port}"
    sent = False
    try:
        smtp = _connected(address, channel.security, ssl.create_default_context())
        try:
            if channel.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if channel.user:
                smtp.login(channel.user, revealed(channel.password, where))
            sent = True
            smtp.send_message(_mail(channel, message))
        finally:
            with suppress(OSError, smtplib.SMTPException):  # it has been taken, or refused, already
                smtp.quit()
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        again = 400 <= error.smtp_code < 500
        raise DeliveryError(f"{place} answers {error.smtp_code} {said}", again=again) from None
    except smtplib.SMTPRecipientsRefused as error:
        again = all(400 <= code < 500 for code, _ in error.recipients.values())
        raise DeliveryError(f"{place} refuses {', '.join(error.recipients)}", again=again) from None
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError(f"{place} cannot do that: {error}", again=False) from None
    except ssl.SSLCertVerificationError as error:
        raise DeliveryError(f"{place} is not who it says: {error.verify_message}", again=False) from None
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(
            f"{place} does not answer: {error or type(error).__name__}", again=True, unknown=sent
        ) from None


def _connected(address: Address, security: str, context: ssl.SSLContext) -> smtplib.SMTP:
    """A connection to the address that was checked, under the name of its host."""
    import smtplib

    class Pinned(smtplib.SMTP):
        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            found = socket.create_connection((address.ip, port), timeout)
            return context.wrap_socket(found, server_hostname=host) if security == "tls" else found

    return Pinned(address.host, address.port, timeout=_SECONDS)


def _mail(channel: Channel, message: Message) -> EmailMessage:
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["Subject"] = " ".join(message.headline.split())
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Message-ID"] = f"<{message.key.replace(':', '.')}@penstock>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(plain_text(message))
    return mail
