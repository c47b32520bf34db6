"""``execute_tuning_job`` for SageMaker: what its arguments come to, and what is refused before anything is sent."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client.client import Client
from jupyter_training.client.local import LocalTransport
from jupyter_training.client.tuning_job import Notice, execute_tuning_job, run_training_job
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import JobSpec
from jupyter_training.errors import InvalidSpec, TrainingError
from jupyter_training.settings import Settings
from jupyter_training.store import views
from tests.sagemaker.conftest import ROLE
from tests.services.stage import Stage
from tests.tuning.renate.place import CONFIG

pytestmark = pytest.mark.filterwarnings(f"ignore::{Notice.__module__}.{Notice.__name__}")


@pytest.fixture
def client(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "renate_config.py").write_text(CONFIG)
    return Client(transport=LocalTransport(Settings.load()))


def job(client: Client, space: dict[str, Any] | None = None, **more: Any) -> Any:
    given = {"config_file": "renate_config.py", "backend": "sagemaker", "client": client, **more}
    return execute_tuning_job("max", space or {"width": 3}, "val_accuracy", **given)


def spec(stage: Stage, handle: Any) -> JobSpec:
    return views.job(stage.site.store, JobId(handle.id)).spec


def test_name_machines_limit_and_no_waiting(stage: Stage, client: Client) -> None:
    """Renate's test 18."""
    handle = job(client, job_name="digits")
    found = spec(stage, handle)
    assert ("ml.c5.xlarge", 1, 259_200, 259_200.0) == (
        found.options["instance"], found.options.get("instances", 1), found.options["max_run"], found.timeout,
    )  # fmt: skip
    assert "queued" == handle.state
    assert handle.service["name"].startswith(f"jt-digits-{handle.id[:8]}-1")
    assert inspect.signature(run_training_job).parameters["wait"].default is False


def test_machines_role_and_the_backend_s_other_options(stage: Stage, client: Client) -> None:
    other = ROLE.replace("Training", "Other")
    handle = job(
        client, instance_type="ml.g5.xlarge", instance_count=2, role=other, instance_max_time=3600,
        accelerator="gpu", options={"region": "us-east-1", "volume": 60},
    )  # fmt: skip
    found = spec(stage, handle)
    assert {"instance": "ml.g5.xlarge", "instances": 2, "role_arn": other, "region": "us-east-1", "volume": 60} == {
        key: found.options[key] for key in ("instance", "instances", "role_arn", "region", "volume")
    }
    assert (2, 0) == (found.resources.slots, found.resources.gpus)


def test_with_a_range_it_is_a_search_whose_trials_run_there(stage: Stage, client: Client) -> None:
    handle = job(client, {"width": "choice(2, 3, 4)"}, n_workers=2, max_num_trials_finished=3)
    view = handle.view
    assert ("ml.c5.xlarge", 2) == (view["pool"], view["workers"])
    assert {"local", "drivers", "ml.c5.xlarge"} == set(views.pools(stage.site.store))


def test_dependencies_and_requirements_go_along(stage: Stage, client: Client, tmp_path: Path) -> None:
    (tmp_path / "needs.txt").write_text("einops\n")
    (tmp_path / "extra" / "deep").mkdir(parents=True)
    (tmp_path / "extra" / "deep" / "table.csv").write_text("a\n")
    (tmp_path / "one.json").write_text("{}")
    handle = job(client, requirements_file="needs.txt", dependencies=["extra", "one.json"])
    found = spec(stage, handle)
    assert "needs.txt" == found.options["requirements"]
    assert {"needs.txt", "extra/deep/table.csv", "one.json"} <= {file.path for file in found.files}
    with pytest.raises(InvalidSpec, match="dependencies: there is no 'nothing'"):
        job(client, dependencies=["nothing"])


def test_without_a_role_it_is_a_clear_error_and_nothing_is_stored(
    stage: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renate's test 19."""
    monkeypatch.setenv(
        "JUPYTER_TRAINING_SAGEMAKER",
        '{"region": "eu-west-1", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"}',
    )
    bare = Client(transport=LocalTransport(Settings.load()))
    with pytest.raises(TrainingError, match="role: SageMaker runs each job as a role, and none is said"):
        job(bare)
    assert {"local"} == set(views.pools(stage.site.store))
    assert [] == client.jobs()["jobs"]


def test_what_is_wrong_is_said_in_the_words_of_the_call(client: Client) -> None:
    for given, words in (
        ({"instance_type": "ml.c5.xlrge"}, "instance_type: SageMaker trains on no 'ml.c5.xlrge'"),
        ({"instance_count": 0}, "instance_count: "),
        ({"input_state_url": "somewhere"}, "input_state_url: .*somewhere is a folder of this machine"),
        ({"output_state_url": "somewhere"}, "output_state_url: .*Give s3://BUCKET/FOLDER"),
        ({"options": "spot"}, "options: it is a str"),
    ):
        with pytest.raises(InvalidSpec, match=words):
            job(client, **given)
