"""Questions to Flink's formats with its answers: ``recorded/*.jsonl``, one a line.

A line is ``{"format": ..., "options": {...}, "columns": {name: type}}`` with one of

- ``"decode"``: messages; the answer to each is the rows it gives, or ``{"fails": why}``
- ``"file"``: a whole file; the answer is its rows, or ``[{"fails": why}]``
- ``"encode"``: rows as JSON, with ISO-8601 timestamps; the answer to each is a message
- ``"schema"``: whether timestamps are mapped as of old; the answer is the Avro schema

and, once Flink was asked, ``"answers"`` (or ``"refused"``, Flink's reason). Bytes are text, or ``{"hex": ...}`` where
they are not UTF-8. To add questions, write lines without an answer and run ``python -m tests.formats.recorded``; with
``--all`` every line is asked again, with ``--check`` too, and nothing is written.
"""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.core.types import Field, Row
from tests.functions.harness import type_of

if TYPE_CHECKING:
    from tests.formats.flink import FlinkFormats

HERE = Path(__file__).resolve().parent / "recorded"
_KINDS = ("decode", "file", "encode", "schema")
_MAX_REASON = 100


@dataclass(slots=True)
class Question:
    """What was asked, and Flink's answer."""

    format: str
    columns: dict[str, str]
    options: dict[str, str]
    kind: str
    what: Any
    answer: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, line: str) -> Question:
        value = json.loads(line)
        (kind,) = (k for k in _KINDS if k in value)
        answer = {k: value[k] for k in ("answers", "refused") if k in value}
        return cls(value["format"], value["columns"], value.get("options", {}), kind, value[kind], answer)

    @property
    def line(self) -> str:
        options = {"options": self.options} if self.options else {}
        whole = {"format": self.format, **options, "columns": self.columns, self.kind: self.what, **self.answer}
        return json.dumps(whole)

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(Field(name, type_of(kind)) for name, kind in self.columns.items())

    def ask(self, flink: FlinkFormats) -> dict[str, Any]:
        """Flink's answer."""
        question = {"format": self.format, "options": self.options, "type": str(Row(self.fields, nullable=False))}
        what = self.what
        if self.kind == "decode":
            what = [None if m is None else base64.b64encode(bytes_of(m)).decode() for m in what]
        elif self.kind == "file":
            what = base64.b64encode(bytes_of(what)).decode()
        answer = flink.ask({**question, self.kind: what})
        answers = answer.get("answers")
        if self.kind == "encode" and answers is not None:
            answer["answers"] = [shown(base64.b64decode(a)) if isinstance(a, str) else a for a in answers]
        shortened: dict[str, Any] = _shortened(answer)
        return shortened


def bytes_of(value: str | dict[str, str]) -> bytes:
    """Bytes as they stand in a line."""
    return value.encode() if isinstance(value, str) else bytes.fromhex(value["hex"])


def shown(value: bytes) -> str | dict[str, str]:
    """Bytes as they are to stand in a line."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"hex": value.hex()}


def _shortened(answer: Any) -> Any:
    """The answer with Flink's reasons cut."""
    if isinstance(answer, dict):
        return {
            k: v[:_MAX_REASON] if k in {"fails", "refused"} and isinstance(v, str) else _shortened(v)
            for k, v in answer.items()
        }
    return [_shortened(a) for a in answer] if isinstance(answer, list) else answer


def files() -> list[Path]:
    return sorted(HERE.glob("*.jsonl"))


def read(file: Path) -> list[Question]:
    return [Question.read(line) for line in file.read_text("utf-8").split("\n") if line]


def main(arguments: list[str]) -> int:
    from tests.formats.flink import FlinkFormats

    differing = 0
    with FlinkFormats() as flink:
        for file in files():
            questions = read(file)
            for q in questions:
                if "--check" in arguments:
                    differing += q.ask(flink) != q.answer
                elif not q.answer or "--all" in arguments:
                    q.answer = q.ask(flink)
            if "--check" not in arguments:
                file.write_text("".join(f"{q.line}\n" for q in questions), "utf-8")
            print(f"{file.name}: {len(questions)} questions")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
