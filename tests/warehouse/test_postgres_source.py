"""A table of a real PostgreSQL as a source: types, what is new, and what is told where it cannot be read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import ConfigError, DataError
from penstock.core.toml_table import read_toml
from penstock.warehouse.sources.away import AwayError
from penstock.warehouse.sources.postgres import PostgresPart, read_postgres
from tests.postgres import PASSWORD

if TYPE_CHECKING:
    from tests.postgres import PostgresServer

ORDERS = """
CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM ('new', 'paid');
CREATE TABLE shop.orders (
    id bigint PRIMARY KEY, "Customer Name" text, price numeric(10, 2), weight numeric, ready boolean, day date,
    at timestamptz, tags text[], more jsonb, state shop.state, share double precision);
INSERT INTO shop.orders VALUES
    (1, 'Ada, "A"', 12.50, 0.12345678901234567890, true, '2026-03-29', '2026-03-29 01:00+00', '{a,"b c"}',
     '{"n": 1}', 'new', 'NaN'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, '', -1, 5, false, '2026-03-30', '2026-03-29 02:00+00', '{}', '[]', 'paid', 0.5);
GRANT USAGE ON SCHEMA shop TO loader;
GRANT SELECT ON shop.orders TO loader;
"""


def file(server: PostgresServer, database: str, more: str = "") -> str:
    ca = server.authority.certificate
    return (
        f'url = "{server.url(database)}"\npassword = "${{SHOP_PASSWORD}}"\nca = "{ca}"\ntable = "shop.orders"\n{more}'
    )


def part(said: str, mark: str = "") -> PostgresPart:
    source = read_postgres("orders", read_toml(said, "sources/orders.toml"), Path(), ManualClock())
    (found,) = source.parts({})
    if mark:
        (found,) = source.parts({found.name: mark})
    return found


def refusal(said: str) -> str:
    with pytest.raises((AwayError, ConfigError, DataError)) as caught:
        list(part(said).frames())
    return str(caught.value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('table = "a"', "option 'url' is required\nsources/orders.toml"),
        ('url = "x"\ntable = "a."', "'a.' is no table\nsources/orders.toml:2\nhint: sales.orders"),
        ('url = "postgresql://h/d"\ntable = "a"\npassword = "x"', "a secret stands in the file, and is allowed in the"),
        (
            'url = "postgresql://u:x@h/d"\ntable = "a"',
            "the url has a password, and a secret is allowed in the environment",
        ),
        ('url = "host=h dbname=d password=x"\ntable = "a"', "the url has a password, and a secret is allowed in the"),
        (
            'url = "postgresql://h/d"\ntable = "a"\noverlap = "1 h"',
            "overlap goes with incremental\nsources/orders.toml:3",
        ),
        ('url = "postgresql://h"\ntable = "a"', "the url of source orders names no database\nsources/orders.toml"),
        ('url = "postgresql://h/d?sslmode=off"\ntable = "a"', "the url of source orders has 'sslmode'"),
        ('url = "postgresql://h/d"\ntable = "a"\nca = "none.pem"', "there is no file none.pem, which should have the"),
    ],
)
def test_files_that_are_wrong(said: str, told: str) -> None:
    assert told in refusal(said)


@pytest.mark.real
class TestServer:
    """Each test has a database of its own."""

    @pytest.fixture(autouse=True)
    def _database(self, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
        self.server, self.database = server, server.database()
        self.run(ORDERS)

    def run(self, sql: str) -> None:
        with self.server.admin(self.database) as connection:
            connection.execute(sql.encode())

    def file(self, more: str = "") -> str:
        return file(self.server, self.database, more)

    def test_rows_have_the_types_of_the_table(self) -> None:
        (frame,) = part(self.file()).frames()
        moment = datetime(2026, 3, 29, 1, tzinfo=UTC)
        assert frame.rows()[0][:10] == (
            1, 'Ada, "A"', Decimal("12.50"), "0.12345678901234567890", True, date(2026, 3, 29), moment, '["a","b c"]',
            '{"n": 1}', "new",
        )  # fmt: skip
        assert frame.row(1)[1:] == (None,) * 10
        assert frame.row(2)[1] == ""
        assert frame.schema["price"] == pl.Decimal(10, 2)
        assert frame.schema["at"] == pl.Datetime("us", "UTC")
        (few,) = part(self.file('columns = ["state", "id"]')).frames()
        assert few.rows() == [("new", 1), (None, 2), ("paid", 3)]

    def test_only_what_is_new_is_read(self) -> None:
        said = self.file('columns = ["id"]\nincremental = "at"\n')
        first = part(said)
        assert pl.concat(first.frames())["id"].to_list() == [1, 2, 3]
        assert first.mark == "2026-03-29 02:00:00+00"
        self.run("INSERT INTO shop.orders (id, at) VALUES (4, '2026-03-29 01:59:59+00'), (5, '2026-03-29 02:00:01+00')")
        again = part(said, first.mark)
        assert pl.concat(again.frames())["id"].to_list() == [2, 3, 5]  # NULL might be anything
        assert again.mark == "2026-03-29 02:00:01+00"
        late = part(f'{said}overlap = "1 s"', first.mark)
        assert pl.concat(late.frames())["id"].to_list() == [2, 3, 4, 5]
        self.run("DELETE FROM shop.orders")
        gone = part(said, again.mark)
        assert pl.concat(gone.frames()).height == 0
        assert gone.mark == again.mark
        numbers = part(self.file('incremental = "id"'), "3")
        assert pl.concat(numbers.frames()).height == 0

    def test_what_is_told_where_it_cannot_be_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = self.file()
        assert 'relation "shop.order" does not exist' in refusal(said.replace("shop.orders", "shop.order"))
        assert "shop.orders has no column 'ids'\n" in refusal(self.file('columns = ["ids"]'))
        assert "hint: did you mean id?" in refusal(self.file('columns = ["ids"]'))
        wrong = 'incremental = "id"\noverlap = "1 s"'
        assert "overlap goes with a time, and 'id' is int8" in refusal(self.file(wrong))
        assert "its certificate is for another name" in refusal(said.replace("localhost", "127.0.0.1"))
        assert "cannot be used: it has no such database" in refusal(file(self.server, "none"))
        self.run("UPDATE shop.orders SET day = 'infinity'")
        assert "shop.orders has a value that has no place here, such as infinity: " in refusal(said)
        self.run("REVOKE SELECT ON shop.orders FROM loader")
        assert "permission denied for table orders" in refusal(said)
        monkeypatch.setenv("SHOP_PASSWORD", "wrong")
        assert "user or password is wrong" in refusal(said)
