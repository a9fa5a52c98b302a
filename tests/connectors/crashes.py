"""A process that ends before any one of its acts on the file system."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Crash(BaseException):
    """Nothing handles it, as nothing handles a power cut."""


@contextmanager
def crash_before(act: int) -> Iterator[list[str]]:
    """Raise Crash instead of doing act `act`, counted from 0, and every act after it; gives the acts done.

    A file that is being written is cut in the middle.
    """
    done: list[str] = []

    def counted(name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*args: Any, **kwargs: Any) -> Any:
            if len(done) >= act:
                if name == "write":
                    do(args[0], args[1][: len(args[1]) // 2])
                raise Crash
            done.append(name)
            return do(*args, **kwargs)

        return acting

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "unlink", "mkdir", "rmdir", "fsync"):
            patch.setattr(os, name, counted(name, getattr(os, name)))
        patch.setattr(Path, "write_bytes", counted("write", Path.write_bytes))
        patch.setattr(Path, "touch", counted("touch", Path.touch))
        yield done
