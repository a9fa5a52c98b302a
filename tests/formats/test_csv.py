"""CSV beyond what was recorded: files, cuts, and messages."""

from __future__ import annotations

from tests.formats.helpers import columns, decoder_of, outcomes

TWO = columns(a="STRING", b="STRING")


def test_rows_of_a_file_come_in_its_order() -> None:
    """A record over two lines is read before the odd one that stands in front of it."""
    decoded = decoder_of("csv", TWO).decode_lines(b'"",""""\n"","\n"\n')
    assert outcomes(decoded, TWO) == [[{"a": "", "b": '"'}], [{"a": "", "b": "\n"}], []]
