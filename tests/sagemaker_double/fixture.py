"""The double in a test: the fixture `double`, known to all tests, which start one process of it a session.

def test_it(double: Double) -> None:
    double.client("sagemaker").create_training_job(**double.request("one", ["sleep", "1"]))
    double.until("one", "Completed")
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Double", "double", "double_process", "running"]

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venvs" / "sagemaker" / "bin" / "python"


@dataclass(frozen=True)
class Double:
    """A running double, with a bucket and a role that only this test uses."""

    endpoint: str
    bucket: str
    role_arn: str
    isolation: str  # empty where containers have namespaces, else why not
    region: str = "us-east-1"
    clients: dict[str, Any] = field(default_factory=dict)  # of boto3, one a service; making one takes a while

    @cached_property
    def environment(self) -> dict[str, str]:
        """What a process needs to find it, and nothing of the person's own account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIDOFACALLER0000000",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str) -> Any:
        """A boto3 client, whatever this process's environment says."""
        if service not in self.clients:
            import boto3

            session = boto3.session.Session(
                aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key="none",
                region_name=self.region,
            )
            self.clients[service] = session.client(service, endpoint_url=self.endpoint)
        return self.clients[service]

    def request(self, name: str, command: list[str] | None = None, **more: Any) -> dict[str, Any]:
        """A smallest CreateTrainingJob, which runs this command in the container; `more` are members of the request."""
        algorithm: dict[str, Any] = {"TrainingImage": "plain:1", "TrainingInputMode": "File"}
        if command is not None:
            algorithm.update(
                ContainerEntrypoint=command[:1], **({"ContainerArguments": command[1:]} if command[1:] else {})
            )
        return {
            "TrainingJobName": name,
            "RoleArn": self.role_arn,
            "AlgorithmSpecification": {**algorithm, **more.pop("AlgorithmSpecification", {})},
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **more,
        }

    def faults(self, **switches: Any) -> dict[str, Any]:
        """Turn switches, see `faults.Faults`; without any, say how they stand."""
        return self._ask("PATCH" if switches else "GET", "faults", switches or None)

    def fail(self, operation: str, fault: str, **rule: Any) -> None:
        """The next call of this operation meets this fault; see `faults.Rule` for times, after, seconds and about."""
        self.faults(rules=[{"operation": operation, "fault": fault, **rule}])

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def calls(self, operation: str | None = None, *, by: str = "caller") -> list[dict[str, Any]]:
        """What was asked since the test began: time, operation, about, outcome (HTTP status, error code or fault)."""
        query = {"by": by, **({"operation": operation} if operation else {})}
        return self._ask("GET", f"calls?{urllib.parse.urlencode(query)}")["calls"]

    def job(self, name: str) -> dict[str, Any]:
        """What Describe would answer, past every fault and uncounted; times are seconds."""
        return self._ask("GET", f"jobs/{name}")

    def interrupt(self, name: str, *, notice: bool = True) -> None:
        """Take a spot job's instances back: with SIGTERM and the grace, or without notice."""
        self._ask("POST", f"jobs/{name}/{'interrupt' if notice else 'seize'}")

    def break_down(self, name: str) -> None:
        """The service itself fails under this job: InternalServerError, or Restarting where a retry is allowed."""
        self._ask("POST", f"jobs/{name}/break")

    def end_all(self) -> None:
        """End all jobs at once."""
        self._ask("DELETE", "jobs")

    def until(self, name: str, *wanted: str, seconds: float = 30) -> dict[str, Any]:
        """Its description as soon as status or secondary status is one of these, or it has ended."""
        end = time.monotonic() + seconds
        wanted = wanted or ("Completed", "Failed", "Stopped")
        while True:
            found = self.job(name)
            if {found["TrainingJobStatus"], found["SecondaryStatus"]} & set(wanted):
                return found
            ended = found["TrainingJobStatus"] in {"Completed", "Failed", "Stopped"}
            if ended or time.monotonic() > end:
                raise AssertionError(
                    f"{name} is not {' or '.join(wanted)} but {json.dumps(found, indent=1)}\n{self.log(name)}"
                )
            time.sleep(0.02)

    def log(self, name: str) -> list[str]:
        """What its streams hold by now, in the order of the streams' names."""
        logs = self.client("logs")
        lines: list[str] = []
        try:
            found = logs.describe_log_streams(
                logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/"
            )
        except logs.exceptions.ResourceNotFoundException:
            return lines
        for stream in found["logStreams"]:
            events = logs.get_log_events(
                logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream["logStreamName"], startFromHead=True
            )
            lines += [event["message"] for event in events["events"]]
        return lines

    def log_until(self, name: str, holds: Callable[[list[str]], object], *, seconds: float = 20) -> list[str]:
        """What its streams hold as soon as this is true of it."""
        end = time.monotonic() + seconds
        while not holds(lines := self.log(name)):
            if time.monotonic() > end:
                raise AssertionError(f"The log of {name} never came to be so:\n{lines}\n{self.job(name)}")
            time.sleep(0.05)
        return lines

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return _ask(self.endpoint, method, path, body)


@dataclass(frozen=True)
class Running:
    """The process of a double."""

    endpoint: str
    isolation: str
    clients: dict[str, Any] = field(default_factory=dict)

    def fresh(self) -> Double:
        """With every fault off, nothing running, no call counted, and a bucket and a role of its own."""
        made = _ask(self.endpoint, "POST", "fresh")
        return Double(self.endpoint, isolation=self.isolation, clients=self.clients, **made)

    def close(self) -> None:
        for client in self.clients.values():
            client.close()


class running:  # noqa: N801
    """A double in a process of its own, as long as the block lasts; its command line may have more."""

    def __init__(self, folder: Path, *more: str, environment: Mapping[str, str] | None = None) -> None:
        if not PYTHON.exists():
            pytest.fail("The double has no environment yet: make sagemaker-env", pytrace=False)
        quick = ["--json", "--folder", str(folder), "--grace", "3", "--log-lag", "0.2"]
        self._process = subprocess.Popen(
            [PYTHON, "-m", "tests.sagemaker_double", *quick, *more],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Running:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.stdin.close()
            self._process.stdout.close()
            pytest.fail(f"The double did not start: it ended with {self._process.wait()}", pytrace=False)
        return Running(**json.loads(line))

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # It ends with its input, and so too when these tests are killed.
        self._process.stdin.close()
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()


@pytest.fixture(scope="session")
def double_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One double for all tests."""
    with running(tmp_path_factory.mktemp("double")) as found:
        yield found
        found.close()


@pytest.fixture
def double(double_process: Running) -> Iterator[Double]:
    """The double as if it were new."""
    found = double_process.fresh()
    yield found
    found.end_all()


def _ask(endpoint: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    asked = urllib.request.Request(
        f"{endpoint}/double/{path}", method=method, data=json.dumps(body).encode() if body is not None else None
    )
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise AssertionError(json.load(error)["error"]) from None
