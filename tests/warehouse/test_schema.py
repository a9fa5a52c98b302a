"""Schema files: what they say, what they may not say, and how they are inferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import ConfigError, DataError
from penstock.warehouse.column_types import type_named
from penstock.warehouse.inference import inferred
from penstock.warehouse.schema import read_schema, schema_text, with_changes
from penstock.warehouse.sources.csv import CsvSource, sniffed

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.warehouse.schema import Schema

CUSTOMERS = """\
ID;E-Mail;e_mail;Credit;Active?;Joined;Seen;Phone;Note
1;a@x.org;b@x.org;1.000,50;ja;31.01.2026;2026-01-31T10:00:00Z;0791;N/A
2;c@x.org;;-5,00;no;2026-02-01;2026-01-31T11:00:00+01:00;0792;x
3;d@x.org;e@x.org;N/A;yes;13.12.2025;2026-02-01T10:00:00Z;0793;-
"""


def infer(folder: Path, text: str) -> Schema:
    (folder / "a.csv").write_text(text)
    spelling = sniffed(folder / "a.csv")
    return inferred("customers", CsvSource(folder, "a.csv", spelling, snapshot=True).parts({}), spelling)


def test_what_is_inferred_is_the_file_that_is_read(tmp_path: Path) -> None:
    schema = infer(tmp_path, CUSTOMERS)
    said = schema_text(schema)
    assert read_schema("customers", said) == schema
    assert said.splitlines()[0].startswith("# Inferred from 3 rows")
    assert {name: str(kind) for name, kind in schema.types.items()} == {
        "id": "BIGINT",
        "e_mail": "STRING",
        "e_mail_2": "STRING",
        "credit": "DOUBLE",
        "active": "BOOLEAN",
        "joined": "DATE",
        "seen": "TIMESTAMP_LTZ(6)",
        "phone": "STRING",
        "note": "STRING",
    }
    by_name = {column.name: column for column in schema.columns}
    assert [one.text for one in by_name["credit"].numbers] == ["1.234,56"]
    assert by_name["active"].true == ("yes", "ja")
    assert by_name["joined"].formats == ("%d.%m.%Y", "%Y-%m-%d")
    assert by_name["note"].nulls == ("N/A", "-")


def test_a_few_bad_values_make_no_text_of_a_column(tmp_path: Path) -> None:
    rows = [f"{n},2026-01-{n:02}" for n in range(1, 29)]
    schema = infer(tmp_path, "\n".join(["n,day", *rows, "many,31.02.2026"]))
    assert [str(kind) for kind in schema.types.values()] == ["BIGINT", "DATE"]
    half = infer(tmp_path, "\n".join(["n,day", *rows[:3], "many,soon", "more,soon"]))
    assert [str(kind) for kind in half.types.values()] == ["STRING", "STRING"]


def test_nothing_can_be_inferred_from_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n")
    spelling = sniffed(tmp_path / "a.csv")
    with pytest.raises(DataError, match="source x has no rows, so the types of its columns cannot be inferred"):
        inferred("x", CsvSource(tmp_path, "a.csv", spelling, snapshot=True).parts({}), spelling)


def test_a_change_leaves_what_people_wrote(tmp_path: Path) -> None:
    said = '# mine\n[columns.n]  # a number\ntype = "BIGINT"  # so far\nfrom = "N"\n'
    before = read_schema("x", said)
    wider = before.with_columns(infer(tmp_path, "n,b\n1,x\n").columns[1])
    changed = with_changes(said, before, wider)
    assert changed.startswith(said)
    assert read_schema("x", changed) == wider


def test_types_have_names() -> None:
    assert str(type_named("decimal(9,2)")) == "DECIMAL(9, 2)"
    for wrong in ("DECIMAL(2, 3)", "DECIMAL(39, 0)", "VARCHAR", ""):
        with pytest.raises(ValueError):
            type_named(wrong)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("key = []", "the file has no columns\nschemas/x.toml\nhint: [columns.NAME] is how one begins"),
        (
            '[columns.a]\ntype = "VARCHAR"',
            ("option 'type' is 'VARCHAR', allowed is one of TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, BOOLEAN, "
             "STRING, DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ, DECIMAL(p, s)\nschemas/x.toml:2"),
        ),
        ('[columns.a]\ntyp = "INT"', "unknown option 'typ'\nschemas/x.toml:2\nhint: did you mean type?"),
        (
            'key = ["ab"]\n[columns.abc]\ntype = "INT"',
            "key names the column 'ab', which is not there\nschemas/x.toml:1\nhint: did you mean abc?",
        ),
        (
            'changed_at = "a"\n[columns.a]\ntype = "INT"',
            ("changed_at names 'a', which is INT\nschemas/x.toml:1\n"
             "hint: allowed are columns of type DATE, TIMESTAMP or TIMESTAMP_LTZ"),
        ),
        (
            '[columns._a]\ntype = "INT"',
            ("'_a' cannot name a column\nschemas/x.toml:1\n"
             "hint: allowed are letters, digits and _, a letter first, up to 63 bytes"),
        ),
        ('[columns.a]\ntype = "INT"\nmissing = "default"', "missing = \"default\" needs 'default'\nschemas/x.toml:3"),
        (
            '[columns.a]\ntype = "INT"\nmissing = "drop"\ndefault = "1"',
            "missing = \"drop\" has no use for 'default'\nschemas/x.toml:4",
        ),
        (
            '[columns.a]\ntype = "INT"\nfrom = "x"\n[columns.b]\nfrom = "x"\ntype = "INT"',
            "'b' is read from 'x', as 'a' is\nschemas/x.toml:4",
        ),
        (
            '[columns.a]\ntype = "INT"\n[columns.A]\ntype = "INT"',
            "'A' is called 'a', as 'a' is\nschemas/x.toml:3",
        ),
        (
            '[columns.a]\ntype = "INT"\nnumbers = ["1.234.56"]',
            ("option 'numbers' is '['1.234.56']', allowed is a list of 1234.56 as it is written: "
             '["1.234,56", "1\'234.56"]\nschemas/x.toml:3'),
        ),
        (
            '[file]\ndelimiter = "::"\n[columns.a]\ntype = "INT"',
            "option 'delimiter' is '::', allowed is one ASCII character\nschemas/x.toml:2",
        ),
        (
            '[file]\nencoding = "ascii-8"\n[columns.a]\ntype = "INT"',
            "option 'encoding' is 'ascii-8', allowed is an encoding that Python knows\nschemas/x.toml:2",
        ),
        ('file = 1\n[columns.a]\ntype = "INT"', "'file' is a table: [file]\nschemas/x.toml:1"),
    ],
)  # fmt: skip
def test_what_a_file_may_not_say(said: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_schema("x", said)
    assert str(caught.value) == told
