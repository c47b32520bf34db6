"""A trainer of the SageMaker SDK as the source of a job's options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_training.backends.sagemaker.options import Options
from jupyter_training.client.model_trainer import is_trainer, options_from
from jupyter_training.errors import InvalidSpec

# The SDK's own objects, in a process of their own: its import takes seconds and warns.
REAL = """
import json, socket, sys

def refuse(*address):
    raise OSError(f"this asks nobody, not {address}")

socket.socket.connect = refuse
from sagemaker.core.shapes import FileSystemDataSource, RetryStrategy, S3DataSource
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import (
    CheckpointConfig, Compute, InputData, Networking, OutputDataConfig, SourceCode, StoppingCondition, Tag,
)
from sagemaker.train.distributed import Torchrun
from jupyter_training.client.model_trainer import is_trainer, options_from

open("train.py", "w").close()
open("needs.txt", "w").close()
trainer = ModelTrainer(
    training_image="123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1",
    role="arn:aws:iam::123456789012:role/R",
    source_code=SourceCode(source_dir=".", entry_script="train.py", requirements="needs.txt"),
    compute=Compute(instance_type="ml.g5.xlarge", instance_count=2, enable_managed_spot_training=True),
    networking=Networking(subnets=["subnet-1"], security_group_ids=["sg-1"], enable_network_isolation=False),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600, max_wait_time_in_seconds=1200),
    output_data_config=OutputDataConfig(s3_output_path="s3://bucket/a/b", compression_type="NONE"),
    hyperparameters={"lr": 0.1, "layers": [1, 2]},
    checkpoint_config=CheckpointConfig(s3_uri="s3://bucket/kept", local_path="/opt/ml/checkpoints/"),
    environment={"A": "1"},
    tags=[Tag(key="team", value="a")],
    distributed=Torchrun(),
    input_data_config=[
        InputData(channel_name="train", data_source="s3://b/train", content_type="text/csv"),
        InputData(
            channel_name="val",
            data_source=S3DataSource(
                s3_data_type="S3Prefix", s3_uri="s3://b/val", s3_data_distribution_type="ShardedByS3Key"
            ),
        ),
        InputData(
            channel_name="lake",
            data_source=FileSystemDataSource(
                file_system_id="fs-0123456789", file_system_access_mode="ro", file_system_type="EFS",
                directory_path="/d",
            ),
        ),
    ],
).with_retry_strategy(RetryStrategy(maximum_retry_attempts=3))
assert is_trainer(trainer)
print(json.dumps(options_from(trainer)))
"""


@pytest.mark.slow
def test_a_real_one_says_what_its_request_would(tmp_path: Any) -> None:
    surroundings = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_VALIDATE_ROLE": "false",
    }
    command = [sys.executable, "-W", "ignore", "-c", REAL]
    done = subprocess.run(command, env=surroundings, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    options = found.pop("options")
    assert {
        "backend": "sagemaker",
        "params": {"lr": 0.1, "layers": [1, 2]},
        "env": {"A": "1"},
        "timeout": 600,
        "checkpoints": "s3://bucket/kept",
    } == found
    assert {
        "instance": "ml.g5.xlarge",
        "instances": 2,
        "volume": 30,
        "spot": True,
        "max_wait": 1200,
        "subnets": ["subnet-1"],
        "security_groups": ["sg-1"],
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1",
        "role": "arn:aws:iam::123456789012:role/R",
        "bucket": "bucket",
        "prefix": "a/b",
        "inputs": {
            "train": {"uri": "s3://b/train", "mode": "File", "content_type": "text/csv"},
            "val": {"uri": "s3://b/val", "mode": "File", "distribution": "ShardedByS3Key"},
        },
        "tags": {"team": "a"},
        "requirements": "needs.txt",
        "launcher": "torchrun",
        "request": {
            "OutputDataConfig": {"CompressionType": "NONE"},
            "InputDataConfig": [
                {
                    "ChannelName": "lake",
                    "DataSource": {
                        "FileSystemDataSource": {
                            "FileSystemId": "fs-0123456789",
                            "FileSystemAccessMode": "ro",
                            "FileSystemType": "EFS",
                            "DirectoryPath": "/d",
                        }
                    },
                }
            ],
            "RetryStrategy": {"MaximumRetryAttempts": 3},
        },
    } == options
    assert "ml.g5.xlarge" == Options.model_validate(options).instance


@pytest.mark.parametrize(
    ("trainer", "words"),
    [
        (SimpleNamespace(algorithm_name="xgboost"), "runs the algorithm 'xgboost', and a job here runs code"),
        (SimpleNamespace(compute=SimpleNamespace(cluster_name="c")), "HyperPod cluster"),
        (SimpleNamespace(hyperparameters="hp.yaml"), "hyperparameters are in the file 'hp.yaml'"),
        (
            SimpleNamespace(checkpoint_config=SimpleNamespace(s3_uri="s3://b/x", local_path="/tmp/kept")),
            "has the local_path '/tmp/kept', and a job here keeps its checkpoints in /opt/ml/checkpoints",
        ),
    ],
)
def test_what_can_not_be_a_job_of_ours_is_refused(trainer: object, words: str) -> None:
    with pytest.raises(InvalidSpec, match=words):
        options_from(trainer)


@pytest.mark.parametrize(
    ("config", "kept"),
    [
        ({"s3_uri": "s3://b/x"}, {"checkpoints": "s3://b/x"}),
        ({"s3_uri": "s3://b/x", "local_path": "/opt/ml/checkpoints"}, {"checkpoints": "s3://b/x"}),
        ({"local_path": "/opt/ml/checkpoints/"}, {}),
    ],
)
def test_where_it_keeps_checkpoints(config: dict[str, str], kept: dict[str, str]) -> None:
    """The place is the job's, too; below it each job has a folder of its own."""
    found = options_from(SimpleNamespace(checkpoint_config=SimpleNamespace(**config)))
    assert {"backend": "sagemaker", "options": {}, **kept} == found


def test_one_that_says_little() -> None:
    assert {"backend": "sagemaker", "options": {}} == options_from(SimpleNamespace())
    assert not is_trainer(SimpleNamespace())
