"""Lists, one job, its log and its curves: as text, as JSON, by pages."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from jupyter_training import schema
from tests.cli.commands.speaking import Run, asked

pytestmark = pytest.mark.processes


def test_a_list_by_filter(run: Run, ended: dict[str, str]) -> None:
    both = {one["id"] for one in asked(run, "jobs", "state:succeeded", "loss<=1")["jobs"]}
    assert ended["good"] in both
    assert ended["bad"] not in both
    assert ended["bad"] in {one["id"] for one in asked(run, "jobs", "state:failed -name:good")["jobs"]}
    code, _, err = run("jobs", "state:faild")
    assert 2 == code
    assert "there is no state 'faild'" in err
    assert "Did you mean 'failed'?" in err


@pytest.mark.parametrize("verb", ["show", "logs", "metrics", "wait", "cancel", "kill", "open"])
def test_a_job_that_is_not_there_is_exit_code_3_and_a_sentence(run: Run, ended: dict[str, str], verb: str) -> None:
    code, out, err = run(verb, "zzzz")
    assert (3, "") == (code, out)
    assert err.startswith("error: There is no job 'zzzz'")


def test_a_near_miss_of_a_name_is_suggested(run: Run, ended: dict[str, str]) -> None:
    code, _, err = run("show", "goood")
    assert 3 == code
    assert "good" in err.partition("'goood'")[2]


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        (["jobs", "--json"], schema.JobPage),
        (["show", "good", "--json"], schema.JobView),
        (["logs", "good", "--json"], schema.LogChunk),
        (["metrics", "good", "--json"], schema.MetricsView),
        (["wait", "good", "--json"], schema.JobView),
        (["pool", "list", "--json"], schema.PoolList),
    ],
)
def test_json_has_the_documented_shapes(run: Run, ended: dict[str, str], words: list[str], shape: Any) -> None:
    code, out, err = run(*(ended["good"] if word == "good" else word for word in words))
    assert (0, "") == (code, err)
    shape.model_validate(json.loads(out))


def test_jobs_are_listed_as_aligned_text_where_no_terminal_is(run: Run, ended: dict[str, str]) -> None:
    code, out, _ = run("jobs", "--name", "bad")
    head, *rows = out.splitlines()
    assert 0 == code
    assert ["id", "name", "state", "submitted", "ran", "metric"] == head.split()
    assert any(row.startswith(ended["bad"]) and "✕ failed" in row for row in rows)
    assert "\x1b" not in out


def test_columns_limits_the_width_and_an_empty_list_says_so(
    run: Run, ended: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert all(len(line) <= 70 for line in run("jobs")[1].splitlines())
    assert "No job fits.\n" == run("jobs", "--name", "nobody-has-this")[1]


def test_pages_go_on(run: Run, ended: dict[str, str]) -> None:
    out = run("jobs", "-n", "1")[1]
    cursor = out.splitlines()[-1].partition("--after ")[2]
    assert 0 == run("jobs", "-n", "1", "--after", cursor)[0]
    assert 2 == run("jobs", "--after", "nonsense")[0]


def test_show_tells_all_about_a_job(run: Run, ended: dict[str, str]) -> None:
    code, out, _ = run("show", ended["good"])
    assert 0 == code
    for said in (
        "✓ good",
        "Succeeded in",
        "lr=0.1",
        "a.txt (5 B)",
        "loss",
        "0.333 at 2",
        sys.executable,
        "exit code 0",
    ):
        assert said in out
    code, out, _ = run("show", ended["bad"])
    assert "exit code 1" in out


def test_logs_give_all_or_the_last_lines(run: Run, ended: dict[str, str]) -> None:
    assert (0, "--lr 0.1\n", "") == run("logs", ended["good"])
    assert (0, "ValueError: no such luck\n", "") == run("logs", ended["bad"], "-n", "1")
    assert "before" in run("logs", ended["bad"], "--attempt", "1")[1]
    code, _, err = run("logs", ended["bad"], "--attempt", "7")
    assert (3, True) == (code, "no attempt 7" in err)


def test_metrics_are_a_table_with_their_shape(run: Run, ended: dict[str, str]) -> None:
    code, out, _ = run("metrics", ended["good"], "loss")
    assert 0 == code
    assert re.search(r"loss +0\.333 +0\.333 at 2 +0\.333 +1 +3 +report +█", out)
    code, _, err = run("metrics", ended["good"], "los")
    assert (3, True) == (code, "Did you mean 'loss'?" in err)
    assert "has reported no metrics" in run("metrics", ended["bad"])[1]
