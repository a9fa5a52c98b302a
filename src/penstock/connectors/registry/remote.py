"""`RemoteRegistry`: a schema registry that speaks Confluent's REST, somewhere else."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from penstock.core.errors import ConfigError, RegistryError, UnreachableError
from penstock.core.network import outgoing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import httpx

    from penstock.core.clock import Clock

__all__ = ["RemoteRegistry"]

CONTENT = "application/vnd.schemaregistry.v1+json"
SECONDS = 10.0
CONNECT_SECONDS = 3.0
_NO_SCHEMA = 40403
UNKNOWN_SECONDS = 10.0
"""So long a number that the registry does not know is not asked for again: it may be given to a schema later."""
MOST_UNKNOWN = 10_000
"""So many of them are remembered: each costs one question."""


class RemoteRegistry:
    """The registry at `url`; `login` is a user and password, `token` a bearer's.

    Raises ConfigError where the address is not allowed (see core.network), UnreachableError where it does not answer.
    """

    def __init__(
        self,
        url: str,
        allow: Collection[str],
        clock: Clock,
        *,
        login: tuple[str, str] | None = None,
        token: str = "",
        where: str = "",
    ) -> None:
        self.url = url.rstrip("/")
        self._clock = clock
        self._allow = frozenset(allow)
        try:
            outgoing(self.url, self._allow, where)
        except ConfigError as error:
            if error.code != "network-host":  # it may be known later
                raise
        self._login = login
        self._headers = {"Accept": CONTENT, "Content-Type": CONTENT}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._schemas: dict[int, str] = {}
        self._unknown: dict[int, float] = {}
        """When each number that there was none of was asked for."""
        self._lock = threading.Lock()

    _hint = "see 'avro-confluent.url' of the table; without it the project's own registry is asked"

    def schema(self, number: int) -> str | None:
        """The schema `number`, asked for once; None if there is none, or was none a moment ago.

        Raises UnreachableError where the registry does not say.
        """
        with self._lock:
            now = self._clock.monotonic()
            if number not in self._schemas and now - self._unknown.get(number, -math.inf) >= UNKNOWN_SECONDS:
                answer = self._ask("GET", f"/schemas/ids/{number}")
                if answer.status_code == 404 and _said(answer).get("error_code") == _NO_SCHEMA:
                    self._unknown = (
                        {**self._unknown, number: now} if len(self._unknown) < MOST_UNKNOWN else {number: now}
                    )
                else:
                    try:
                        self._schemas[number] = str(self._taken(answer, "schema"))
                    except RegistryError as error:
                        raise UnreachableError(
                            error.message,
                            code=error.code,
                            hint="see its login or token in the table's options, and the registry's own log",
                        ) from None
            return self._schemas.get(number)

    def register(self, subject: str, schema: str) -> int:
        """The number of `schema` under `subject`. Raises RegistryError where the registry refuses it."""
        path = f"/subjects/{quote(subject, safe='')}/versions"
        return int(self._taken(self._ask("POST", path, {"schema": schema}), "id"))

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> httpx.Response:
        import httpx

        try:
            address = outgoing(self.url, self._allow)
        except ConfigError as error:
            raise UnreachableError(
                f"the schema registry is not reachable: {error.message}", hint=error.hint or self._hint
            ) from None
        url, host = address.pinned(self.url + path)
        headers = {**self._headers, "Host": host}
        try:
            with httpx.Client(
                transport=httpx.HTTPTransport(retries=1),
                timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS),
                auth=self._login,
                trust_env=False,
            ) as client:  # a transport of its own: no proxy of the environment stands in between
                return client.request(
                    method, url, json=body, headers=headers, extensions={"sni_hostname": address.host}
                )
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"the schema registry {self.url} does not answer: {error or type(error).__name__}", hint=self._hint
            ) from None

    def _taken(self, answer: httpx.Response, name: str) -> Any:
        """What the answer says under `name`."""
        said = _said(answer)
        if answer.status_code == 200 and name in said:
            return said[name]
        raise RegistryError(
            f"the schema registry {self.url} refuses: {said.get('message') or answer.reason_phrase or 'no reason'}"
            f" (HTTP {answer.status_code})",
            code="registry-refused",
        )


def _said(answer: httpx.Response) -> Mapping[str, Any]:
    """The members of an answer's body; none where it is no JSON object."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
