"""What becomes of a job's options in those that are made of it, and in its search's trials."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from jupyter_training.cli.main import main
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.errors import InvalidSpec
from jupyter_training.schema import ContinueRequest
from jupyter_training.services import descend, submitting
from jupyter_training.store import experiments, views
from tests.sagemaker.test_saying import BODY
from tests.services.stage import USER, Stage, edited, request

OPTIONS = {"instance": "ml.g5.xlarge", "instances": 2, "volume": 60}


def far(stage: Stage, **more: Any) -> Job:
    options = {**OPTIONS, **more.pop("options", {})}
    told = stage.submit(BODY, backend="sagemaker", timeout="1h", options=options, **more).job
    assert told is not None
    return stage.job(told.id)


def ended(stage: Stage, job: Job) -> Job:
    stage.begin(job.id)
    stage.save(job.id, 5)
    stage.end(job.id, EndReason.COMPLETED)
    return stage.job(job.id)


def forked(stage: Stage, old: Job, **changes: Any) -> Job:
    told = descend.fork(stage.site, USER, old.id, edited(**changes)).job
    assert told is not None
    return stage.job(told.id)


def continued(stage: Stage, old: Job, **changes: Any) -> Job:
    wish = ContinueRequest.model_validate({"key": uuid.uuid4().hex, **changes})
    told = descend.continued(stage.site, USER, old.id, wish).job
    assert told is not None
    return stage.job(told.id)


def test_a_fork_keeps_them_where_it_says_nothing_else(stage: Stage) -> None:
    old = far(stage)
    new = forked(stage, old, params={"lr": 0.2})
    assert (old.spec.options, old.pool, old.spec.resources, old.spec.checkpoints) == (
        new.spec.options, new.pool, new.spec.resources, new.spec.checkpoints,
    )  # fmt: skip


def test_a_fork_on_other_machines_goes_to_their_pool(stage: Stage) -> None:
    old = far(stage)
    new = forked(stage, old, options={"instance": "ml.m5.xlarge", "instances": 1})
    assert ("ml.m5.xlarge", "ml.m5.xlarge", 60, 1) == (
        new.pool, new.spec.options["instance"], new.spec.options["volume"], new.spec.resources.slots,
    )  # fmt: skip
    longer = forked(stage, old, config={"text": "timeout: 2h\nvolume: 90\n", "name": "more.yaml"})
    assert (7200, 90, "ml.g5.xlarge") == (longer.spec.options["max_run"], longer.spec.options["volume"], longer.pool)


def test_a_fork_elsewhere_leaves_them_behind_with_all_that_they_came_to(stage: Stage) -> None:
    environment = {"kind": "current", "variables": {"PATH": "/usr/bin", "EPOCHS": "3"}}
    here = forked(stage, far(stage, environment=environment), backend="local")
    assert ("local", {}, 1, None) == (
        here.pool, here.spec.options, here.spec.resources.slots, here.spec.checkpoints.to,
    )  # fmt: skip
    assert {"PATH", "EPOCHS"} <= here.spec.environment.variables.keys()
    there = forked(stage, here, backend="sagemaker", options=OPTIONS)
    assert ("ml.g5.xlarge", 2) == (there.pool, there.spec.resources.slots)
    with pytest.raises(InvalidSpec, match=r"options.instance: a job on this machine has no option 'instance'"):
        forked(stage, here, options=OPTIONS)


def test_what_a_person_said_of_checkpoints_stays(stage: Stage) -> None:
    old = far(stage, checkpoints="s3://mine/kept")
    assert "s3://mine/kept" == forked(stage, old, backend="local").spec.checkpoints.to


def test_a_local_job_goes_on_there_with_its_checkpoint(stage: Stage) -> None:
    told = stage.submit(BODY).job
    assert told is not None
    old = ended(stage, stage.job(told.id))
    new = continued(stage, old, backend="sagemaker", options={"instance": "ml.m5.xlarge"})
    assert new.spec.start is not None
    assert (5, "ml.m5.xlarge") == (new.spec.start.step, new.pool)


def test_a_retry_keeps_them(stage: Stage) -> None:
    old = far(stage)
    stage.begin(old.id)
    stage.end(old.id, EndReason.ERROR)
    stage.begin_again(old.id)
    assert (old.spec, old.pool) == (stage.job(old.id).spec, stage.job(old.id).pool)


def test_to_resume_elsewhere_is_a_new_job_that_continues(stage: Stage) -> None:
    told = stage.submit(BODY).job
    assert told is not None
    ended(stage, stage.job(told.id))
    wish = request(BODY, resume=True, backend="sagemaker", options={"instance": "ml.m5.xlarge"})
    result = submitting.submit(stage.site, USER, wish)
    assert result.job is not None
    assert ("ml.m5.xlarge", told.id) == (result.job.pool, result.job.parent.job if result.job.parent else None)
    assert "ran at local: this is a new job that continues it here" in result.notes[0]


def test_trials_go_to_the_machines_pool_and_the_driver_stays_here(stage: Stage) -> None:
    wish = {"params": {"lr": "loguniform(1e-4, 1e-1)"}, "metric": "loss", "mode": "min", "max_trials": 8, "workers": 3}
    result = stage.submit(BODY, backend="sagemaker", options=OPTIONS, timeout="1h", searcher="random", **wish)
    assert result.experiment is not None
    one = experiments.one(stage.site.store, JobId(result.experiment.id))
    assert ("ml.g5.xlarge", 3, 2) == (one.pool, one.spec.workers, one.spec.template.resources.slots)
    assert "account" in one.spec.template.options
    driver = stage.job(result.experiment.id)
    assert ("drivers", {}) == (driver.pool, driver.spec.options)
    assert "ml.g5.xlarge" in views.pools(stage.site.store)


def test_a_command_line_says_it_as_a_submit_does(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    old = ended(stage, far(stage))
    words = ["--instance", "ml.m5.xlarge", "--instances", "1", "--option", "keep_alive=600"]
    assert 0 == main(["fork", old.id, *words]), capsys.readouterr().err
    new = stage.job(capsys.readouterr().out.split()[0])
    assert ("ml.m5.xlarge", 600) == (new.pool, new.spec.options["keep_alive"])
    assert 0 == main(["continue", old.id, "--backend", "local"]), capsys.readouterr().err
    assert "local" == stage.job(capsys.readouterr().out.split()[0]).pool
