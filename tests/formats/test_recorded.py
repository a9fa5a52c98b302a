"""Formats give what the real Flink gave (see recorded.py): rows, messages, failures and refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.core.errors import PenstockError
from penstock.formats import FORMATS
from tests.formats import recorded
from tests.formats.helpers import binary, decoder_of, outcomes, unordered
from tests.formats.recorded import bytes_of, shown

if TYPE_CHECKING:
    from penstock.formats import Encoder
    from tests.formats.helpers import Outcome
    from tests.formats.recorded import Question

QUESTIONS = [
    pytest.param(question, id=f"{file.stem} {place}: {question.kind} {', '.join(question.columns.values())}"[:80])
    for file in recorded.files()
    for place, question in enumerate(recorded.read(file))
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_formats_give_what_flink_gave(question: Question) -> None:
    assert question.answer, "not recorded yet: python -m tests.formats.recorded"
    if "refused" in question.answer:
        with pytest.raises(PenstockError):
            answer(question)
        return
    answer(question)


def answer(question: Question) -> None:
    match question.kind:
        case "decode":
            messages(question)
        case "file":
            file(question)
        case "encode":
            encoded(question)
        case "schema":
            options = {"timestamp_mapping.legacy": str(question.what).lower()}
            assert json.loads(FORMATS["avro"].schema(question.fields, options)) == question.answer["answers"]  # type: ignore[attr-defined]


def messages(question: Question) -> None:
    """All at once, again with what was learnt, and a few at a time."""
    data = [None if m is None else bytes_of(m) for m in question.what]
    fields = question.fields
    decoder = decoder_of(question.format, fields, question.options)
    first = outcomes(decoder.decode(binary(data)), fields)
    second = outcomes(decoder.decode(binary(data)), fields)
    decoder = decoder_of(question.format, fields, question.options)
    third = [o for at in range(0, len(data), 13) for o in outcomes(decoder.decode(binary(data[at : at + 13])), fields)]
    answers = question.answer.get("answers", [None] * len(data))
    differing = [
        (message, theirs, *ours)
        for message, theirs, *ours in zip(question.what, answers, first, second, third, strict=True)
        if not all(same(o, theirs, question) for o in ours)
    ]
    assert not differing, "message, Flink's, ours at once, once more, in pieces"


def same(ours: Outcome, theirs: Any, question: Question) -> bool:
    """Equal rows, or both none, whatever the reason."""
    if isinstance(ours, str) or isinstance(theirs, dict):
        return isinstance(ours, str) and isinstance(theirs, dict)
    return ours == rows_of(theirs, question)


def rows_of(theirs: list[dict[str, Any]], question: Question) -> list[dict[str, Any]]:
    return [{f.name: unordered(row[f.name], f.type) for f in question.fields} for row in theirs]


def file(question: Question) -> None:
    fields = question.fields
    found = outcomes(
        decoder_of(question.format, fields, question.options).decode_lines(bytes_of(question.what)), fields
    )
    theirs = question.answer["answers"]
    if any("fails" in row for row in theirs):
        assert any(isinstance(f, str) for f in found)
    else:
        assert [row for f in found for row in f] == rows_of(theirs, question)


def encoded(question: Question) -> None:
    fields = question.fields
    encoder: Encoder = FORMATS[question.format].encoder(fields, question.options)
    reader = decoder_of("json", fields, {"timestamp-format.standard": "ISO-8601"})
    read = reader.decode(binary(question.what))
    assert read.bad.is_empty()
    ours = encoder.encode(read.frame)
    assert ours.dtype == pl.Binary
    assert [None if m is None else shown(m) for m in ours] == question.answer["answers"]


@pytest.mark.real
def test_flink_still_says_what_was_recorded() -> None:
    assert recorded.main(["--check"]) == 0
