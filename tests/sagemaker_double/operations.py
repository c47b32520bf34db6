"""The operations on training jobs, put on moto's own class in place of its own or beside them.

moto completes each job as it is made, lets a second of the same name take its place, checks nothing, pages before it
filters and can't stop: see section 2.1 of the reference.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
from collections.abc import Callable
from typing import Any

from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from tests.sagemaker_double.faults import Switches
from tests.sagemaker_double.host import Host
from tests.sagemaker_double.jobs import Job, now
from tests.sagemaker_double.refusals import Refused, checked, quota_of, role_exists
from tests.sagemaker_double.validation import violations

__all__ = ["install"]

Operation = Callable[["Desk", dict[str, Any]], dict[str, Any] | None]


class Desk:
    """The training jobs of one account and region."""

    def __init__(self, account: str, region: str, host: Host, switches: Switches) -> None:
        self.account = account
        self.region = region
        self.host = host
        self.switches = switches
        self.jobs: dict[str, Any] = sagemaker_backends[account][region].training_jobs

    def job(self, name: str) -> Job:
        found = self.jobs.get(name)
        if found is None:
            raise Refused("ValidationException", "Requested resource not found.")
        return found

    def of_arn(self, arn: str) -> Job:
        name = arn.rsplit("/", 1)[-1]
        if name not in self.jobs or self.jobs[name].arn != arn:
            raise Refused("ValidationException", f"Requested resource not found: {arn}")
        return self.jobs[name]


def create(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """CreateTrainingJob."""
    faults = desk.switches.now
    name = request["TrainingJobName"]
    if name in desk.jobs:
        raise Refused(
            "ResourceInUse",
            "Training job names must be unique within an AWS account and region, and a training job with this name "
            f"already exists ({desk.jobs[name].arn})",
        )
    checked(request)
    if not role_exists(desk.account, request["RoleArn"]):
        raise Refused(
            "ValidationException",
            f"Could not assume role {request['RoleArn']}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role.",
        )
    job = Job(request, desk.account, desk.region)
    for _, kind, count in job.groups:
        if kind in faults.not_in_region.get(desk.region, []):
            raise Refused(
                "ResourceLimitExceeded", f"The requested resource training-job/{kind} is not available in this region"
            )
        used = sum(
            n
            for other in desk.jobs.values()
            if not other.is_over and other.is_spot == job.is_spot
            for _, taken, n in other.groups
            if taken == kind
        )
        limit, what = quota_of(faults, kind, "spot" if job.is_spot else "")
        if used + count > limit:
            raise Refused(
                "ResourceLimitExceeded",
                f"The account-level service limit '{what}' is {limit} Instances, with current utilization of {used} "
                f"Instances and a request delta of {count} Instances. Please use AWS Service Quotas to request an "
                "increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an "
                "increase for this quota.",
            )
        job.may_be_kept = quota_of(faults, kind, "warm")[0] >= count
    desk.jobs[name] = job
    desk.host.take(job)
    return {"TrainingJobArn": job.arn}


def describe(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeTrainingJob."""
    return desk.job(request["TrainingJobName"]).description(spot_share=desk.switches.now.spot_share)


def stop(desk: Desk, request: dict[str, Any]) -> None:
    """StopTrainingJob: answers at once, and the job stops in its own time."""
    job = desk.job(request["TrainingJobName"])
    with job.lock:
        status = job.last.status
        if job.is_over:
            raise Refused(
                "ValidationException", f"The request was rejected because the training job is in status {status}."
            )
        if status != "Stopping":
            job.move("Stopping", "Stopping")
            job.order("stop")


def delete(desk: Desk, request: dict[str, Any]) -> None:
    """DeleteTrainingJob: its name is free again."""
    job = desk.job(request["TrainingJobName"])
    if not job.is_over:
        raise Refused("ResourceInUse", f"Training job {job.name} is in status {job.last.status} and can't be deleted.")
    del desk.jobs[job.name]


def update(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateTrainingJob: what may be changed while it runs."""
    job = desk.job(request["TrainingJobName"])
    with job.lock:
        if job.is_over and set(request) - {"TrainingJobName", "ResourceConfig"}:
            raise Refused(
                "ValidationException",
                f"The request was rejected because the training job is in status {job.last.status}.",
            )
        keep = request.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
        if keep is not None:
            job.resources["KeepAlivePeriodInSeconds"] = keep
        for member in ("ProfilerConfig", "ProfilerRuleConfigurations", "RemoteDebugConfig"):
            if member in request:
                job.request[member] = request[member]
    return {"TrainingJobArn": job.arn}


def list_jobs(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """ListTrainingJobs: filters, sorts, pages; of what was so long ago as the switch says."""
    as_of = now() - desk.switches.now.list_delay
    seen = [(job, moment) for job in list(desk.jobs.values()) if (moment := job.as_of(as_of)) is not None]
    rows = [job.summary(moment) for job, moment in seen if _is_asked_for(job, moment, request)]
    key = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(request.get("SortBy", ""), "CreationTime")
    rows.sort(key=lambda r: (r[key], r["TrainingJobName"]), reverse=request.get("SortOrder") == "Descending")
    start = 0
    if "NextToken" in request:
        # A place in the order, not a count: a job that was made meanwhile moves nothing.
        mark = _mark_of(request["NextToken"])
        start = next((n for n, r in enumerate(rows) if [r[key], r["TrainingJobName"]] == mark), len(rows) - 1) + 1
    most = request.get("MaxResults", 10)
    page, left = rows[start : start + most], rows[start + most :]
    # The service looks at the time of the last change only after it has paged: pages come short, or empty.
    changed = [r for r in page if _is_in_time(r["LastModifiedTime"], request, "LastModifiedTime")]
    answer: dict[str, Any] = {"TrainingJobSummaries": changed}
    if left:
        mark = json.dumps([page[-1][key], page[-1]["TrainingJobName"]]).encode()
        answer["NextToken"] = base64.urlsafe_b64encode(mark).decode()
    return answer


def add_tags(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """AddTags: a key has one value."""
    job = desk.of_arn(request["ResourceArn"])
    tags = {t["Key"]: t["Value"] for t in [*job.tags, *request["Tags"]]}
    if len(tags) > 50:
        raise Refused("ResourceLimitExceeded", "A resource may have 50 tags at most.")
    job.tags = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"Tags": job.tags}


def list_tags(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """ListTags."""
    tags = desk.of_arn(request["ResourceArn"]).tags
    start, most = int(request.get("NextToken", 0)), request.get("MaxResults", 50)
    left = {"NextToken": str(start + most)} if len(tags) > start + most else {}
    return {"Tags": tags[start : start + most], **left}


def delete_tags(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteTags."""
    job = desk.of_arn(request["ResourceArn"])
    job.tags = [t for t in job.tags if t["Key"] not in request["TagKeys"]]
    return {}


JOBS: dict[str, Operation] = {
    "CreateTrainingJob": create,
    "DescribeTrainingJob": describe,
    "StopTrainingJob": stop,
    "DeleteTrainingJob": delete,
    "UpdateTrainingJob": update,
    "ListTrainingJobs": list_jobs,
}
TAGS: dict[str, Operation] = {"AddTags": add_tags, "ListTags": list_tags, "DeleteTags": delete_tags}


def install(host: Host, switches: Switches) -> None:
    """Put them on moto's class, once in a process."""

    def method(name: str, operation: Operation, theirs: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
        def answer(self: Any) -> Any:
            request = json.loads(self.body or "{}")
            if theirs is not None and ":training-job/" not in request.get("ResourceArn", ""):
                return theirs(self)
            try:
                broken = violations("sagemaker", name, request)
                if broken:
                    many = "error" if len(broken) == 1 else "errors"
                    raise Refused(
                        "ValidationException", f"{len(broken)} validation {many} detected: {'; '.join(broken)}"
                    )
                answered = operation(Desk(self.current_account, self.region, host, switches), request)
            except Refused as refused:
                body = {"__type": refused.code, "message": refused.sentence}
                return json.dumps(body), {"status": 400, "x-amzn-errortype": refused.code}
            return "" if answered is None else json.dumps(answered)

        if theirs is not None:
            functools.update_wrapper(answer, theirs)
        return answer

    for name, operation in JOBS.items():
        setattr(SageMakerResponse, _python(name), method(name, operation, None))
    for name, operation in TAGS.items():
        setattr(SageMakerResponse, _python(name), method(name, operation, getattr(SageMakerResponse, _python(name))))


def _python(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation)[1:]


def _is_asked_for(job: Job, seen: Any, request: dict[str, Any]) -> bool:
    status = request.get("StatusEquals", seen.status)
    pool = (job.warm_pool() or {}).get("Status")
    return (
        request.get("NameContains", "") in job.name
        and status == seen.status
        and _is_in_time(job.created, request, "CreationTime")
        and request.get("WarmPoolStatusEquals", pool) == pool
        and "TrainingPlanArnEquals" not in request  # plans aren't modelled, so no job is in one
    )


def _is_in_time(at: float, request: dict[str, Any], name: str) -> bool:
    return request.get(f"{name}After", at - 1) < at < request.get(f"{name}Before", at + 1)


def _mark_of(token: str) -> list[Any]:
    try:
        mark = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error):
        mark = None
    if not isinstance(mark, list):
        raise Refused("ValidationException", "Invalid pagination token.")
    return mark
