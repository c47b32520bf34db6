"""The verbs that change jobs, on jobs that wait: one result for each, what a pattern means, and who is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from IPython.core.error import StdinNotImplementedError

from jupyter_training.core.lifecycle import EndReason
from jupyter_training.kernel import asking
from tests.kernel.shells import Cells
from tests.kernel.test_verbs import submit
from tests.services.stage import Stage


def states(cells: Cells, *, archived: bool = False) -> dict[str, str]:
    return {job["name"]: job["state"] for job in cells.client.jobs(archived=archived)["jobs"]}


def ended(
    cells: Cells, *names: str, steps: Sequence[int] = (), reason: EndReason = EndReason.ERROR, **options: str
) -> list[str]:
    """Jobs of these names that have failed, and left checkpoints of these steps."""
    found = submit(cells, *names, **options)
    stage = Stage(cells.server.site)
    for job in found:
        stage.begin(job)
        for step in steps:
            stage.save(job, step)
        stage.end(job, reason)
    return found


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str | BaseException]:
    """What the person will type; the questions are put in their place."""
    given: list[str | BaseException] = []

    def ask(question: str) -> str:
        answer = given.pop(0)
        given.append(question)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr("builtins.input", ask)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    return given


def test_what_waits_is_paused_at_once_and_waits_again_when_activated(cells: Cells) -> None:
    (job,) = submit(cells, "digits")
    assert f"digits · {job[:6]} is paused.\n" == cells.run("%train pause digits")
    assert {"digits": "paused"} == states(cells)
    assert "paused" in cells.run("%train list")
    assert f"digits · {job[:6]} goes on: it waits for its turn.\n" == cells.run("%train activate digits")
    assert {"digits": "queued"} == states(cells)


def test_a_pattern_means_the_jobs_that_the_verb_is_for(cells: Cells) -> None:
    submit(cells, "lr-1", "lr-2", "other")
    assert 2 == cells.run("%train pause 'lr-*'").count(" is paused.")
    assert {"lr-1": "paused", "lr-2": "paused", "other": "queued"} == states(cells)
    assert "No paused job has a name that fits 'oth*'." in cells.run("%train activate 'oth*'")
    assert 2 == cells.run("%train activate '*'").count(" goes on: ")


def test_a_refusal_names_both_states_and_stops_no_other_job(cells: Cells) -> None:
    (job,) = ended(cells, "over")
    submit(cells, "waits")
    shown = cells.run("%train pause over waits")
    assert "waits" in shown.splitlines()[0]
    assert f"over · {job[:6]}: " in shown
    assert "it has failed" in shown
    assert "Refused: 1 of 2 could not be asked." in shown
    assert {"over": "failed", "waits": "paused"} == states(cells)


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("activate waits", "queued"),
        ("archive waits", "queued"),
        ("retry waits", "queued"),
        ("unarchive waits", "queued"),
        ("delete waits --yes", "queued"),
        ("resume waits", "queued"),
    ],
)
def test_what_the_life_cycle_forbids_is_refused_alone_as_it_is(cells: Cells, line: str, state: str) -> None:
    submit(cells, "waits")
    shown = cells.run(f"%train {line}")
    assert shown.startswith("IllegalVerb: ")
    assert state in shown
    assert {"waits": "queued"} == states(cells)


def test_a_paused_job_is_neither_deleted_nor_archived_nor_paused_again(cells: Cells) -> None:
    submit(cells, "rests")
    cells.run("%train pause rests")
    for line in ("delete rests --yes", "archive rests", "pause rests"):
        shown = cells.run(f"%train {line}")
        assert shown.startswith("IllegalVerb: ")
        assert "it is paused" in shown
    assert {"rests": "paused"} == states(cells)


def test_what_failed_is_tried_again_from_its_last_checkpoint(cells: Cells) -> None:
    (new,) = ended(cells, "new")
    (saved,) = ended(cells, "saved", steps=[5, 10])
    assert f"new · {new[:6]} is tried again from the beginning.\n" == cells.run("%train retry new")
    assert f"saved · {saved[:6]} is tried again from step 10.\n" == cells.run("%train retry saved")
    assert {"new": "queued", "saved": "queued"} == states(cells)


def test_what_succeeded_is_tried_again_by_force_alone(cells: Cells) -> None:
    (job,) = ended(cells, "good", reason=EndReason.COMPLETED)
    shown = cells.run("%train retry good")
    assert "it has succeeded" in shown
    assert "--force" in shown
    assert f"good · {job[:6]} is tried again from the beginning.\n" == cells.run("%train retry 'go*' --force")


def test_a_running_job_without_a_checkpoint_is_paused_by_discard_alone(cells: Cells) -> None:
    (job,) = submit(cells, "digits")
    Stage(cells.server.site).begin(job)
    shown = cells.run("%train pause digits")
    assert shown.startswith("NoCheckpoint: ")
    assert "--discard" in shown
    assert f"digits · {job[:6]} is asked to pause at once.\n" == cells.run("%train pause digits --discard")
    assert f"digits · {job[:6]} goes on from the beginning.\n" == cells.run("%train activate digits")


def test_a_running_job_is_paused_after_its_next_checkpoint(cells: Cells) -> None:
    (job,) = submit(cells, "digits")
    stage = Stage(cells.server.site)
    stage.begin(job)
    stage.save(job, 5)
    assert f"digits · {job[:6]} is asked to pause after its next checkpoint.\n" == cells.run("%train pause digits")
    assert "pausing" in cells.run("%train list")
    stage.save(job, 10)
    stage.end(job, EndReason.PAUSED)
    assert "Paused by you at step 10." in cells.run("%train list")
    assert f"digits · {job[:6]} goes on from step 10.\n" == cells.run("%train activate digits")


def test_retry_of_a_pattern_takes_the_newest_of_each_name(cells: Cells) -> None:
    old, _ = ended(cells, "a-1", "a-2")
    (newest,) = ended(cells, "a-1")
    assert 2 == cells.run("%train retry 'a-*'").count("is tried again")
    assert ("failed", "queued") == (cells.client.job(old)["state"], cells.client.job(newest)["state"])
    assert "No job that failed or was stopped has a name that fits 'a-*'." in cells.run("%train retry 'a-*'")


def test_what_is_archived_leaves_the_lists_and_comes_back(cells: Cells) -> None:
    ended(cells, "a", "b")
    assert 2 == cells.run("%train archive '*'").count("is archived.")
    assert {} == states(cells)
    assert ", archived" in cells.run("%train list is:archived")
    assert "It is archived." in cells.run(f"%train show {cells.client.jobs(archived=True)['jobs'][0]['id']}")
    assert 2 == cells.run("%train unarchive '*'").count("is back in the lists.")
    assert {"a", "b"} == set(states(cells))


def test_delete_asks_with_the_names_of_what_goes(cells: Cells, answers: list[Any]) -> None:
    (one,), (two,) = ended(cells, "a", steps=[5, 10]), ended(cells, "b")
    answers.append("no")
    assert "Refused: Nothing was deleted." in cells.run("%train delete 'a' b")
    (question,) = answers
    assert question == (
        "Delete these 2 jobs for good, with checkpoints, logs and outputs? Their runs lie in MLflow's trash then.\n"
        f"  a · {one[:6]}  failed, 2 checkpoints up to step 10\n  b · {two[:6]}  failed\nType yes to delete: "
    )
    assert {"a", "b"} == set(states(cells))
    answers[:] = ["yes"]
    assert {f"a · {one[:6]} is deleted.", f"b · {two[:6]} is deleted."} == set(
        cells.run("%train delete '*'").splitlines()
    )
    assert {} == states(cells)


def test_delete_names_the_first_ten_of_many(cells: Cells, answers: list[Any]) -> None:
    ended(cells, *(f"n-{number}" for number in range(12)))
    answers.append("no")
    cells.run("%train delete 'n-*'")
    assert "Delete these 12 jobs" in answers[0]
    assert "\n  and 2 more\n" in answers[0]
    assert 10 == answers[0].count("  failed\n")


@pytest.mark.parametrize("words", ["", "-q "])
def test_where_nobody_can_answer_delete_needs_to_be_told(cells: Cells, words: str) -> None:
    ended(cells, "a", "b")
    shown = cells.run(f"%train delete {words}a b")
    assert "2 jobs would be deleted, with checkpoints, logs and outputs, and nobody can be asked here." in shown
    assert "If that is meant: %train delete a b --yes" in shown
    assert {"a", "b"} == set(states(cells))
    cells.run(f"%train delete {words}a b --yes")
    assert {} == states(cells)


def test_what_may_not_be_deleted_is_not_asked_about(cells: Cells, answers: list[Any]) -> None:
    submit(cells, "waits")
    assert cells.run("%train delete waits").startswith("IllegalVerb: ")
    assert [] == answers


def test_a_front_end_without_questions_and_a_closed_terminal_are_nobody(cells: Cells, answers: list[Any]) -> None:
    answers.append(StdinNotImplementedError("raw_input was called, but this frontend does not support input requests."))
    assert asking.agreed(cells.shell, "Really?") is None
    answers[:] = [EOFError()]
    assert asking.agreed(cells.shell, "Really?") is None
    answers[:] = [" Yes "]
    assert asking.agreed(cells.shell, "Really?") is True


def test_discard_and_force_reach_the_server(cells: Cells) -> None:
    submit(cells, "a")
    cells.run("%train pause a --discard")
    assert {"verb": "pause", "discard": True} == {
        key: value for key, value in cells.server.last.items() if key != "jobs"
    }
    cells.run("%train retry a --force")
    assert ("retry", True) == (cells.server.last["verb"], cells.server.last["force"])


def test_plain_mode_says_the_same_each_time(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    submit(cells, "digits")
    assert "digits is paused.\n" == cells.run("%train pause digits")
    assert "digits goes on.\n" == cells.run("%train activate digits")
