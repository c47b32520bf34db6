"""The process: what it prints for a hand, what it leaves behind, and what it does where namespaces are refused."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.sagemaker_double.fixture import PYTHON, ROOT, Double, running
from tests.sagemaker_double.test_life import COUNTING, channel
from tests.sagemaker_double.test_toolkit import SCRIPT, TOOLKIT, submit

pytestmark = pytest.mark.processes


@contextlib.contextmanager
def by_hand(*words: str) -> Iterator[tuple[subprocess.Popen[str], Double, str]]:
    """The command, and what it said."""
    process = subprocess.Popen(
        [PYTHON, "-m", "tests.sagemaker_double", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = ""
        while "faults curl" not in said:
            said += process.stdout.readline()
        got = {
            name: re.search(pattern, said).group(1)  # type: ignore[union-attr]
            for name, pattern in {
                "endpoint": r"AWS_ENDPOINT_URL=(\S+)",
                "bucket": r"bucket (\S+)",
                "role_arn": r"role   (\S+)",
            }.items()
        }
        yield process, Double(isolation="", **got), said
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def inside(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """What runs in its containers; while one is brought up, processes come and go."""
    found = []
    for one in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.name() == "sleep":
                found.append(one)
    return found


def is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def until(holds: Any) -> Any:
    end = time.monotonic() + 15
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_the_command_says_what_to_set_and_has_its_switches(tmp_path: Path) -> None:
    with by_hand("--quota", "ml.m5.large=0", "--folder", str(tmp_path)) as (process, double, said):
        assert f"export AWS_ENDPOINT_URL={double.endpoint}" in said
        double.client("s3").head_bucket(Bucket=double.bucket)
        assert {"ml.m5.large": 0} == double.faults()["quota"]
        double.clear_faults()
        assert {"ml.m5.large": 0} == double.faults()["quota"]
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(15)
        for client in double.clients.values():
            client.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_containers_end_with_it(tmp_path: Path, how: signal.Signals) -> None:
    with by_hand("--folder", str(tmp_path)) as (process, double, _):
        double.client("sagemaker").create_training_job(**double.request("left", ["sleep", "1000"]))
        (sleeping,) = until(lambda: inside(process))
        process.send_signal(how)
        process.wait(15)
        until(lambda: not is_alive(sleeping))
        for client in double.clients.values():
            client.close()
        if how == signal.SIGTERM:
            assert [] == os.listdir(tmp_path)


def test_it_ends_with_the_tests(tmp_path: Path) -> None:
    with running(tmp_path) as found:
        double = found.fresh()
        assert "us-east-1" == double.region
    found.close()
    with pytest.raises(OSError, match="refused"):
        double.faults()


def test_without_namespaces_a_folder_stands_for_opt_ml(tmp_path: Path) -> None:
    """As in a build whose sandbox refuses them: the toolkit and jobs that stay with the words /opt/ml still run."""
    with running(tmp_path, environment={"DOUBLE_NAMESPACES": "no"}) as found:
        double = found.fresh()
        assert "DOUBLE_NAMESPACES is no" == double.isolation
        submit(double, "toolkit", TOOLKIT, {"train.py": SCRIPT}, lr=0.5, name="adam")
        assert "ModelArtifacts" in double.until("toolkit", "Completed")
        double.client("s3").put_object(Bucket=double.bucket, Key="code/run.py", Body=COUNTING.encode())
        request = double.request(
            "counting",
            ["python3", "/opt/ml/input/data/code/run.py"],
            InputDataConfig=[channel(double, "code", "code/")],
            CheckpointConfig={"S3Uri": f"s3://{double.bucket}/checkpoints"},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
        double.client("sagemaker").create_training_job(**request)
        double.log_until("counting", lambda lines: "from 0" in lines)
        double.client("sagemaker").stop_training_job(TrainingJobName="counting")
        assert "Stopped" == double.until("counting", "Stopped")["SecondaryStatus"]
        found.close()
