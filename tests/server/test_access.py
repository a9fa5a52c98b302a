"""Users, tokens and logins of a server that other machines reach: who may do what, and until when."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from penstock.project.access.rights import ROLES, SCOPES
from penstock.server.rights import RIGHTS
from tests.parts import until
from tests.server.guarded import PASSWORD, TOKEN, Guarded, guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx


JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Each test adds the users that it changes; vera, otto and ada stay as they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PENSTOCK_TOKEN", TOKEN)
        with guard(tmp_path_factory.mktemp("access") / "shop") as found:
            yield found


# -- role x call -------------------------------------------------------------------------------------

CALLS = {
    None: {"live", "ready", "login_state", "login", "logout"},
    "admin": {
        *("users", "user_add", "user_role", "user_password", "user_remove", "user_filter", "user_filter_remove"),
        *("tokens", "token_make", "token_revoke", "audit", "setting_change"),
        *("backups", "backup_make", "backup_check", "upkeep", "operations", "operation", "operation_cancel"),
    },
}
"""What is neither of those that look nor of those that run things; the rest follows from the method, but for these."""
READS = {
    "alert_try",
    "explain",
    "group_reset_preview",
    "own_password",
    "pipeline_compare",
    "query",
    "query_cancel",
    "rejects_closed",
    "registry_find",
    "registry_fits",
    "registry_fits_all",
}
"""Calls that change nothing, though their method says otherwise."""
CLOSED_IN_PART = {
    *("diff", "diff_files", "apply_progress", "pipeline_compare", "savepoints", "topic_loss"),
    *("rejects", "rejects_summary", "rejects_closed"),
    *("alerts", "alert", "alert_file", "alert_test", "alert_try", "sql_file"),
    *("incidents", "incident", "notifications", "silences"),
    *("jobs", "job", "job_runs", "runs", "run", "run_log"),
    *("quality", "quality_rows"),
    *("metrics", "streaming_status", "streaming_metrics"),
}
"""Calls that read, and that are closed to who has a row filter."""


def operations(served: Guarded) -> dict[str, tuple[str, str, Any]]:
    with served.client(TOKEN) as admin:
        document = admin.get("/openapi.json").json()
    return {
        one["operationId"]: (method, path, one)
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    }


def expected(operation: str, method: str) -> str | None:
    """The right that a call should need, from what it is: told here a second time, on purpose."""
    for right, calls in CALLS.items():
        if operation in calls:
            return right
    if operation in ("ingest", "streaming_ingest"):
        return "ingest"
    return "read" if method == "get" or operation in READS else "operate"


def test_each_call_declares_the_right_that_it_needs(served: Guarded) -> None:
    found = operations(served)
    assert set(RIGHTS) == set(found), "server/rights.py names each call, and no other"
    for operation, (method, _, described) in found.items():
        assert described["x-right"] == RIGHTS[operation] == expected(operation, method), operation


def sent(client: httpx.Client, method: str, path: str) -> httpx.Response:
    """A call that names nothing that is there, so that nothing comes of it; no more of it than its head is read."""
    filled = re.sub(r"\{(\w+)\}", lambda found: "9" if found[1] in ("number", "version") else "nothing-there", path)
    with client.stream(method.upper(), filled, headers=JSON, content=b"{}") as answer:
        if answer.status_code >= 400:
            answer.read()
        return answer


@pytest.mark.parametrize("role", [None, *ROLES])
def test_a_role_may_make_the_calls_that_are_its_own_and_no_other(served: Guarded, role: str | None) -> None:
    user = {"viewer": "vera", "operator": "otto", "admin": "ada"}.get(role or "")
    with served.client() if user is None else served.logged_in(user) as me:
        for operation, (method, path, _) in operations(served).items():
            if operation in CALLS[None]:
                continue
            right = expected(operation, method)
            answer = sent(me, method, path)
            if role is None:
                assert (answer.status_code, answer.json()["code"]) == (401, "request-token"), operation
            elif right in ROLES[role]:  # type: ignore[index]
                assert answer.status_code not in (401, 403), (operation, answer.read())
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "request-right"), operation


@pytest.mark.parametrize(
    ("role", "scope"), [*((role, None) for role in ROLES), ("admin", "ingest"), ("operator", "admin")]
)
def test_who_has_a_row_filter_may_look_and_append(served: Guarded, role: Any, scope: Any) -> None:
    """Whatever the role, and with a token of any scope: role x call x filter."""
    user = f"{role}.{scope or 'login'}"
    served.penstock.accounts.add_user(user, role, PASSWORD)
    served.penstock.accounts.set_filter(user, "orders", {"customer": ["c1"]})
    rights = ROLES[role] & SCOPES[scope or "admin"] & {"read", "ingest"}
    with served.logged_in(user) if scope is None else served.client(served.token(user, scope)) as me:
        for operation, (method, path, _) in operations(served).items():
            if operation in CALLS[None]:
                continue
            allowed = expected(operation, method) in rights and operation not in CLOSED_IN_PART
            answer = sent(me, method, path)
            refused = answer.status_code == 403 and answer.json()["code"] == "request-right"
            assert refused is not allowed, operation


@pytest.mark.parametrize(("role", "whole"), [("viewer", True), ("operator", True), ("viewer", False)])
def test_sql_files_are_read_by_who_may_see_all_rows_wherever_they_are_shown(
    served: Guarded, role: Any, *, whole: bool
) -> None:
    user = f"{role}.{'whole' if whole else 'part'}"
    served.penstock.accounts.add_user(user, role, PASSWORD)
    if not whole:
        served.penstock.accounts.set_filter(user, "orders", {"customer": ["c1"]})
    with served.logged_in(user) as me:
        pipeline = me.get("/api/pipelines/orders").json()
        name = pipeline["file"].removeprefix("sql/").removesuffix(".sql")
        file, changed = me.get(f"/api/sql/{name}/file"), me.get("/api/diff/files")
    assert (pipeline["sql"] is not None, file.status_code, changed.status_code) == (
        (True, 200, 200) if whole else (False, 403, 403)
    )
    assert not whole or pipeline["sql"] == file.json()["text"]


def test_what_is_refused_says_which_right_is_missing(served: Guarded) -> None:
    with served.logged_in("vera") as vera:
        problem = vera.post("/api/topics", json={"name": "mine"}).json()
    assert problem["detail"] == "vera may not do this: it needs the right to operate, and there is read"
    assert not served.penstock.log.has("mine")


def test_a_refusal_comes_before_the_form_is_judged(served: Guarded) -> None:
    with served.logged_in("vera") as vera:
        assert vera.post("/api/topics", json={"nmae": 1}).json()["code"] == "request-right"
        assert vera.post("/api/topics/orders/records", json={"id": 1}).json()["code"] == "request-right"
        assert vera.post("/api/topics/orders/records?partition=0", json={"id": 1}).json()["code"] == "request-right"


def test_the_page_itself_is_for_all_and_tells_nothing(served: Guarded) -> None:
    with served.client() as nobody:
        for path in ("/", "/topics", "/settings"):
            answer = nobody.get(path)
            assert answer.status_code == 200
            assert "shop" not in answer.text
        state: dict[str, Any] = {"needed": True, "user": None, "way": None, "rights": [], "filters": []}
        assert nobody.get("/api/login").json() == state


# -- logins ------------------------------------------------------------------------------------------


def test_a_login_says_who_one_is(served: Guarded) -> None:
    with served.logged_in("otto") as otto:
        assert otto.get("/api/login").json() == {
            "needed": True,
            "user": "otto",
            "way": "login",
            "rights": ["ingest", "operate", "read"],
            "filters": [],
        }
        assert otto.delete("/api/login").status_code == 204
        assert otto.get("/api/project").status_code == 401


@pytest.mark.parametrize(
    ("user", "password"), [("vera", "wrong horse battery"), ("nobody", PASSWORD), ("VERA", PASSWORD)]
)
def test_a_wrong_login_does_not_say_what_was_wrong(served: Guarded, user: str, password: str) -> None:
    with served.client() as me:
        answer = me.post("/api/login", json={"user": user, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "request-password")
    assert answer.json()["detail"] == "there is no such user, or this is not the password"
    assert "set-cookie" not in answer.headers


def test_no_login_can_be_planted(served: Guarded) -> None:
    """A cookie that somebody else has set is not made a login's: its secret is a new one, and the old one ends."""
    planted = "p" * 43
    with served.client(cookies={"penstock_login": planted}) as victim:
        assert victim.post("/api/login", json={"user": "vera", "password": PASSWORD}).status_code == 204
        first = victim.cookies.get("penstock_login", domain="127.0.0.1")
        assert first not in (None, planted)
    with served.client(cookies={"penstock_login": planted}) as attacker:
        assert attacker.get("/api/project").status_code == 401
    with served.client(cookies={"penstock_login": first}) as again:
        assert again.get("/api/project").status_code == 200
        assert again.post("/api/login", json={"user": "vera", "password": PASSWORD}).status_code == 204
    with served.client(cookies={"penstock_login": first}) as old:
        assert old.get("/api/project").status_code == 401


def test_a_foreign_page_does_nothing_with_a_login(served: Guarded) -> None:
    served.penstock.create_topic("kept")
    with served.logged_in("otto") as otto:
        for headers in (
            {**JSON, "origin": "https://evil.example"},
            {**JSON, "sec-fetch-site": "cross-site"},
            {"content-type": "text/plain"},
            {"content-type": "application/x-www-form-urlencoded"},
        ):
            answer = otto.post("/api/topics", content=b'{"name": "forged"}', headers=headers)
            assert answer.status_code in (403, 415)
        answer = otto.delete("/api/topics/kept", headers={"origin": "https://evil.example"})
        assert answer.json()["code"] == "request-origin"
    assert {"kept", "forged"} & {topic.name for topic in served.penstock.log.topics()} == {"kept"}


def test_passwords_cannot_be_tried_without_end(tmp_path: Path) -> None:
    with guard(tmp_path / "shop") as served, served.client() as me:
        tries = [{"user": "vera", "password": f"guess number {n}"} for n in range(22)]
        codes = [me.post("/api/login", json=one).status_code for one in tries]
        assert codes == [401] * 20 + [429] * 2
        answer = me.post("/api/login", json={"user": "ada", "password": PASSWORD})
        assert answer.json()["detail"] == "20 wrong tokens or passwords came from 127.0.0.1"


def test_wrong_tokens_of_others_do_not_keep_a_right_one_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_TOKEN", TOKEN)
    with guard(tmp_path / "shop") as served, served.client() as broken, served.client(TOKEN) as admin:
        good = served.token("vera", "read")
        wrong = {"authorization": f"Bearer {good[:-1]}!"}
        codes = [broken.get("/api/project", headers=wrong).status_code for _ in range(22)]
        assert codes == [401] * 20 + [429] * 2
        with served.client(good) as program:
            assert program.get("/api/project").status_code == 200
        assert admin.get("/api/project").status_code == 429  # this one a person may have thought up


def test_right_logins_do_not_count_as_wrong_ones(served: Guarded) -> None:
    token = served.token("vera", "read")
    with served.client(token) as me:
        assert {me.get("/api/project").status_code for _ in range(30)} == {200}


# -- changes -----------------------------------------------------------------------------------------


def test_another_role_holds_at_once(served: Guarded) -> None:
    served.penstock.accounts.add_user("rosa", "viewer", PASSWORD)
    with served.logged_in("rosa") as rosa, served.client(TOKEN) as admin:
        assert rosa.post("/api/topics", json={"name": "rosas"}).status_code == 403
        changed = admin.put("/api/users/rosa/role", json={"role": "operator"}).json()
        assert changed["role"] == "operator"
        assert rosa.post("/api/topics", json={"name": "rosas"}).status_code == 201


def test_another_password_ends_the_logins(served: Guarded) -> None:
    served.penstock.accounts.add_user("paul", "viewer", PASSWORD)
    with served.logged_in("paul") as paul, served.client(TOKEN) as admin:
        assert paul.get("/api/project").status_code == 200
        assert admin.put("/api/users/paul/password", json={"password": "another long password"}).status_code == 200
        assert paul.get("/api/project").status_code == 401
        assert paul.post("/api/login", json={"user": "paul", "password": PASSWORD}).status_code == 401
    with served.logged_in("paul", "another long password") as paul:
        assert paul.get("/api/project").status_code == 200


def test_one_changes_ones_own_password(served: Guarded) -> None:
    served.penstock.accounts.add_user("nina", "viewer", PASSWORD)
    new = "another long password"
    with served.logged_in("nina") as here, served.logged_in("nina") as there:
        wrong = here.put("/api/login/password", json={"password": "wrong horse battery", "new": new})
        assert wrong.json()["code"] == "request-password"
        short = here.put("/api/login/password", json={"password": PASSWORD, "new": "short"})
        assert short.json()["detail"] == "a password has 12 to 256 characters, this one has 5"
        assert here.put("/api/login/password", json={"password": PASSWORD, "new": new}).status_code == 204
        assert (here.get("/api/project").status_code, there.get("/api/project").status_code) == (200, 401)
    with served.client(served.token("nina", "read")) as program:
        refused = program.put("/api/login/password", json={"password": new, "new": PASSWORD})
        assert refused.json()["detail"] == "nina has not logged in with a password"


def test_a_removed_user_is_out(served: Guarded) -> None:
    served.penstock.accounts.add_user("rita", "operator", PASSWORD)
    token = served.token("rita", "operate")
    with served.logged_in("rita") as rita, served.client(token) as program, served.client(TOKEN) as admin:
        assert {rita.get("/api/project").status_code, program.get("/api/project").status_code} == {200}
        assert admin.delete("/api/users/rita").status_code == 204
        assert {rita.get("/api/project").status_code, program.get("/api/project").status_code} == {401}
        served.penstock.accounts.add_user("rita", "operator", PASSWORD)
        assert {rita.get("/api/project").status_code, program.get("/api/project").status_code} == {401}


def test_open_websockets_end_with_the_right_to_look(served: Guarded) -> None:
    served.penstock.accounts.add_user("walt", "viewer", PASSWORD)
    kept, revoked = served.token("walt", "read"), served.token("walt", "read")
    url = served.url.replace("http", "ws") + "ws"

    def opened(token: str) -> Any:
        return connect(url, additional_headers={"authorization": f"Bearer {token}"}, open_timeout=60)

    with opened(kept) as first, opened(revoked) as second:
        assert all("hello" in one.recv() for one in (first, second))
        revoked_id = revoked.split("_")[1]
        served.penstock.accounts.revoke_token(revoked_id)
        assert closing_code(second) == 4401
        served.penstock.accounts.set_role("walt", "operator")  # the token may do what it could: it stays
        first.send('{"type": "ping", "id": "1"}')
        assert "pong" in until_pong(first)
        served.penstock.accounts.remove_user("walt")
        assert closing_code(first) == 4401
    with pytest.raises(InvalidStatus) as refused:
        opened(kept)
    assert refused.value.response.status_code == 401


def until_pong(connection: Any) -> str:
    while "pong" not in (text := str(connection.recv(timeout=180))):
        continue
    return text


def closing_code(connection: Any) -> int:
    """Of the close that comes."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            connection.recv(timeout=180)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_a_websocket_needs_the_right_to_read(served: Guarded) -> None:
    token = served.token("otto", "ingest")
    with pytest.raises(InvalidStatus) as refused:
        connect(served.url.replace("http", "ws") + "ws", additional_headers={"authorization": f"Bearer {token}"})
    assert refused.value.response.status_code == 403


# -- tokens ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "scope", "asks", "creates", "appends"),
    [
        ("ada", "read", 200, 403, 403),
        ("ada", "ingest", 403, 403, 404),
        ("ada", "operate", 200, 409, 404),
        ("vera", "admin", 200, 403, 403),
        ("vera", "ingest", 403, 403, 403),
    ],
)
def test_a_token_may_what_its_scope_and_its_user_may(
    served: Guarded, user: str, scope: str, asks: int, creates: int, appends: int
) -> None:
    if not served.penstock.log.has("taken"):
        served.penstock.create_topic("taken")
    with served.client(served.token(user, scope)) as program:
        assert program.post("/api/query", json={"sql": "SELECT 1"}).status_code == asks
        assert program.post("/api/topics", json={"name": "taken"}).status_code == creates
        assert program.post("/api/topics/nothing/records", json={"a": 1}).status_code == appends
        assert program.get("/api/users").status_code == 403


def test_a_token_of_an_admin_makes_and_ends_others(served: Guarded) -> None:
    with served.client(served.token("ada", "admin")) as admin:
        made = admin.post(
            "/api/tokens", json={"user": "vera", "scope": "read", "days": 2, "purpose": "a screen"}
        ).json()
        assert made["expires"] - made["made"] == 2 * 86_400_000
        listed = admin.get("/api/tokens").json()
        assert [one["purpose"] for one in listed if one["id"] == made["id"]] == ["a screen"]
        assert made["token"] not in str(listed)
        with served.client(made["token"]) as screen:
            assert screen.get("/api/project").status_code == 200
            assert admin.delete(f"/api/tokens/{made['id']}").status_code == 204
            assert screen.get("/api/project").status_code == 401


# -- the audit log -----------------------------------------------------------------------------------


def test_a_change_is_written_down_before_it_is_answered(served: Guarded) -> None:
    def last() -> dict[str, Any]:
        (frame,) = served.penstock.log.last("__audit", 1)
        found: dict[str, Any] = orjson.loads(frame["value"][0])
        return found

    token = served.token("otto", "operate")
    with served.client(token) as otto:
        who = {"by": "otto", "way": "token", "from": "127.0.0.1", "token": token.split("_")[1]}
        asked = {"name": "told", "partitions": 2, "configs": {"retention.ms": "1 d"}}
        assert otto.post("/api/topics", json=asked).status_code == 201
        after = {"partitions": 2, "configs": {"retention.ms": "1 d"}}
        assert last() == {"act": "topic-create", "on": "told", **who, "after": after}
        assert otto.post("/api/topics", json=asked).status_code == 409
        assert otto.post("/api/topics/told/records", json={"a": 1}).status_code == 200
        assert otto.post("/api/query", json={"sql": "SELECT 1"}).status_code == 200
        assert last()["act"] == "topic-create"
        saved = otto.put("/api/queries/told/file", json={"text": "SELECT 1 AS one"}, headers={"if-match": "*"})
        assert saved.status_code == 200
        told = last()
        assert told.pop("difference").splitlines()[-1] == "+SELECT 1 AS one"
        assert told == {"act": "query-save", "on": "told", **who, "tag": saved.headers["etag"].strip('"')}
        token = otto.get("/api/topics/told/loss").json()["token"]
        assert otto.delete(f"/api/topics/told?token={token}").status_code == 200
        before = {"partitions": 2, "rows": 1, "bytes": 7}
        assert last() == {"act": "topic-delete", "on": "told", **who, "before": before}


# -- topics of the system ----------------------------------------------------------------------------


def test_the_audit_log_is_read_by_admins_and_written_by_nobody(served: Guarded) -> None:
    with served.logged_in("otto") as otto, served.logged_in("ada") as ada:
        for path in ("/api/topics/__audit", "/api/topics/__audit/records"):
            assert otto.get(path).json()["code"] == "request-right"
            assert ada.get(path).status_code == 200
        for client in (otto, ada):
            forged = client.post("/api/topics/__audit/records", json={"act": "nothing"})
            assert (forged.status_code, forged.json()["detail"]) == (
                403,
                "topic '__audit' is the system's own: it is not written or deleted from outside",
            )
            assert client.delete("/api/topics/__audit").json()["code"] == "topic-system"
            asked = client.post("/api/query", json={"sql": "SELECT * FROM __audit"})
            assert asked.json()["code"] == "query-unknown-table"
        records = ada.get("/api/topics/__audit/records?last=1").json()["records"]
        assert '"act":"login","on":"ada","by":"ada","way":"login","from":"127.0.0.1"' in records[0]["value"]


# -- questions ---------------------------------------------------------------------------------------


def test_who_only_looks_sees_and_ends_no_questions_of_others(served: Guarded) -> None:
    def ask(token: str) -> None:
        asked = {"sql": "SELECT count(*) FROM range(10000000000000)", "seconds": 60, "id": "long"}
        with served.client(token) as otto:
            answers.append(otto.post("/api/query", json=asked).json()["code"])

    answers: list[str] = []
    thread = threading.Thread(target=ask, args=(served.token("otto", "read"),))
    thread.start()
    with served.logged_in("vera") as vera, served.logged_in("otto") as otto:
        until(lambda: [one["id"] for one in otto.get("/api/query").json()] == ["long"], "it is not asked")
        assert vera.get("/api/query").json() == []
        assert vera.delete("/api/query/long").status_code == 404
        assert otto.delete("/api/query/long").status_code == 204
    thread.join()
    assert answers == ["query-cancelled"]
