"""The page: the built files of ui/, which are part of the package, held in memory; one index for every view."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from starlette.responses import Response

from penstock.core.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    from starlette.requests import Request

__all__ = ["Page"]

_PACKED_FROM = 1_000
_TEXTS = ("text/", "application/json", "application/javascript", "image/svg")


@dataclass(frozen=True)
class _File:
    media_type: str
    tag: str
    data: bytes

    @cached_property
    def packed(self) -> bytes | None:
        """A longer text, compressed when it is first asked for: all of them take a tenth of a second."""
        if len(self.data) <= _PACKED_FROM or not self.media_type.startswith(_TEXTS):
            return None
        return gzip.compress(self.data, 9, mtime=0)


class Page:
    """Answers for all paths that the API has not: a file of the build, else the index."""

    def __init__(self) -> None:
        folder = files("penstock.server") / "page"
        self._files = dict(_read(folder, PurePosixPath())) if folder.is_dir() else {}

    def respond(self, request: Request, path: str) -> Response:
        """The file at `path`, or the index for a view's address. Raises RequestError where there is neither."""
        found = self._files.get(path)
        hashed = found is not None and path.startswith("assets/")
        if found is None and _is_view(request, path):
            found = self._files.get("index.html")
        if found is None or path.startswith("api/"):
            raise RequestError(
                f"there is nothing at /{path}", code="request-path", hint="/openapi.json lists what there is"
            )
        headers = {
            "etag": found.tag,
            # a build names each file after its content; the index is asked for again
            "cache-control": "public, max-age=31536000, immutable" if hashed else "no-cache",
            "vary": "accept-encoding",
        }
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", "") and found.packed is not None:
            headers["content-encoding"] = "gzip"
            return Response(found.packed, media_type=found.media_type, headers=headers)
        return Response(found.data, media_type=found.media_type, headers=headers)


def _is_view(request: Request, path: str) -> bool:
    """Whether an address that is no file's is a view's: a topic may have a dot in its name, a missing script too."""
    if path.startswith("assets/"):
        return False
    return "." not in path.rsplit("/", maxsplit=1)[-1] or "text/html" in request.headers.get("accept", "")


def _read(folder: Traversable, place: PurePosixPath) -> Iterator[tuple[str, _File]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _read(one, place / one.name)
            continue
        data = one.read_bytes()
        media_type = mimetypes.guess_type(one.name)[0] or "application/octet-stream"
        yield str(place / one.name), _File(media_type, f'"{hashlib.sha256(data).hexdigest()[:20]}"', data)
