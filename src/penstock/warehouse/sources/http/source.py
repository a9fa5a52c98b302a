"""`HttpSource`: the records of an API, page by page."""

from __future__ import annotations

import json
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.http.asking import place_of
from penstock.connectors.secrets import revealed
from penstock.core.errors import ConfigError
from penstock.warehouse.sources.away import AwayError
from penstock.warehouse.sources.growing import greatest
from penstock.warehouse.sources.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    import requests
    from dlt.sources.helpers.rest_client.client import PageData

    from penstock.core.clock import Clock
    from penstock.warehouse.sources.http import Api

__all__ = ["HttpSource"]

_ROWS = 10_000
"""Pages are put together to frames of about so many records."""
_CHANCE = SystemRandom().random
_NO_CONTENT = 204
_EMPTY = 'an API that has no records says so with []; one that says what is new, and may have nothing: mode = "changes"'


class HttpSource:
    """All records of an API, or those since the greatest value of a column: one part, at its address."""

    def __init__(
        self,
        api: Api,
        allow: Collection[str],
        clock: Clock,
        chance: Callable[[], float] = _CHANCE,
        *,
        changes: bool = False,
    ) -> None:
        """`allow` are the hosts that need not be public (core.network); `chance` draws from [0, 1) how waits vary.

        `changes`: it says what is new, which may be nothing.
        """
        self._api, self._allow, self._clock, self._chance = api, allow, clock, chance
        self._changes = changes

    def parts(self, seen: Mapping[str, str]) -> Iterator[HttpPart]:
        """The one part; `seen` has the value of the column that was the greatest of the last load, by its name.

        Raises ConfigError where the environment lacks what the file names.
        """
        url = revealed(self._api.url, self._api.where)
        mark = seen.get(place_of(url), "")
        yield HttpPart(self._api, url, mark, self._allow, self._clock, self._chance, changes=self._changes)


class HttpPart:
    """What an API answers from its first page to its last; `name` is its address without secrets."""

    def __init__(
        self,
        api: Api,
        url: str,
        mark: str,
        allow: Collection[str],
        clock: Clock,
        chance: Callable[[], float],
        *,
        changes: bool,
    ) -> None:
        self.name = place_of(url)
        self.mark = mark or (api.incremental.first if api.incremental else "")
        """The greatest value so far of the column that grows: what to remember once `frames` has ended."""
        self.pages = 0
        self._api, self._url = api, url
        self._allow, self._clock, self._chance = allow, clock, chance
        self._changes = changes

    def frames(self) -> Iterator[pl.DataFrame]:
        """The records as columns of text (see Records), some pages at a time.

        Raises AwayError where the API does not answer as it should, ConfigError for what its file says.
        """
        waiting: list[str] = []
        with Records(self._api.array) as records:
            for page in self._pages():
                waiting += page
                if len(waiting) >= _ROWS:
                    yield self._marked(records.frame(pl.Series(waiting, dtype=pl.String)))
                    waiting = []
            if waiting:
                yield self._marked(records.frame(pl.Series(waiting, dtype=pl.String)))

    def _marked(self, frame: pl.DataFrame) -> pl.DataFrame:
        grows = self._api.incremental
        if grows is None:
            return frame
        if grows.field not in frame.columns:
            raise AwayError(
                f"no record has '{grows.field}', by which [incremental] asks for what is new",
                hint=f"there are {', '.join(frame.columns)}",
            )
        self.mark = greatest(frame[grows.field], self.mark)
        return frame

    def _pages(self) -> Iterator[list[str]]:
        """The records of each page as JSON."""
        import requests

        from penstock.warehouse.sources.http.client import client

        api = self._api
        query = dict(api.query)
        if api.incremental and self.mark:
            query[api.incremental.parameter] = self.mark
        end = self._clock.monotonic() + api.limits.time / 1000
        asked = {(self._url, json.dumps(query, sort_keys=True))}
        before: bytes | None = None
        try:
            asking = client(api, self._url, self._allow, self._clock, self._chance)
            for page in asking.paginate("", params=query, hooks={"response": [self._require_answer]}):
                self.pages += 1
                self._require_records(page)
                self._require_progress(page, before, end, asked)
                before = page.response.content
                yield [_text(record) for record in page]
        except (requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema, requests.exceptions.InvalidURL):
            raise ConfigError(
                f"'{self.name}' leads to what is no address: http or https, and a host",
                code="network-url",
                where=api.where,
            ) from None
        except requests.RequestException as error:
            raise AwayError(str(error).rstrip(".").lower()) from None
        except ValueError as error:  # dlt's paginators, of an answer that lacks what they go by
            raise AwayError(f"page {self.pages + 1} does not say what comes next: {_short(str(error))}") from None

    def _require_answer(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        """Raises IgnoreResponseException, which ends the pages, where an answer says that there is nothing (more)."""
        from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException

        if answer.is_redirect:
            return
        if answer.status_code == _NO_CONTENT:
            if not self._changes and not self.pages:
                raise AwayError("the answer has nothing in it, where its records should be", hint=_EMPTY)
            raise IgnoreResponseException
        if self._changes and not self.pages and _is_nothing(answer.json(), self._api.records):
            raise IgnoreResponseException

    def _require_records(self, page: PageData[Any]) -> None:
        """Raises AwayError where the first page has no records, nor says with [] that there are none."""
        from dlt.common.jsonpath import find_values

        if self.pages > 1 or any(record is not None for record in page):
            return
        said = page.response.json()
        found = find_values(self._api.records, said)
        if not page and any(value is not None for value in found):
            return
        if found:
            raise AwayError(
                f"the answer has null at {self._api.records}, where its records should be",
                hint=_EMPTY,
            )
        has = f"{len(said)} elements" if isinstance(said, list) else _text(said)
        if isinstance(said, dict):
            has = ", ".join(said)
        raise AwayError(
            f"the answer has nothing at {self._api.records}, where its records should be",
            hint=f"it has {_short(has) or 'nothing at all'}",
        )

    def _require_progress(
        self, page: PageData[Any], before: bytes | None, end: float, asked: set[tuple[str, str]]
    ) -> None:
        """Raises AwayError where the API leads nowhere, or too far; `asked` are the pages that were asked for."""
        limits, more = self._api.limits, page.paginator.has_next_page
        if page and before == page.response.content:
            raise AwayError(
                f"page {self.pages} is page {self.pages - 1} again",
                hint="look at [paging]: does the API know that parameter?",
            )
        if more and self.pages == limits.pages:
            raise AwayError(f"there are more than {limits.pages:,} pages, the most that 'max-pages' allows")
        if more and self._clock.monotonic() > end:
            raise AwayError(f"after {limits.time / 1000:g} s, the most that 'max-time' allows, there are more pages")
        following = (str(page.request.url), json.dumps(page.request.params, sort_keys=True))
        if more and following in asked:
            raise AwayError(f"after page {self.pages} comes one that was there before: its pages go round in a circle")
        asked.add(following)


def _is_nothing(said: Any, records: str) -> bool:
    """Whether an answer says that there is nothing new: null where its records should be, or an object of nothing."""
    from dlt.common.jsonpath import find_values

    found = find_values(records, said)
    return said is None or said == {} or (bool(found) and all(value is None for value in found))


def _text(record: Any) -> str:
    """A record as JSON; half of a character is a question mark."""
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace").decode()


def _short(said: str) -> str:
    return said if len(said) <= 200 else said[:200] + "..."
