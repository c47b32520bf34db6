"""The same cell here and on SageMaker, in a real kernel, with real containers behind the double."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kernel.living import Kernel, Outputs, emptied, variables
from tests.sagemaker.within import said
from tests.sagemaker_double.fixture import Double, Running
from tests.tuning.renate.place import CONFIG

pytestmark = pytest.mark.processes

DIGITS = """
import numpy as np
from sklearn.datasets import load_digits
from jupyter_training import checkpoint, report
epochs = 4
lr = 0.5
X, y = load_digits(return_X_y=True)
X, truth = X / 16, np.eye(10)[y]
saved = checkpoint.latest()
weights = saved.load()["weights"] if saved else np.zeros((64, 10))
for epoch in checkpoint.steps(epochs):
    odds = np.exp(X[:1200] @ weights)
    weights = weights + lr * X[:1200].T @ (truth[:1200] - odds / odds.sum(1, keepdims=True)) / 1200
    report(step=epoch, val_accuracy=float(np.mean((X[1200:] @ weights).argmax(1) == y[1200:])))
    checkpoint.save({"weights": weights}, step=epoch)
print("trained", epochs, flush=True)
"""


@pytest.fixture(scope="module")
def account(double_process: Running) -> Double:
    return double_process.fresh()


@pytest.fixture(scope="module")
def kernel(account: Double, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("far")
    with emptied(folder / "home") as home:
        environment = variables(
            home,
            JUPYTER_TRAINING_URL="home",
            JPY_SESSION_NAME=str(folder / "my book.ipynb"),
            **said(account),
        )
        with Kernel(environment, folder=folder) as kernel:
            kernel.run("%load_ext jupyter_training")
            yield kernel


def ran(kernel: Kernel, cell: str) -> Outputs:
    got = kernel.run(cell, within=150)
    assert got.error is None, got.shown
    return got


def value(kernel: Kernel, expression: str) -> Any:
    return json.loads(ran(kernel, f"import json; print(json.dumps({expression}))").text)


def curves(kernel: Kernel, handle: str) -> dict[str, list[Any]]:
    code = (
        f"_found = {handle}._client.metrics({handle}.id)['series']\n"
        "import json\n"
        "print(json.dumps({one['name']: [[p[0], p[2]] for p in one['points']] for one in _found"
        " if not one['name'].startswith('machine/')}))"
    )
    found: dict[str, list[Any]] = json.loads(ran(kernel, code).text)
    return found


def test_the_same_cell_reports_the_same_curve_here_and_there(kernel: Kernel) -> None:
    ran(kernel, f"%%train here --wait -q -o here\n{DIGITS}")
    ran(kernel, f"%%train there --backend sagemaker --instance ml.m5.large --wait -q -o there\n{DIGITS}")
    assert 4 == len(curves(kernel, "here")["val_accuracy"])
    assert curves(kernel, "here") == curves(kernel, "there")
    service = value(kernel, "there.view['service']")
    assert service["name"].startswith("jt-there-")
    assert service["training"] > 0
    assert service["model"].endswith(f"/out/{service['name']}/output/model.tar.gz")
    assert "trained 4" in ran(kernel, "%train logs there").shown
    assert service["name"] in ran(kernel, "%train show there").shown


def test_a_failure_is_the_person_s_own_traceback(kernel: Kernel) -> None:
    got = kernel.run(
        "%%train wrong --backend sagemaker --instance ml.m5.large --wait\nlimit = -1\nimport math\nmath.sqrt(limit)\n"
    )
    assert got.error is not None
    assert "ValueError" in got.shown
    assert "math.sqrt(limit)" in got.shown
    assert "my book.ipynb" in got.shown


def test_a_job_goes_on_there_and_comes_back(kernel: Kernel) -> None:
    ran(kernel, f"%%train first --wait -q -o first epochs=2\n{DIGITS}")
    ran(kernel, "%train continue first --name far --backend sagemaker --instance ml.m5.large --wait -q -o far")
    assert [3, 4] == [step for step, _ in curves(kernel, "far")["val_accuracy"]]
    ran(kernel, "%train continue far --name back --backend local --wait -q -o back")
    assert [5, 6] == [step for step, _ in curves(kernel, "back")["val_accuracy"]]
    assert value(kernel, "back.view['service']") is None
    assert value(kernel, "back.view['spec']['checkpoints']['to']") is None


def test_a_search_runs_its_trials_there(kernel: Kernel) -> None:
    ran(
        kernel,
        "%%train sweep --backend sagemaker --instance ml.m5.large --metric val_accuracy --mode max --searcher grid "
        f"--workers 2 --wait -q -o sweep lr=0.001,0.01 epochs=2\n{DIGITS}",
    )
    trials = value(kernel, "[one['state'] for one in sweep._client.trials(sweep.id)['trials']]")
    assert ["succeeded", "succeeded"] == trials or 2 == len(trials)
    pool = value(kernel, "sweep.view['pool']")
    assert "ml.m5.large" == pool


def test_a_tuning_job_is_waited_for_and_its_state_goes_from_update_to_update_in_s3(
    kernel: Kernel, account: Double
) -> None:
    """Renate's tests 14 and 18."""
    ran(kernel, f"open('renate_config.py', 'w').write({CONFIG!r})")
    call = (
        "from jupyter_training import execute_tuning_job\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "job = execute_tuning_job('max', {'width': 3}, 'val_accuracy', 'sagemaker', config_file='renate_config.py',\n"
        "    instance_type='ml.m5.large', updater=None, max_epochs=2, job_name='update', wait=True, "
    )
    first, second = (f"s3://{account.bucket}/states/{name}" for name in ("first", "second"))
    ran(kernel, f"{call} output_state_url={first!r})")
    assert "succeeded" == value(kernel, "job.state")
    ran(kernel, f"{call} input_state_url={first!r}, output_state_url={second!r})")
    held = account.client("s3").list_objects_v2(Bucket=account.bucket, Prefix="states/")["Contents"]
    assert {"model.ckpt", "learner.ckpt", "hpo.csv", "state.json"} == {
        one["Key"].rpartition("/")[2] for one in held if "/second/" in one["Key"]
    }
    told = account.client("s3").get_object(Bucket=account.bucket, Key="states/second/state.json")["Body"].read()
    assert [0, 1] == [one["update_id"] for one in json.loads(told)["updates"]]
    assert value(kernel, "job.service['name']").startswith("jt-update-")


def test_a_quota_of_nothing_is_said(kernel: Kernel, account: Double) -> None:
    account.faults(quota={"ml.g5.xlarge": 0})
    ran(kernel, "%%train patient --backend sagemaker --instance ml.g5.xlarge -q -o patient\nprint('had it')\n")
    code = (
        "import time\n"
        "for _ in range(200):\n"
        "    if 'AWS allows 0' in patient.view['sentence']: break\n"
        "    time.sleep(0.1)\n"
        "print(patient.view['sentence'])"
    )
    assert "AWS allows 0" in ran(kernel, code).text
    assert "AWS allows 0" in ran(kernel, "%train queue --pool ml.g5.xlarge").shown
    ran(kernel, "%train cancel patient")


def test_doctor_finds_the_account_ready(kernel: Kernel) -> None:
    got = ran(kernel, f"!{sys.executable} -m jupyter_training.cli doctor --backend sagemaker --instance ml.m5.large")
    assert "identity" in got.text
    assert "fail  " not in got.text
