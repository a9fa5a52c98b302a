"""A bucket of S3, or of a server that speaks its protocol, as a place of files."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from penstock.connectors.filesystem.naming import is_hidden
from penstock.connectors.secrets import revealed
from penstock.core.errors import ConfigError, StorageError
from penstock.core.network import outgoing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from penstock.connectors.world import S3Settings, World

__all__ = ["Bucket", "bucket_of", "is_bucket"]

_MARK = "penstock-mark"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SECONDS = "60s"
_SCHEMES = ("s3", "s3a")


def is_bucket(path: str) -> bool:
    """Whether option `path` names a bucket: s3://bucket/prefix."""
    return urlsplit(path).scheme.lower() in _SCHEMES


def bucket_of(path: str, world: World, where: str) -> Bucket:
    """The place that s3://bucket/prefix names. Raises ConfigError for a name, an address or a key that does not fit."""
    parts = urlsplit(path)
    prefix = parts.path.strip("/")
    if not _NAME.fullmatch(parts.netloc) or ".." in prefix.split("/") or parts.query or parts.fragment:
        raise ConfigError(
            f"'{path}' names no bucket", code="s3-path", where=where, hint="'path' = 's3://my-bucket/some/folder'"
        )
    return Bucket(parts.netloc, prefix, world.s3, world.allow, where)


class Bucket:
    """Objects under `prefix`, called by the rest of their keys. Nothing is asked before the first use.

    Keys and address are those of [s3] in penstock.toml, else of the environment's AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL. Methods raise StorageError.
    """

    def __init__(self, bucket: str, prefix: str, settings: S3Settings, allow: Iterable[str], where: str) -> None:
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._where = where
        found = {
            "access_key_id": revealed(settings.access_key, where) or os.environ.get("AWS_ACCESS_KEY_ID", ""),
            "secret_access_key": revealed(settings.secret_key, where) or os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
            "region": settings.region or os.environ.get("AWS_REGION", "us-east-1"),
        }
        if not found["access_key_id"] or not found["secret_access_key"]:
            raise ConfigError(
                f"there are no keys for {self.name}",
                code="s3-keys",
                where=where,
                hint="export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name other variables in [s3]",
            )
        if token := os.environ.get("AWS_SESSION_TOKEN"):
            found["session_token"] = token
        endpoint = settings.endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
        outgoing(endpoint or f"https://s3.{found['region']}.amazonaws.com", tuple(allow), where)
        if endpoint:
            found["endpoint"] = endpoint
        self._bucket, self._prefix, self._config = bucket, prefix, found
        self._made: Any = None

    @property
    def _store(self) -> Any:
        if self._made is None:
            from obstore.store import S3Store

            plain = self._config.get("endpoint", "").startswith("http://")
            self._made = S3Store(
                self._bucket,
                prefix=self._prefix or None,
                virtual_hosted_style_request=False,
                client_options={"allow_http": plain, "timeout": _SECONDS},
                **cast("Any", self._config),
            )
        return self._made

    def names(self) -> dict[str, int]:
        """All objects with their sizes, by name; hidden ones, in folders too, are left out."""
        found = self.all_names("")
        return {n: size for n, size in sorted(found.items()) if not any(is_hidden(part) for part in n.split("/"))}

    def all_names(self, folder: str) -> dict[str, int]:
        """The objects below a folder with their sizes, hidden ones too."""
        with self._told("looking into it"):
            pages = self._store.list(folder or None)
            return {entry["path"]: int(entry["size"]) for page in pages for entry in page}

    def get(self, name: str) -> bytes:
        with self._told(f"reading '{name}'"):
            return bytes(self._store.get(name).bytes())

    def find(self, name: str) -> bytes | None:
        """An object's bytes; None where there is none."""
        from obstore.exceptions import NotFoundError

        with self._told(f"reading '{name}'"):
            try:
                return bytes(self._store.get(name).bytes())
            except (NotFoundError, FileNotFoundError):
                return None

    def put(self, name: str, data: bytes) -> None:
        with self._told(f"writing {len(data)} bytes to '{name}'"):
            self._store.put(name, data)

    def put_new(self, name: str, data: bytes, mark: str) -> bool:
        """Write an object with a mark, unless one of that name has another; whether it is there with this mark."""
        from obstore.exceptions import AlreadyExistsError

        with self._told(f"writing {len(data)} bytes to '{name}'"):
            try:
                self._store.put(name, data, mode="create", use_multipart=False, attributes={_MARK: mark})
            except AlreadyExistsError:
                return bool(self._store.get(name, options={"head": True}).attributes.get(_MARK) == mark)
        return True

    def delete(self, names: Iterable[str]) -> None:
        """Remove objects; those that are not there do not matter."""
        from obstore.exceptions import NotFoundError

        for name in names:
            with self._told(f"removing '{name}'"):
                try:
                    self._store.delete(name)
                except (NotFoundError, FileNotFoundError):
                    continue

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            raise self._error(doing, error) from None

    def _error(self, doing: str, error: Exception) -> StorageError:
        """What went wrong, in a line: the library's texts have many, and the keys are in none of them."""
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return StorageError(
            f"{self.name}: {doing} failed: {lines[0] if lines else type(error).__name__}",
            code="storage-s3",
            where=self._where,
            hint="check the address, the keys and the bucket, and run again: it goes on from the last checkpoint",
        )
