"""The files of dimensions and facts: what is wrong in them is said with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import ConfigError
from penstock.warehouse.model import model_of, read_model
from tests.warehouse.changes import DIMENSION, FACT

if TYPE_CHECKING:
    from pathlib import Path

BAD: list[tuple[str, str, str]] = [
    ("customers", DIMENSION.replace('"dimension"', '"dim"'),
     "option 'kind' is 'dim', allowed is one of dimension, fact\nwarehouse/customers.toml:2"),
    ("customers", DIMENSION.replace("staging.", ""),
     ("from is 'customers', allowed is a table of staging\nwarehouse/customers.toml:3\n"
      'hint: from = "staging.customers"')),
    ("customers", DIMENSION.replace("attributes", "atributes"),
     "unknown option 'atributes'\nwarehouse/customers.toml:5\nhint: did you mean attributes?"),
    ("customers", DIMENSION.replace('"name"', '"valid_to"'),
     ("attributes names the column 'valid_to', and a table of the warehouse has a column of that name by itself\n"
"warehouse/customers.toml:5")),
    ("customers", DIMENSION.replace('"name"', '"id"'),
     "the column 'id' is named twice\nwarehouse/customers.toml:5"),
    ("customers", DIMENSION.replace('["name", "city"]', "[]"),
     "attributes names no column\nwarehouse/customers.toml:5"),
    ("customers", DIMENSION.replace('["id"]', "[]"), "key names no column\nwarehouse/customers.toml:4"),
    ("customers", DIMENSION + 'on_delete = "drop"',
     "option 'on_delete' is 'drop', allowed is one of close, keep, remove\nwarehouse/customers.toml:6"),
    ("Customers", DIMENSION,
     ("'Customers' cannot name a table of the warehouse\nwarehouse/Customers.toml\n"
     "hint: allowed are small letters, digits and _, up to 50, a letter first")),
    ("sales", FACT.replace('= "customers"', '= "customer"'),
     "there is no dimension 'customer'\nwarehouse/sales.toml:8\nhint: did you mean customers?"),
    ("sales", FACT.replace('["id"]', '["id", "sale"]'),
     "the key of customers has 1 columns (id), and here 2 are named\nwarehouse/sales.toml:9"),
    ("sales", FACT.replace('["amount"]', '["customer_key"]'),
     ("'customer' cannot name what a fact points to: its column would be 'customer_key'\nwarehouse/sales.toml:7\n"
     "hint: take another name of small letters, digits and _")),
    ("sales", FACT.replace('time = "sold"', ""), "option 'time' is required\nwarehouse/sales.toml"),
    ("sales", FACT.partition("[dim")[0] + 'dimensions = "customers"',
     "'dimensions' has a table for each name\nwarehouse/sales.toml:7\nhint: [dimensions.NAME]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said", "message"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_in_a_file_is_said_with_its_line(name: str, said: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        model_of({"customers": DIMENSION, name: said})
    assert str(caught.value) == message


def test_a_project_s_files_are_read(tmp_path: Path) -> None:
    assert read_model(tmp_path).dimensions == ()
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse" / "customers.toml").write_text(DIMENSION)
    (tmp_path / "warehouse" / "sales.toml").write_text(FACT)
    found = read_model(tmp_path)
    assert found.dimensions[0].columns == ("_key", "id", "name", "city", "valid_from", "valid_to", "is_current")
    assert found.facts[0].columns == ("sale", "sold", "id", "amount", "customer_key")
    assert found.facts[0].references[0].dimension is found.dimensions[0]
    (tmp_path / "warehouse" / "more.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"more\.toml cannot be read: 'utf-8' codec"):
        read_model(tmp_path)
