"""A long job in a container does not fill its disk with checkpoints that its policy lets go of."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.boot.keeping import Keep, Keeping
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import CheckpointPolicy, Instant
from jupyter_training.core.job import Keep as Policy
from jupyter_training.core.retention import Checkpoint, staying
from jupyter_training.spool import checkpoints
from tests.boot.containers import Container
from tests.boot.test_in_double import started
from tests.sagemaker_double.fixture import Double

Build = Callable[..., Container]

CODE = """
import os
from jupyter_training import checkpoint, report
first = checkpoint.latest().step if checkpoint.latest() else 0
for step in range(first + 1, first + 9):
    report(loss=abs(step - 3), step=step)
    checkpoint.save({"step": step}, step=step)
    print("saved", step, flush=True)
    while str(step) == os.environ.get("HALT"): __import__("time").sleep(0.01)
"""


def steps(folder: Path) -> list[int]:
    return sorted(found[0] for found in map(checkpoints.parts, os.listdir(folder)) if found is not None)


def about(**metrics: float) -> dict[str, Any]:
    return {"metrics": metrics or None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for step in range(1, 10):
        made = tmp_path / checkpoints.name(step, 1)
        made.mkdir()
        (made / checkpoints.MANIFEST).write_text("{}")
        (made / "state").write_text("x")
    return tmp_path


def saved(step: int, **metrics: float) -> list[Any]:
    return ["c", step, step, checkpoints.name(step, 1), about(**metrics)]


def test_what_the_policy_lets_go_of_goes_while_the_code_runs(container: Build) -> None:
    keep = {"newest": 1, "best": 1, "metric": "loss", "mode": "min"}
    one = container(CODE, checkpoints={"keep": keep})
    ran = one.run()
    assert 0 == ran.code
    assert [3, 6, 7, 8] == steps(one.root / "checkpoints"), "the best one, and the newest three"
    assert list(range(1, 9)) == [event[2] for event in ran.records("c")], "all of them were told of"


def test_after_an_interruption_it_knows_those_before(container: Build) -> None:
    one = container(CODE, checkpoints={"keep": {"newest": 1, "best": 0, "metric": None, "mode": "min"}})
    ran = one.start(HALT="4")
    ran.wait_for("saved 4")
    ran.kill()
    before = set(steps(one.root / "checkpoints"))
    assert {2, 3, 4} <= before
    assert 0 == one.run().code
    assert [10, 11, 12] == steps(one.root / "checkpoints")


@pytest.mark.processes
@pytest.mark.slow
def test_what_goes_in_the_container_goes_in_s3_and_nothing_else_does(double: Double, tmp_path: Path) -> None:
    """The service marks what it copies while the code saves."""
    if double.isolation:
        pytest.skip(f"no namespaces here: {double.isolation}")
    keep = {"newest": 1, "best": 0, "metric": None, "mode": "min"}
    code = CODE.replace('print("saved", step, flush=True)', '__import__("time").sleep(0.4)')
    started(double, tmp_path, "keeps", code, checkpoints={"keep": keep})
    double.until("keeps", "Completed")
    prefix = "checkpoints/keeps/"
    found = double.client("s3").list_objects_v2(Bucket=double.bucket, Prefix=prefix)["Contents"]
    names = {checkpoints.name(step, 1) for step in (6, 7, 8)}
    assert {f"{prefix}{name}/{file}" for name in names for file in ("manifest.json", "state.json")} == {
        one["Key"] for one in found
    }


def test_without_a_policy_all_stay(container: Build) -> None:
    one = container(CODE)
    one.run()
    assert list(range(1, 9)) == steps(one.root / "checkpoints")


def test_of_whom_nobody_knows_how_good_it_is_stays_among_the_best(folder: Path) -> None:
    keeping = Keeping(str(folder), Keep(1, 1, "loss", "min"))
    keeping.hear(saved(1))
    for step in range(2, 10):
        keeping.hear(saved(step, loss=float(step)))
    assert [1, 2, 7, 8, 9] == steps(folder)


def test_a_metric_may_come_right_after_the_checkpoint(folder: Path) -> None:
    keeping = Keeping(str(folder), Keep(1, 1, "score", "max"))
    for step in range(1, 10):
        keeping.hear(saved(step))
        keeping.hear(["p", step, step, {"score": 9.0 if step == 4 else 1.0 + step / 100}])
    assert [4, 7, 8, 9] == steps(folder)


def test_a_damaged_one_takes_no_good_ones_place(folder: Path) -> None:
    keeping = Keeping(str(folder), Keep(1, 0, None, "min"))
    for step in range(1, 4):
        keeping.hear(saved(step))
    keeping.hear(["x", 3, checkpoints.name(3, 1), "damaged"])
    keeping.hear(saved(4))
    assert {1, 2, 3, 4} <= set(steps(folder))
    keeping.hear(saved(5))
    assert 1 not in steps(folder)


def marked(path: Path, mark: str, at: float | None = None) -> None:
    made = path.with_name(path.name + mark)
    made.touch()
    if at is not None:
        os.utime(made, (at, at))


def test_what_is_being_copied_stays_until_it_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeping = Keeping(str(folder), Keep(1, 0, None, "min"))
    inner = folder / checkpoints.name(1, 1) / ".inner"
    inner.mkdir()
    (inner / "big").touch()
    marked(inner / "big", checkpoints.UPLOADING)
    for step in range(1, 6):
        keeping.hear(saved(step))
    assert [1, 3, 4, 5] == [step for step in steps(folder) if step < 6]
    monkeypatch.setattr("jupyter_training.boot.keeping._AGAIN_AFTER", 0.0)
    keeping.hear(saved(6))
    marked(inner / "big", checkpoints.UPLOADED)
    keeping.hear(["p", 7, 6, {"loss": 1.0}])
    assert [4, 5, 6, 7, 8, 9] == steps(folder)


def test_a_mark_that_came_along_keeps_nothing(folder: Path) -> None:
    """It was made in the draft, and the service found another name; or it came back with the folder."""
    now = time.time()
    for step in (1, 2):
        marked(folder / checkpoints.name(step, 1) / "state", checkpoints.UPLOADING, now - 60)
    marked(folder / checkpoints.name(3, 1) / "removed", checkpoints.UPLOADING)  # there is no such file any more
    keeping = Keeping(str(folder), Keep(1, 0, None, "min"))
    keeping.note(int((now - 3600) * 1e6), 1, checkpoints.name(1, 1), about())
    for step in range(2, 7):
        keeping.hear(["c", int(now * 1e6) + step, step, checkpoints.name(step, 1), about()])
    assert [4, 5, 6] == [step for step in steps(folder) if step < 7]


@pytest.mark.parametrize("restored", [True, False], ids=["after an interruption", "in one run"])
@pytest.mark.parametrize("metric", [None, "loss"])
def test_what_was_saved_last_stays_though_its_steps_are_lower(folder: Path, restored: bool, metric: str | None) -> None:
    """Code that begins anew within the attempt. The clock of the machine before was ahead."""
    keeping = Keeping(str(folder), Keep(1, 1, metric, "min"))
    for step in (7, 8, 9):
        if restored:
            keeping.note(10**6 + step, step, checkpoints.name(step, 1), about(loss=float(step)))
        else:
            keeping.hear(["p", step, step, {"loss": float(step)}])
            keeping.hear(saved(step))
    for step in range(1, 7):
        at = step if restored else 10**6 + step
        keeping.hear(["p", at, step, {"loss": 10.0 + step}])
        keeping.hear(["c", at, step, checkpoints.name(step, 1), about()])
        assert step in steps(folder)
    assert ([4, 5, 6] if metric is None else [4, 5, 6, 7]) == steps(folder)


def test_a_value_of_a_training_that_began_anew_is_none_of_what_was_saved_before(folder: Path) -> None:
    keeping = Keeping(str(folder), Keep(1, 1, "loss", "min"))
    keeping.hear(["p", 0, 8, {"loss": 5.0}])
    keeping.hear(["c", 0, 9, checkpoints.name(9, 1), about()])
    for step in range(1, 6):
        keeping.hear(["p", step, step, {"loss": 1.0 if step == 1 else 2.0}])
        keeping.hear(saved(step))
    assert [1, 3, 4, 5, 9] == [step for step in steps(folder) if step not in (6, 7, 8)], "that of 9 may still come"


@pytest.mark.parametrize("seed", range(50))
def test_nothing_goes_that_the_store_would_keep(folder: Path, seed: int) -> None:
    """The store's own rule, at any moment and for a job that may go on."""
    rng = random.Random(seed)
    policy = CheckpointPolicy(
        keep=Policy(experiment_best=rng.randrange(3), trial_best=rng.randrange(3), trial_latest=rng.randrange(5)),
        metric=rng.choice([None, "loss"]),
        mode=rng.choice(["min", "max"]),
    )
    best = max(policy.keep.trial_best, policy.keep.experiment_best)
    keeping = Keeping(str(folder), Keep(policy.keep.trial_latest, best, policy.metric, policy.mode))
    told: list[Checkpoint] = []
    for step in range(1, 10):
        loss = rng.choice([None, rng.randrange(5) / 2])
        keeping.hear(saved(step) if loss is None else saved(step, loss=loss))
        name = checkpoints.name(step, 1)
        metric = loss if policy.metric else None
        told.append(Checkpoint(JobId("abcdefghij"), name, 1, step, Instant(step), 1, 1, "", None, "bytes", metric))
        assert staying(told, policy, may_go_on=True) <= set(os.listdir(folder))
