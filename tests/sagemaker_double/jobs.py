"""A training job as the service knows it: its request, and every state it has been in with the time of each.

A plain class: moto looks into the module's name of what is derived from its own models. It lies in moto's dictionary of
training jobs, so moto's Search finds it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

__all__ = ["ENDED", "SAID", "Job", "Moment"]

ENDED = frozenset({"Completed", "Failed", "Stopped"})

# What the service says of each state that a job passes through.
SAID = {
    "Starting": "Starting the training job",
    "Pending": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Interrupted": "Training job interrupted: a spot instance was taken back",
    "Restarting": "Restarting the training job after an internal error",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}

# Members of the request that come back in Describe as they were sent.
_ECHOED = [
    "TrainingJobName",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "TensorBoardOutputConfig",
    "ExperimentConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
    "MlflowConfig",
    "ServerlessJobConfig",
    "ModelPackageConfig",
]


@dataclass(frozen=True)
class Moment:
    """A state and when it began. Times are seconds since the epoch, in milliseconds as the service has them."""

    since: float
    status: str
    secondary: str
    message: str


class Job:
    """One job. Its states are written by the host's thread of this job, and by a stop."""

    def __init__(self, request: dict[str, Any], account: str, region: str) -> None:
        self.request = request
        self.name: str = request["TrainingJobName"]
        self.account = account
        self.region = region
        self.arn = f"arn:aws:sagemaker:{region}:{account}:training-job/{self.name}"
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self.created = now()
        self.lock = threading.RLock()
        self.moments = [Moment(self.created, "InProgress", "Starting", SAID["Starting"])]
        self.started: float | None = None
        self.ended: float | None = None
        self.trained_seconds = 0.0
        self.reason: str | None = None
        self.metrics: dict[str, tuple[float, float]] = {}
        self.has_model = False
        self.may_be_kept = False  # its instances, in a warm pool
        # What was asked of it and not yet done by its thread: stop, interrupt, seize or break.
        self.orders: list[str] = []
        self.wake = threading.Event()

    @property
    def last(self) -> Moment:
        return self.moments[-1]

    @property
    def is_over(self) -> bool:
        return self.last.status in ENDED

    @property
    def is_spot(self) -> bool:
        return bool(self.request.get("EnableManagedSpotTraining"))

    @property
    def resources(self) -> dict[str, Any]:
        return self.request.get("ResourceConfig", {})

    @property
    def groups(self) -> list[tuple[str, str, int]]:
        """Name, instance type and number of instances of each group."""
        named = self.resources.get("InstanceGroups")
        if named:
            return [(g["InstanceGroupName"], g["InstanceType"], g["InstanceCount"]) for g in named]
        kind = self.resources.get("InstanceType")
        return [("homogeneousCluster", kind, self.resources.get("InstanceCount", 1))] if kind else []

    @property
    def max_run(self) -> float:
        """Seconds that it may train."""
        return self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)

    @property
    def max_wait(self) -> float | None:
        """Seconds that it may take in all, with the waiting for spot instances; None without spot."""
        return self.request.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds") if self.is_spot else None

    def move(self, secondary: str, status: str | None = None, *, message: str | None = None) -> None:
        """It is in this state from now on."""
        with self.lock:
            at = max(now(), self.last.since)
            status = status or self.last.status
            self.moments.append(Moment(at, status, secondary, message or SAID[secondary]))
            if secondary == "Training" and self.started is None:
                self.started = at
            if status in ENDED:
                self.ended = at

    def warm_pool(self) -> dict[str, Any] | None:
        """Whether its instances are kept for a next job; None when that was not asked for. No job takes them over."""
        keep = self.resources.get("KeepAlivePeriodInSeconds")
        if not keep:
            return None
        if self.ended is None:
            return {"Status": "InUse"}
        # Without a quota they are not kept, and nothing says so.
        since = now() - self.ended if self.may_be_kept else 0.0
        over = since >= keep or not self.may_be_kept
        return {
            "Status": "Terminated" if over else "Available",
            "ResourceRetainedBillableTimeInSeconds": round(min(since, keep)),
        }

    def order(self, what: str) -> None:
        """Ask its thread for this."""
        with self.lock:
            self.orders.append(what)
        self.wake.set()

    def as_of(self, at: float) -> Moment | None:
        """The state it was in then; None before it was made."""
        with self.lock:
            return next((m for m in reversed(self.moments) if m.since <= at), None)

    def summary(self, seen: Moment) -> dict[str, Any]:
        """Its row in a list in which it is still seen in that state."""
        row = {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": seen.since,
            "TrainingJobStatus": seen.status,
            "SecondaryStatus": seen.secondary,
        }
        if seen.status in ENDED:
            row["TrainingEndTime"] = seen.since
        pool = self.warm_pool()
        return {**row, "WarmPoolStatus": pool} if pool else row

    def description(self, *, spot_share: float) -> dict[str, Any]:
        """The answer to Describe. Of spot time that share is billed."""
        with self.lock:
            last = self.last
            told: dict[str, Any] = {name: self.request[name] for name in _ECHOED if name in self.request}
            told.update(
                TrainingJobArn=self.arn,
                TrainingJobStatus=last.status,
                SecondaryStatus=last.secondary,
                CreationTime=self.created,
                LastModifiedTime=last.since,
                SecondaryStatusTransitions=self._transitions(),
                EnableNetworkIsolation=bool(self.request.get("EnableNetworkIsolation")),
                EnableManagedSpotTraining=self.is_spot,
                EnableInterContainerTrafficEncryption=bool(self.request.get("EnableInterContainerTrafficEncryption")),
                ProfilingStatus="Disabled",
            )
            if self.started is not None:
                told["TrainingStartTime"] = self.started
            if self.ended is not None:
                told["TrainingEndTime"] = self.ended
                whole = round(self.trained_seconds)
                told["TrainingTimeInSeconds"] = max(1, whole)
                told["BillableTimeInSeconds"] = max(1, round(whole * spot_share) if self.is_spot else whole)
            if self.reason is not None:
                told["FailureReason"] = self.reason
            if self.has_model:
                told["ModelArtifacts"] = {"S3ModelArtifacts": self.artefact("model")}
            if (pool := self.warm_pool()) is not None:
                told["WarmPoolStatus"] = pool
            if self.metrics:
                told["FinalMetricDataList"] = [
                    {"MetricName": name, "Value": value, "Timestamp": at}
                    for name, (value, at) in dict(self.metrics).items()
                ]
            return told

    def artefact(self, kind: str) -> str:
        """The address of its model or of its output."""
        target = self.request["OutputDataConfig"]
        under = f"{target['S3OutputPath'].rstrip('/')}/{self.name}/output"
        return f"{under}/{kind}/" if target.get("CompressionType") == "NONE" else f"{under}/{kind}.tar.gz"

    def gen_response_object(self) -> dict[str, Any]:
        """Itself among the results of moto's Search."""
        return {**self.description(spot_share=1.0), "Tags": self.tags}

    @property
    def training_job_name(self) -> str:
        """For moto's Search."""
        return self.name

    @property
    def training_job_status(self) -> str:
        """For moto's Search."""
        return self.last.status

    def _transitions(self) -> list[dict[str, Any]]:
        rows = []
        for moment, after in zip(self.moments, [*self.moments[1:], None], strict=True):
            row = {"Status": moment.secondary, "StartTime": moment.since, "StatusMessage": moment.message}
            end = after.since if after else moment.since if moment.status in ENDED else None
            rows.append(row if end is None else {**row, "EndTime": end})
        return rows


def now() -> float:
    """Seconds since the epoch, to the millisecond."""
    return round(time.time(), 3)
