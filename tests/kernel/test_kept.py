"""``%train checkpoints``: the table of what a job has saved, and another policy for it."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.core.lifecycle import EndReason
from jupyter_training.kernel import kept
from tests.kernel.builders import checkpoint, job
from tests.kernel.shells import Cells
from tests.kernel.test_life import ended
from tests.kernel.test_verbs import submit
from tests.services.stage import Stage

NOW = 1_767_225_672.0  # a minute and two seconds after the builder's checkpoints
KEEP = {"experiment_best": 0, "trial_best": 1, "trial_latest": 1}


def listed(*checkpoints: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"checkpoints": checkpoints, "keep": KEEP, "metric": None, "mode": "min", **changes}


def test_each_checkpoint_has_a_line_with_its_size_its_age_and_its_state() -> None:
    found = listed(
        checkpoint(10, metric=0.25),
        checkpoint(5, state="corrupt"),
        checkpoint(2, state="deleted", seconds=None, attempt=0),
        metric="loss",
    )
    lines = kept.table(job("succeeded"), found, now=NOW, removed_too=True).text.splitlines()
    assert ["step", "name", "saved", "size", "took", "loss", "attempt", "state"] == lines[0].split()
    assert "10  step-000000010.1  1 min ago  4.1 MB  0.4 s  0.25" in lines[1]
    assert lines[1].endswith("1  kept on this machine")
    assert lines[2].endswith("✕ damaged")
    assert lines[3].endswith("another job's  removed")
    assert (
        "Kept: the newest and the best (lowest loss). "
        "To begin with one: %train continue abcdef --checkpoint STEP" == lines[4]
    )


@pytest.mark.parametrize(
    ("keep", "metric", "mode", "words"),
    [
        ({"trial_latest": 1, "trial_best": 1, "experiment_best": 0}, None, "min", "the newest"),
        ({"trial_latest": 3, "trial_best": 0, "experiment_best": 0}, "loss", "min", "the newest 3"),
        ({"trial_latest": 0, "trial_best": 2, "experiment_best": 0}, "acc", "max", "the best 2 (highest acc)"),
        (
            {"trial_latest": 1, "trial_best": 2, "experiment_best": 1},
            "loss",
            "min",
            "the newest, the best 2 (lowest loss) and the best of its experiment",
        ),
        ({"trial_latest": 0, "trial_best": 1, "experiment_best": 0}, None, "min", "none"),
    ],
)
def test_the_policy_is_a_sentence(keep: dict[str, int], metric: str | None, mode: str, words: str) -> None:
    found = listed(checkpoint(1), keep=keep, metric=metric, mode=mode)
    assert f"Kept: {words}. " in kept.table(job("succeeded"), found, now=NOW).text


def test_a_job_without_checkpoints_says_so() -> None:
    assert "digits has saved no checkpoint yet." == kept.table(job("running"), listed(), now=NOW).text
    assert "digits has saved no checkpoint." == kept.table(job("succeeded"), listed(), now=NOW).text


def test_where_none_is_left_their_number_is_said() -> None:
    found = listed(*(checkpoint(step, state="deleted") for step in range(34, 0, -1)))
    shown = kept.table(job("succeeded"), found, now=NOW)
    assert (
        "digits has no checkpoint any more, and 34 removed (%train checkpoints abcdef --all lists them)." == shown.text
    )


def test_one_under_a_url_says_where() -> None:
    found = listed(checkpoint(1, place="s3://bucket/a"))
    assert "kept at s3://bucket/a" in kept.table(job(), found, now=NOW).text


def test_plain_mode_has_steps_and_states_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    found = listed(checkpoint(10), checkpoint(5, state="deleted"))
    assert "step  state\n  10  kept\nand 1 removed" == kept.table(job("succeeded"), found, now=NOW).text
    everything = kept.table(job("succeeded"), found, now=NOW, removed_too=True).text
    assert "step  state\n  10  kept\n   5  removed" == everything


def test_another_policy_takes_away_what_it_lists_once_that_is_agreed_to(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = ended(cells, "digits", steps=[5, 10, 15], reason=EndReason.COMPLETED)
    questions: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or "no")
    shown = cells.run("%train checkpoints digits --keep-latest 1 --keep-best 0")
    assert "2 checkpoints of digits" in shown
    assert "would be removed, and nobody can be asked here." in shown
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    shown = cells.run("%train checkpoints digits --keep-latest 1 --keep-best 0")
    assert "Refused: Nothing was removed, and the policy is what it was." in shown
    assert questions[0].startswith(f"Remove 2 checkpoints of digits · {one[:6]} for good (14 B)?\n  step 10  step-0")
    assert questions[0].endswith("\nType yes to remove: ")
    shown = cells.run("%train checkpoints digits --keep-latest 1 --keep-best 0 --yes")
    assert f"2 checkpoints of digits · {one[:6]} are removed, 14 B." == shown.splitlines()[0]
    assert [15] == [int(line.split()[0]) for line in shown.splitlines() if "step-0" in line]
    assert f"and 2 removed (%train checkpoints {one[:6]} --all lists them)" in shown.splitlines()
    shown = cells.run("%train checkpoints digits --all")
    assert ["machine", "removed", "removed"] == [line.split()[-1] for line in shown.splitlines() if "step-0" in line]
    assert [15] == [step["step"] for step in cells.client.checkpoints(one)["checkpoints"] if step["state"] == "kept"]


def test_a_job_that_may_go_on_loses_what_is_let_go_of_at_once_but_for_its_two_newest(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = submit(cells, "digits")
    stage = Stage(cells.server.site)
    stage.begin(one)
    for step in (5, 10, 15):
        stage.save(one, step)
    questions: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or "yes")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    shown = cells.run("%train checkpoints digits --keep-latest 1 --keep-best 0")
    assert questions[0].startswith(f"Remove 1 checkpoint of digits · {one[:6]} for good (7 B)?\n  step 5  step-0")
    assert f"1 checkpoint of digits · {one[:6]} is being removed, 7 B." == shown.splitlines()[0]
    assert "Kept: the newest; its two newest in any case, as it may go on. To begin" in shown


def test_a_policy_that_lets_nothing_go_asks_nobody(cells: Cells) -> None:
    (one,) = ended(cells, "digits", steps=[5, 10], reason=EndReason.COMPLETED)
    shown = cells.run("%train checkpoints digits --keep-latest 5 --metric loss --mode max")
    assert "Kept: the newest 5 and the best (highest loss)." in shown
    found = cells.client.checkpoints(one)
    assert ({"experiment_best": 0, "trial_best": 1, "trial_latest": 5}, "loss", "max") == (
        found["keep"], found["metric"], found["mode"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [("--keep-latest -1", "keep"), ("--keep-latest two", "'two' is not a whole number"), ("--mode best", "not known")],
)
def test_a_policy_that_can_t_be_is_refused(cells: Cells, options: str, words: str) -> None:
    submit(cells, "digits")
    shown = cells.run(f"%train checkpoints digits {options}")
    assert words in shown
    assert "Traceback" not in shown
