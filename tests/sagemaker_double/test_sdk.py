"""Conformance: a job that the SDK itself makes, by its own ModelTrainer, runs to its end here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sagemaker_double.fixture import Double

pytestmark = [pytest.mark.processes, pytest.mark.slow]

# The SDK asks STS at an address that it makes up from the region; every other client heeds AWS_ENDPOINT_URL.
TRAINS = """
import json, os, sys
from sagemaker.core import common_utils
from sagemaker.core.helper import session_helper
for module in (common_utils, session_helper):
    module.sts_regional_endpoint = lambda region: os.environ["AWS_ENDPOINT_URL"]
from sagemaker.core.training.configs import CheckpointConfig, Compute, InputData, OutputDataConfig, SourceCode
from sagemaker.train import ModelTrainer

bucket, role, code = sys.argv[1:]
trainer = ModelTrainer(
    training_image="own/sdk:1",
    role=role,
    base_job_name="sdk",
    source_code=SourceCode(source_dir=code, entry_script="train.py"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    hyperparameters={"lr": 0.5, "deep": True, "sizes": [1, 2]},
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/out"),
    checkpoint_config=CheckpointConfig(s3_uri=f"s3://{bucket}/checkpoints"),
)
data = InputData(channel_name="train", data_source=f"s3://{bucket}/train")
trainer.train(input_data_config=[data], wait=True, logs=True)
job = trainer._latest_training_job
print("RESULT", json.dumps([job.training_job_name, job.training_job_status]))
"""

SCRIPT = """
import argparse, json, os
read = argparse.ArgumentParser()
for name in ("lr", "deep", "sizes"): read.add_argument("--" + name)
told = read.parse_args()
rows = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "a.csv")).read()
print("got", told.lr, told.deep, told.sizes, rows, os.environ["SM_HOSTS"], os.environ["SM_HP_LR"])
open(os.path.join(os.environ["SM_MODEL_DIR"], "weights"), "w").write("w")
"""


@pytest.fixture
def sdk(double: Double, tmp_path: Path) -> list[str]:
    """The lines that a process with the SDK says, which trains a small script and waits for it."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "train.py").write_text(SCRIPT)
    opted_out = tmp_path / "defaults.yaml"
    opted_out.write_text("SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n")
    double.client("s3").put_object(Bucket=double.bucket, Key="train/a.csv", Body=b"1,2,3")
    told = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAGEMAKER_"))},
        **double.environment,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(opted_out),
        "NO_COLOR": "1",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", TRAINS, double.bucket, double.role_arn, str(code)],
        env=told,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert 0 == done.returncode, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout.splitlines()


@pytest.mark.timeout(200)
def test_a_job_of_the_sdk_runs_to_its_end(double: Double, sdk: list[str]) -> None:
    name, status = json.loads(next(line for line in sdk if line.startswith("RESULT")).removeprefix("RESULT"))

    assert "Completed" == status
    found = double.job(name)
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{double.bucket}/out/{name}/output/model.tar.gz"
    entry = (
        found["AlgorithmSpecification"]["ContainerEntrypoint"] + found["AlgorithmSpecification"]["ContainerArguments"]
    )
    assert "/bin/bash" == entry[0]
    assert {"code", "sm_drivers", "train"} == {c["ChannelName"] for c in found["InputDataConfig"]}
    double.log_until(name, lambda lines: 'got 0.5 true [1, 2] 1,2,3 ["algo-1"] 0.5' in lines)
    # It asked whether the role may do what is needed, and was answered.
    assert {"200"} == {call["outcome"] for call in double.calls("SimulatePrincipalPolicy")}
    assert [] == [call for call in double.calls() if call["outcome"].startswith("5")]
