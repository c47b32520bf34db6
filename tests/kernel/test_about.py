"""What tables say of a job that rested, was tried again, was made of another one, or is put away."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.kernel import tell
from jupyter_training.kernel.policies import hang_text, policy_text, retries_text
from tests.kernel.builders import attempt, job, lineage

NOW = 1_767_225_672.0
KEEP = {"experiment_best": 0, "trial_best": 1, "trial_latest": 1}
POLICY = {"to": None, "keep": KEEP, "metric": None, "mode": "min", "sklearn": "skops"}


def told(one: dict[str, Any]) -> dict[str, str]:
    """All about a job, by what stands on the left."""
    return {row[0].text: row[1].text for row in tell.about(one, now=NOW).rows}


def test_all_about_a_job_that_was_paused_and_tried_again() -> None:
    attempts = [
        attempt(reason="paused", sentence="Paused by you at step 5.", exit_code=0, peak_memory=None),
        attempt(number=2, start_step=5, sentence="ValueError: bad.", peak_memory=None),
    ]
    newest = {"step": 10, "created": "2026-01-01T00:00:12Z", "count": 2}
    damaged = "From step 5: the checkpoint of step 8 is damaged."
    attempts.append(attempt(number=3, start_step=5, sentence=damaged, exit_code=None, peak_memory=None))
    found = told(
        job("failed", attempts=attempts, checkpoint=newest, retries={"used": 1, "max": 5}, params={"lr": 0.5, "n": 3},
            overrides={"lr": 0.5}, archived=True)
    )  # fmt: skip
    assert "Failed. It is archived." == found["state"]
    assert "step 10, 1 min ago, 2 in all" == found["checkpoint"]
    assert "1 of 5 used" == found["retries"]
    assert "Paused by you at step 5.  exit code 0" == found["attempt 1"]
    assert "ValueError: bad.  from step 5  exit code 1" == found["attempt 2"]
    assert damaged == found["attempt 3"]
    assert "0.5 (changed when it was resumed)" == found["param lr"]
    assert "3" == found["param n"]


def test_all_about_a_job_names_where_it_came_from_and_what_came_of_it() -> None:
    children = [lineage("fork", name="other"), lineage("continue", name="more")]
    rows = [row[1].text for row in tell.about(job(parent=lineage("continue"), children=children), now=NOW).rows]
    assert "continues first · zyxwvu from step 10" in rows
    assert "forked as other · zyxwvu" in rows
    assert "continued as more · zyxwvu from step 10" in rows


def test_a_warning_stands_in_lists_and_in_all_about_it() -> None:
    one = job(warning="No report and no log line for 42 min.")
    assert "No report and no log line for 42 min." == told(one)["warning"]
    assert tell.listing([one], now=NOW, more=False).text.endswith("No report and no log line for 42 min.")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (job("paused", sentence="Paused by you at step 10."), "Paused by you at step 10."),
        (job("pausing", sentence="Pausing, after its next checkpoint."), "Pausing, after its next checkpoint."),
        (job(attempts=[attempt(), attempt(number=2, start_step=5, ended=None)]), "attempt 2, from step 5"),
        (job("succeeded", attempts=[attempt(), attempt(number=2, start_step=5)]), "ago"),
    ],
    ids=["paused", "pausing", "tried again", "ended"],
)
def test_a_list_says_how_a_job_stands(one: dict[str, Any], words: str) -> None:
    assert tell.listing([one], now=NOW, more=False).text.endswith(words)


def test_an_archived_job_is_known_in_a_list() -> None:
    assert "✕ failed, archived" in tell.listing([job("failed", archived=True)], now=NOW, more=False).text


def test_what_lets_a_paused_job_go_on_is_offered() -> None:
    assert "%train activate abcdef · %train cancel" in tell.front([job("paused")], [], now=NOW).note
    assert "activate" not in tell.front([job()], [], now=NOW).note


@pytest.mark.parametrize(
    ("retries", "words"),
    [
        ({"max": 0, "on": ["error"]}, "none"),
        ({"max": 5, "on": []}, "none"),
        ({"max": 1, "on": ["error"]}, "at most 1, after an error"),
        (
            {"max": 5, "on": ["error", "lost", "preempted"]},
            "at most 5, after an error, a vanished process or making room",
        ),
        ({"max": 5, "on": ["timeout"]}, "at most 5, after its time limit"),
    ],
)
def test_retries_are_a_sentence(retries: dict[str, Any], words: str) -> None:
    assert words == retries_text(retries)


def test_where_checkpoints_are_kept_and_when_a_silent_job_is_stopped() -> None:
    assert "kept: the newest" == policy_text(POLICY)
    other = {**POLICY, "to": "s3://bucket/a", "metric": "loss"}
    assert "kept: the newest and the best (lowest loss), at s3://bucket/a" == policy_text(other)
    assert "after 30 min without a sign of life it is warned of" == hang_text({"after": 1800.0, "stop": False})
    assert "after a while without a sign of life it is warned of and stopped" == hang_text(
        {"after": None, "stop": True}
    )


def test_all_about_a_job_says_what_it_is_to_do_by_itself() -> None:
    watch = {"after": 60.0, "stop": True}
    spec = {"retries": {"max": 2, "on": ["lost"]}, "checkpoints": {**POLICY, "metric": "loss"}, "hang": watch}
    found = told(job(spec=spec))
    assert "at most 2, after a vanished process" == found["tried again"]
    assert "kept: the newest and the best (lowest loss)" == found["checkpoints"]
    assert "after 1 min without a sign of life it is warned of and stopped" == found["hang"]
    usual = {"retries": {"max": 0, "on": ["lost"]}, "checkpoints": POLICY, "hang": {"after": None, "stop": False}}
    assert {"tried again", "checkpoints", "hang"}.isdisjoint(told(job(spec=usual)))


def test_plain_mode_says_no_ids_in_the_notes_of_a_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    result = {"job": job(), "reused": False, "notes": ["digits abcdef goes on from step 10, as attempt 2."]}
    assert result["notes"] == tell.submitted(result)
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    assert ["digits goes on from step 10, as attempt 2."] == tell.submitted(result)
