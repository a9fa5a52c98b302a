"""Files of a project that are made in the page too: read with a tag, saved only over what was read."""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError, did_you_mean
from penstock.core.text_file import replace_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileConflictError", "Folder", "ProjectFile", "difference"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_MOST_BYTES = 1 << 20
_SAVING = Lock()
"""Of two who save over the same text at the same moment, the second one is refused."""


class FileConflictError(ConfigError):
    """A file has changed since it was read; `difference` is from what is there to what would be saved.

    Without one the file is not to be shown.
    """

    code = "file-changed"

    def __init__(self, message: str, difference: str) -> None:
        seen = "look at the difference" if difference else "read it again"
        super().__init__(message, code="file-changed", hint=f"{seen}, and save over the file as it is now")
        self.difference = difference


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file's `text`, and the `tag` that changes with it."""

    name: str
    text: str

    @property
    def tag(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one kind: `kind` is the folder in the project, `ending` that of its files, `noun` one of them."""

    project: Path
    kind: str
    ending: str
    noun: str

    def names(self) -> list[str]:
        """By name; files that are called otherwise than these can be are not among them."""
        found = (path.name.removesuffix(self.ending) for path in (self.project / self.kind).glob(f"*{self.ending}"))
        return sorted(name for name in found if _NAME.fullmatch(name))

    def read(self, name: str) -> ProjectFile:
        """Raises ConfigError with the closest name, where there is no such file or it cannot be read."""
        path = self._path(name)
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ConfigError(f"{path} is larger than {_MOST_BYTES >> 20} MB", code=f"{self.noun}-file")
            return ProjectFile(name, path.read_text("utf-8"))
        except FileNotFoundError:
            if not path.is_symlink():
                raise self._unknown(name) from None
            raise ConfigError(f"{path} is a link to nothing", code=f"{self.noun}-file") from None
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path} is no text: byte {error.start} is not UTF-8", code=f"{self.noun}-file") from None
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error}", code=f"{self.noun}-file") from None

    def text(self, name: str) -> str:
        """The text of a file, empty where there is none. Raises as `read`."""
        return self.read(name).text if name in self.names() else ""

    def save(self, name: str, text: str, tag: str | None) -> ProjectFile:
        """Write `text` over the file that has `tag`, or make it where that is None.

        Raises FileConflictError where another text is there, ConfigError where it cannot be written.
        """
        path = self._path(name)
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start])
            raise ConfigError(
                f"{self.noun} '{name}' has half of a character ({half}), which no file can hold",
                code=f"{self.noun}-file",
            ) from None
        if size > _MOST_BYTES:
            raise ConfigError(f"{self.noun} '{name}' has more than {_MOST_BYTES >> 20} MB", code=f"{self.noun}-file")
        with _SAVING:
            return self._save(path, name, text, tag)

    def _save(self, path: Path, name: str, text: str, tag: str | None) -> ProjectFile:
        try:
            there: str | None = path.read_text("utf-8")
        except FileNotFoundError:
            there = None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}", code=f"{self.noun}-file") from None
        self._require_same(name, there, text, tag)
        try:
            path.parent.mkdir(exist_ok=True)
            replace_text(path, text)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}", code=f"{self.noun}-file") from None
        return ProjectFile(name, text)

    def delete(self, name: str, tag: str) -> None:
        """Remove the file that has `tag`. Raises as `save`, and ConfigError where there is none."""
        with _SAVING:
            self._require_same(name, self.read(name).text, "", tag)
            try:
                self._path(name).unlink()
            except OSError as error:
                raise ConfigError(f"{self.noun} {name} cannot be removed: {error}", code=f"{self.noun}-file") from None

    def _require_same(self, name: str, there: str | None, text: str, tag: str | None) -> None:
        if there is None and tag is not None:
            raise FileConflictError(f"{self.noun} '{name}' is gone", difference("", text, name))
        if there is not None and tag != ProjectFile(name, there).tag:
            what = "there is one already" if tag is None else "it has changed since it was read"
            raise FileConflictError(f"{self.noun} '{name}' is not saved: {what}", difference(there, text, name))

    def _path(self, name: str) -> Path:
        """Raises ConfigError for a name that none may have, or a link that leads out of the project."""
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"'{name}' cannot name a {self.noun}",
                code=f"{self.noun}-name",
                hint="allowed are small letters, digits, - and _, up to 100",
            )
        path = self.project / self.kind / f"{name}{self.ending}"
        if not path.resolve().is_relative_to(self.project.resolve()):
            raise ConfigError(f"{path} leads out of the project", code=f"{self.noun}-file")
        return path

    def _unknown(self, name: str) -> ConfigError:
        known = self.names()
        hint = did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else f"{self.kind}/ has none")
        return ConfigError(f"there is no {self.noun} '{name}'", code=f"{self.noun}-unknown", hint=hint)


def difference(there: str, text: str, name: str, sides: tuple[str, str] = ("there", "yours")) -> str:
    """From the text that is there to another one, as lines of a unified difference."""
    before, after = (f"{name} ({side})" for side in sides)
    lines = difflib.unified_diff(there.splitlines(), text.splitlines(), before, after, lineterm="")
    return "\n".join(lines)
