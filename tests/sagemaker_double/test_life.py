"""What a job goes through: its container, its states, what it reads, writes and leaves."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.sagemaker_double.fixture import Double

pytestmark = pytest.mark.processes

# Counts on from its checkpoint, a step each 0.1 s; when asked to stop it writes where it is, and says so.
COUNTING = """
import os, signal, sys, time
ml = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
at = ml + "/checkpoints/at"
step = int(open(at).read()) if os.path.exists(at) else 0
def stop(*_):
    time.sleep(0.2)
    open(ml + "/checkpoints/last", "w").write(str(step))
    open(ml + "/model/partial", "w").write(str(step))
    print("TERM at", step, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("from", step, flush=True)
while True:
    step += 1
    open(at + ".new", "w").write(str(step)); os.rename(at + ".new", at)
    time.sleep(0.1)
"""


@pytest.fixture
def start(double: Double) -> Any:
    """Create a job that runs this Python text."""

    def create(name: str, text: str | list[str], **more: Any) -> None:
        command = ["sh", "-c", "exec python3 /opt/ml/input/data/code/run.py"] if isinstance(text, str) else text
        request = double.request(name, command, **more)
        if isinstance(text, str):
            double.client("s3").put_object(Bucket=double.bucket, Key=f"{name}/run.py", Body=text.encode())
            request["InputDataConfig"] = [*more.get("InputDataConfig", []), channel(double, "code", f"{name}/")]
        double.client("sagemaker").create_training_job(**request)

    return create


def channel(double: Double, name: str, prefix: str, **source: str) -> dict[str, Any]:
    data = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{double.bucket}/{prefix}", **source}
    return {"ChannelName": name, "DataSource": {"S3DataSource": data}}


def unpacked(double: Double, uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = double.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as tar:
        return {m.name: tar.extractfile(m).read().decode() for m in tar.getmembers() if m.isfile()}  # type: ignore[union-attr]


def logged(double: Double, name: str, line: str) -> list[str]:
    """The log, as soon as this line is in it."""
    return double.log_until(name, lambda lines: line in lines)


def test_a_job_passes_through_all_states_and_leaves_model_output_log_and_metrics(double: Double, start: Any) -> None:
    text = """
import os, json
os.makedirs("/opt/ml/model/deep")
open("/opt/ml/model/deep/weights", "w").write("w")
open("/opt/ml/output/data/table", "w").write("t")
print("loss=0.5"); print("loss=0.25; noise"); print("the end")
"""
    metric = {"Name": "loss", "Regex": "loss=([0-9.]+)"}
    start("states", text, AlgorithmSpecification={"MetricDefinitions": [metric]})

    found = double.until("states", "Completed")

    passed = [t["Status"] for t in found["SecondaryStatusTransitions"]]
    assert ["Starting", "Downloading", "Training", "Uploading", "Completed"] == passed
    times = [t["StartTime"] for t in found["SecondaryStatusTransitions"]]
    assert sorted(times) == times
    assert found["CreationTime"] <= found["TrainingStartTime"] < found["TrainingEndTime"]
    assert [("loss", 0.25)] == [(m["MetricName"], m["Value"]) for m in found["FinalMetricDataList"]]
    model = found["ModelArtifacts"]["S3ModelArtifacts"]
    assert model == f"s3://{double.bucket}/out/states/output/model.tar.gz"
    assert {"deep/weights": "w"} == unpacked(double, model)
    assert {"table": "t"} == unpacked(double, model.replace("model", "output"))
    assert ["loss=0.5", "loss=0.25; noise", "the end"] == logged(double, "states", "the end")


def test_the_container_is_its_own_machine_and_sees_nothing_of_this_one(
    double: Double, start: Any, tmp_path: Path
) -> None:
    text = f"""
import json, os, socket, sys
print(json.dumps({{
    "pid": os.getpid(), "host": socket.gethostname(), "variables": dict(os.environ), "prefix": sys.prefix,
    "tree": os.listdir({os.getcwd()!r}), "ml": sorted(os.listdir("/opt/ml")),
    "temporary": os.path.exists({str(tmp_path)!r}),
    "parameters": json.load(open("/opt/ml/input/config/hyperparameters.json")),
    "resources": json.load(open("/opt/ml/input/config/resourceconfig.json")),
}}))
print("the end")
"""
    if double.isolation:
        pytest.skip(f"no namespaces here: {double.isolation}")
    start("machine", text, Environment={"OF_THE_JOB": "1"}, HyperParameters={"lr": "0.1"})
    double.until("machine", "Completed")

    seen = json.loads(logged(double, "machine", "the end")[0])

    assert (1, "algo-1") == (seen["pid"], seen["host"])
    assert seen["prefix"].endswith("/.venvs/container")
    assert [".venvs"] == seen["tree"]
    assert not seen["temporary"]
    assert {"input", "model", "output"} <= set(seen["ml"])
    assert {"lr": "0.1"} == seen["parameters"]
    assert ("algo-1", ["algo-1"]) == (seen["resources"]["current_host"], seen["resources"]["hosts"])
    told = seen["variables"]
    assert ("machine", "us-east-1", "1") == (told["TRAINING_JOB_NAME"], told["AWS_REGION"], told["OF_THE_JOB"])
    assert told["TRAINING_JOB_ARN"].endswith(":training-job/machine")
    allowed = {"PATH", "HOME", "LANG", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_", "OF_THE_JOB", "S3_ENDPOINT_URL"}
    assert set() == {n for n in told if not n.startswith(("AWS_", "TRAINING_JOB_"))} - allowed


def test_inputs_are_under_their_channels_and_shards_are_divided(double: Double, start: Any) -> None:
    for key in ("data/a.csv", "data/deep/b.csv", "data2/c.csv"):
        double.client("s3").put_object(Bucket=double.bucket, Key=key, Body=key.encode())
    text = """
import os
for folder, _, files in sorted(os.walk("/opt/ml/input/data")):
    for name in sorted(files):
        if name != "run.py": print(os.path.relpath(os.path.join(folder, name), "/opt/ml/input/data"))
print("the end")
"""
    shards = channel(double, "shards", "data/", S3DataDistributionType="ShardedByS3Key")
    inputs = [
        {**channel(double, "slash", "data/"), "InputMode": "FastFile"},
        channel(double, "prefix", "data"),
        channel(double, "file", "data/a.csv"),
        shards,
    ]
    two = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    start("inputs", text, InputDataConfig=inputs, ResourceConfig=two)
    double.until("inputs", "Completed")

    lines = double.log_until("inputs", lambda found: found.count("the end") == 2)

    assert 2 == lines.count("slash/a.csv") == lines.count("slash/deep/b.csv") == lines.count("file/a.csv")
    assert 2 == lines.count("prefix/a.csv") == lines.count("prefix/data2/c.csv")
    assert 1 == lines.count("shards/a.csv") == lines.count("shards/deep/b.csv")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "open('/opt/ml/output/failure', 'w').write('no luck ' + 'x' * 2000); exit(3)",
            "AlgorithmError: no luck " + "x" * 1000,
        ),
        ("exit(4)", "AlgorithmError: , exit code: 4"),
        ("import os; os.kill(os.getpid(), 9)", "AlgorithmError: , exit code: 137"),
    ],
    ids=["with a failure file", "without", "killed"],
)
def test_a_failure_has_the_words_of_the_failure_file(double: Double, start: Any, text: str, reason: str) -> None:
    command = ["sh", "-c", f"""python3 -c "{text}" """]
    start("failing", command)

    found = double.until("failing", "Failed")

    assert reason[:1024] == found["FailureReason"][: len(reason)]
    assert len(found["FailureReason"]) <= 1024
    assert "ModelArtifacts" not in found


def test_stop_sends_sigterm_and_keeps_checkpoint_and_model(double: Double, start: Any) -> None:
    start("stopping", COUNTING, CheckpointConfig={"S3Uri": f"s3://{double.bucket}/checkpoints"})
    double.until("stopping", "Training")
    logged(double, "stopping", "from 0")
    double.client("sagemaker").stop_training_job(TrainingJobName="stopping")

    found = double.until("stopping", "Stopped")

    assert "Stopped" == found["SecondaryStatus"]
    kept = double.client("s3").get_object(Bucket=double.bucket, Key="checkpoints/last")["Body"].read().decode()
    logged(double, "stopping", f"TERM at {kept}")
    assert {"partial": kept} == unpacked(double, found["ModelArtifacts"]["S3ModelArtifacts"])


def test_a_first_process_without_a_handler_is_killed_after_the_grace(double: Double, start: Any) -> None:
    double.faults(grace=0.7)
    start("deaf", ["sh", "-c", "echo up; while :; do sleep 1; done"])
    logged(double, "deaf", "up")
    double.client("sagemaker").stop_training_job(TrainingJobName="deaf")

    found = double.until("deaf", "Stopped")

    began = {t["Status"]: t["StartTime"] for t in found["SecondaryStatusTransitions"]}
    if not double.isolation:  # elsewhere the shell is not the first process, and dies of the signal
        assert 0.7 <= began["Uploading"] - began["Stopping"] < 2


def test_a_job_that_waits_for_its_instances_stops_at_once(double: Double, start: Any) -> None:
    double.faults(start_up=60)
    start("waiting", ["true"])
    double.client("sagemaker").stop_training_job(TrainingJobName="waiting")
    assert "Stopped" == double.until("waiting", "Stopped", seconds=3)["SecondaryStatus"]


def test_max_run_stops_a_job_with_sigterm(double: Double, start: Any) -> None:
    start("long", COUNTING, StoppingCondition={"MaxRuntimeInSeconds": 1}, CheckpointConfig=checkpoints(double))
    found = double.until("long", "Stopped")
    assert "MaxRuntimeExceeded" == found["SecondaryStatus"]
    assert found["TrainingTimeInSeconds"] <= 2
    double.log_until("long", lambda lines: any(line.startswith("TERM") for line in lines))


@pytest.mark.parametrize("notice", [True, False], ids=["with notice", "without"])
def test_a_spot_job_goes_on_from_its_checkpoint(double: Double, start: Any, notice: bool) -> None:
    spot = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
        "CheckpointConfig": checkpoints(double),
    }
    start("spot", COUNTING, **spot)
    logged(double, "spot", "from 0")
    until_object(double, "checkpoints/at")
    double.interrupt("spot", notice=notice)
    lines = double.log_until("spot", lambda found: sum(line.startswith("from") for line in found) == 2)
    double.client("sagemaker").stop_training_job(TrainingJobName="spot")
    found = double.until("spot", "Stopped")

    resumed = int(next(line for line in lines if line.startswith("from") and line != "from 0").split()[1])
    assert resumed > 0
    assert notice == (f"TERM at {resumed}" in lines)
    passed = [t["Status"] for t in found["SecondaryStatusTransitions"]]
    assert [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Stopping", "Uploading", "Stopped"),
    ] == passed
    assert found["BillableTimeInSeconds"] <= found["TrainingTimeInSeconds"]
    assert 2 == streams(double, "spot")


def test_the_folder_of_checkpoints_shows_what_is_copied_and_what_is_deleted_is_deleted(
    double: Double, start: Any
) -> None:
    text = """
import os, time
at = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml") + "/checkpoints"
os.makedirs(at + "/.draft")
for name in ("/stays", "/.draft/goes"): open(at + name, "w").close()
while not all(os.path.exists(at + name + ".sagemaker-uploaded") for name in ("/stays", "/.draft/goes")):
    time.sleep(0.01)
print("copied", flush=True)
os.rename(at + "/.draft", at + "/whole")
while os.path.exists(at + "/stays.sagemaker-uploaded"): time.sleep(0.01)
os.unlink(at + "/old")
"""
    s3 = double.client("s3")
    s3.put_object(Bucket=double.bucket, Key="checkpoints/old", Body=b"of an earlier job")
    start("marks", text, CheckpointConfig=checkpoints(double))
    double.until("marks", "Completed")
    logged(double, "marks", "copied")
    found = s3.list_objects_v2(Bucket=double.bucket, Prefix="checkpoints/")["Contents"]
    assert ["checkpoints/stays", "checkpoints/whole/goes"] == [one["Key"] for one in found]


def test_a_spot_job_without_capacity_waits_as_long_as_it_may(double: Double, start: Any) -> None:
    double.faults(no_capacity=["ml.m5.large"])
    start(
        "patient",
        ["true"],
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1},
    )
    found = double.until("patient", "Stopped")
    assert "MaxWaitTimeExceeded" == found["SecondaryStatus"]
    assert "TrainingStartTime" not in found


def test_a_broken_service_fails_the_job_or_begins_it_anew(double: Double, start: Any) -> None:
    start("broken", ["sleep", "60"])
    double.until("broken", "Training")
    double.break_down("broken")
    assert double.until("broken", "Failed")["FailureReason"].startswith("InternalServerError")

    start("retried", ["sleep", "60"], RetryStrategy={"MaximumRetryAttempts": 3})
    for attempt in range(4):
        double.log_until("retried", lambda _: passed(double, "retried").count("Training") == attempt + 1)  # noqa: B023
        double.break_down("retried")
    assert double.until("retried", "Failed")["FailureReason"].startswith("InternalServerError")
    assert 3 == passed(double, "retried").count("Restarting")
    assert 4 == streams(double, "retried")


def test_two_hosts_find_each_other_by_name(double: Double, start: Any) -> None:
    text = """
import json, socket, sys, time
me = json.load(open("/opt/ml/input/config/resourceconfig.json"))["current_host"]
assert socket.gethostname() == me
if me == "algo-1":
    with socket.create_server((socket.gethostbyname("algo-1"), 7777)) as server:
        print("got", server.accept()[0].recv(100).decode())
else:
    for _ in range(100):
        try:
            socket.create_connection(("algo-1", 7777)).sendall(b"hello of algo-2"); break
        except OSError: time.sleep(0.05)
"""
    if double.isolation:
        pytest.skip(f"host names need namespaces, and there are none here: {double.isolation}")
    start("two", text, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1})
    double.until("two", "Completed")
    logged(double, "two", "got hello of algo-2")


def test_one_host_that_fails_ends_all(double: Double, start: Any) -> None:
    text = "import socket, time, sys; sys.exit(5) if socket.gethostname() == 'algo-2' else time.sleep(60)"
    if double.isolation:
        pytest.skip(f"host names need namespaces, and there are none here: {double.isolation}")
    start("half", text, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1})
    assert "AlgorithmError: , exit code: 5" == double.until("half", "Failed")["FailureReason"]


def test_no_more_containers_run_than_may(double: Double, start: Any) -> None:
    double.faults(containers=2, rates={"CreateTrainingJob": 100}, grace=0.3)
    for number in range(3):
        start(f"many-{number}", ["sleep", "60"])
    double.until("many-0", "Training")
    double.until("many-1", "Training")
    assert "Starting" == double.job("many-2")["SecondaryStatus"]

    double.client("sagemaker").stop_training_job(TrainingJobName="many-0")

    double.until("many-2", "Training")


def test_an_isolated_job_reaches_nothing(double: Double, start: Any) -> None:
    if double.isolation:
        pytest.skip(f"no namespaces here: {double.isolation}")
    host, port = double.endpoint.removeprefix("http://").split(":")
    text = f"""
import os, socket
assert not [name for name in os.environ if name.startswith(("AWS_ACCESS", "AWS_ENDPOINT"))]
try: socket.create_connection(({host!r}, {port}), timeout=5)
except OSError as error: print("refused")
"""
    start("alone", text, EnableNetworkIsolation=True)
    double.until("alone", "Completed")
    logged(double, "alone", "refused")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda d: {"InputDataConfig": [channel(d, "train", "nothing/here")]},
            "ClientError: Data download failed:No S3",
        ),
        (
            lambda d: {"InputDataConfig": [channel(d, "train", "", S3Uri="s3://no-such-bucket/x")]},
            "ClientError: Data download failed:The specified bucket does not exist: no-such-bucket",
        ),
        (lambda d: {"AlgorithmSpecification": {"TrainingImage": "own:missing"}}, "ClientError: Cannot pull"),
        (
            lambda d: {"OutputDataConfig": {"S3OutputPath": "s3://no-such-bucket/x"}},
            "ClientError: Artifact upload failed",
        ),
        (
            lambda d: {"CheckpointConfig": {"S3Uri": "s3://no-such-bucket/x"}},
            "ClientError: Checkpoint download failed: The specified bucket does not exist",
        ),
    ],
    ids=["empty prefix", "no bucket for input", "no image", "no bucket for output", "no bucket for checkpoints"],
)
def test_what_is_not_there_fails_the_job(double: Double, start: Any, change: Any, reason: str) -> None:
    start("lacking", ["touch", "/opt/ml/model/m"], **change(double))
    assert reason == double.until("lacking", "Failed")["FailureReason"][: len(reason)]


def checkpoints(double: Double) -> dict[str, str]:
    return {"S3Uri": f"s3://{double.bucket}/checkpoints"}


def passed(double: Double, name: str) -> list[str]:
    return [t["Status"] for t in double.job(name)["SecondaryStatusTransitions"]]


def streams(double: Double, name: str) -> int:
    """How many log streams it has, as soon as its last lines must be there."""
    group, wanted = "/aws/sagemaker/TrainingJobs", passed(double, name).count("Training")
    logs = double.client("logs")
    found: list[str] = []

    def are_there(_: list[str]) -> bool:
        with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
            answer = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
            found[:] = [stream["logStreamName"] for stream in answer["logStreams"]]
        return len(found) >= wanted

    double.log_until(name, are_there, seconds=5)
    return len(set(found))


def until_object(double: Double, key: str) -> None:
    s3 = double.client("s3")
    double.log_until("spot", lambda _: "Contents" in s3.list_objects_v2(Bucket=double.bucket, Prefix=key))
