"""Whether an account is ready for a job: one finding for each thing that it needs, with what mends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from jupyter_training.backends.sagemaker import account, answers, clients, images, limits, prices
from jupyter_training.backends.sagemaker.account import Caller
from jupyter_training.backends.sagemaker.answers import Kind
from jupyter_training.backends.sagemaker.options import Options
from jupyter_training.errors import TrainingError
from jupyter_training.seams.backend_wishes import Finding, Price

__all__ = ["examine"]

# What we ask of AWS, and what for.
_NEEDED = {
    "sagemaker:CreateTrainingJob": "start jobs",
    "sagemaker:DescribeTrainingJob": "see how jobs ended",
    "sagemaker:ListTrainingJobs": "see what jobs do",
    "sagemaker:StopTrainingJob": "stop jobs",
    "sagemaker:AddTags": "tag jobs",
    "sagemaker:ListTags": "tell our jobs from others",
    "logs:GetLogEvents": "read logs and metrics",
    "logs:DescribeLogStreams": "find logs",
}
_OF_THE_BUCKET = {"s3:PutObject": "upload the code", "s3:GetObject": "fetch results"}
_SERVICE = "sagemaker.amazonaws.com"


def examine(chosen: Options, *, price: Callable[[str], Price | None], folder: Path) -> Iterator[Finding]:
    """Look at everything, in the order in which one thing rests on another. Changes nothing."""
    wrong = limits.instance_fault(chosen.instance) if chosen.instance is not None else None
    if wrong is not None:
        yield Finding("instance", "fail", f"{wrong.detail}.", wrong.hint)
    try:
        region = account.region_of(chosen.region, chosen.profile)
        who = account.caller(region, chosen.profile, fresh=True)
    except TrainingError as error:
        yield Finding("identity", "fail", error.detail, error.hint or "The other checks need it.")
        return
    yield Finding("identity", "ok", f"You are {who.arn} in {region}.")
    look = _Look(chosen, region, who)
    role = yield from look.role()
    yield from look.permissions(role)
    yield from look.bucket()
    if chosen.instance is None:
        yield Finding("quota", "ok", "Not looked at: no type of machine is named.", None)
        return
    if wrong is not None:
        return  # it has no quota, no image and no price
    yield from look.quota(chosen.instance)
    yield from look.image(chosen.instance, folder)
    try:
        found = price(region)
    except TrainingError as error:
        yield Finding("price", "warn", error.detail, error.hint)
        return
    if found is None:
        words = f"Unknown: nobody has said what {chosen.instance} costs in {region}."
        fix = 'Allow pricing:GetProducts, or say it in a table: [sagemaker] prices = "prices.csv" in the settings.'
        yield Finding("price", "warn", words, fix)
    else:
        yield Finding("price", "ok", f"{chosen.instance}: {prices.told(found)}.")


class _Look:
    """The checks of one region, account and caller."""

    def __init__(self, chosen: Options, region: str, who: Caller) -> None:
        self._chosen = chosen
        self._region = region
        self._who = who
        self._clients = clients.of(region, chosen.profile, retries=False)

    def role(self) -> Generator[Finding, None, str | None]:
        """Whether there is a role, and SageMaker may take it. Returns its ARN."""
        chosen = self._chosen
        try:
            arn = account.role_of(
                chosen.role or chosen.role_arn, self._who, region=self._region, profile=chosen.profile
            )
        except TrainingError as error:
            yield Finding("role", "fail", error.detail, error.hint)
            return None
        told, answer = self._ask("iam", "get_role", "iam:GetRole", RoleName=arn.rpartition("/")[2])
        if answer is not None and answer.code.startswith("NoSuchEntity"):
            fix = "Make one for SageMaker in the IAM console, and name it: role = 'NAME' under [sagemaker]."
            yield Finding("role", "fail", f"The account {self._who.account} has no role {arn}.", fix)
        elif told is None:
            yield Finding("role", "ok", f"Jobs run as {arn}; whether SageMaker may take it could not be looked at.")
        elif not _trusts(told["Role"].get("AssumeRolePolicyDocument")):
            fix = f"Let its trust policy allow sts:AssumeRole to the service {_SERVICE}."
            yield Finding("role", "fail", f"{arn} does not trust SageMaker, which can't run a job as it.", fix)
        else:
            yield Finding("role", "ok", f"Jobs run as {arn}.")
        return arn

    def permissions(self, role: str | None) -> Iterator[Finding]:
        """Whether the caller may do what we do."""
        source = self._who.arn
        if self._who.role is not None:
            try:
                source = account.role_of(None, self._who, region=self._region, profile=self._chosen.profile)
            except TrainingError:
                return
        bucket = account.bucket_of(self._chosen.bucket, self._who, self._region)
        asked = [("*", _NEEDED), (f"arn:{self._who.partition}:s3:::{bucket}/*", _OF_THE_BUCKET)]
        if role is not None:
            asked.append((role, {"iam:PassRole": "hand the role to SageMaker"}))
        denied: list[str] = []
        for resource, actions in asked:
            told, answer = self._ask(
                "iam",
                "simulate_principal_policy",
                "iam:SimulatePrincipalPolicy",
                PolicySourceArn=source,
                ActionNames=list(actions),
                ResourceArns=[resource],
            )
            if told is None:
                words = "What you may do could not be looked at"
                yield Finding("permissions", "ok", f"{words}: {_why(answer)}")
                return
            results = told.get("EvaluationResults", ())
            denied += [one["EvalActionName"] for one in results if one["EvalDecision"] != "allowed"]
        if denied:
            what = {**_NEEDED, **_OF_THE_BUCKET, "iam:PassRole": "hand the role to SageMaker"}
            words = "; ".join(f"{name} to {what.get(name, 'go on')}" for name in denied)
            fix = "Ask whoever looks after the account for them."
            yield Finding("permissions", "fail", f"You lack {words}.", fix)
        else:
            yield Finding("permissions", "ok", "You may start, see and stop jobs, and read their logs and results.")

    def bucket(self) -> Iterator[Finding]:
        """Whether the bucket is there, ours, and in the region."""
        name = account.bucket_of(self._chosen.bucket, self._who, self._region)
        told, answer = self._ask("s3", "head_bucket", "s3:ListBucket", Bucket=name)
        if told is not None:
            found = told.get("BucketRegion") or self._region
            if found == self._region:
                yield Finding("bucket", "ok", f"s3://{name} is there.")
            else:
                fix = "Name one of this region: SageMaker reads from no other."
                yield Finding("bucket", "fail", f"s3://{name} is in {found}, and jobs run in {self._region}.", fix)
        elif answer is not None and answer.kind is Kind.MISSING:
            fix = f"aws s3 mb s3://{name} --region {self._region}, or name another: bucket = 'NAME' under [sagemaker]."
            yield Finding("bucket", "fail", f"There is no bucket {name!r}.", fix)
        elif answer is not None and answer.kind is Kind.DENIED:
            fix = "Is it another account's? Name one of yours, or ask for s3:ListBucket."
            yield Finding("bucket", "fail", f"You may not look into s3://{name}.", fix)
        else:
            yield Finding("bucket", "warn", f"s3://{name} could not be looked at: {_why(answer)}", "Try again.")

    def quota(self, instance: str) -> Iterator[Finding]:
        """How many machines of the type the account may have at once, and may keep warm where that is wished."""
        wanted = [f"{instance} for {'spot ' if self._chosen.spot else ''}training job usage"]
        if self._chosen.keep_alive is not None:
            wanted.append(f"{instance} for training warm pool usage")
        found: dict[str, dict[str, Any]] = {}
        token: dict[str, str] | None = {}
        while token is not None and len(found) < len(wanted):
            told, answer = self._ask(
                "service-quotas",
                "list_service_quotas",
                "servicequotas:ListServiceQuotas",
                ServiceCode="sagemaker",
                MaxResults=100,
                **token,
            )
            if told is None:
                fix = "Allow servicequotas:ListServiceQuotas; without it the first job that is too many tells."
                yield Finding("quota", "warn", f"{wanted[0]!r} could not be looked at: {_why(answer)}", fix)
                return
            found.update({one["QuotaName"]: one for one in told["Quotas"] if one["QuotaName"] in wanted})
            token = {"NextToken": told["NextToken"]} if told.get("NextToken") else None
        yield self._count(instance, wanted[0], found.get(wanted[0]), "at once", "Jobs for more wait.")
        for name in wanted[1:]:
            yield self._count(instance, name, found.get(name), "kept warm", "Above that they are not kept.")

    def _count(self, instance: str, name: str, quota: dict[str, Any] | None, what: str, otherwise: str) -> Finding:
        if quota is None:
            fix = f"Is there such a machine in {self._region}? Choose another type or region."
            return Finding("quota", "warn", f"There is no quota {name!r} in {self._region}.", fix)
        words = f"{instance}: {int(quota['Value'])} {what} ({name!r})."
        if quota["Value"] >= self._chosen.instances:
            return Finding("quota", "ok", words)
        fix = (
            "aws service-quotas request-service-quota-increase --service-code sagemaker "
            f"--quota-code {quota['QuotaCode']} --desired-value {self._chosen.instances} --region {self._region}"
        )
        return Finding("quota", "fail", f"{words} {otherwise}", fix)

    def image(self, instance: str, folder: Path) -> Iterator[Finding]:
        """What the image's name means."""
        name = self._chosen.image or images.DEFAULT
        try:
            uri = images.resolved(name, region=self._region, instance=instance, folder=folder)
        except TrainingError as error:
            yield Finding("image", "fail", error.detail, error.hint)
        else:
            yield Finding("image", "ok", uri if uri == name else f"{name} is {uri}.")

    def _ask(
        self, service: str, operation: str, permission: str, **arguments: Any
    ) -> tuple[dict[str, Any] | None, answers.Answer | None]:
        """The answer of a call, or what its error means."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._clients.client(service), operation)(**arguments), None
        except (BotoCoreError, ClientError) as error:
            return None, answers.read(error, permission)


def _why(answer: answers.Answer | None) -> str:
    return "nobody answered." if answer is None else f"{answer.sentence.rstrip('.')}."


def _trusts(policy: Any) -> bool:
    """Whether a trust policy lets SageMaker take the role. One that can't be read is believed to."""
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return True
    if not isinstance(policy, dict):
        return True
    statements = policy.get("Statement", [])
    for one in statements if isinstance(statements, list) else [statements]:
        principal = one.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        services = [services] if isinstance(services, str) else services
        if one.get("Effect") == "Allow" and (_SERVICE in services or principal == "*"):
            return True
    return False
