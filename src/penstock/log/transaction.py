"""One transaction over everything a log holds: what an engine commits together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from penstock.core.errors import LogError
from penstock.log.append import Append, Decoded, put_decoded
from penstock.log.batch import encode
from penstock.log.claims import put_claim, require_free
from penstock.log.commit import Request
from penstock.log.groups import write_offsets
from penstock.log.state import drop_checkpoint
from penstock.log.tables import delete_fact, put_fact, require_fact, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import polars as pl

    from penstock.log.commit import Write
    from penstock.log.log import Log
    from penstock.log.stored import StoredBatch
    from penstock.log.topic import Topic

__all__ = ["Transaction"]


class Transaction(Request):
    """Collects writes, in order; leaving the `with` block commits all of them, or none if it raises.

    The file is locked only for the commit itself: blobs are built when they are given.
    """

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self._work: list[Callable[[Write], None]] = []
        self._last: list[Callable[[Write], None]] = []
        self._appends: list[Append] = []
        self._pipelines: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._log.submit(self)
            for pipeline in self._pipelines:
                self._log.state.settle(pipeline)

    def append(self, topic: str, records: pl.DataFrame, decoded: Decoded | None = None) -> Append:
        """As `Log.append`; its `result` is there after the commit."""
        append = self._log.checked(topic, records, decoded)
        append.prepare()
        self._appends.append(append)
        self._work.append(append.write)
        return append

    def keep_decoded(self, batch: StoredBatch, fingerprint: str, frame: pl.DataFrame) -> None:
        """As `Log.keep_decoded`."""
        check_decoded(batch, frame)
        blob = encode(frame)
        self._work.append(lambda write: put_decoded(write, batch.id, fingerprint, blob))

    def commit_offsets(self, group: str, offsets: Mapping[str, Mapping[int, int]]) -> None:
        """As `Groups.commit`."""
        self._work.append(lambda write: write_offsets(write, group, offsets))

    def put_checkpoint(
        self,
        pipeline: str,
        epoch: int,
        manifest: bytes,
        state: Mapping[str, bytes] | None = None,
        live: Collection[str] = (),
    ) -> None:
        """Make a checkpoint: exactly the ids in `live` are valid from then on.

        Each is in `state`, was staged, or was valid before; StateError otherwise. What is not live is
        dropped. State that is large is staged before (`States.stage`), not given here.
        """
        self._pipelines.append(pipeline)
        self._work.append(lambda write: self._log.state.put(write, pipeline, epoch, manifest, state or {}, live))

    def drop_checkpoint(self, pipeline: str) -> None:
        """As `States.drop_pipeline`."""
        self._pipelines.append(pipeline)
        self._work.append(lambda write: drop_checkpoint(write, pipeline))

    def restore_savepoint(self, name: str, pipeline: str) -> None:
        """As `States.restore_savepoint`, of one that is of `pipeline`."""
        self._pipelines.append(pipeline)
        self._work.append(lambda write: self._put_back(write, name))

    def _put_back(self, write: Write, name: str) -> None:
        self._log.state.put_back(write, name)

    def append_rows(self, table: str, frame: pl.DataFrame) -> None:
        """As `Tables.append`."""
        blob = encode(frame)
        self._work.append(lambda write: write_rows(write, table, frame.height, blob))

    def put(self, key: str, value: bytes | Callable[[], bytes]) -> None:
        """As `Facts.put`; a function is called when the appends that were given before have their `result`."""
        self._work.append(lambda write: put_fact(write, key, value() if callable(value) else value))

    def expect(self, key: str, value: bytes | None) -> None:
        """The transaction fails with LogError `fact-changed` where a fact is not `value`; None: where there is one.

        Call it before the fact is put.
        """
        self._work.append(lambda write: require_fact(write, key, value))

    def delete(self, key: str) -> None:
        """As `Facts.delete`."""
        self._work.append(lambda write: delete_fact(write, key))

    def claim(self, scope: str, key: str, digest: bytes, answer: Callable[[], bytes]) -> None:
        """As `Claims.find` finds it; `answer` is called when the appends that were given have their `result`.

        The transaction fails with LogError `claim-exists` where the key is claimed already. Call it first of all.
        """
        self._work.append(lambda write: require_free(write, scope, key))
        self._last.append(lambda write: put_claim(write, scope, key, digest, answer()))

    def prepare(self) -> None:
        for append in self._appends:
            append.prepare()

    def write(self, write: Write) -> None:
        for work in (*self._work, *self._last):
            work(write)

    def renew(self, find: Callable[[str], Topic]) -> None:
        for append in self._appends:
            append.renew(find)


def check_decoded(batch: StoredBatch, frame: pl.DataFrame) -> None:
    """Raises LogError where `frame` does not stand row for row beside the whole stored batch."""
    if not batch.whole or frame.height != batch.rows:
        raise LogError(
            f"{frame.height} decoded rows do not stand beside the {batch.entry.rows} rows of the stored batch",
            code="record-decoded",
            where=f"topic {batch.topic}",
            hint="decode whole batches to keep their columns",
        )
