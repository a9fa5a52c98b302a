"""Commands that errors, hints and pages name are there, with the options they name."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from penstock.cli.root import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"(?<![\w./-])penstock ([a-z]+)((?: (?!penstock )[^\s`\"']+)*)")


def texts() -> Iterator[tuple[str, str]]:
    """(where, text) of every string in the package that may name a command, and of the pages."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        source = path.read_text("utf-8")
        for node in ast.walk(ast.parse(source)) if "penstock " in source else ():
            if isinstance(node, ast.JoinedStr):
                yield path.name, "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.name, node.value
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *(ROOT / "src").rglob("*.md")):
        yield path.name, path.read_text("utf-8")


def fault(name: str, rest: list[str]) -> str:
    """What is wrong with a command as a text names it; nothing if it is there."""
    context = click.Context(cli)
    command = cli.get_command(context, name)
    if command is None:
        return f"there is no command {name}"
    if isinstance(command, click.Group) and rest and rest[0].isalpha() and rest[0].islower():
        inner = command.get_command(context, rest[0])
        if inner is None:
            return f"there is no command {name} {rest[0]}"
        command = inner
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    unknown = [word for word in rest if re.fullmatch(r"--[a-z-]+", word) and word not in known]
    return f"{name} has no option {unknown[0]}" if unknown else ""


def test_commands_that_are_named_are_there() -> None:
    found = [
        (where, match[0], wrong)
        for where, text in texts()
        for line in text.splitlines()
        for match in NAMED.finditer(line)
        if (wrong := fault(match[1], match[2].split("#")[0].split()))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("sweep", "there is no command sweep"),
        ("topic shout", "there is no command topic shout"),
        ("replay --rebuild", "there is no command replay"),
        ("run shop --fresher", "run has no option --fresher"),
        ("rejects replay shop 3 --rebuild", ""),
    ],
)
def test_a_wrong_name_is_found(words: str, wrong: str) -> None:
    name, *rest = words.split()
    assert fault(name, rest) == wrong
