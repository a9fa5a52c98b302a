from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.cli.command import path_of, program

if TYPE_CHECKING:
    import pytest


def test_the_program_is_named_as_the_shell_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = tmp_path / "with blank" / "bin"
    here.mkdir(parents=True)
    (here / "penstock").write_text("#!/bin/sh\n")
    (here / "penstock").chmod(0o755)
    monkeypatch.setattr("sys.argv", [str(here / "penstock")])
    monkeypatch.setenv("PATH", "/nowhere")
    assert shlex.split(program()) == [str(here / "penstock")]
    monkeypatch.setenv("PATH", str(here))
    assert program() == "penstock"


def test_the_program_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/penstock/__main__.py"])
    assert shlex.split(program()) == [sys.executable, "-m", "penstock"]


def test_a_folder_with_a_blank_can_be_pasted() -> None:
    assert path_of(Path("my shop")) == "'my shop'"
