"""The part of AWS that the backend asks, in memory and on a clock of its own: what takes AWS a minute takes none.

What it answers otherwise once is written down beforehand: ``aws.first("create", lost, quota)``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.seams.backend import AttemptRef
from jupyter_training.testing.clock import VirtualClock
from tests.backends.sagemaker.stand import QUICK, Stand

__all__ = ["Instead", "Memory", "Still", "conflict", "denied", "expired", "lost", "missing", "quota", "still"]

Instead = Callable[["Memory", dict[str, Any]], Any]  # what is done in place of the usual; None: the usual, too


def _error(code: str, words: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "Call")


def _raises(code: str, words: str) -> Instead:
    def instead(aws: Memory, request: dict[str, Any]) -> Any:
        raise _error(code, words)

    return instead


def lost(aws: Memory, request: dict[str, Any]) -> Any:
    """It is done, and the answer never comes."""
    aws.make(request)
    raise ReadTimeoutError(endpoint_url="https://api.sagemaker")


missing = _raises("ValidationException", "Requested resource not found.")
conflict = _raises("ConflictException", "The resource is being updated.")
expired = _raises("ExpiredTokenException", "The security token included in the request is expired")
denied = _raises("AccessDeniedException", "User: ada is not authorized to perform: sagemaker:ListTags")
quota = _raises(
    "ResourceLimitExceeded",
    "The account-level service limit 'ml.m5.large for training job usage' is 1 Instances, with current utilization"
    " of 1 Instances and a request delta of 1 Instances.",
)


class Memory:
    """One account in one region."""

    def __init__(self, clock: VirtualClock) -> None:
        self.account = "123456789012"
        self.jobs: dict[str, dict[str, Any]] = {}
        self.streams: dict[str, list[tuple[int, str]]] = {}
        self.calls: Counter[str] = Counter()
        self.requests: list[dict[str, Any]] = []
        self.renewed = 0
        self._clock = clock
        self._instead: dict[str, list[Instead | None]] = {}

    @property
    def sagemaker(self) -> Memory:
        return self

    s3 = logs = quotas = sts = sagemaker

    def find(self, region: str | None, profile: str | None) -> Memory:
        return self

    def forget(self, region: str | None, profile: str | None) -> None:
        self.renewed += 1

    def first(self, call: str, *instead: Instead | None) -> None:
        """The next calls of a kind are answered so, each by one."""
        self._instead.setdefault(call, []).extend(instead)

    def make(self, request: dict[str, Any]) -> None:
        name = request["TrainingJobName"]
        if name in self.jobs:
            raise _error("ResourceInUse", "Training job names must be unique.")
        self.jobs[name] = {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:{self.account}:training-job/{name}",
            "Environment": request["Environment"],
            "Tags": request["Tags"],
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "SecondaryStatusTransitions": [],
            "LastModifiedTime": self._now(),
        }

    def runs(self, name: str, status: str = "InProgress", secondary: str = "Training", **more: Any) -> None:
        """Its code has begun, and this is how far it is."""
        moves = [{"Status": "Training", "StartTime": self._now()}]
        known = {"SecondaryStatusTransitions": moves, "LastModifiedTime": self._now()}
        self.jobs[name] |= {**known, "TrainingJobStatus": status, "SecondaryStatus": secondary, **more}

    def create_training_job(self, **request: Any) -> Any:
        self.requests.append(request)
        return self._said("create", request) or self._created(request)

    def _created(self, request: dict[str, Any]) -> Any:
        self.make(request)
        return {"TrainingJobArn": self.jobs[request["TrainingJobName"]]["TrainingJobArn"]}

    def describe_training_job(self, **request: Any) -> Any:
        said = self._said("describe", request)
        return said or {key: value for key, value in self._job(request).items() if key != "Tags"}

    def list_tags(self, **request: Any) -> Any:
        name = request["ResourceArn"].rpartition("/")[2]
        return self._said("tags", request) or {"Tags": self.jobs[name]["Tags"]}

    def list_training_jobs(self, **request: Any) -> Any:
        return self._said("list", request) or {"TrainingJobSummaries": list(self.jobs.values())}

    def stop_training_job(self, **request: Any) -> Any:
        said = self._said("stop", request)
        if said is None:
            job = self._job(request)
            if job["TrainingJobStatus"] not in ("InProgress", "Stopping"):
                raise _error("ValidationException", f"The training job is {job['TrainingJobStatus']}.")
            job |= {
                "TrainingJobStatus": "Stopping",
                "SecondaryStatus": "Stopping",
                "LastModifiedTime": self._now(),
            }
        return said or {}

    def get_caller_identity(self, **request: Any) -> Any:
        return self._said("identity", request) or {"Account": self.account}

    def put_object(self, **request: Any) -> Any:
        return self._said("put", request) or {}

    def head_object(self, **request: Any) -> Any:
        said = self._said("head", request)
        if said is None:
            raise _error("404", "Not Found")
        return said

    def list_service_quotas(self, **request: Any) -> Any:
        return self._said("quotas", request) or {"Quotas": []}

    def describe_log_streams(self, **request: Any) -> Any:
        found = [{"logStreamName": name} for name in sorted(self.streams)]
        return self._said("find", request) or {"logStreams": found}

    def get_log_events(self, **request: Any) -> Any:
        said = self._said("logs", request)
        at = int(request.get("nextToken", "f/0").partition("/")[2])
        part = self.streams[request["logStreamName"]][at : at + request["limit"]]
        events = [{"timestamp": time, "message": message} for time, message in part]
        return said or {"events": events, "nextForwardToken": f"f/{at + len(part)}"}

    def _said(self, call: str, request: dict[str, Any]) -> Any:
        self.calls[call] += 1
        left = self._instead.get(call)
        instead = left.pop(0) if left else None
        return instead(self, request) if instead is not None else None

    def _job(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["TrainingJobName"] not in self.jobs:
            raise _error("ValidationException", "Requested resource not found.")
        return self.jobs[request["TrainingJobName"]]

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)


class Still(Stand):
    """A home before this AWS, in which nothing happens but in ``go``."""

    clock: VirtualClock

    def __init__(self, home: Path, *, pace: Pace = QUICK) -> None:
        clock = VirtualClock()
        self.aws = Memory(clock)
        super().__init__(home, None, pace=pace, clock=clock)

    def new_backend(self, **more: Any) -> Any:
        return super().new_backend(**{"find": self.aws.find, "forget": self.aws.forget, "threads": 0, **more})

    def go(self, seconds: float, until: Callable[[], object] = lambda: False, *, step: float = 0.1) -> bool:
        """Let so much time pass, or less if this becomes true; whether it did."""
        for _ in range(int(seconds / step)):
            self.backend.work.run_due()
            self.clock.advance(step)
            if until():
                return True
        return False

    def taken(self, code: str = "print(1)", **wish: Any) -> AttemptRef:
        """An attempt that AWS has taken."""
        ref = self.launch(code, **wish)
        assert self.go(60, lambda: self.name(ref) in self.aws.jobs)
        self.go(1)
        return ref

    def job(self, ref: AttemptRef) -> dict[str, Any]:
        return self.aws.jobs[self.name(ref)]


@pytest.fixture
def still(tmp_path: Path) -> Still:
    made = Still(tmp_path / "home")
    made.backend.standings([made.pool()])
    return made
