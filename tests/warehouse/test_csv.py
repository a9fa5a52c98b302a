"""CSV files of any spelling, against Python's own csv module."""

from __future__ import annotations

import csv
import gzip
import io
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import ConfigError, DataError, WarehouseError
from penstock.core.toml_table import read_toml
from penstock.warehouse.sources import FAULT, LINE, RAW
from penstock.warehouse.sources.csv import CsvSource, Spelling, read_csv, sniffed
from penstock.warehouse.sources.csv.blocks import blocks
from penstock.warehouse.sources.csv.records import frames, header

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path, spelling: Spelling, size: int = 1 << 20) -> pl.DataFrame:
    return pl.concat(frames(blocks(path, spelling.encoding, size), spelling), how="diagonal")


@given(
    st.lists(st.lists(st.text('ab" ,;é\n1', max_size=5), min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from(("\n", "\r\n")),
    st.sampled_from(("utf-8", "utf-8-sig", "latin-1", "utf-16")),
    st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    st.integers(1, 40),
)
def test_what_python_writes_is_read_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    delimiter: str,
    newline: str,
    encoding: str,
    quoting: Any,
    size: int,
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    writer.writerows([["a", "b", "c"], *rows])
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    found = read(path, Spelling(delimiter=delimiter, encoding=encoding), size)
    assert FAULT not in found.columns
    assert [[value or "" for value in row] for row in found.select("a", "b", "c").rows()] == rows


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_what_is_no_record_says_why_and_where(tmp_path: Path, size: int) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(b'a,b\n1,2\n1\n\n1,2,3\n"x\ny",2\n"q"z,2\n5" pipe,2\n1,"open\n3,\xff\n7,8')
    assert read(path, Spelling(), size).select("a", "b", LINE, FAULT, RAW).rows() == [
        ("1", "2", 2, None, None),
        (None, None, 3, "1 fields where the header has 2", "1"),
        (None, None, 5, "3 fields where the header has 2", "1,2,3"),
        ("x\ny", "2", 6, None, None),
        ("qz", "2", 8, None, None),
        ('5" pipe', "2", 9, None, None),
        (None, None, 10, "a quote is never closed", '1,"open'),
        (None, None, 11, "bytes that are not utf-8", "3,\ufffd"),
        ("7", "8", 12, None, None),
    ]  # fmt: skip


def test_bytes_that_the_encoding_has_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\nGr\xfc\xdfe,\x80\nx,\x81\n")
    found = read(tmp_path / "a.csv", Spelling(encoding="cp1252"))
    assert found.select("a", "b", FAULT).rows() == [("Grüße", "€", None), (None, None, "bytes that are not cp1252")]


def test_escapes_lone_returns_and_lines_before_the_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'made by hand\ra;b\r"say \\"yes\\"";x\\;y\r1;2')
    spelling = Spelling(delimiter=";", escape="\\", skip=1, newline="\r")
    assert read(tmp_path / "a.csv", spelling).select("a", "b", LINE).rows() == [('say "yes"', "x;y", 3), ("1", "2", 4)]


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    assert read(tmp_path / "a.csv", Spelling(header=False)).to_dicts() == [
        {"column 1": "1", "column 2": "2", LINE: 1},
        {"column 1": "3", "column 2": "4", LINE: 2},
    ]


def test_names_in_a_header_are_told_apart() -> None:
    assert header(["Note", " note", "", "_line", "Note"]) == ["Note", "note (2)", "column 3", "line (2)", "Note (3)"]


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ('id;name\n1;"Müller; Söhne"\n2;"x"\n', "utf-8-sig", Spelling(delimiter=";")),
        ("id\tname\n1\tMüller\n2\tx\n", "utf-16", Spelling(delimiter="\t", encoding="utf-16")),
        ("id|name|day\n1|Müller|2026-01-01\n2|x|2026-01-02\n", "latin-1", Spelling(delimiter="|", encoding="cp1252")),
        ("1,2.5,2026-01-01\n2,3.5,2026-01-02\n", "utf-8", Spelling(header=False)),
        ("id,name\r1,x\r2,y\r", "utf-8", Spelling(newline="\r")),
    ],
)
def test_sniffed(tmp_path: Path, text: str, encoding: str, expected: Spelling) -> None:
    for path, data in (
        (tmp_path / "a.csv", text.encode(encoding)),
        (tmp_path / "a.gz", gzip.compress(text.encode(encoding))),
    ):
        path.write_bytes(data)
        assert sniffed(path) == expected
        assert read(path, expected).height == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"\n")
    with pytest.raises(DataError, match=r"empty\.csv is empty"):
        sniffed(tmp_path / "empty.csv")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1000)[:-20])
    with pytest.raises(DataError, match=r"cut\.csv\.gz cannot be read: Compressed file ended"):
        read(tmp_path / "cut.csv.gz", Spelling())
    with pytest.raises(DataError, match=r"cut\.csv\.gz cannot be read: Compressed file ended"):
        sniffed(tmp_path / "cut.csv.gz")
    (tmp_path / "folder.csv").mkdir()
    for reading in (sniffed, lambda path: read(path, Spelling())):
        with pytest.raises(DataError, match=r"^folder\.csv cannot be read: Is a directory\n"):
            reading(tmp_path / "folder.csv")
    (tmp_path / "text.csv.gz").write_text("garbage\n")
    with pytest.raises(DataError, match=r"text\.csv\.gz is called a file of gzip, and is none"):
        sniffed(tmp_path / "text.csv.gz")
    with pytest.raises(DataError, match=r"text\.csv\.gz is called a file of gzip, and is none"):
        read(tmp_path / "text.csv.gz", Spelling())
    with pytest.raises(DataError, match=r"no file is called in/\*\.csv"):
        list(CsvSource(tmp_path, "in/*.csv", Spelling(), snapshot=True).parts({}))


@pytest.mark.parametrize("data", [bytes(range(256)) * 20, "id,name\n1,x\n".encode("utf-16-le")])
def test_what_is_no_text_in_an_encoding_that_can_be_told_is_not_taken_for_csv(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.csv does not look like CSV: \d+% of its begin are control characters"):
        sniffed(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"id,name\n" + b"1,some words\n" * 10 + b"2,\0x\n\x1a")
    assert sniffed(tmp_path / "a.csv").header


def test_a_file_that_grows_while_it_is_read_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,name\n1,x\n2,unfini")
    (part,) = CsvSource(tmp_path, "*.csv", Spelling(), snapshot=True).parts({})
    read_so_far = part.frames()
    next(read_so_far)
    with path.open("a") as file:
        file.write("shed\n")
    with pytest.raises(WarehouseError) as caught:
        list(read_so_far)
    assert str(caught.value) == (
        f"a.csv was changed while it was read: nothing of its source is loaded\n{path}\n"
        "hint: write a file elsewhere, and move it here when it is whole"
    )


def test_files_are_known_by_their_content(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"id\n{name}\n")
    each, all_of_it = (CsvSource(tmp_path, "*.csv", Spelling(), snapshot=one) for one in (False, True))
    seen = {part.name: part.mark for part in each.parts({})}
    assert list(seen) == ["a.csv", "b.csv"]
    assert not list(each.parts(seen)) and not list(all_of_it.parts(seen))
    (tmp_path / "b.csv").rename(tmp_path / "c.csv")
    assert not list(each.parts(seen)), "a file of another name is not a new one"
    (tmp_path / "c.csv").write_text("id\nc\n")
    assert [part.name for part in each.parts(seen)] == ["c.csv"]
    assert [part.name for part in all_of_it.parts(seen)] == ["a.csv", "c.csv"]


def test_files_outside_the_project_are_none_of_its(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret.csv").write_text("id\n1\n")
    (project / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(DataError, match=r"no file is called \*\.csv"):
        CsvSource(project, "*.csv", Spelling(), snapshot=False).paths()
    for pattern, wrong in (
        ("../*.csv", "leads out of the project"),
        ("/etc/*.csv", "leads out of the project"),
        ("in/**.csv", "is no pattern of files: Invalid pattern"),
    ):
        with pytest.raises(ConfigError, match=f"'{re.escape(pattern)}' {wrong}"):
            read_csv(read_toml(f'path = "{pattern}"', "sources/x.toml"), project, None, snapshot=True)
