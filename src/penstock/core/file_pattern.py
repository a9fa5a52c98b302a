"""Patterns of files in a project's folder, such as data/raw/*.csv."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from penstock.core.errors import ConfigError

__all__ = ["files_of", "require_pattern"]


def require_pattern(pattern: str, where: str, *, code: str, hint: str) -> None:
    """Raises ConfigError for a pattern that leads out of the folder, or is none; `hint` goes with the first."""
    parts = PurePosixPath(pattern).parts
    if not parts or ".." in parts or pattern.startswith(("/", "~")):
        raise ConfigError(f"'{pattern}' leads out of the project", code=code, where=where, hint=hint)
    try:
        next(Path("/nowhere").glob(pattern), None)
    except ValueError as error:
        raise ConfigError(f"'{pattern}' is no pattern of files: {error}", code=code, where=where) from None


def files_of(folder: Path, pattern: str) -> list[Path]:
    """The files in a folder that a pattern finds, by name; what lies outside, behind a link, is none of them."""
    root = folder.resolve()
    return sorted(path for path in folder.glob(pattern) if path.is_file() and path.resolve().is_relative_to(root))
