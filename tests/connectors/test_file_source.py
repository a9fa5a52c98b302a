"""Reading files: which, in which order, from where to where."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core import types as t
from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, DataError, StorageError, UnsupportedError
from tests.connectors.helpers import INT, STRING, again, chunks, files, reader, rows, world
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.connectors.helpers import Columns


def put(path: Path, *numbers: int, end: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(f'{{"a":{n}}}' for n in numbers) + end)
    return path


# -- which files -----------------------------------------------------------------------------------


def test_a_folder_is_read_in_the_order_of_paths_without_what_is_hidden(tmp_path: Path) -> None:
    for name, number in [("b.json", 1), ("a.json", 2), ("sub/c.json", 3), ("Z.json", 4)]:
        put(tmp_path / name, number)
    for name in ("_x.json", ".y.json", "_tmp/z.json", ".tmp/z.json"):
        put(tmp_path / name, 99)
    columns: Columns = {"a": INT, "n": ("file.name", STRING)}
    assert rows(reader(files(columns, tmp_path), world(tmp_path))) == [
        (4, "Z.json"),
        (2, "a.json"),
        (1, "b.json"),
        (3, "c.json"),
    ]


def test_the_metadata_of_a_file(tmp_path: Path) -> None:
    path = put(tmp_path / "in" / "a.json", 1)
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    metadata = {
        "p": ("file.path", STRING),
        "n": ("file.name", STRING),
        "s": ("file.size", t.BIGINT),
        "m": ("file.modification-time", t.TimestampLtz(3)),
    }
    frame = chunks(reader(files({"a": INT, **metadata}, "in"), world(tmp_path)))[0].frame
    assert frame.drop("$seq").schema == {
        "a": pl.Int32,
        "p": pl.String,
        "n": pl.String,
        "s": pl.Int64,
        "m": pl.Datetime("ms", "UTC"),
    }
    assert frame.select("p", "n", "s", pl.col("m").dt.epoch("ms")).rows() == [
        (str(path), "a.json", 8, 1_700_000_000_123)
    ]


def test_metadata_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"connector 'filesystem' has no metadata 'file.nam'") as raised:
        reader(files({"a": INT, "n": ("file.nam", STRING)}, tmp_path), world(tmp_path))
    assert raised.value.hint == "did you mean file.name?"


@pytest.mark.parametrize("path", ["in/a.json", "{folder}/in/a.json", "file://{folder}/in/a.json", "in/../in/a.json"])
def test_a_path_may_be_one_file_relative_absolute_or_a_uri(tmp_path: Path, path: str) -> None:
    put(tmp_path / "in" / "a.json", 1)
    put(tmp_path / "in" / "b.json", 2)
    assert rows(reader(files({"a": INT}, path.format(folder=tmp_path)), world(tmp_path))) == [(1,)]


def test_a_pattern_is_of_the_whole_path(tmp_path: Path) -> None:
    for name in ("a.json", "b.json", "c.json"):
        put(tmp_path / name, ord(name[0]))
    table = files({"a": INT}, tmp_path, {"source.path.regex-pattern": f"{tmp_path}/[ab].*"})
    assert rows(reader(table, world(tmp_path))) == [(97,), (98,)]
    table = files({"a": INT}, tmp_path, {"source.path.regex-pattern": "[ab].json"})
    assert rows(reader(table, world(tmp_path))) == []


def test_an_empty_folder_has_no_rows_and_ends(tmp_path: Path) -> None:
    one = reader(files({"a": INT}, tmp_path), world(tmp_path))
    assert not one.ended
    assert one.read(10) is None
    assert one.ended


def test_a_missing_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file or folder '.*/nothing'\ntable t\nhint: a relative path"):
        reader(files({"a": INT}, "nothing"), world(tmp_path)).read(1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir(mode=0o700)
    os.seteuid(65534)
    try:
        with pytest.raises(StorageError, match="cannot be read: Permission denied") as raised:
            reader(files({"a": INT}, tmp_path / "in"), world(tmp_path)).read(1)
    finally:
        os.seteuid(0)
    assert raised.value.code == "file-unreadable"


def test_files_outside_of_the_roots_are_out_of_reach(tmp_path: Path) -> None:
    put(tmp_path / "secret" / "a.json", 1)
    put(tmp_path / "data" / "b.json", 2)
    inside = world(tmp_path, roots=(tmp_path / "data",))
    assert rows(reader(files({"a": INT}, "data"), inside)) == [(2,)]
    for path in ("secret", "data/../secret/a.json"):
        with pytest.raises(ConfigError, match=r"'.*/secret.*' is outside of the folders that the project may use"):
            reader(files({"a": INT}, path), inside)
    (tmp_path / "data" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ConfigError, match=r"'.*/data/link' is outside of the folders"):
        reader(files({"a": INT}, "data"), inside).read(1)


def test_another_file_system(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="files on 'hdfs' are not supported") as raised:
        reader(files({"a": INT}, "hdfs://host/x"), world(tmp_path))
    assert raised.value.hint == "give a path of this machine, a file:// URI, or s3://bucket/folder"
    with pytest.raises(ConfigError, match="option 'path' is empty"):
        reader(files({"a": INT}, ""), world(tmp_path))


# -- partitions ------------------------------------------------------------------------------------


def test_columns_of_partitions_come_from_the_folders(tmp_path: Path) -> None:
    put(tmp_path / "d=2024-01-02" / "s=a%2Fb" / "x.json", 1)
    put(tmp_path / "d=__DEFAULT_PARTITION__" / "s=__DEFAULT_PARTITION__" / "sub" / "x.json", 2)
    table = files({"s": STRING, "a": INT, "d": t.DATE}, tmp_path, partitioned_by=("d", "s"))
    frame = chunks(reader(table, world(tmp_path)))[0].frame
    assert frame.select("a", pl.col("d").cast(pl.String), "s").rows() == [(1, "2024-01-02", "a/b"), (2, None, None)]
    assert frame["d"].dtype == pl.Date
    assert chunks(reader(table, world(tmp_path), "s"))[0].frame["s"].to_list() == ["a/b", None]


@pytest.mark.parametrize(
    ("data_type", "text", "value"),
    [
        (t.BOOLEAN, "TRUE", "true"),
        (t.BOOLEAN, "t", "false"),
        (t.SMALLINT, "007", "7"),
        (t.DOUBLE, "1.0E10", "10000000000.0"),
        (t.FLOAT, "1.1", "1.1"),
        (t.Decimal(5, 2), "2.5", "2.50"),
        (t.Timestamp(3), "2024-01-02T03%3A04", "2024-01-02 03:04:00.000"),
        (t.Timestamp(3), "2024-01-02 03%3A04%3A05", "2024-01-02 03:04:05.000"),
        (t.TimestampLtz(3), "2024-01-02T03%3A04%3A05.120", "2024-01-02 03:04:05.120Z"),
        (t.Time(0), "10%3A20", "10:20:00"),
        (t.Char(3), "abcde", "abcde"),
    ],
)
def test_values_in_names_of_folders(tmp_path: Path, data_type: t.DataType, text: str, value: str) -> None:
    put(tmp_path / f"p={text}" / "x.json", 1)
    table = files({"a": INT, "p": data_type}, tmp_path, partitioned_by=("p",))
    frame = chunks(reader(table, world(tmp_path)))[0].frame
    assert frame["p"].dtype == data_type.polars
    expected = pl.Series([value]).str.strip_suffix("Z")
    shown = frame["p"].dt.replace_time_zone(None) if isinstance(data_type, t.TimestampLtz) else frame["p"]
    assert shown.cast(pl.String).to_list() == expected.to_list()


def test_a_folder_whose_name_is_no_value(tmp_path: Path) -> None:
    put(tmp_path / "p=x" / "x.json", 1)
    with pytest.raises(
        DataError, match=r"folder 'p=x' is no INT\ntable t\nhint: rename the folder, or declare 'p' as STRING"
    ):
        rows(reader(files({"a": INT, "p": INT}, tmp_path, partitioned_by=("p",)), world(tmp_path)))


@pytest.mark.parametrize("name", ["q=1/x.json", "x.json", "zz/x.json"])
def test_what_is_no_partition(tmp_path: Path, name: str) -> None:
    put(tmp_path / name, 1)
    table = files({"a": INT, "p": INT}, tmp_path, partitioned_by=("p",))
    with pytest.raises(
        ConfigError, match=r"is no folder of a partition, and the table is PARTITIONED BY \(p\)"
    ) as raised:
        reader(table, world(tmp_path)).read(1)
    assert "are called p=VALUE" in raised.value.hint


def test_a_partitioned_table_over_one_file(tmp_path: Path) -> None:
    put(tmp_path / "x.json", 1)
    table = files({"a": INT, "p": INT}, tmp_path / "x.json", partitioned_by=("p",))
    with pytest.raises(ConfigError, match=r"x.json' is a file, but the table is partitioned"):
        reader(table, world(tmp_path)).read(1)


# -- pieces ----------------------------------------------------------------------------------------

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=40), max_size=60)
CSV_VALUE = st.text('a,"\n ', max_size=6)


@contextmanager
def folder_of(texts: list[bytes], endings: list[str]) -> Iterator[Path]:
    import tempfile

    pack: dict[str, Callable[[bytes], bytes]]
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, "": bytes}
    with tempfile.TemporaryDirectory() as name:
        for number, (text, ending) in enumerate(zip(texts, endings, strict=True)):
            (Path(name) / f"f{number}{ending}").write_bytes(pack[ending](text))
        yield Path(name)


def whole(of: Any, first: int) -> pl.DataFrame:
    return pl.concat([c.frame for c in chunks(of, first)] or [pl.DataFrame()])


def check_all_cuts(table: Any, folder: Path, cut: int, stop: int) -> pl.DataFrame:
    """Read whole; in pieces of `cut`; and in pieces with a restart after the first `stop` of them."""
    expected = whole(reader(table, world(folder)), 10_000)
    assert whole(reader(table, world(folder)), cut).equals(expected)
    one, parts, position = reader(table, world(folder)), [], None
    for _ in range(stop):
        if (job := one.read(cut)) is None:
            break
        scanned = job()
        parts.append(scanned.chunks["key"].frame)
        position = again(scanned.position)
        assert parts[-1].is_empty() or parts[-1]["$seq"][-1] <= scanned.through
    one.read(cut)  # read ahead, and lost
    other = reader(table, world(folder))
    other.seek(position)
    parts += [c.frame for c in chunks(other, cut)]
    assert pl.concat(parts or [pl.DataFrame()]).equals(expected)
    return expected


@examples(60)
@given(
    st.lists(st.tuples(LINES, st.sampled_from(["", ".gz", ".bz2", ".xz"]), st.booleans()), min_size=1, max_size=4),
    st.integers(1, 30),
    st.integers(0, 20),
)
def test_raw_lines_are_the_same_for_any_cut_and_restart(
    given_files: list[tuple[list[str], str, bool]], cut: int, stop: int
) -> None:
    texts = ["\n".join(lines) + ("\n" if end and lines else "") for lines, _, end in given_files]
    with folder_of([t.encode() for t in texts], [ending for _, ending, _ in given_files]) as folder:
        frame = check_all_cuts(files({"line": STRING}, folder, encoding="raw"), folder, cut, stop)
    expected = [line for text in texts if text for line in text.removesuffix("\n").split("\n")]
    assert ([] if frame.is_empty() else frame["line"].to_list()) == expected
    assert frame.is_empty() or frame["$seq"].is_sorted()
    assert frame.is_empty() or frame["$seq"].is_unique().all()


@examples(60)
@given(
    st.lists(st.lists(st.tuples(CSV_VALUE, CSV_VALUE), max_size=12), min_size=1, max_size=3),
    st.integers(1, 8),
    st.integers(0, 9),
)
def test_csv_records_over_several_lines_are_the_same_for_any_cut_and_restart(
    given_files: list[list[tuple[str, str]]], cut: int, stop: int
) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace('"', '""') + '"'

    texts = ["".join(f"{quoted(a)},{quoted(b)}\n" for a, b in records).encode() for records in given_files]
    with folder_of(texts, [""] * len(texts)) as folder:
        frame = check_all_cuts(files({"a": STRING, "b": STRING}, folder, encoding="csv"), folder, cut, stop)
    expected = [record for records in given_files for record in records]
    assert ([] if frame.is_empty() else frame.select("a", "b").rows()) == expected


def test_small_numbers_of_rows_are_cut_exactly(tmp_path: Path) -> None:
    put(tmp_path / "a.json", *range(2_500))
    for cut in (7, 100, 1000):
        sizes = {c.frame.height for c in chunks(reader(files({"a": INT}, tmp_path), world(tmp_path)), cut)[:-1]}
        assert sizes == {cut}


def test_large_pieces_are_about_as_large_as_asked_for(tmp_path: Path) -> None:
    put(tmp_path / "a.json", *range(200_000))
    heights = [c.frame.height for c in chunks(reader(files({"a": INT}, tmp_path), world(tmp_path)), 60_000)]
    assert sum(heights) == 200_000
    assert all(40_000 < h < 80_000 for h in heights[:-1])


def test_many_small_files_make_one_piece(tmp_path: Path) -> None:
    for number in range(50):
        put(tmp_path / f"{number:02}.json", number)
    columns: Columns = {"a": INT, "n": ("file.name", STRING)}
    (chunk,) = chunks(reader(files(columns, tmp_path), world(tmp_path)))
    assert chunk.frame.select("a", "n").rows() == [(n, f"{n:02}.json") for n in range(50)]
    assert chunk.messages == 50


def test_bad_lines_are_told_with_where_they_came_from(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a":1}\n\nbad\n')
    (tmp_path / "b.json").write_text('{"a":"x"}\r\n{"a":2}')
    (chunk,) = chunks(reader(files({"a": INT}, tmp_path), world(tmp_path)))
    assert (chunk.messages, chunk.skipped, chunk.frame["a"].to_list()) == (5, 1, [1, 2])
    assert chunk.bad["code"].to_list() == ["json-syntax", "json-value"]
    origins = chunk.origins(chunk.bad["seq"].to_numpy())
    assert origins.schema == {"topic": pl.String, "partition": pl.Int32, "offset": pl.Int64, "raw": pl.Binary}
    assert origins.rows() == [(f"{tmp_path}/a.json", 0, 9, b"bad"), (f"{tmp_path}/b.json", 0, 0, b'{"a":"x"}')]


def test_the_raw_bytes_of_a_record_over_several_lines_are_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('1,"x\ny"\nz,"x\ny"\n2,b\n')
    (chunk,) = chunks(reader(files({"a": INT, "b": STRING}, tmp_path, encoding="csv"), world(tmp_path)))
    assert chunk.frame.select("a", "b").rows() == [(1, "x\ny"), (2, "b")]
    assert chunk.origins(chunk.bad["seq"].to_numpy()).select("offset", "raw").rows() == [(8, b'z,"x\ny"')]


def test_values_of_columns_that_nobody_wants_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a":1,"b":"x"}\n')
    table = files({"a": INT, "b": INT}, tmp_path)
    assert rows(reader(table, world(tmp_path), "a")) == [(1,)]
    assert chunks(reader(table, world(tmp_path)))[0].bad.height == 1


def test_a_row_without_any_column_is_still_one(tmp_path: Path) -> None:
    put(tmp_path / "a.json", 1, 2)
    of = files({"a": INT, "p": ("file.name", STRING)}, tmp_path)
    one = reader(of, world(tmp_path), "p")
    assert rows(one) == [("a.json",), ("a.json",)]


# -- files that are damaged or changed under way -----------------------------------------------------


def test_a_compressed_file_of_a_kind_that_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.json.zst").write_bytes(b"x")
    with pytest.raises(UnsupportedError, match=r"'a.json.zst' is compressed in a way that is not read") as raised:
        rows(reader(files({"a": INT}, tmp_path), world(tmp_path)))
    assert raised.value.hint == "unpack it, or pack it as one of .gz, .gzip, .bz2, .xz"


@pytest.mark.parametrize("damage", [lambda b: b[:40] + b"x" * 20 + b[60:], lambda b: b[:-20], lambda b: b"no gzip"])
def test_a_damaged_compressed_file(tmp_path: Path, damage: Any) -> None:
    packed = gzip.compress(b"".join(b'{"a":%d}\n' % n for n in range(500)))
    (tmp_path / "a.json.gz").write_bytes(damage(packed))
    with pytest.raises(DataError, match=r"a.json.gz' cannot be unpacked: "):
        rows(reader(files({"a": INT}, tmp_path), world(tmp_path)))


def test_a_file_that_is_cut_between_a_look_and_its_reading(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", *range(100))
    job = reader(files({"a": INT}, tmp_path), world(tmp_path)).read(100)
    path.write_text("")
    with pytest.raises(DataError, match=r"a.json' was cut to 0 bytes while it was read"):
        job()


def test_a_file_without_newlines_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.connectors.filesystem.text._LONGEST", 1 << 20)
    monkeypatch.setattr("penstock.connectors.filesystem.text._MOST", 1 << 20)
    (tmp_path / "a").write_bytes(b"x" * (3 << 20) + b"\n")
    for spanning in ("json", "csv"):
        with pytest.raises(DataError, match=r"a' has no end of line for 1 MB from byte 0 on"):
            rows(reader(files({"a": STRING}, tmp_path, encoding=spanning), world(tmp_path)))


def test_a_file_that_goes_before_it_is_opened(tmp_path: Path) -> None:
    put(tmp_path / "a.json", 1)
    path = put(tmp_path / "b.json", 2)
    one = reader(files({"a": INT}, tmp_path), world(tmp_path))
    one.read(1)
    path.unlink()
    with pytest.raises(StorageError, match=r"'.*/b.json' cannot be read: No such file"):
        one.read(1)


def test_waiting_is_for_the_next_look(tmp_path: Path) -> None:
    clock = ManualClock()
    one = reader(files({"a": INT}, tmp_path, {"source.monitor-interval": "10 s"}), world(tmp_path, clock=clock))
    assert one.wait(1)
    assert one.read(1) is None
    assert not one.wait(4)
    assert clock.monotonic() == 4
    assert one.wait(60)
    assert clock.monotonic() == 10
    assert not one.ended
