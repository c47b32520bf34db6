"""Jobs that are made of others: fork, continue, resume, as they are shown and as they are refused."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.core.lifecycle import EndReason
from jupyter_training.kernel import tell
from jupyter_training.kernel.card import LIVE
from tests.kernel.builders import job, lineage
from tests.kernel.shells import Cells
from tests.kernel.test_life import ended
from tests.kernel.test_verbs import CODE, submit


def newest(cells: Cells) -> dict[str, Any]:
    (found,) = cells.client.jobs(limit=1)["jobs"]
    return cells.client.job(found["id"])


def test_a_fork_has_the_old_job_s_code_and_other_parameters(cells: Cells) -> None:
    (old,) = submit(cells, "digits", options="--tag team=vision --priority 3")
    shown = cells.run("%train fork digits lr=0.01 --name wider --priority 5 -o other")
    made = newest(cells)
    assert shown.startswith(
        f"wider · {made['id'][:6]} is a fork of digits · {old[:6]}, with lr=0.01; no weights came along.\n"
    )
    assert f"wider · {made['id'][:6]} queued" in shown
    assert made["id"] == cells.shell.user_ns["other"].id
    assert ("wider", 5, {"lr": 0.01}, {"team": "vision"}) == (
        made["name"], made["priority"], made["params"], made["tags"],
    )  # fmt: skip
    assert cells.client.cell(old).splitlines()[1:] == cells.client.cell(made["id"]).splitlines()[1:]


def test_both_show_their_lineage(cells: Cells) -> None:
    (old,) = submit(cells, "first")
    cells.run("%train fork first --name second")
    made = newest(cells)
    told = [" ".join(line.split()) for line in cells.run("%train show second").splitlines()]
    assert f"made as a fork of first · {old[:6]}" in told
    assert f"forked as second · {made['id'][:6]}" in cells.run("%train show first")


def test_what_continues_begins_with_the_chosen_checkpoint(cells: Cells) -> None:
    (old,) = ended(cells, "first", steps=[5, 10], reason=EndReason.COMPLETED)
    shown = cells.run("%train continue first lr=0.5 --checkpoint 5 --name second -o second")
    made = newest(cells)
    assert f"second · {made['id'][:6]} continues first · {old[:6]} from step 5, with lr=0.5." == shown.splitlines()[0]
    assert ("second", 5, {"lr": 0.5}) == (made["name"], made["checkpoint"]["step"], made["params"])
    assert f"continued as second · {made['id'][:6]} from step 5" in cells.run("%train show first")
    shown = cells.run("%train continue first --checkpoint 7")
    assert "has no checkpoint of step 7." in shown
    assert "There is the one of step 10, 5." in shown


def test_a_checkpoint_that_is_gone_or_damaged_is_named_with_what_there_is_instead(cells: Cells) -> None:
    (old,) = ended(cells, "first", steps=[5, 10, 15], reason=EndReason.COMPLETED)
    cells.run("%train checkpoints first --keep-latest 2 --yes")
    shown = cells.run("%train continue first --checkpoint 5")
    assert shown.startswith("NoCheckpoint: ")
    assert "(step 5)" in shown
    assert "has been removed" in shown
    assert "There is the one of step 15, 10." in shown
    assert "    %train continue first --checkpoint 5\n                                       ^\n" in shown
    newest = next((cells.server.settings.checkpoints / old).glob("step-000000015*"))
    (newest / "state.bin").write_bytes(b"spoilt")
    shown = cells.run("%train continue first --name second")
    assert "The checkpoint of step 15 is damaged" in shown
    assert "from step 10." in shown
    assert "✕ damaged" in cells.run("%train checkpoints first")


def test_a_finished_job_is_resumed_as_the_same_job(cells: Cells) -> None:
    (old,) = ended(cells, "digits", steps=[5, 10], reason=EndReason.COMPLETED)
    shown = cells.run("%train resume digits lr=0.5 -o same")
    assert f"digits {old[:6]} goes on from step 10, as attempt 2." == shown.splitlines()[0]
    job = newest(cells)
    assert (old, "queued", {"lr": 0.5}) == (job["id"], job["state"], job["overrides"])
    assert old == cells.shell.user_ns["same"].id
    told = [" ".join(line.split()) for line in cells.run("%train show digits").splitlines()]
    assert "param lr 0.5 (changed when it was resumed)" in told


def test_a_cell_resumes_the_newest_job_of_its_name(cells: Cells) -> None:
    (old,) = ended(cells, "digits", steps=[10], reason=EndReason.COMPLETED)
    shown = cells.run(f"%%train digits resume=true lr=0.5\n{CODE}")
    assert f"digits {old[:6]} goes on from step 10, as attempt 2." in shown
    assert old == newest(cells)["id"]
    assert "it is queued" in cells.run(f"%%train digits --resume\n{CODE}")


def test_without_a_job_the_last_one_is_meant(cells: Cells) -> None:
    submit(cells, "digits")
    assert "is a fork of digits" in cells.run("%train fork lr=0.01")
    assert {"lr": 0.01} == newest(cells)["params"]


def test_quiet_shows_nothing_and_still_gives_the_handle(cells: Cells) -> None:
    submit(cells, "digits")
    assert "" == cells.run("%train fork digits -q -o made")
    assert newest(cells)["id"] == cells.shell.user_ns["made"].id


def test_a_config_changes_what_it_says(cells: Cells) -> None:
    cells.run("%%train_config late\npriority: 70\ntags: {kind: late}\n")
    submit(cells, "digits")
    cells.run("%train fork digits --config late")
    made = newest(cells)
    assert (70, {"kind": "late"}) == (made["priority"], made["tags"])


def test_a_parameter_that_is_another_one_misspelled_is_shown_at_its_word(cells: Cells) -> None:
    submit(cells, "digits")
    for verb in ("fork", "continue", "resume"):
        shown = cells.run(f"%train {verb} digits rl=0.01").splitlines()
        assert "InvalidSpec: digits has no parameter 'rl'." == shown[0]
        assert shown[2][shown[3].index("^") :].startswith("rl=0.01")
        assert "Did you mean 'lr'?" == shown[-1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("fork digits --pool gpus", "There is no pool 'gpus'"),
        ("fork digits --priority 0", "1 (first) to 99"),
        ("fork digits --name b@d", "not a name"),
        ("continue digits --checkpoint 10", "has left no checkpoint"),
        ("continue digits", "has left no checkpoint"),
        ("resume digits", "it is queued"),
        ("fork digits --config nothing", "This kernel knows no config 'nothing'."),
        ("fork nosuch", "There is no job 'nosuch'."),
        ("fork 'dig*'", "is a pattern, and one job is wanted here."),
        ("fork digits other", "'other' is one word too many."),
    ],
)
def test_what_can_t_be_made_is_refused_in_a_sentence(cells: Cells, line: str, words: str) -> None:
    submit(cells, "digits")
    shown = cells.run(f"%train {line}")
    assert words in shown
    assert "Traceback" not in shown
    assert 1 == len(cells.client.jobs()["jobs"])


def test_a_continuing_job_says_from_where(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"job": job("queued", name="more", parent=lineage("continue")), "notes": ["It begins with abcdef."]}
    assert ["more · abcdef continues first · zyxwvu from step 10, with epochs=5."] == tell.made(made, {"epochs": 5})
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    assert ["more continues first from step 10."] == tell.made(made, {})


def test_what_was_passed_over_is_said_beside_it() -> None:
    notes = ["The checkpoint of step 15 is damaged: a file is gone.", "It begins with the checkpoint of step 10."]
    made = {"job": job("queued", parent=lineage("continue")), "notes": notes}
    assert notes[:1] == tell.made(made, {})[1:]


def test_a_resumed_job_says_where_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    result = {"job": job("queued"), "notes": ["digits abcdef goes on from step 10, as attempt 2."]}
    assert ["digits abcdef goes on from step 10, as attempt 2."] == tell.resumed(result)
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    assert ["digits goes on."] == tell.resumed(result)


def test_resume_true_is_the_option_unless_the_code_has_the_name(cells: Cells) -> None:
    for line in ("resume=true", "--resume"):
        asked = cells.planned(f"%%train digits {line} --dry-run\nlr = 0.1\nprint(lr)\n")
        assert (True, {"lr": 0.1}) == (asked["resume"], asked["params"])
    own = cells.planned("%%train digits resume=true --dry-run\nresume = False\nprint(resume)\n")
    assert (None, {"resume": True}) == (own.get("resume"), own["params"])
    assert cells.planned("%%train digits resume=false --dry-run\nlr = 0.1\n").get("resume") is False
    shown = cells.run("%%train digits resume=5 --dry-run\nlr = 0.1\n")
    assert "InvalidUsage: resume is true or false, not 5." in shown
    assert "    %%train digits resume=5 --dry-run\n                   ^^^^^^^^" in shown


def test_a_resume_without_an_older_job_is_a_new_one_and_says_so(cells: Cells) -> None:
    shown = cells.run("%%train digits --resume\nlr = 0.1\nprint(lr)\n")
    assert "There was no job of that name to be resumed: this is a new one." in shown
    assert "queued" == newest(cells)["state"]


def test_the_new_job_s_card_is_live(cells: Cells) -> None:
    from jupyter_training.kernel import card

    bundle = card.bundle(job("queued", parent=lineage("fork")))
    assert "A fork of first · zyxwvu" in bundle["text/html"]
    assert LIVE in bundle
