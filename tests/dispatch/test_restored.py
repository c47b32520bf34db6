"""How long a job took to read its checkpoint is kept with it, from what its attempt wrote."""

from __future__ import annotations

from pathlib import Path

from jupyter_training.dispatch.ingest import Ingester
from jupyter_training.store import views
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage
from tests.dispatch.test_checkpoints_taken_in import Trial


def test_the_last_start_from_a_checkpoint_tells_what_the_next_one_costs(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "home")
    stage.scripts["digits"] = Script(runs=1e9)
    trial = Trial(stage)
    name = trial.writer().save(10)
    assert stage.job(trial.job).restore_seconds is None
    writer = trial.again()
    writer.event("r", 10, name)
    writer.event("l", name, 4.5)
    trial.take_in()
    head = views.head(stage.store)
    assert 4.5 == stage.job(trial.job).restore_seconds
    writer.event("l", name, 4.5)  # another process of the same attempt
    trial.take_in(Ingester(stage.store))
    assert head == views.head(stage.store)
