"""The hub: which feeds there are, who views, and the news that reach them."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

import orjson

from penstock.core.errors import PenstockError, RequestError
from penstock.core.logs import tell
from penstock.project.confinement import Confinement
from penstock.project.edit.files import changed_files
from penstock.project.saved_query import queries_of, read_saved
from penstock.project.tables import targets
from penstock.project.tail import Tail
from penstock.server.push.dependencies import Dependencies
from penstock.server.push.figures_feed import FiguresFeed
from penstock.server.push.limits import Limits, Watching
from penstock.server.push.message import error_body, message
from penstock.server.push.news_feed import NewsFeed
from penstock.server.push.open_feed import OpenFeed
from penstock.server.push.opens import SharedOpen
from penstock.server.push.query_feed import QueryFeed
from penstock.server.push.question import question_of
from penstock.server.push.request import Asked, End, Figures, LastValues, News, OpenWindows, Ping, Rows, Saved
from penstock.server.push.rows_feed import RowsFeed
from penstock.server.push.tails import SharedTail
from penstock.server.push.values_feed import ValuesFeed
from penstock.server.push.viewer import Viewer
from penstock.server.push.watcher import Watcher
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from penstock.engine.pipeline import Pipeline
    from penstock.history import Limits as QueryLimits
    from penstock.history import Result
    from penstock.project.access.filters import Filter
    from penstock.project.penstock import Penstock
    from penstock.server.access import Entry
    from penstock.server.push.feed import Feed
    from penstock.server.push.message import Message
    from penstock.server.push.request import Request, Subscribe, Watched
    from penstock.server.push.viewer import Outlet

__all__ = ["PROTOCOL", "Hub"]

PROTOCOL = 1
GOING = 1012
STUCK = 4408
INTERNAL = 1011
NO_LONGER = 4401
HEARTBEAT_SECONDS = 5.0
_THREADS = 4
_QUESTIONS = 2
"""So many questions are asked at once, so that those of people get their turn."""

T = TypeVar("T")


class Hub:
    """Brings viewers and feeds together. Its methods belong to the event loop it was started in.

    While it runs it hears when pipelines of this process move, and when anybody appends to a topic that is watched.
    """

    def __init__(self, penstock: Penstock, limits: Limits | None = None) -> None:
        self.penstock = penstock
        self.limits = limits or Limits()
        self.viewers: set[Viewer] = set()
        self._feeds: dict[str, Feed] = {}
        """By the text of what is watched: 1, 1.0 and true are equal, and are different questions."""
        self._channels = 0
        self._anew = 0
        self._tails: dict[tuple[str, ...], SharedTail] = {}
        self._opens: WeakValueDictionary[tuple[str, ...], SharedOpen] = WeakValueDictionary()
        self._threads = ThreadPoolExecutor(_THREADS, "push")
        self._questions = asyncio.Semaphore(_QUESTIONS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._targets: WeakKeyDictionary[Pipeline, frozenset[tuple[str, ...]]] = WeakKeyDictionary()
        self._opened: frozenset[tuple[str, ...]] = frozenset()
        """The tables of which somebody watches what is not committed: so that steps matter."""
        self._beats: set[tuple[frozenset[tuple[str, ...]], bool]] = set()
        self._mutex = threading.Lock()

    # -- life --------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._watcher = Watcher(self.penstock, self._appended)
        self._deaf = self.penstock.pulse.listen(self._beat)
        self._begin(self._tick())
        return self

    def drain(self) -> None:
        """From any thread: let go of all clients, the server ends."""
        self._loop.call_soon_threadsafe(self._close_all)

    def _close_all(self) -> None:
        for viewer in self.viewers:
            viewer.outlet.close(GOING, "the server ends")

    async def __aexit__(self, *_: object) -> None:
        self._deaf()
        await asyncio.to_thread(self._watcher.stop)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for feed in self._feeds.values():
            await feed.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def now_ms(self) -> int:
        return self.penstock.clock.now_ms()

    async def work(self, job: Callable[[], T]) -> T:
        """Do in a thread what takes time."""
        return await self._loop.run_in_executor(self._threads, job)

    async def ask(self, asked: Asked, limits: QueryLimits, filters: tuple[Filter, ...]) -> Result:
        """The answer to a question, as who has those filters may see it. Raises QueryError."""
        async with self._questions:
            return await self.work(
                lambda: self.penstock.query(
                    asked.sql, limits, parameters=dict(asked.parameters) or None, filters=filters
                )
            )

    @property
    def behind(self) -> bool:
        """Whether a pipeline of this process works through a backlog."""
        return any(pipeline.pace.behind for pipeline in self.penstock.running)

    # -- viewers -----------------------------------------------------------------------------------

    def enter(self, outlet: Outlet, entry: Entry) -> Viewer:
        """A viewer for a new connection, greeted, and let go once `entry` no longer holds.

        Raises RequestError where there are too many.
        """
        if len(self.viewers) >= self.limits.connections:
            raise RequestError(
                f"{len(self.viewers):,} clients watch this server, more are not let in", code="request-busy"
            )
        viewer = Viewer(outlet, self.limits.queue_bytes, self._again, entry)
        self.viewers.add(viewer)
        viewer.take(
            message(
                "hello",
                protocol=PROTOCOL,
                project=self.penstock.settings.name,
                time=self.now_ms(),
                heartbeat=int(HEARTBEAT_SECONDS * 1000),
                limits={
                    "subscriptions": self.limits.subscriptions,
                    "message_bytes": self.limits.message_bytes,
                    "queue_bytes": self.limits.queue_bytes,
                },
            )
        )
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """A connection has ended."""
        self.viewers.discard(viewer)
        for id_ in [*viewer.feeds, *viewer.asking]:
            self._unsubscribe(viewer, id_)

    def answer(self, viewer: Viewer, request: Request) -> None:
        """Do what a client asks for; what takes time goes on beside its further requests.

        Raises RequestError where it may not ask for that.
        """
        match request:
            case Ping(id=id_):
                viewer.take(message("pong", id=id_, time=self.now_ms()))
            case End(id=id_):
                self._unsubscribe(viewer, id_)
                viewer.take(message("unsubscribed", id=id_))
            case _:
                self._admit(viewer, request)
                self._begin(self._subscribe(viewer, request))

    async def subscribe(self, viewer: Viewer, request: Subscribe) -> None:
        """Let a viewer watch something. Raises PenstockError where that is not possible."""
        self._admit(viewer, request)
        await self._joined(viewer, request)

    async def _subscribe(self, viewer: Viewer, request: Subscribe) -> None:
        try:
            await self._joined(viewer, request)
        except PenstockError as error:
            viewer.take(refusal(error, request.id))
        except Exception as error:  # noqa: BLE001  # it is told, and others go on
            viewer.outlet.close(INTERNAL, "an error inside the server")
            tell("error", "push-failed", "a subscription could not be made", error=error)

    def _admit(self, viewer: Viewer, request: Subscribe) -> None:
        """Take the id of a subscription. Raises RequestError where there are too many, or one of that id."""
        if isinstance(request.watched, LastValues):
            self._unsubscribe(viewer, request.id)
        if request.id in viewer.feeds or request.id in viewer.asking:
            raise RequestError(f"there is a subscription '{request.id}' already", code="push-id")
        if len(viewer.feeds) + len(viewer.asking) >= self.limits.subscriptions:
            raise RequestError(f"a client has {self.limits.subscriptions} subscriptions at most", code="push-too-many")
        viewer.asking[request.id] = request

    async def _joined(self, viewer: Viewer, request: Subscribe) -> None:
        id_ = request.id
        try:
            feed = await self.feed(request.watched, viewer.entry.caller.filters)
            if viewer.asking.get(id_) is not request:
                return  # it has gone, or thought better of it
            viewer.feeds[id_] = feed
            del viewer.asking[id_]
            await feed.join(viewer, id_, request.position, told=not isinstance(request.watched, LastValues))
        except BaseException:
            self._unsubscribe(viewer, id_)
            raise

    def _unsubscribe(self, viewer: Viewer, id_: str) -> None:
        viewer.asking.pop(id_, None)
        feed = viewer.feeds.pop(id_, None)
        if feed is None:
            return
        feed.leave(viewer)
        if not feed.viewers:
            self._loop.call_later(self.limits.linger, self._drop_if_idle, feed)

    def watching(self) -> Watching:
        """What is watched now."""
        return Watching(
            len(self.viewers),
            sum(len(viewer.feeds) for viewer in self.viewers),
            len(self._feeds),
            sum(viewer.waiting for viewer in self.viewers),
            self._anew,
        )

    def _again(self, viewer: Viewer, feed: Feed) -> None:
        self._anew += 1
        self._begin(self._begin_again(viewer, feed))

    async def _begin_again(self, viewer: Viewer, feed: Feed) -> None:
        try:
            await feed.again(viewer)
        except Exception as error:  # noqa: BLE001  # it is told, and others go on
            viewer.outlet.close(INTERNAL, "an error inside the server")
            tell("error", "push-failed", "a subscription could not begin anew", error=error)
        else:
            viewer.begun()

    # -- feeds -------------------------------------------------------------------------------------

    async def feed(self, watched: Watched, filters: tuple[Filter, ...]) -> Feed:
        """The feed of something: one for all who ask for the same, and may see the same of it.

        Raises PenstockError where it does not fit, or is closed to who has those filters.
        """
        if isinstance(watched, Saved):
            saved = watched
            watched = await self.work(lambda: self._saved(saved))
        named = repr((watched, filters))
        if named not in self._feeds:
            if len(self._feeds) >= self.limits.feeds:
                raise RequestError(
                    f"{len(self._feeds):,} different things are watched, more are not taken up", code="request-busy"
                )
            self._channels += 1
            channel = self._channels
            made = await self.work(lambda: self._make(channel, watched, filters))
            if named not in self._feeds:  # another client may have asked for the same meanwhile
                self._feeds[named] = made
                self._take_interest()
                self._loop.call_later(self.limits.linger, self._drop_if_idle, made)  # who asked may have gone
        return self._feeds[named]

    def _make(
        self,
        channel: int,
        watched: Rows | OpenWindows | Asked | Figures | News | LastValues,
        filters: tuple[Filter, ...],
    ) -> Feed:
        if filters:
            watched = self._in_part(watched, Confinement(self.penstock, filters))
        match watched:
            case Rows(table=name):
                table = self._table(name)
                if not Tail.fits(table):
                    return self._query(channel, question_of(table.path, watched), filters)
                return RowsFeed(self, channel, self._tail(table), watched)
            case OpenWindows(table=name):
                table = self._table(name)
                return OpenFeed(self, channel, table, self._open(table), watched)
            case Asked():
                return self._query(channel, watched, filters)
            case Figures():
                return FiguresFeed(self, channel, watched, filters)
            case News():
                return NewsFeed(self, channel, watched)
            case LastValues():
                sinks = [sink.table for d in self.penstock.definition.pipelines for sink in d.plan.parts]
                return ValuesFeed(self, channel, [self._tail(t) for t in sinks if Tail.fits(t)], watched)

    def _query(self, channel: int, asked: Asked, filters: tuple[Filter, ...]) -> QueryFeed:
        return QueryFeed(self, channel, asked, Dependencies.of(self.penstock, asked.sql), filters)

    def _in_part(
        self, watched: Rows | OpenWindows | Asked | Figures | News | LastValues, confined: Confinement
    ) -> Rows | OpenWindows | Asked | Figures | News | LastValues:
        """What is watched in its place by who may see a part of the rows only: a question, where rows are left out."""
        if isinstance(watched, LastValues):
            confined.require_all("the last values of all tables")
        if isinstance(watched, News):
            confined.require_all("what is made of rows of all tables")
        if isinstance(watched, (Rows, OpenWindows)):
            table = self._table(watched.table)
            confined.require_table(table)
            if table.path in confined.filtered:
                return question_of(table.path, watched)
        return watched

    def _saved(self, saved: Saved) -> Asked:
        """The question of a saved query, as its file is now. Raises QueryError or ConfigError where it does not fit."""
        found = read_saved(queries_of(self.penstock.folder).read(saved.name))
        values = found.values(orjson.loads(saved.parameters))
        return Asked(found.sql, saved.limit, tuple(sorted(values.items())))

    def _table(self, name: str) -> Table:
        found = self.penstock.catalog.get(tuple(name.split(".")))
        if not isinstance(found, Table):
            raise RequestError(f"'{name}' is a view", code="push-view", hint=f'watch "query": "SELECT * FROM {name}"')
        return found

    def _tail(self, table: Table) -> SharedTail:
        with self._mutex:
            if table.path not in self._tails:
                self._tails[table.path] = SharedTail(Tail(self.penstock, table))
            return self._tails[table.path]

    def _open(self, table: Table) -> SharedOpen:
        with self._mutex:
            return self._opens.setdefault(table.path, SharedOpen(self.penstock, table))

    def _drop_if_idle(self, feed: Feed) -> None:
        if feed.viewers or feed not in self._feeds.values():
            return
        if feed.lock.locked():  # somebody joins, or it still looks
            self._loop.call_later(self.limits.linger, self._drop_if_idle, feed)
            return
        self._feeds = {named: one for named, one in self._feeds.items() if one is not feed}
        self._take_interest()
        self._begin(feed.stop())

    # -- news --------------------------------------------------------------------------------------

    def _take_interest(self) -> None:
        feeds = self._feeds.values()
        self._opened = frozenset().union(*(feed.opened for feed in feeds))
        self._watcher.watch(frozenset().union(*(feed.topics for feed in feeds)))

    def _appended(self, topics: frozenset[str]) -> None:
        """In the watcher's thread."""
        self._loop.call_soon_threadsafe(lambda: self._stir(topics, frozenset(), committed=False))

    def _beat(self, pipeline: Pipeline, committed: bool) -> None:
        """In a pipeline's thread: let the loop know what somebody watches, unless it does already."""
        tables = self._targets.get(pipeline)
        if tables is None:
            tables = self._targets[pipeline] = targets(pipeline)
        if not self._feeds or not (committed or tables & self._opened):
            return
        with self._mutex:
            first = not self._beats
            self._beats.add((tables, committed))
        if first:
            self._loop.call_soon_threadsafe(self._moved)

    def _moved(self) -> None:
        with self._mutex:
            beats, self._beats = self._beats, set()
        for committed in (True, False):
            tables = frozenset().union(*(written for written, of in beats if of is committed))
            if tables:
                self._stir(frozenset(), tables, committed=committed)

    def _stir(self, topics: frozenset[str], tables: frozenset[tuple[str, ...]], *, committed: bool) -> None:
        for feed in self._feeds.values():
            if feed.viewers and feed.concerns(topics, tables, committed=committed):
                feed.stir()

    async def _tick(self) -> None:
        """Figures each second, and a look at who may no longer watch; now and then a sign of life, and who is stuck."""
        began = self._loop.time()
        seconds = 0
        while True:
            seconds += 1
            await asyncio.sleep(began + seconds - self._loop.time())
            for feed in self._feeds.values():
                if feed.viewers and isinstance(feed, FiguresFeed):
                    feed.stir()
            await self._let_go()
            for feed in self._feeds.values() if seconds % HEARTBEAT_SECONDS == 0 else ():
                if feed.viewers and isinstance(feed, QueryFeed) and feed.is_of_all:
                    feed.stir()
            if seconds % HEARTBEAT_SECONDS == 0 and self.viewers:
                beat = message(
                    "heartbeat",
                    time=self.now_ms(),
                    event_time=await self._told_event_time(),
                    changed=await self._told_changed(),
                )
                for viewer in list(self.viewers):
                    viewer.take(beat)
                    if viewer.stuck_for(self._loop.time()) > self.limits.stuck_seconds:
                        viewer.outlet.close(STUCK, f"nothing was taken for {self.limits.stuck_seconds:.0f} s")

    async def _let_go(self) -> None:
        """End the connections of those whose login or token has ended, or who may do something else than before."""
        watching = list(self.viewers)
        try:
            held = await self.work(lambda: [viewer.entry.holds() for viewer in watching])
        except Exception as error:  # noqa: BLE001  # who cannot be looked up is let go
            tell("error", "push-failed", "who may watch could not be looked up", error=error)
            held = [False] * len(watching)
        for viewer, holds in zip(watching, held, strict=True):
            if not holds:
                viewer.outlet.close(NO_LONGER, "what you may do has changed, or your login or token has ended")

    async def _told_changed(self) -> list[str]:
        """The SQL files that are not as they were applied; none where it cannot be told."""
        try:
            return [file.path for file in await self.work(lambda: changed_files(self.penstock))]
        except PenstockError as error:
            tell("error", "push-failed", "which files have changed could not be told", error=error)
            return []

    async def _told_event_time(self) -> int | None:
        """As `_event_time`; None where it cannot be told: a sign of life comes all the same."""
        try:
            return await self.work(self._event_time)
        except Exception as error:  # noqa: BLE001  # it is told, and the heart goes on
            tell("error", "push-failed", "event time could not be told", error=error)
            return None

    def _event_time(self) -> int | None:
        run = self.penstock.current
        return None if run is None else run.event_time


def refusal(error: PenstockError, id_: str | None) -> Message:
    """The answer to a request that cannot be done."""
    return message("error", id=id_, error=error_body(error))
