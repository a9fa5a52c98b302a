"""The built-in schema registry: numbers, versions, what fits what came before; and tables whose schemas are in it."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import penstock
from penstock.connectors.registry import Subjects
from penstock.connectors.registry.compatibility import LEVELS, MOST_BYTES, misfits
from penstock.core.errors import ConfigError, RegistryError, UnsupportedError
from penstock.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def record(*fields: tuple[str, Any] | tuple[str, Any, Any], **more: Any) -> str:
    made = [{"name": f[0], "type": f[1], **({"default": f[2]} if len(f) > 2 else {})} for f in fields]
    return json.dumps({"type": "record", "name": "r", "fields": made, **more})


A = record(("a", "int"))
A_B = record(("a", "int"), ("b", "string"))
A_B_DEFAULT = record(("a", "int"), ("b", "string", ""))
NAMED = record(("a", "int"), doc="a number")


@pytest.fixture
def subjects() -> Iterator[Subjects]:
    with Log.open(None) as log:
        yield Subjects(log)


def code(raised: pytest.ExceptionInfo[RegistryError]) -> tuple[str, str]:
    return raised.value.code, raised.value.message


def test_a_schema_has_one_number_in_all_subjects(subjects: Subjects) -> None:
    assert subjects.register("t-value", A) == 1
    assert subjects.register("t-value", A.replace(" ", "\n")) == 1
    assert subjects.register("t-value", '{"fields":[{"type":"int","name":"a"}],"name":"r","type":"record"}') == 1
    assert subjects.register("u-value", A) == 1
    assert subjects.register("t-value", NAMED) == 2
    assert subjects.names() == ["t-value", "u-value"]
    assert subjects.versions("t-value") == [1, 2]
    assert subjects.uses(1) == [("t-value", 1), ("u-value", 1)]
    assert subjects.schema(1) == A.replace(" ", "")
    assert subjects.schema(3) is None
    assert subjects.version("t-value").id == 2
    assert subjects.find("t-value", A).version == 1


@pytest.mark.parametrize(
    ("level", "old", "new", "fits"),
    [
        ("BACKWARD", [A], A_B, False),
        ("BACKWARD", [A], A_B_DEFAULT, True),
        ("BACKWARD", [A_B], A, True),
        ("BACKWARD", [A, A_B_DEFAULT], A_B, True),
        ("BACKWARD_TRANSITIVE", [A, A_B_DEFAULT], A_B, False),
        ("FORWARD", [A_B], A, False),
        ("FORWARD", [A_B_DEFAULT], A, True),
        ("FORWARD", [A], A_B, True),
        ("FORWARD_TRANSITIVE", [A_B, A_B_DEFAULT], A, False),
        ("FULL", [A], A_B, False),
        ("FULL", [A_B], A, False),
        ("FULL", [A], A_B_DEFAULT, True),
        ("FULL_TRANSITIVE", [A_B, A_B_DEFAULT], A, False),
        ("NONE", [A], '"string"', True),
        ("BACKWARD", [A], record(("a", "long")), True),
        ("FORWARD", [A], record(("a", "long")), False),
        ("BACKWARD", [record(("a", "long"))], A, False),
        ("BACKWARD", [A], record(("a", ["null", "int"])), True),
        ("BACKWARD", [record(("a", ["null", "int"]))], A, False),
        ("BACKWARD", [A], record(("c", "int", 0), name="s"), False),
        (
            "BACKWARD",
            [record(("a", "bytes"))],
            record(("a", {"type": "bytes", "logicalType": "decimal", "precision": 4})),
            True,
        ),
    ],
)
def test_what_fits_what_came_before(level: str, old: list[str], new: str, fits: bool) -> None:
    assert (misfits(level, new, old) == []) is fits


def test_a_version_that_does_not_fit(subjects: Subjects) -> None:
    subjects.register("t-value", A)
    with pytest.raises(RegistryError) as raised:
        subjects.register("t-value", A_B)
    assert raised.value.code == "registry-incompatible"
    assert raised.value.message == (
        "the schema does not fit the earlier versions of subject 't-value' (BACKWARD): the new schema cannot read what "
        "the earlier one wrote: reader_field_missing_default_value at /fields/1: b"
    )
    assert raised.value.hint == "give a new field a default, or register it under another subject"
    assert subjects.versions("t-value") == [1]
    assert subjects.misfits("t-value", A_B) == subjects.misfits("t-value", A_B, 1) != []
    subjects.set_level("NONE", "t-value")
    assert subjects.misfits("t-value", A_B) == []
    assert subjects.register("t-value", A_B) == 2


def test_levels(subjects: Subjects) -> None:
    assert (subjects.default_level, subjects.level("t")) == ("BACKWARD", None)
    subjects.set_level("FULL")
    subjects.set_level("NONE", "t")
    assert (subjects.default_level, subjects.level("t"), subjects.names()) == ("FULL", "NONE", [])
    subjects.set_level(None)
    subjects.set_level(None, "t")
    assert (subjects.default_level, subjects.level("t")) == ("BACKWARD", None)
    with pytest.raises(RegistryError) as raised:
        subjects.set_level("BACKWARDS")
    assert code(raised) == ("registry-level", "there is no compatibility level 'BACKWARDS'")
    assert raised.value.hint == "did you mean BACKWARD?"


def test_deleting_hides_and_then_forgets(subjects: Subjects) -> None:
    """A schema keeps its number all the same: messages name it."""
    subjects.register("t", A)
    subjects.register("t", A_B_DEFAULT)
    with pytest.raises(RegistryError) as raised:
        subjects.delete("t", 1, permanent=True)
    assert code(raised) == ("registry-not-deleted", "version 1 of subject 't' was not deleted first")
    assert subjects.delete("t", 1) == [1]
    assert subjects.versions("t") == [2]
    assert subjects.versions("t", deleted=True) == [1, 2]
    with pytest.raises(RegistryError) as raised:
        subjects.delete("t", permanent=True)
    assert code(raised) == ("registry-not-deleted", "subject 't' was not deleted first")
    assert subjects.delete("t") == [2]
    assert (subjects.names(), subjects.names(deleted=True)) == ([], ["t"])
    assert subjects.register("t", A) == 1
    assert subjects.versions("t") == [3]
    assert subjects.delete("t") == [3]
    assert subjects.delete("t", permanent=True) == [1, 2, 3]
    assert subjects.names(deleted=True) == []
    assert subjects.schema(1) is not None


def test_what_there_is_not(subjects: Subjects) -> None:
    subjects.register("orders-value", A)
    cases: list[tuple[Callable[[], object], tuple[str, str], str]] = [
        (lambda: subjects.known(7), ("registry-unknown", "schema 7 is not known"), ""),
        (
            lambda: subjects.versions("order-value"),
            ("registry-subject", "there is no subject 'order-value'"),
            "did you mean orders-value?",
        ),
        (
            lambda: subjects.version("orders-value", 2),
            ("registry-version", "subject 'orders-value' has no version 2"),
            "there are 1",
        ),
        (
            lambda: subjects.find("orders-value", A_B),
            ("registry-unknown", "subject 'orders-value' has no such schema"),
            "",
        ),
        (
            lambda: subjects.register("", A),
            ("registry-name", "a subject has 1 to 255 characters that can be printed, this is ''"),
            "",
        ),
    ]
    for ask, expected, hint in cases:
        with pytest.raises(RegistryError) as raised:
            ask()
        assert (code(raised), raised.value.hint) == (expected, hint)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not an Avro schema: "),
        ('{"type":"mystery"}', "not an Avro schema: "),
        ("[" * 100_000, "not an Avro schema: "),
        ('"' + "x" * MOST_BYTES + '"', f"a schema has at most {MOST_BYTES} characters, this one {MOST_BYTES + 2}"),
    ],
)
def test_what_is_no_schema(subjects: Subjects, text: str, words: str) -> None:
    with pytest.raises(RegistryError) as raised:
        subjects.register("t", text)
    assert raised.value.code == "registry-schema"
    assert raised.value.message.startswith(words)


def test_threads_that_register_at_once_take_a_number_each(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log.db", durability="relaxed") as log:
        made: list[int] = []
        schemas = [record((f"f{n}", "int", 0)) for n in range(8)]
        threads = [
            threading.Thread(target=lambda s=s: made.append(Subjects(log).register("t", s))) for s in schemas * 2
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(made) == sorted([*range(1, 9)] * 2)
        assert Subjects(log).versions("t") == [*range(1, 9)]
    with Log.open(tmp_path / "log.db") as log:
        assert len({Subjects(log).schema(n) for n in range(1, 9)}) == 8


def test_levels_are_confluents() -> None:
    assert set(LEVELS) == {a + b for a in ("BACKWARD", "FORWARD", "FULL") for b in ("", "_TRANSITIVE")} | {"NONE"}


TABLES = """
CREATE TABLE orders (id BIGINT, what STRING, price DECIMAL(9, 2), sent TIMESTAMP(3))
WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = 'avro-confluent');
CREATE TABLE latest (id BIGINT, what STRING, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'latest', 'key.format' = 'avro-confluent',
      'value.format' = 'avro-confluent', 'value.avro-confluent.subject' = 'newest');
INSERT INTO latest SELECT id, what FROM orders;
"""


def test_tables_write_and_read_by_the_registry() -> None:
    with penstock.memory() as p:
        p.sql(TABLES)
        p.append("orders", [{"id": 1, "what": "tea", "price": "2.50", "sent": "2026-01-01 12:00:00"}, {"id": 2}])
        p.run(bounded=True)
        assert p.query("SELECT * FROM latest ORDER BY id").rows() == [(1, "tea"), (2, None)]
        subjects = Subjects(p.log)
        assert subjects.names() == ["latest-key", "newest", "orders-value"]
        head = next(p.log.read("orders"))["value"][0][:5]
        assert head == b"\0" + subjects.version("orders-value").id.to_bytes(4, "big")


def test_a_writer_with_a_newer_schema_is_read_as_the_table_says() -> None:
    with penstock.memory() as p:
        p.sql(TABLES)
        p.append("orders", [{"id": 1, "what": "tea"}])
        number = Subjects(p.log).register(
            "producer", record(("what", "string"), ("more", {"type": "array", "items": "int"}), ("id", "long"))
        )
        head = b"\0" + number.to_bytes(4, "big")
        values = [head + b"\x06cup\x02\x08\0\x04", head + b"\x06cup", b"\0\0\0\1\0\0"]
        p.append("orders", pl.DataFrame({"value": values}))
        p.run(bounded=True)
        assert p.query("SELECT id, what FROM latest ORDER BY id").rows() == [(1, "tea"), (2, "cup")]
        rejects = p.query('SELECT "code", reason FROM penstock.rejects ORDER BY "offset"').rows()
        assert rejects == [
            ("avro-truncated", "not Avro of this schema: it ends at byte 9, inside a value"),
            ("avro-unknown-schema", "schema 256: it is not known to the schema registry"),
        ]


@pytest.mark.parametrize(
    ("option", "value", "error", "message"),
    [
        (
            "url",
            "http://127.0.0.1:9",
            ConfigError,
            "'http://127.0.0.1:9' leads to 127.0.0.1, a loopback address, and is not among those allowed",
        ),
        ("bearer-auth.token", "${NO_SUCH_VARIABLE}", ConfigError, "the environment has no variable NO_SUCH_VARIABLE"),
        (
            "ssl.keystore.location",
            "x",
            UnsupportedError,
            "'avro-confluent.ssl.keystore.location' is not supported: Java's key stores are not read",
        ),
    ],
)
def test_options_of_another_registry(
    option: str, value: str, error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"url": "http://127.0.0.1:9", option: value}
    options = ", ".join(f"'avro-confluent.{k}' = '{v}'" for k, v in given.items())
    monkeypatch.delenv("NO_SUCH_VARIABLE", raising=False)
    with penstock.memory() as p:
        p.sql(
            "CREATE TABLE t (a INT) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'avro-confluent',"
            f" {options})"
        )
        with pytest.raises(error) as raised:
            p.append("t", [{"a": 1}])
    assert str(raised.value).startswith(message)
