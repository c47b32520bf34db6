"""Conformance: jobs by the protocol of the real training toolkit, in the bare one and in AWS's PyTorch module."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.boot.containers import packed
from tests.sagemaker_double.fixture import Double

pytestmark = pytest.mark.processes

TOOLKIT = "own/toolkit:1"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312"

SCRIPT = """
import argparse, os, sys
read = argparse.ArgumentParser()
read.add_argument("--lr", type=float); read.add_argument("--name")
told = read.parse_args()
data = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "a.csv")).read()
print(f"lr={told.lr} name={told.name} hp={os.environ['SM_HP_LR']} data={data}")
open(os.path.join(os.environ["SM_MODEL_DIR"], "weights"), "w").write("w")
print("loss=0.125")
"""


def submit(double: Double, job: str, image: str, files: dict[str, bytes | str], **parameters: Any) -> None:
    """As an SDK of the second version does: the code as an archive, all else as hyperparameters in JSON."""
    s3 = double.client("s3")
    s3.put_object(Bucket=double.bucket, Key="code/source.tar.gz", Body=packed(files))
    s3.put_object(Bucket=double.bucket, Key="train/a.csv", Body=b"1,2,3")
    own = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": f"s3://{double.bucket}/code/source.tar.gz",
        "sagemaker_region": "us-east-1",
        **parameters,
    }
    data = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{double.bucket}/train"}
    request = double.request(
        job,
        AlgorithmSpecification={
            "TrainingImage": image,
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
        },
        HyperParameters={key: json.dumps(value) for key, value in own.items()},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": data}}],
    )
    double.client("sagemaker").create_training_job(**request)


def wheel(name: str) -> bytes:
    """A package that says its name."""
    buffer = io.BytesIO()
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{name}.py", f"said = {name!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


@pytest.mark.parametrize("image", [TOOLKIT, PYTORCH], ids=["toolkit", "pytorch"])
def test_a_script_runs_by_the_protocol(double: Double, image: str) -> None:
    submit(double, "protocol", image, {"train.py": SCRIPT}, lr=0.5, name="adam")

    found = double.until("protocol", "Completed")

    lines = double.log_until("protocol", lambda lines: any("Reporting training SUCCESS" in line for line in lines))
    assert "lr=0.5 name=adam hp=0.5 data=1,2,3" in lines
    assert [("loss", 0.125)] == [(m["MetricName"], m["Value"]) for m in found["FinalMetricDataList"]]
    assert found["ModelArtifacts"]["S3ModelArtifacts"].endswith("/protocol/output/model.tar.gz")
    # The container brought its code itself.
    assert ["GetObject"] == [c["operation"] for c in double.calls("GetObject", by="container")]


@pytest.mark.parametrize("image", [TOOLKIT, PYTORCH], ids=["toolkit", "pytorch"])
def test_a_script_that_fails_gives_the_toolkits_words(double: Double, image: str) -> None:
    submit(double, "fails", image, {"train.py": "raise RuntimeError('no such luck')"})

    reason = double.until("fails", "Failed")["FailureReason"]

    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1")
    # Only AWS's module catches what the script said.
    assert (image == PYTORCH) == ("no such luck" in reason)


def test_requirements_are_installed_for_this_job_only(double: Double) -> None:
    files = {
        "train.py": "import onlyhere; print('got', onlyhere.said)",
        "requirements.txt": "./onlyhere-1.0-py3-none-any.whl\n",
        "onlyhere-1.0-py3-none-any.whl": wheel("onlyhere"),
    }
    submit(double, "with", TOOLKIT, files)
    double.until("with", "Completed")
    double.log_until("with", lambda lines: "got onlyhere" in lines)

    submit(double, "without", TOOLKIT, {"train.py": files["train.py"]})
    double.until("without", "Failed")
    double.log_until("without", lambda lines: any("No module named 'onlyhere'" in line for line in lines))


def test_bad_requirements_fail_the_job(double: Double) -> None:
    submit(double, "bad", TOOLKIT, {"train.py": "", "requirements.txt": "./not-there.whl\n"})
    assert double.until("bad", "Failed")["FailureReason"].startswith("AlgorithmError: InstallRequirementsError")


@pytest.mark.parametrize("image", [TOOLKIT, PYTORCH], ids=["toolkit", "pytorch"])
def test_a_script_under_the_toolkit_never_sees_the_stop(double: Double, image: str) -> None:
    """The known hole of the real images, which a backend has to work around."""
    if double.isolation:
        pytest.skip(f"the first process needs a namespace, and there is none here: {double.isolation}")
    text = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("TERM", flush=True))
print("up", flush=True)
while True: time.sleep(0.1); print("still here", flush=True)
"""
    double.faults(grace=1.0, log_lag=0)
    submit(double, "deaf", image, {"train.py": text})
    double.log_until("deaf", lambda lines: "up" in lines)
    double.client("sagemaker").stop_training_job(TrainingJobName="deaf")
    before = len(double.log("deaf"))

    found = double.until("deaf", "Stopped")

    assert "Stopped" == found["SecondaryStatus"]
    lines = double.log_until("deaf", lambda lines: len(lines) > before + 3)
    assert "TERM" not in lines


def test_two_hosts_under_the_toolkit(double: Double) -> None:
    if double.isolation:
        pytest.skip(f"host names need namespaces, and there are none here: {double.isolation}")
    text = """
import os, socket
print(os.environ["SM_HOSTS"], os.environ["SM_CURRENT_HOST"], socket.gethostbyname("algo-2")[:4])
"""
    double.client("s3").put_object(Bucket=double.bucket, Key="c.tar.gz", Body=packed({"train.py": text}))
    own = {"sagemaker_program": "train.py", "sagemaker_submit_directory": f"s3://{double.bucket}/c.tar.gz"}
    request = double.request(
        "hosts",
        AlgorithmSpecification={"TrainingImage": TOOLKIT},
        HyperParameters={key: json.dumps(value) for key, value in own.items()},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
    )
    double.client("sagemaker").create_training_job(**request)
    double.until("hosts", "Completed")
    wanted = {f'["algo-1","algo-2"] algo-{n} 127.' for n in (1, 2)}
    double.log_until("hosts", lambda lines: wanted <= set(lines))
