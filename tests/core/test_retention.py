"""Which checkpoints stay: Determined's worked table, and what it does not say."""

from __future__ import annotations

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import CheckpointPolicy, Instant, Keep
from jupyter_training.core.retention import Checkpoint, kept, staying

# Of two trials, written in the order of their numbers; a smaller metric is better.
TABLE: list[tuple[int, str, float | None]] = [
    (1, "trialoneaa", None),
    (2, "trialoneaa", None),
    (3, "trialoneaa", 0.6),
    (4, "trialoneaa", 0.5),
    (5, "trialoneaa", 0.4),
    (6, "trialtwoaa", None),
    (7, "trialtwoaa", 0.2),
    (8, "trialtwoaa", 0.3),
    (9, "trialtwoaa", None),
    (10, "trialtwoaa", None),
]


def a_checkpoint(number: int, job: str, metric: float | None, **more: object) -> Checkpoint:
    values: dict[str, object] = {
        "job": JobId(job),
        "name": f"c{number}",
        "attempt": 1,
        "step": number,
        "created": Instant(1_800_000_000.0 + number),
        "size": 1,
        "files": 1,
        "sha256": "ab" * 32,
        "place": None,
        "kind": "json",
        "metric": metric,
        **more,
    }
    return Checkpoint(**values)  # type: ignore[arg-type]


def numbers(found: set[tuple[JobId, str]]) -> set[int]:
    return {int(name[1:]) for _, name in found}


@pytest.mark.parametrize(
    ("keep", "stay"),
    [
        ((2, 0, 0), {7, 8}),
        ((0, 1, 0), {5, 7}),
        ((0, 0, 1), {5, 10}),
        ((0, 1, 1), {5, 7, 10}),
        ((2, 1, 1), {5, 7, 8, 10}),
        ((0, 0, 0), set()),
        ((99, 99, 0), {3, 4, 5, 7, 8}),  # without a metric none is ever among the best
        ((0, 0, 99), {number for number, _, _ in TABLE}),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_the_worked_table(keep: tuple[int, int, int], stay: set[int], backwards: bool) -> None:
    checkpoints = [a_checkpoint(*row) for row in (reversed(TABLE) if backwards else TABLE)]
    experiment, best, latest = keep
    policy = Keep(experiment_best=experiment, trial_best=best, trial_latest=latest)
    assert stay == numbers(kept(checkpoints, policy, "min"))


def test_where_more_is_better_the_highest_stay() -> None:
    checkpoints = [a_checkpoint(*row) for row in TABLE]
    assert {3, 8} == numbers(kept(checkpoints, Keep(trial_best=1, trial_latest=0), "max"))


def test_of_equal_ones_the_later_step_stays() -> None:
    checkpoints = [a_checkpoint(number, "trialoneaa", 0.5) for number in (1, 3, 2)]
    for mode in ("min", "max"):
        assert {3} == numbers(kept(checkpoints, Keep(trial_best=1, trial_latest=0), mode))  # type: ignore[arg-type]


def test_a_damaged_or_removed_one_takes_no_good_ones_place() -> None:
    checkpoints = [
        a_checkpoint(1, "trialoneaa", 0.5),
        a_checkpoint(2, "trialoneaa", 0.1, state="corrupt"),
        a_checkpoint(3, "trialoneaa", 0.1, state="deleted"),
    ]
    assert {1} == numbers(kept(checkpoints, Keep(trial_best=1, trial_latest=1), "min"))


def test_the_newest_is_the_latest_attempts_though_it_went_back() -> None:
    checkpoints = [a_checkpoint(30, "trialoneaa", None), a_checkpoint(15, "trialoneaa", None, attempt=2)]
    assert {15} == numbers(kept(checkpoints, Keep(trial_best=0, trial_latest=1), "min"))


def test_the_newest_of_an_attempt_is_what_it_committed_last_though_its_steps_began_anew() -> None:
    own = [a_checkpoint(number, "trialoneaa", None) for number in (5, 6)]
    own += [a_checkpoint(number, "trialoneaa", None, name=f"again{number}", created=2e9 + number) for number in (1, 2)]
    newest = CheckpointPolicy(keep=Keep(trial_best=0, trial_latest=1))
    assert {"again2"} == staying(own, newest, may_go_on=False)
    assert {"again1", "again2"} == staying(own, newest, may_go_on=True)


def test_what_may_go_on_keeps_its_two_newest_good_ones() -> None:
    own = [a_checkpoint(number, "trialoneaa", number / 10) for number in (2, 4, 1, 3)]
    own.append(a_checkpoint(5, "trialoneaa", 0.9, state="corrupt"))
    best = CheckpointPolicy(keep=Keep(trial_best=1, trial_latest=0))
    assert {"c1"} == staying(own, best, may_go_on=False)
    assert {"c1", "c3", "c4"} == staying(own, best, may_go_on=True)
