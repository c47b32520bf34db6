"""The first process where it is the first: in containers of the double, with a real /opt/ml, S3 and signals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.boot import containers
from tests.boot.test_hosts import SUM
from tests.boot.test_stop import SAVING
from tests.sagemaker_double.fixture import Double

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _with_namespaces(double: Double) -> None:
    if double.isolation:
        pytest.skip(f"no namespaces here: {double.isolation}")


def started(
    double: Double, folder: Path, name: str, code: str, *, request: dict[str, Any] | None = None, **order: Any
) -> None:
    """A training job whose channels hold what a container is given."""
    checkpoints = {"url": f"s3://{double.bucket}/checkpoints/{name}", **order.pop("checkpoints", {})}
    made = containers.container(folder, code, checkpoints=checkpoints, **order)
    channels = ("jt_boot", "jt_code", "jt_order")
    s3 = double.client("s3")
    for channel in channels:
        for path in (made.root / "input/data" / channel).iterdir():
            s3.upload_file(str(path), double.bucket, f"{name}/{channel}/{path.name}")
    asked = double.request(name, ["python3", "/opt/ml/input/data/jt_boot/boot.py"], **(request or {}))
    asked["InputDataConfig"] = [
        {
            "ChannelName": channel,
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"s3://{double.bucket}/{name}/{channel}/",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
        for channel in channels
    ]
    asked["CheckpointConfig"] = {"S3Uri": checkpoints["url"], "LocalPath": "/opt/ml/checkpoints"}
    double.client("sagemaker").create_training_job(**asked)


def records(lines: Sequence[str], *kinds: str) -> list[list[Any]]:
    found = [json.loads(line[5:]) for line in lines if line.startswith("[jt] ")]
    return [one for one in found if one[0] in kinds]


def test_a_job_runs_as_process_1_and_its_error_is_the_job_s(double: Double, tmp_path: Path) -> None:
    code = (
        "from jupyter_training import report\nreport(loss=0.5, step=1)\n"
        "print(open('/proc/1/cmdline').read().split('\\0')[1])\nraise ValueError('bad data')"
    )
    started(double, tmp_path, "fails", code)
    found = double.until("fails", "Failed")
    assert found["FailureReason"].startswith("AlgorithmError: ValueError: bad data at train.py, line 4 (exit code 1)")
    lines = double.log_until("fails", lambda lines: records(lines, "exit"))
    assert "/opt/ml/input/data/jt_boot/boot.py" in lines
    assert [[1, {"loss": 0.5}]] == [event[2:4] for event in records(lines, "p")]
    assert "bad data" == records(lines, "end")[0][2]["error"]["message"]


def test_a_stop_leaves_a_checkpoint_in_s3(double: Double, tmp_path: Path) -> None:
    started(double, tmp_path, "stops", SAVING)
    double.log_until("stops", lambda lines: "step 3" in lines)
    double.client("sagemaker").stop_training_job(TrainingJobName="stops")
    double.until("stops", "Stopped")
    lines = double.log_until("stops", lambda lines: records(lines, "exit"))
    (saved,) = records(lines, "c")
    assert ("pause", 0) == (records(lines, "exit")[0][2]["how_stopped"], records(lines, "exit")[0][2]["exit_code"])
    url = f"s3://{double.bucket}/checkpoints/stops/{saved[3]}"
    assert url == saved[4]["place"]
    kept = double.client("s3").list_objects_v2(Bucket=double.bucket, Prefix=f"checkpoints/stops/{saved[3]}/")
    assert f"checkpoints/stops/{saved[3]}/manifest.json" in [one["Key"] for one in kept["Contents"]]


def test_an_interrupted_job_goes_on_from_its_checkpoint(double: Double, tmp_path: Path) -> None:
    spot = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
    }
    code = SAVING.replace(
        "while not should_stop():", "while not should_stop() and (not found or step < found.step + 3):"
    )
    started(double, tmp_path, "spot", code, request=spot)
    double.log_until("spot", lambda lines: "step 3" in lines)
    double.interrupt("spot")
    double.until("spot", "Completed")
    lines = double.log_until("spot", lambda lines: 2 == len(records(lines, "exit")))
    assert 2 == len({event[2]["run"] for event in records(lines, "boot")})
    (saved,) = {event[2] for event in records(lines, "c")}
    assert ["from 0", f"from {saved}"] == sorted(line for line in lines if line.startswith("from "))
    given = sorted((event[2:4] for event in records(lines, "r")), key=lambda one: one[0] is not None)
    assert [[None, None], [saved, f"step-{saved:09}.1"]] == given
    assert {"pause", None} == {event[2]["how_stopped"] for event in records(lines, "exit")}


def test_two_hosts_find_each_other(double: Double, tmp_path: Path) -> None:
    two = {
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
        "Environment": {"JT_TEST_PORT": "7788"},
    }
    started(double, tmp_path, "two", SUM, request=two)
    double.until("two", "Completed")
    lines = double.log_until("two", lambda lines: 2 == len(records(lines, "exit")))
    assert {"sum 42", "sent"} <= set(lines)
    assert {"algo-1": 0, "algo-2": 0} == {event[2]["host"]: event[2]["exit_code"] for event in records(lines, "exit")}
    assert [{"rank": 0}] == [event[3] for event in records(lines, "p")]
