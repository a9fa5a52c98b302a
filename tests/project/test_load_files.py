"""What `check` finds in jobs and in the files of loads: everything at once, each with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.project.check import check
from penstock.project.home import HOME

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "jobs.toml": '[jobs.nightly]\nkind = "load"\nschedule = "0 2 * * *"\nzone = "Europe/Zurich"\n',
    "data/customers.csv": "id,name,joined\n1,Ann,2026-01-31\n",
    "sources/customers.toml": 'kind = "csv"\npath = "data/customers.csv"\n',
    "sources/new.toml": 'kind = "csv"\npath = "data/new.csv"\n',
    "schemas/customers.toml": 'key = ["id"]\n[columns.id]\ntype = "BIGINT"\n[columns.name]\ntype = "STRING"\n'
    '[columns.joined]\ntype = "DATE"\n',
    "warehouse/people.toml": 'kind = "dimension"\nfrom = "staging.customers"\nkey = ["id"]\nattributes = ["name"]\n',
    "warehouse/joins.toml": 'kind = "fact"\nfrom = "staging.customers"\ntime = "joined"\nmeasures = ["name"]\n'
    '[dimensions.who]\ndimension = "people"\nkey = ["id"]\n',
    "quality/customers.toml": 'on = "staging.customers"\n[rules.known]\nforeign_key = "id"\n'
    'references = "warehouse.people.id"\nthen = "warn"\n',
}
WRONG = {
    "jobs.toml": """
[jobs.a]
kind = "upkeep"
after = ["b"]
[jobs.b]
kind = "upkeep"
after = ["a"]
[jobs.cron]
kind = "upkeep"
schedule = "0 0 31 2 *"
[jobs.zone]
kind = "upkeep"
schedule = "0 2 * * *"
zone = "Europe/Zuric"
[jobs.key]
kind = "upkeep"
retry = 3
[jobs.kind]
kind = "lood"
[jobs.after]
kind = "upkeep"
after = ["nothing"]
[jobs.load]
kind = "load"
sources = ["custmers"]
[jobs.ingest]
kind = "ingest"
topic = "t"
sources = ["missing"]
""",
    "sources/outside.toml": 'kind = "csv"\npath = "../../etc/passwd"\n',
    "sources/secret.toml": 'kind = "postgres"\nurl = "postgresql://u@h/d"\npassword = "hunter2"\ntable = "t"\n',
    "schemas/types.toml": '[columns.a]\ntype = "STRNG"\n',
    "schemas/keys.toml": 'kye = ["a"]\n[columns.a]\ntype = "STRING"\n',
    "warehouse/lost.toml": 'kind = "dimension"\nfrom = "staging.customer"\nkey = ["id"]\nattributes = ["name"]\n',
    "warehouse/columns.toml": 'kind = "dimension"\nfrom = "staging.customers"\nkey = ["ix"]\nattributes = ["nam"]\n',
    "warehouse/points.toml": GOOD["warehouse/joins.toml"].replace('"people"', '"peple"'),
    "warehouse/broken.toml": GOOD["warehouse/people.toml"] + "colour = 3\n",
    "warehouse/beside.toml": GOOD["warehouse/joins.toml"].replace('"people"', '"broken"'),
    "warehouse/times.toml": GOOD["warehouse/joins.toml"].replace('"joined"', '"id"'),
    "warehouse/timeless.toml": GOOD["warehouse/joins.toml"].replace('"joined"', '"joind"'),
    "quality/refers.toml": 'on = "staging.customers"\n'
    '[rules.nowhere]\nforeign_key = "id"\nreferences = "staging.nothere.id"\nthen = "warn"\n'
    '[rules.column]\nforeign_key = "id"\nreferences = "staging.customers.ident"\nthen = "warn"\n'
    '[rules.made]\nforeign_key = "id"\nreferences = "warehouse.nobody.id"\nthen = "warn"\n',
}


def errors(folder: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    """The place and message of each error."""
    for name, text in {"penstock.toml": "", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = check(folder, folder / HOME)
    assert not (folder / HOME).exists(), "nothing is made"
    return sorted((f.where, f.message) for f in found if f.level == "error")


def test_loads_that_fit_have_nothing_wrong(tmp_path: Path) -> None:
    assert errors(tmp_path, GOOD) == []


def test_all_that_is_wrong_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    found = errors(tmp_path, GOOD | WRONG)
    option = 'allowed is cron\'s five fields, minute hour day month weekday: "0 2 * * *"'
    types = "TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, BOOLEAN, STRING, DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ"
    assert found == [
        ("jobs.toml:10", f"option 'schedule' is '0 0 31 2 *', {option}"),
        (
            "jobs.toml:14",
            "option 'zone' is 'Europe/Zuric', allowed is a time zone such as UTC, Europe/Oslo, Asia/Shanghai",
        ),
        ("jobs.toml:17", "unknown option 'retry'"),
        ("jobs.toml:19", "job 'kind' needs a kind, and 'lood' is none"),
        ("jobs.toml:22", "job 'after' is to be done after 'nothing', and there is no such other job"),
        ("jobs.toml:25", "there is no source 'custmers'"),
        ("jobs.toml:29", "there is no source 'missing'"),
        ("jobs.toml:4", "job 'a' is done after itself"),
        ("jobs.toml:7", "job 'b' is done after itself"),
        ("quality/refers.toml:12", "there is no dimension or fact 'warehouse.nobody'"),
        ("quality/refers.toml:4", "nothing is loaded into 'staging.nothere'"),
        ("quality/refers.toml:8", "staging.customers has no column 'ident'"),
        ("schemas/keys.toml:1", "unknown option 'kye'"),
        ("schemas/types.toml:2", f"option 'type' is 'STRNG', allowed is one of {types}, DECIMAL(p, s)"),
        ("sources/outside.toml:2", "'../../etc/passwd' leads out of the project"),
        ("sources/secret.toml:3", "a secret stands in the file, and is allowed in the environment alone"),
        ("warehouse/broken.toml:5", "unknown option 'colour'"),
        ("warehouse/columns.toml:3", "key names the column 'ix', which staging.customers has not"),
        ("warehouse/columns.toml:4", "attributes names the column 'nam', which staging.customers has not"),
        ("warehouse/lost.toml:2", "nothing is loaded into 'staging.customer'"),
        ("warehouse/points.toml:6", "there is no dimension 'peple'"),
        ("warehouse/timeless.toml:3", "time names the column 'joind', which staging.customers has not"),
        (
            "warehouse/times.toml:3",
            "its time 'id' is BIGINT in staging.customers, allowed are a date and a timestamp",
        ),
    ]


def test_a_file_of_jobs_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert errors(tmp_path, {"jobs.toml": "[jobs.a\n"}) == [
        ("jobs.toml:1", "this is not TOML: Expected ']' at the end of a table declaration")
    ]
