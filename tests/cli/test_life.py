"""The verbs of the life cycle from a shell: what they print, what they ask, with which code they leave."""

from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client.client import Client
from jupyter_training.client.local import LocalTransport
from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.errors import IllegalVerb, NoCheckpoint
from jupyter_training.schema import VerbResult
from jupyter_training.services import jobs
from jupyter_training.store.checkpoints import found_damaged, started_from
from tests.cli.conftest import Run
from tests.services.stage import Stage


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """A person at a terminal who types what they are told to."""
    near, far = pty.openpty()
    with os.fdopen(far, "r") as keyboard:
        monkeypatch.setattr(sys, "stdin", keyboard)
        monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: True)
        yield lambda text: (os.write(near, f"{text}\n".encode()), None)[1]
    os.close(near)


def state(stage: Stage, job: str) -> str:
    return stage.job(job).state.value


def test_pause_and_activate_say_where_it_goes_on(stage: Stage, run: Run) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    stage.save(job, 10)
    assert (0, f"{job}  digits  Pausing, after its next checkpoint.\n", "") == run("pause", job)
    stage.end(job, EndReason.PAUSED)
    code, out, _ = run("activate", "digits")
    assert (0, "queued") == (code, state(stage, job))
    assert out.endswith("it goes on from step 10.\n")


def test_a_refusal_is_exit_code_3_with_its_hint_and_the_others_are_done(stage: Stage, run: Run) -> None:
    running, ended = stage.submit().job.id, stage.ended()
    stage.begin(running)
    code, out, err = run("archive", running, ended)
    assert (3, f"{ended}  digits  Archived.\n") == (code, out)
    assert "it is running" in err
    assert "Cancel it first, or wait for its end." in err


@pytest.mark.parametrize("verb", ["cancel", "kill", "archive", "delete"])
def test_a_word_that_means_no_job_stops_no_other(stage: Stage, run: Run, verb: str) -> None:
    job = stage.ended() if verb in ("archive", "delete") else stage.submit().job.id
    yes = ["--yes"] if verb == "delete" else []
    code, out, err = run(verb, "nosuch", job, "nosuch", *yes)
    assert (3, True, 1) == (code, out.startswith(f"{job}  digits  "), len(out.splitlines()))
    assert err.startswith("nosuch  There is no job 'nosuch'.")
    assert 1 == len(err.splitlines())


def test_with_json_each_word_has_its_result_in_its_place(stage: Stage, run: Run) -> None:
    job = stage.ended()
    code, out, _ = run("archive", "nosuch", job, "--json")
    results = VerbResult.model_validate_json(out).results
    assert (3, [("nosuch", False), (job, True)]) == (code, [(one.id, one.ok) for one in results])
    assert results[0].problem is not None and "unknown_job" == results[0].problem.code
    code, out, err = run("archive", "nosuch", "--json")
    assert (3, False) == (code, json.loads(out)["results"][0]["ok"])
    assert "There is no job 'nosuch'." in err


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("pause", "--discard pauses it all the same"),
        ("retry", "only a failed or canceled job can be"),
    ],
)
def test_what_is_refused_names_what_would_do(stage: Stage, run: Run, verb: str, words: str) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    code, _, err = run(verb, job)
    assert 3 == code
    assert words in err


def test_retry_of_what_has_succeeded_needs_force(stage: Stage, run: Run) -> None:
    job = stage.ended(5)
    assert 3 == run("retry", job)[0]
    assert (0, "queued") == (run("retry", job, "--force")[0], state(stage, job))


@pytest.mark.parametrize("steps", [(), (5,)])
def test_a_refused_retry_names_the_same_way_out_in_a_shell_and_in_python(
    stage: Stage, run: Run, steps: tuple[int, ...]
) -> None:
    job = stage.ended(*steps)
    typed = run("retry", job)[2]
    with Client(transport=LocalTransport(stage.site.settings)) as client:
        with pytest.raises(IllegalVerb) as caught:
            client.retry(job)
        assert typed == f"{job}  digits  {caught.value}\n".replace("force=True", "--force")
        assert str(caught.value.hint).startswith("force=True ")
        (again,) = client.retry(job, force=True)
    assert ("queued", "queued") == (again["state"], state(stage, job))


def test_in_python_a_refused_pause_names_the_argument(stage: Stage) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    with Client(transport=LocalTransport(stage.site.settings)) as client:
        with pytest.raises(NoCheckpoint, match="discard=True pauses it all the same; it then starts from the beginn"):
            client.pause(job)
        (paused,) = client.pause(job, discard=True)
    assert "pausing" == paused["phase"]


def test_delete_asks_and_no_keeps_everything(stage: Stage, run: Run, terminal: Callable[[str], None]) -> None:
    job = stage.ended()
    terminal("n")
    code, out, err = run("delete", job)
    assert (3, "") == (code, out)
    assert f"Delete digits {job[:6]} for good, with checkpoints, outputs and logs? " in err
    assert "Its run lies in MLflow's trash then. [y/N]" in err
    assert "succeeded" == state(stage, job)
    terminal("y")
    assert (0, f"{job}  digits  Deleted.\n") == run("delete", job)[:2]
    assert () == jobs.page(stage.site, jobs.JobsQuery()).jobs


def test_delete_refuses_without_a_terminal_unless_yes_is_said(stage: Stage, run: Run) -> None:
    job = stage.ended()
    code, _, err = run("delete", job)
    assert 2 == code
    assert "Nobody can be asked here." in err
    assert "--yes" in err
    assert "succeeded" == state(stage, job)
    assert 0 == run("delete", job, "--yes")[0]


def test_fork_continue_and_resume(stage: Stage, run: Run) -> None:
    job = stage.ended(5, 10, params={"lr": 0.1})
    code, out, _ = run("fork", job, "lr=0.2", "--name", "other", "--json")
    fork = json.loads(out)["job"]
    assert (0, "other", {"lr": 0.2}, "fork") == (code, fork["name"], fork["params"], fork["parent"]["relation"])
    code, out, err = run("continue", job, "--checkpoint", "5")
    assert (0, f"It begins with the checkpoint of step 5 of digits {job[:6]}.\n") == (code, err)
    assert "  digits  queued. To follow it" in out
    code, _, err = run("resume", job, "lr=0.3")
    assert (0, f"digits {job[:6]} goes on from step 10, as attempt 2.\n") == (code, err)
    assert {"lr": 0.3} == stage.job(job).overrides


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("continue", "digits"), "has left no checkpoint"),
        (("continue", "digits", "--checkpoint", "5"), "has left no checkpoint"),
        (("resume", "digits"), "it has left no checkpoint to go on from"),
    ],
)
def test_without_a_checkpoint_there_is_nothing_to_go_on_from(
    stage: Stage, run: Run, words: tuple[str, ...], said: str
) -> None:
    stage.ended()
    code, _, err = run(*words)
    assert 3 == code
    assert said in err


def test_checkpoints_are_a_table_or_json(stage: Stage, run: Run) -> None:
    job = stage.ended(5, 10)
    code, out, _ = run("checkpoints", job)
    lines = out.splitlines()
    assert (0, ["step", "name"]) == (code, lines[0].split()[:2])
    assert ["10", "step-000000010.1"] == lines[1].split()[:2]
    assert ("where", "this machine") == (lines[0].split()[-1], lines[1][-12:])
    code, out, _ = run("checkpoints", job, "--json")
    assert [10, 5] == [one["step"] for one in json.loads(out)["checkpoints"]]


def test_another_policy_lists_what_would_go_and_asks(stage: Stage, run: Run, terminal: Callable[[str], None]) -> None:
    job = stage.ended(1, 2, 3)
    terminal("no")
    code, _, err = run("checkpoints", job, "--keep-latest", "1", "--keep-best", "0")
    assert 3 == code
    assert f"2 checkpoints of digits {job[:6]} would be removed for good. It frees 14 B." in err
    assert "  step 2  step-000000002.1" in err
    assert 3 == stage.job(job).checkpoint_step
    terminal("yes")
    code, out, _ = run("checkpoints", job, "--keep-latest", "1", "--keep-best", "0")
    assert (0, f"{job}  digits  2 checkpoints removed, 14 B.\n") == (code, out)


def test_removed_checkpoints_are_one_line_unless_all_are_asked_for(stage: Stage, run: Run) -> None:
    job = stage.ended(1, 2, 3)
    run("checkpoints", job, "--keep-latest", "1", "--keep-best", "0", "--yes")
    lines = run("checkpoints", job)[1].splitlines()
    assert (3, "3", "and 2 removed (--all lists them)") == (len(lines), lines[1].split()[0], lines[2])
    lines = run("checkpoints", job, "--all")[1].splitlines()
    assert [["3", False], ["2", True], ["1", True]] == [[line.split()[0], " removed" in line] for line in lines[1:]]
    found = json.loads(run("checkpoints", job, "--json")[1])["checkpoints"]
    assert ["kept", "deleted", "deleted"] == [one["state"] for one in found]


def test_another_policy_is_refused_without_a_terminal(stage: Stage, run: Run) -> None:
    job = stage.ended(1, 2)
    code, _, err = run("checkpoints", job, "--keep-latest", "1", "--keep-best", "0")
    assert 2 == code
    assert "1 checkpoint of digits" in err
    assert 0 == run("checkpoints", job, "--keep-latest", "1", "--keep-best", "0", "--yes")[0]


def test_another_policy_takes_from_a_job_that_may_go_on_what_its_dispatcher_is_to_remove(
    stage: Stage, run: Run
) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    for step in (1, 2, 3):
        stage.save(job, step)
    code, out, _ = run("checkpoints", job, "--keep-latest", "1", "--keep-best", "0", "--yes")
    assert (0, f"{job}  digits  1 checkpoint being removed, 7 B.\n") == (code, out)


def test_archived_jobs_are_listed_when_asked_for(stage: Stage, run: Run) -> None:
    job = stage.ended()
    assert "No trainings yet" not in run("jobs")[1]
    run("archive", job)
    assert "The only job is archived; `jupyter training jobs --archived` shows it.\n" == run("jobs")[1]
    assert "No job fits.\n" == run("jobs", "other")[1]
    other = stage.ended()
    run("archive", other)
    assert "All 2 jobs are archived; `jupyter training jobs --archived` shows them.\n" == run("jobs")[1]
    run("delete", other, "--yes")
    assert job in run("jobs", "--archived")[1]
    assert job in run("jobs", "is:archived")[1]
    assert (0, f"{job}  digits  Back in the lists.\n") == run("unarchive", job)[:2]


def test_show_tells_of_retries_checkpoints_and_lineage(stage: Stage, run: Run) -> None:
    job = stage.ended(5, retries=3)
    run("fork", job, "--name", "child")
    out = run("show", job)[1]
    for words in ("step 5, 1 checkpoint kept", "0 of 3 used", "child"):
        assert words in out
    assert f"a fork of digits · {job[:6]}" in run("show", "child")[1]


def test_show_says_once_where_an_attempt_went_on_and_why_not_from_a_newer_one(stage: Stage, run: Run) -> None:
    job = stage.ended(130, 135)
    number, now = stage.begin_again(job), stage.site.now()
    started_from(stage.site.store, stage.epoch, JobId(job), number, 130, "step-000000130.1", now)
    assert "running  From step 130." in run("show", job)[1]
    found_damaged(stage.site.store, JobId(job), "step-000000135.1", now)
    out = run("show", job)[1]
    assert "From step 130: the checkpoint of step 135 is damaged." in out
    assert 1 == out.count("From step")


def test_submit_takes_the_options_of_long_trainings(stage: Stage, run: Run, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("print('hello')\n")
    words = ["--retries", "5", "--pause-within", "2m", "--hang", "30m", "--checkpoints", "s3://bucket/x"]
    code, out, _ = run("submit", str(script), *words, "--keep-latest", "3", "--json")
    spec: dict[str, Any] = json.loads(out)["spec"]
    assert (0, 5, 120.0, 1800.0) == (code, spec["retries"]["max"], spec["pause_within"], spec["hang"]["after"])
    assert ("s3://bucket/x", 3) == (spec["checkpoints"]["to"], spec["checkpoints"]["keep"]["trial_latest"])


def test_submit_with_resume_begins_anew_where_there_is_none_and_says_so(stage: Stage, run: Run, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("print('hello')\n")
    code, _, err = run("submit", str(script), "--resume")
    assert 0 == code
    assert "There was no job of that name to be resumed: this is a new one." in err


@pytest.mark.processes
@pytest.mark.parametrize(("source", "code", "word"), [("print('hello')\n", 0, "ok"), ("1 / 0\n", 1, "fail")])
def test_submit_test_tries_the_code_and_keeps_nothing(
    stage: Stage, run: Run, tmp_path: Path, source: str, code: int, word: str
) -> None:
    script = tmp_path / "train.py"
    script.write_text(source)
    left, out, err = run("submit", str(script), "--test")
    assert (code, [word, "train"]) == (left, out.splitlines()[2].split()[:2])
    assert ("ZeroDivisionError" in err) is bool(code)
    assert () == jobs.page(stage.site, jobs.JobsQuery()).jobs
