"""Every mistake gets a document that says what is wrong, where, and what to do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training import errors
from jupyter_training.schema import ProblemDocument
from jupyter_training.server.problems import Refusal
from tests.server.house import Answer, House, house, wish


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("problems") / "home") as living:
        yield living


def problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The document of an answer, once it is seen to be one."""
    assert (status, "application/problem+json") == (answer.status, answer.headers["content-type"]), answer
    found: dict[str, Any] = answer.json
    ProblemDocument.model_validate(found)
    assert (status, code) == (found["status"], found["code"])
    return found


def errors_of(found: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one["key"], one["hint"]) for one in found["errors"]]


@pytest.mark.parametrize(
    "kind", sorted(errors.by_code().values(), key=lambda kind: kind.code), ids=lambda kind: kind.code
)
def test_each_error_of_the_tree_crosses_the_wire(kind: type[errors.TrainingError]) -> None:
    more = {"job": {}} if kind is errors.JobFailed else {}
    raised = kind("It broke.", hint="Mend it.", **more)
    came = errors.from_problem(Refusal(raised).error.to_problem())
    assert (kind, kind.status, "It broke.", "Mend it.") == (
        type(came),
        Refusal(raised).status_code,
        came.detail,
        came.hint,
    )


def test_an_unknown_key_gets_the_near_miss(living: House) -> None:
    found = problem(living.ask("POST", "jobs", body=wish(prioritty=3)), 422, "invalid_spec")
    assert [("prioritty", "Did you mean 'priority'?")] == errors_of(found)
    assert "Did you mean 'priority'?" == found["hint"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        *(
            ({"params": {name: "hunter2"}}, f"params.{name} looks like a secret")
            for name in ("secret_key", "aws_secret_key", "private_key", "db_pwd", "passphrase", "hf_tokens")
        ),
        *(
            ({"environment": {"variables": {name: "hunter2"}}}, f"environment.variables.{name} looks like a secret")
            for name in ("MINIO_SECRET_KEY", "SSH_PRIVATE_KEY", "DB_PWD")
        ),
        ({"params": {"db": ["postgres://u:hunter2@host/d"]}}, "params.db.0: its URL has a password"),
        ({"params": {"db": "choice('postgres://u:hunter2@host/d', 'b')"}}, "params.db: its URL has a password"),
        ({"space": {"db": "choice('postgres://u:hunter2@host/d', 'b')"}}, "space.db: its URL has a password"),
        (
            {"environment": {"variables": {"DATABASE": "postgres://u:hunter2@host/d"}}},
            "environment.variables.DATABASE: its URL has a password",
        ),
        (
            {"entry": {"kind": "script", "path": "train.py", "args": ["--db-password", "hunter2"]}},
            "entry.args: --db-password looks like a secret",
        ),
        (
            {"entry": {"kind": "script", "path": "train.py", "args": ["postgres://u:hunter2@host/d"]}},
            "entry.args: the URL of argument 1 has a password",
        ),
    ],
)
def test_a_secret_in_plain_sight_is_refused_wherever_the_job_runs(
    living: House, said: dict[str, Any], words: str
) -> None:
    search = {"metric": "loss", "mode": "min"} if "choice" in str(said) else {}
    for place, way in (({}, "pass_env: ["), ({"backend": "sagemaker"}, "Let the code read it where it runs")):
        found = problem(living.ask("POST", "jobs", body=wish(**said, **search, **place)), 422, "invalid_spec")
        assert (True, True) == (found["detail"].startswith(words), way in found["hint"]), found
        assert "hunter2" not in str(found)


def test_what_only_sounds_like_a_secret_is_taken(living: House) -> None:
    params = {"sort_key": "name", "pad_token": "<pad>", "eos_token": "</s>", "key": "a", "max_tokens": "10"}
    variables = {"PWD": "/tmp", "TOKENIZERS_PARALLELISM": "true", "INDEX": "https://host:8080/a@b"}
    entry = {"kind": "script", "path": "train.py", "args": ["--tokenizer", "bert", "s3://bucket/a:b"]}
    answer = living.ask("POST", "jobs", body=wish(params=params, environment={"variables": variables}, entry=entry))
    assert 201 == answer.status, answer


def test_an_unknown_key_deep_inside_gets_the_near_miss_of_its_place(living: House) -> None:
    body = wish(files=[{"path": "train.py", "test": "x"}], resources={"slotz": 2}, environment={"pass_en": ["A"]})
    found = problem(living.ask("POST", "jobs", body=body), 422, "invalid_spec")
    assert {
        ("files[0].test", "Did you mean 'text'?"),
        ("resources.slotz", "Did you mean 'slots'?"),
        ("environment.pass_en", "Did you mean 'pass_env'?"),
    } == set(errors_of(found))
    assert "(2 more below)" in found["detail"]


def test_a_missing_key_is_named(living: House) -> None:
    body = wish()
    del body["entry"]
    found = problem(living.ask("POST", "jobs", body=body), 422, "invalid_spec")
    assert ("entry is missing.", ["entry"]) == (found["detail"], [one["key"] for one in found["errors"]])


def test_alternatives_of_a_value_are_one_problem(living: House) -> None:
    found = problem(living.ask("POST", "jobs", body=wish(timeout=[1])), 422, "invalid_spec")
    (only,) = found["errors"]
    assert "timeout" == only["key"]
    assert ", or " in only["detail"]


def test_no_problem_repeats_what_may_be_a_secret(living: House) -> None:
    answer = living.ask("POST", "jobs", body=wish(secrets={"PASSWORD": ["hunter2"]}))
    assert "secrets.PASSWORD" == problem(answer, 422, "invalid_spec")["errors"][0]["key"]
    assert b"hunter2" not in answer.content


def test_bad_json_has_line_and_column(living: House) -> None:
    found = problem(living.ask("POST", "jobs", raw=b'{"key": "abc",\n  "entry": }'), 400, "invalid_request")
    assert [(2, 12)] == [(one["line"], one["column"]) for one in found["errors"]]
    assert "line 2, column 12" in found["detail"]


@pytest.mark.parametrize(
    "raw",
    [
        b"[1, NaN]",
        b'{"a": Infinity}',
        b"\xff\xfe",
        b'"\\ud800"',
        b"1" * 5000,
        b"[" * 100_000,
        b"{",
        b"",
        b"[]",
        b"null",
    ],
)
def test_what_is_no_json_object_is_refused(living: House, raw: bytes) -> None:
    answer = living.ask("POST", "verbs", raw=raw)
    assert answer.status in (400, 422), answer
    ProblemDocument.model_validate(answer.json)


def test_a_body_over_the_limit_is_refused(living: House) -> None:
    found = problem(living.ask("POST", "verbs", raw=b" " * 4_200_000), 413, "too_large")
    assert "limit of 4 MB" in found["detail"]


def test_a_body_over_the_limit_is_refused_also_in_chunks(living: House) -> None:
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(living.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    chunks = (b" " * 1_000_000 for _ in range(6))
    headers = {"Authorization": f"token {living.token}"}
    connection.request("POST", "/jupyter-training/api/v1/verbs", chunks, headers, encode_chunked=True)
    answer = connection.getresponse()
    assert 413 == answer.status
    connection.close()


def test_a_bundle_may_be_larger_than_other_bodies(living: House) -> None:
    body = wish(files=[{"path": "train.py", "text": "#" * 5_000_000}])
    assert 201 == living.ask("POST", "jobs", body=body).status


def test_an_unknown_query_parameter_gets_the_near_miss(living: House) -> None:
    found = problem(living.ask("GET", "jobs?stat=queued"), 400, "invalid_usage")
    assert "Did you mean 'state'?" == found["hint"]


def test_an_address_without_parameters_says_so(living: House) -> None:
    found = problem(living.ask("GET", "info?verbose=1"), 400, "invalid_usage")
    assert "It takes none." == found["hint"]


@pytest.mark.parametrize(
    "query", ["state=paused2", "limit=0", "limit=many", "limit=5&limit=6", "after=%ff", "after=x", "state=%00"]
)
def test_bad_values_of_parameters_are_the_askers_fault(living: House, query: str) -> None:
    problem(living.ask("GET", f"jobs?{query}"), 400, "invalid_usage")


def test_what_jupyterlab_appends_against_caches_is_no_parameter(living: House) -> None:
    assert 200 == living.ask("GET", "info?1732179263571").status
    assert 200 == living.ask("GET", "jobs?limit=5&1732179263571").status


def test_a_wrong_method_says_which_ones_there_are(living: House) -> None:
    answer = living.ask("DELETE", "jobs")
    assert "GET or POST" in problem(answer, 405, "invalid_usage")["detail"]
    assert "GET, POST" == answer.headers["allow"]


def test_an_unknown_job_is_404_and_a_body_on_reading_400(living: House) -> None:
    problem(living.ask("GET", "jobs/aaaaaaaaaa"), 404, "unknown_job")
    problem(living.ask("GET", "info", body={"x": 1}), 400, "invalid_usage")


def test_a_key_used_again_for_something_else_is_a_conflict(living: House) -> None:
    first = wish()
    assert 201 == living.ask("POST", "jobs", body=first).status
    again = first | {"params": {"lr": 0.1}}
    problem(living.ask("POST", "jobs", body=again), 409, "key_reused")


def test_a_pool_that_is_not_there_is_named_with_those_that_are(living: House) -> None:
    assert "local" in problem(living.ask("POST", "jobs", body=wish(pool="lokal")), 422, "unknown_pool")["detail"]


def test_a_bug_of_ours_tells_a_reference_and_nothing_else(living: House, caplog: pytest.LogCaptureFixture) -> None:
    """A state that no version of the program knows stands for a bug here."""
    job = living.submit(name="odd")
    with sqlite3.connect(living.settings.jobs_file) as store:
        store.execute("PRAGMA ignore_check_constraints = on")
        store.execute("UPDATE jobs SET state = 'bewildered' WHERE id = ?", (job,))
    store.close()
    try:
        living.app.log.propagate = True
        answer = living.ask("GET", f"jobs/{job}?1")
        found = problem(answer, 500, "internal")
        reference = found["hint"].rpartition(" ")[2].rstrip(".")
        assert any(reference in one.getMessage() and one.exc_info for one in caplog.records)
        assert b"bewildered" not in answer.content
        assert b"Traceback" not in answer.content
    finally:
        living.app.log.propagate = False
        with sqlite3.connect(living.settings.jobs_file) as store:
            store.execute("UPDATE jobs SET state = 'queued' WHERE id = ?", (job,))
        store.close()


def test_a_home_that_can_not_be_opened_says_why_and_is_tried_again(tmp_path: Path) -> None:
    with house(tmp_path / "home") as living:
        (tmp_path / "home" / "jobs.sqlite").write_bytes(b"this is no database" * 500)
        answer = living.ask("GET", "info")
        assert 503 == answer.status, answer
        os.unlink(tmp_path / "home" / "jobs.sqlite")
        assert 200 == living.ask("GET", "info").status


def test_a_mistake_in_the_settings_does_not_stop_jupyter(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("local_slot = 3\n")
    with house(home) as living:
        found = problem(living.ask("GET", "info"), 422, "invalid_spec")
        assert "Did you mean 'local_slots'?" == found["hint"]
