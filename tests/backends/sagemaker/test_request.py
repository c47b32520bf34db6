"""The request that a spec comes to, held against the service's own model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import limits, names, request
from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.backends.sagemaker.places import Places, checkpoints_of, root
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import DataFile, EnvironmentWish, StartFrom
from tests.backends.sagemaker.aws import IMAGE, ROLE, SAVES, Aws, House

JOB = JobId("abcdefghij")


def members(found: dict[str, Any], *paths: str) -> list[Any]:
    """The values at dotted paths; None where there is none."""
    values = []
    for path in paths:
        value: Any = found
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        values.append(value)
    return values


def channels(found: dict[str, Any]) -> dict[str, str]:
    return {one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3Uri"] for one in found["InputDataConfig"]}


def test_the_smallest_job(house: House, known: Aws) -> None:
    found = house.request(house.spec(params={"lr": 0.1, "name": "adam", "code": "1", "deep": {"a": [1, None]}}))
    assert {
        "lr": "0.1", "name": '"adam"', "code": '"1"', "deep": '{"a": [1, null]}',
    } == found["HyperParameters"]  # fmt: skip
    assert {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["python3", "/opt/ml/input/data/jt_boot/boot.py"],
    } == found["AlgorithmSpecification"]
    assert {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30} == found["ResourceConfig"]
    assert {"MaxRuntimeInSeconds": 86400} == found["StoppingCondition"]
    assert ROLE == found["RoleArn"]
    base = "s3://sagemaker-us-east-1-123456789012/jupyter-training"
    assert {"S3OutputPath": f"{base}/out"} == found["OutputDataConfig"]
    assert found["CheckpointConfig"]["S3Uri"].startswith(f"{base}/checkpoints/")
    assert ["jt_boot", "jt_code", "jt_order"] == list(channels(found))
    assert all(url.startswith(base) and url.endswith("/") for url in channels(found).values())
    assert "VpcConfig" not in found
    assert "EnableManagedSpotTraining" not in found


FEATURES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "spot": (
        {"spot": True},
        {"EnableManagedSpotTraining": True, "StoppingCondition.MaxWaitTimeInSeconds": 172800},
    ),
    "spot that waits": (
        {"spot": True, "max_wait": "30h"},
        {"StoppingCondition.MaxWaitTimeInSeconds": 108000, "StoppingCondition.MaxRuntimeInSeconds": 86400},
    ),
    "several machines": ({"instances": 3}, {"ResourceConfig.InstanceCount": 3}),
    "volume": (
        {"volume": 200, "volume_kms_key": "alias/disk"},
        {"ResourceConfig.VolumeSizeInGB": 200, "ResourceConfig.VolumeKmsKeyId": "alias/disk"},
    ),
    "encrypted results": ({"output_kms_key": "abc-1"}, {"OutputDataConfig.KmsKeyId": "abc-1"}),
    "network": (
        {"subnets": "subnet-1,subnet-2", "security_groups": ["sg-1"]},
        {"VpcConfig.Subnets": ["subnet-1", "subnet-2"], "VpcConfig.SecurityGroupIds": ["sg-1"]},
    ),
    "isolated": ({"isolated": True}, {"EnableNetworkIsolation": True}),
    "encrypted traffic": ({"encrypted_traffic": True}, {"EnableInterContainerTrafficEncryption": True}),
    "warm pool": ({"keep_alive": "30m"}, {"ResourceConfig.KeepAlivePeriodInSeconds": 1800}),
    "interpreter": (
        {"python": "/opt/conda/bin/python"},
        {"AlgorithmSpecification.ContainerEntrypoint": [
            "/opt/conda/bin/python", "/opt/ml/input/data/jt_boot/boot.py",
        ]},
    ),
    "role": ({"role": ROLE}, {"RoleArn": ROLE}),
    "role_arn": ({"role_arn": ROLE}, {"RoleArn": ROLE}),
    "bucket": (
        {"bucket": "s3://mine/", "prefix": "/a/b/"},
        {"OutputDataConfig.S3OutputPath": "s3://mine/a/b/out"},
    ),
    "raw members": (
        {"request": {"RetryStrategy": {"MaximumRetryAttempts": 3}, "OutputDataConfig": {"CompressionType": "NONE"}}},
        {
            "RetryStrategy": {"MaximumRetryAttempts": 3},
            "OutputDataConfig.CompressionType": "NONE",
            "OutputDataConfig.S3OutputPath": "s3://sagemaker-us-east-1-123456789012/jupyter-training/out",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("feature", FEATURES)
def test_each_feature_makes_a_request_that_the_service_takes(feature: str, house: House, known: Aws) -> None:
    said, wanted = FEATURES[feature]
    spec = house.spec(SAVES, options=said)
    found = house.request(spec)
    assert list(wanted.values()) == members(found, *wanted)
    assert [] == list(limits.faults(found, Settled.of(house.settled(spec).options)))


def test_channels(house: House, known: Aws, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n")
    inputs = {
        "train": "s3://data/train",
        "val": {
            "uri": "s3://data/val",
            "mode": "FastFile",
            "distribution": "ShardedByS3Key",
            "content_type": "text/csv",
        },
        "local": str(tmp_path / "rows.csv"),
    }
    found = house.request(house.spec(options={"inputs": inputs}))
    val = next(one for one in found["InputDataConfig"] if one["ChannelName"] == "val")
    assert ["jt_boot", "jt_code", "jt_order", "train", "val", "local"] == list(channels(found))
    assert "s3://data/train" == channels(found)["train"]
    assert ("FastFile", "text/csv") == (val["InputMode"], val["ContentType"])
    assert "ShardedByS3Key" == val["DataSource"]["S3DataSource"]["S3DataDistributionType"]
    assert "/jupyter-training/inputs/" in channels(found)["local"]
    assert channels(found)["local"].endswith("/"), "what lies beside the folder is none of it"


def test_values_and_a_checkpoint_to_begin_with_are_channels(house: House, known: Aws) -> None:
    data = (DataFile(name="X", kind="npy", sha256="cd" * 32, size=10),)
    start = StartFrom(job=JOB, name="step_1", step=1, sha256="ab" * 32)
    found = house.request(house.spec(data=data, start=start))
    assert ["jt_boot", "jt_code", "jt_order", "jt_data", "jt_start"] == list(channels(found))


def test_the_toolkit_gets_what_it_reads(house: House, known: Aws) -> None:
    found = house.request(house.spec(params={"lr": 0.1}, options={"launcher": "toolkit"}))
    told = found["HyperParameters"]
    assert "ContainerEntrypoint" not in found["AlgorithmSpecification"]
    assert ('"train.py"', '"us-east-1"', "0.1") == (told["sagemaker_program"], told["sagemaker_region"], told["lr"])
    assert told["sagemaker_submit_directory"].endswith('/code.tar.gz"')
    assert "InputDataConfig" not in found


def test_raw_members_win_and_leave_the_others_as_they_are(house: House, known: Aws) -> None:
    """Runtool 25, and a channel that is changed by its name."""
    raw = {
        "StoppingCondition": {"MaxRuntimeInSeconds": 100, "MaxPendingTimeInSeconds": 7200},
        "InputDataConfig": [
            {"ChannelName": "train", "CompressionType": "Gzip"},
            {
                "ChannelName": "lake",
                "DataSource": {
                    "FileSystemDataSource": {
                        "FileSystemId": "fs-0123456789", "FileSystemAccessMode": "ro",
                        "FileSystemType": "EFS", "DirectoryPath": "/data",
                    }
                },
            },
        ],
    }  # fmt: skip
    spec = house.spec(options={"inputs": {"train": "s3://data/train"}, "request": raw})
    found = house.request(spec)
    by_name = {one["ChannelName"]: one for one in found["InputDataConfig"]}
    assert {"MaxRuntimeInSeconds": 100, "MaxPendingTimeInSeconds": 7200} == found["StoppingCondition"]
    assert 100 == Settled.of(house.settled(spec).options).max_run
    assert ["jt_boot", "jt_code", "jt_order", "train", "lake"] == list(by_name)
    assert "Gzip" == by_name["train"]["CompressionType"]
    assert "s3://data/train" == by_name["train"]["DataSource"]["S3DataSource"]["S3Uri"]


def test_raw_members_that_are_options_are_these_options(house: House, known: Aws) -> None:
    raw = {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2}, "EnableManagedSpotTraining": True}
    spec = house.spec(SAVES, options={"request": raw})
    settled = house.settled(spec)
    assert "ml.g5.xlarge-spot" == house.pool(spec).name
    assert 2 == settled.resources.slots
    assert 172800 == house.request(spec)["StoppingCondition"]["MaxWaitTimeInSeconds"]


def test_tags_of_the_job_win_over_those_of_the_home(tmp_path: Path, known: Aws) -> None:
    """Runtool 24; ours come last, since they say whose job it is."""
    house = House(tmp_path / "home", region="us-east-1", tags={"team": "a", "cost": "1"})
    spec = house.spec(tags={"t": "2", "kind": "spec"}, options={"tags": {"t": "3", "team": "b"}})
    found = {one["Key"]: one["Value"] for one in house.request(spec)["Tags"]}
    assert {"t": "3", "kind": "spec", "team": "b", "cost": "1"}.items() <= found.items()
    assert {f"jupyter-training:{one}" for one in ("job", "attempt", "store", "token-hash", "version")} <= found.keys()


def test_parameters_may_be_written_as_python_prints_them(house: House, known: Aws) -> None:
    """Runtool 31."""
    spec = house.spec(params={"flag": True, "layers": [40, 40], "none": None}, options={"hyperparameters": "text"})
    assert {"flag": "True", "layers": "[40, 40]", "none": "None"} == house.request(spec)["HyperParameters"]


def test_variables_of_this_machine_stay_here(house: House, known: Aws) -> None:
    said = {"PATH": "/home/ada/bin", "CONDA_PREFIX": "/c", "CUDA_VISIBLE_DEVICES": "3", "TZ": "UTC", "STAGE": "test"}
    long = {"JUPYTER_TRAINING_STATE": "x" * 600}  # ours: it is in the order, too
    spec = house.spec(environment=EnvironmentWish(variables={**said, **long}))
    assert {"TZ": "UTC", "STAGE": "test"} == house.request(spec)["Environment"]
    assert {"TZ", "STAGE", "JUPYTER_TRAINING_STATE"} == request.variables(spec).keys()


def test_an_attempts_own_name_tags_and_parameters(house: House, known: Aws) -> None:
    spec = house.settled(house.spec(params={"lr": 0.1}, metrics={"loss": "loss=([0-9.]+)"}))
    chosen = Settled.of(spec.options)
    places = Places.of(root(chosen.bucket, chosen.prefix), job=JOB, attempt=10, boot="b", code="c")
    found = request.build(
        spec,
        name=names.job_name(spec.name, JOB, 10),
        uploads=places,
        tags={"jupyter-training:job": JOB},
        params={"lr": 0.2},
        environment={"JUPYTER_TRAINING_ATTEMPT": "10"},
    )
    assert "jt-digits-abcdefgh-10" == found["TrainingJobName"]
    assert {"lr": "0.2"} == found["HyperParameters"]
    assert {"JUPYTER_TRAINING_ATTEMPT": "10"} == found["Environment"]
    assert [{"Name": "loss", "Regex": "loss=([0-9.]+)"}] == found["AlgorithmSpecification"]["MetricDefinitions"]
    assert channels(found)["jt_order"].endswith(f"/jobs/{JOB}/10/")
    assert [] == list(limits.faults(found, chosen))


@pytest.mark.parametrize(
    ("to", "wanted"),
    [
        (None, f"s3://b/p/checkpoints/{JOB}"),
        ("s3://other/kept/", f"s3://other/kept/{JOB}"),
        (f"s3://other/kept/{JOB}", f"s3://other/kept/{JOB}"),
    ],
)
def test_checkpoints_are_where_the_policy_says(to: str | None, wanted: str) -> None:
    assert wanted == checkpoints_of(root("b", "p"), JOB, to)


def test_groups_of_machines_take_the_place_of_one_type(house: House, known: Aws) -> None:
    groups = [
        {"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "a"},
        {"InstanceType": "ml.m5.large", "InstanceCount": 2, "InstanceGroupName": "b"},
    ]
    spec = house.spec(options={"request": {"ResourceConfig": {"InstanceGroups": groups}}})
    assert {"InstanceGroups", "VolumeSizeInGB"} == house.request(spec)["ResourceConfig"].keys()
    assert 3 == house.settled(spec).resources.slots
