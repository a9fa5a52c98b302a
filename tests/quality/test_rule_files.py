"""Files of rules: what is wrong in one is told with its line, what was allowed, and what was meant."""

from __future__ import annotations

import pytest

from penstock.core import types as t
from penstock.core.errors import PenstockError
from penstock.quality.rule import read_rules
from penstock.quality.rules import Rules

COLUMNS = {"id": t.BIGINT, "email": t.STRING, "age": t.INT, "born": t.Date(), "tags": t.Array(t.STRING)}


def _error(rule: str) -> str:
    with pytest.raises(PenstockError) as caught:
        Rules(read_rules("c", f'on = "staging.c"\n[rules.one]\n{rule}').rules, COLUMNS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("on = ", "this is not TOML: Invalid value\nquality/c.toml:1"),
        ('onn = "a"', "unknown option 'onn'\nquality/c.toml:1\nhint: did you mean on?"),
        (
            "[rules.a]\nnot_null = 'x'\nthen = 'warn'",
            "the file names no table that its rules are about\nquality/c.toml",
        ),
        (
            "on = 3",
            "'on' is 3, which is no table\nquality/c.toml:1\nhint: on = \"staging.customers\", or a list of tables",
        ),
        ('on = "a"', "the file has no rule\nquality/c.toml\nhint: [rules.NAME] is how one begins"),
        (
            'on = "a"\n[rules."a b"]\nrows = true',
            "'a b' cannot name a rule\nquality/c.toml:2\nhint: allowed are letters, digits, - and _, up to 100",
        ),
    ],
)
def test_a_file_that_is_wrong(text: str, message: str) -> None:
    with pytest.raises(PenstockError) as caught:
        read_rules("c", text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("not_nul = 'id'", "unknown option 'not_nul'\nquality/c.toml:3\nhint: did you mean not_null?"),
        ("not_null = 'id'", "option 'then' is required\nquality/c.toml:2"),
        ("not_null = 3\nthen = 'warn'", "option 'not_null' is '3', allowed is a column or a list of them: \"email\","),
        (
            "not_null = 'id'\nthen = 'drop'",
            "option 'then' is 'drop', allowed is one of warn, quarantine, fail\nquality/c.toml:4",
        ),
        ("then = 'warn'", "rule 'one' has no form\nquality/c.toml:2\nhint: it is one of not_null, range, accepted,"),
        ("not_null = 'id'\nunique = 'id'\nthen = 'warn'", "rule 'one' has 2: not_null and unique\nquality/c.toml:2"),
        (
            "then = 'warn'\nnot_null = 'emial'",
            "rule 'one': there is no column 'emial'\nquality/c.toml:4\nhint: did you mean email?",
        ),
        (
            "not_null = 'id'\nthen = 'warn'\npattern = 'a'",
            "rule 'one': 'pattern' does not go with not_null\nquality/c.toml:5\nhint: it goes with matches",
        ),
        ("not_null = []\nthen = 'warn'", "rule 'one': not_null names no column\nquality/c.toml:3"),
        ("matches = 'email'\nthen = 'warn'", "rule 'one': matches needs 'pattern'\nquality/c.toml:3"),
        ("matches = 'age'\npattern = 'a'\nthen = 'warn'", "rule 'one': matches looks at texts, 'age' is INT"),
        (
            "matches = 'email'\npattern = '(a'\nthen = 'warn'",
            "rule 'one': REGEXP takes a regular expression, '(a' is none: unclosed group at character 3\n",
        ),
        ("range = 'age'\nthen = 'warn'", "rule 'one': range needs 'from' or 'to', or both\nquality/c.toml:3"),
        ("range = 'email'\nfrom = 1\nthen = 'warn'", "rule 'one': range compares numbers and times, 'email' is STRING"),
        ("range = 'age'\nfrom = 'x'\nthen = 'warn'", "rule 'one': 'x' is no INT\nquality/c.toml:4"),
        ("range = 'born'\nto = '2020-13-01'\nthen = 'warn'", "rule 'one': '2020-13-01' is no DATE\nquality/c.toml:4"),
        (
            "accepted = 'age'\nvalues = []\nthen = 'warn'",
            "rule 'one': accepted needs at least one value\nquality/c.toml:4",
        ),
        (
            "accepted = 'tags'\nvalues = ['a']\nthen = 'warn'",
            "rule 'one': accepted compares single values, 'tags' is ARRAY",
        ),
        (
            "unique = ['id', 'tags']\nthen = 'warn'",
            "rule 'one': unique compares single values, 'tags' is ARRAY<STRING>",
        ),
        ("sql = ''\nthen = 'warn'", "rule 'one': sql has no condition\nquality/c.toml:3"),
        (
            "sql = 'agee > 3'\nthen = 'warn'",
            "rule 'one': there is no column 'agee'\nquality/c.toml:3\n1 | agee > 3\n    ^^^^\nhint: did you mean age?",
        ),
        ("sql = 'age + 3'\nthen = 'warn'", "rule 'one': a quality rule must be BOOLEAN, this is INT\nquality/c.toml:3"),
        ("sql = 'CURRENT_WATERMARK(born) IS NULL'\nthen = 'warn'", "rule 'one': CURRENT_WATERMARK takes an event time"),
        ("rows = false\nthen = 'warn'", "rule 'one': rows is true, or not there\nquality/c.toml:3"),
        ("rows = true\nthen = 'warn'", "rule 'one': rows needs one of 'from', 'to' and 'change'\nquality/c.toml:3"),
        ("rows = true\nfrom = -1\nthen = 'warn'", "rule 'one': -1 is no number of rows\nquality/c.toml:4"),
        ("rows = true\nchange = -1\nthen = 'warn'", "rule 'one': change is a share, such as 0.5\nquality/c.toml:4"),
        (
            "rows = true\nfrom = 1\nthen = 'quarantine'",
            "rule 'one': rows is about all rows of a load, so none of them can be quarantined for it\nquality/c.toml:5",
        ),
        ("fresh = 'age'\nthen = 'warn'", "rule 'one': fresh looks at dates and times, 'age' is INT\nquality/c.toml:3"),
        ("anomaly = 'age'\nz = 0\nthen = 'warn'", "rule 'one': z must be above 0\nquality/c.toml:4"),
        ("anomaly = 'email'\nthen = 'warn'", "rule 'one': the mean is that of numbers, 'email' is STRING"),
        (
            "foreign_key = 'id'\nreferences = 'products.id'\nthen = 'warn'",
            "rule 'one': 'products.id' is no column of a table\nquality/c.toml:4\nhint: schema, table and column: ",
        ),
    ],
)
def test_a_rule_that_is_wrong(rule: str, message: str) -> None:
    assert _error(rule).startswith(message)


def test_a_table_has_a_bit_for_each_rule_about_single_rows() -> None:
    many = "".join(f"[rules.r{i}]\nnot_null = 'id'\nthen = 'warn'\n" for i in range(64))
    with pytest.raises(PenstockError) as caught:
        Rules(read_rules("c", f'on = "c"\n{many}').rules, COLUMNS)
    assert str(caught.value) == (
        "rule 'r63': a table may have 63 rules about single rows, these are 64\nquality/c.toml:192"
    )
