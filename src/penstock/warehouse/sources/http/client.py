"""dlt's REST client, its paginators and its authentication, as an API's file asks for them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from penstock.connectors.secrets import revealed
from penstock.core.errors import ConfigError
from penstock.warehouse.sources.away import AwayError
from penstock.warehouse.sources.http.session import Origin, Pace, session

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")  # read when dlt is imported: it tells nobody anything

from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
from dlt.common.jsonpath import compile_path
from dlt.sources.helpers.rest_client.auth import (
    APIKeyAuth,
    AuthConfigBase,
    BearerTokenAuth,
    HttpBasicAuth,
    OAuth2ClientCredentials,
)
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    SinglePagePaginator,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import requests

    from penstock.core.clock import Clock
    from penstock.warehouse.sources.http import Api, Auth, Paging

__all__ = ["client"]


def client(api: Api, url: str, allow: Collection[str], clock: Clock, chance: Callable[[], float]) -> RESTClient:
    """A client of `api` at `url`, which is its own with what the environment has.

    Raises ConfigError where the environment lacks a secret, or a path is none.
    """
    for path in filter(None, (api.records, api.paging.total, api.paging.more, api.paging.next)):
        _require_path(path, api.where)
    pace = Pace(api.limits, clock)
    auth: AuthConfigBase | None = None
    renew: Callable[[requests.PreparedRequest], bool] = lambda _: False  # noqa: E731
    if api.auth is not None and api.auth.kind == "oauth2":
        token_url = revealed(api.auth.token_url, api.where)
        asking = session(api.limits, allow, clock, pace, chance, only=Origin.of(token_url), ca=api.ca)
        token = _token(api.auth, token_url, api.where, asking)
        auth = token

        def renew(request: requests.PreparedRequest) -> bool:
            token.access_token = None
            token(request)
            return True
    elif api.auth is not None:
        auth = _auth(api.auth, api.where)
    headers = {name: revealed(value, api.where) for name, value in api.headers.items()}
    only = Origin.of(url) if api.auth is not None else None
    return RESTClient(
        url,
        auth=auth,
        paginator=_paginator(api.paging),
        data_selector=api.records,
        session=session(api.limits, allow, clock, pace, chance, headers=headers, only=only, ca=api.ca, renew=renew),
        config=RuntimeConfiguration(dlthub_telemetry=False),
    )


def _require_path(path: str, where: str) -> None:
    try:
        compile_path(path)
    except Exception as error:  # noqa: BLE001  # its lexer and its parser raise what has no common name
        raise ConfigError(f"'{path}' is no JSON path: {error}", code="source-path", where=where) from None


class _Cursor(JSONResponseCursorPaginator):
    """dlt's, for an API that may name anything as the next one."""

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        super().update_state(response, data)
        _require_plain(self._next_reference, (str, int), "no cursor")


class _Link(JSONLinkPaginator):
    """The same for an address."""

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        super().update_state(response, data)
        _require_plain(self._next_reference, (str,), "no address")


def _require_plain(said: object, kinds: tuple[type, ...], what: str) -> None:
    if said is not None and not isinstance(said, kinds):
        raise AwayError(f"a page says that {str(said)[:80]!r} comes next, which is {what}")


def _paginator(paging: Paging) -> BasePaginator:
    more, total = paging.more or None, paging.total or None
    match paging.kind:
        case "page":
            first = paging.first
            return PageNumberPaginator(first, page_param=paging.parameter, total_path=total, has_more_path=more)
        case "offset":
            return OffsetPaginator(
                paging.limit,
                offset_param=paging.parameter,
                limit_param=paging.limit_parameter,
                total_path=total,
                has_more_path=more,
            )
        case "cursor":
            return _Cursor(paging.next, cursor_param=paging.parameter, has_more_path=more)
        case "link" if paging.next:
            return _Link(paging.next)
        case "link":
            return HeaderLinkPaginator(paging.relation)
    return SinglePagePaginator()


def _auth(auth: Auth, where: str) -> AuthConfigBase:
    match auth.kind:
        case "basic":
            return HttpBasicAuth(revealed(auth.user, where), revealed(auth.password, where))
        case "bearer":
            return BearerTokenAuth(revealed(auth.token, where))
    return APIKeyAuth(auth.name, revealed(auth.key, where), "query" if auth.place == "query" else "header")


class _Token(OAuth2ClientCredentials):
    """dlt's, for a server of tokens that may answer anything."""

    def parse_access_token(self, response_json: Any) -> str:
        token = response_json.get("access_token") if isinstance(response_json, dict) else None
        if not isinstance(token, str) or not token:
            raise AwayError("the server of tokens has given none: its answer has no text 'access_token'")
        return token

    def parse_expiration_in_seconds(self, response_json: Any) -> int:
        try:
            return super().parse_expiration_in_seconds(response_json)
        except (ValueError, TypeError):
            raise AwayError("the server of tokens says how long one holds in something else than seconds") from None


def _token(auth: Auth, url: str, where: str, asking: requests.Session) -> _Token:
    return _Token(
        access_token_url=url,
        client_id=revealed(auth.client, where),
        client_secret=revealed(auth.secret, where),
        access_token_request_data={"scope": auth.scope} if auth.scope else {},
        session=asking,
    )
