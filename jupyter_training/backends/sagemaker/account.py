"""Who asks, and what a job is given of the account: region, role and bucket.

    region   said, else AWS_REGION, else the one that boto3 is configured with; one that there is
    caller   GetCallerIdentity, once for each region and profile
    role     said by name or ARN, else the role that the caller has assumed
    bucket   said, else the one that the SageMaker SDK makes: sagemaker-<region>-<account>

Whatever AWS answers instead becomes a sentence that says what to do.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from jupyter_training.backends.sagemaker import answers, clients
from jupyter_training.backends.sagemaker.answers import Kind
from jupyter_training.backends.sagemaker.options import refused
from jupyter_training.errors import Forbidden, Problem, Unavailable, near_miss

__all__ = ["Caller", "asking", "bucket_of", "caller", "forget", "region_of", "role_of"]

_FRESH = 900.0  # seconds that an answer counts: a profile may come to mean another account
_ASSUMED = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+\Z")
_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+\Z")
_STUDIO = "AmazonSageMaker-"  # roles that the console makes for notebooks have this name, and /service-role/ as path

_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER")  # whoever says one knows what it calls its regions
_SERVICE = "api.sagemaker"  # as botocore's table of endpoints calls it

_lock = threading.Lock()
_configured: dict[str | None, float] = {}  # by profile when its region was last read
_callers: dict[tuple[str, str | None], tuple[float, Caller]] = {}
_roles: dict[tuple[str, str], str] = {}  # by account and name


@dataclass(frozen=True)
class Caller:
    """Whom AWS takes us for. ``partition``: "aws", "aws-cn" ..."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @property
    def role(self) -> str | None:
        """The name of the role that it has assumed."""
        found = _ASSUMED.match(self.arn)
        return found[3] if found else None


def region_of(region: str | None, profile: str | None) -> str:
    """The region that is meant.

    Raises:
        InvalidSpec: none is said and none configured, there is none of that name, or there is no such profile.
    """
    found = region
    if found is None:
        now = time.monotonic()
        with _lock:
            is_old = now - _configured.get(profile, now) >= _FRESH
            if is_old or profile not in _configured:
                _configured[profile] = now
        if is_old:
            clients.forget(None, profile)
        with asking("sts:GetCallerIdentity", region=None, profile=profile):
            found = clients.of(None, profile).region
    if not found:
        raise refused(
            [
                Problem(
                    "AWS has many regions, and neither the job nor the AWS configuration says which",
                    key="options.region",
                    hint="Say --region us-east-1 (region: us-east-1 in a config), region under [sagemaker] in "
                    "settings.toml, or set AWS_REGION.",
                )
            ]
        )
    if found not in _regions() and not any(os.environ.get(name) for name in _ENDPOINTS):
        raise refused([_no_region(found)])
    return found


def caller(region: str, profile: str | None, *, fresh: bool = False) -> Caller:
    """Who asks. The answer counts for a while; ``fresh``: ask all the same.

    Raises:
        InvalidSpec: no such profile.
        Unavailable: no credentials, or none that AWS takes; or it can't be reached.
    """
    key = (region, profile)
    now = time.monotonic()
    with _lock:
        known = _callers.get(key)
    if known is not None:
        if not fresh and now - known[0] < _FRESH:
            return known[1]
        clients.forget(region, profile)  # a session reads a file of credentials once, and it may say others now
    with asking("sts:GetCallerIdentity", region=region, profile=profile):
        told = clients.of(region, profile, retries=False).sts.get_caller_identity()
    found = Caller(str(told["Account"]), str(told["Arn"]))
    with _lock:
        _callers[key] = (now, found)
    return found


def role_of(role: str | None, who: Caller, *, region: str, profile: str | None) -> str:
    """The ARN of the role that jobs run as.

    Raises:
        InvalidSpec: none is said, and the caller is none; or there is no role of that name.
    """
    if role is not None and _ARN.match(role):
        return role
    name = role or who.role
    if name is None:
        as_whom = who.arn.rpartition(":")[2]
        raise refused(
            [
                Problem(
                    f"SageMaker runs each job as a role, and none is said; you are {as_whom}, which is none",
                    key="options.role",
                    hint="Say role: NAME, or put role = 'NAME' under [sagemaker] in the settings; "
                    "the role must trust sagemaker.amazonaws.com.",
                )
            ]
        )
    if name.startswith("arn:"):
        words = f"{name!r} is no ARN of a role, which is like arn:aws:iam::123456789012:role/Name"
        raise refused([Problem(words, key="options.role")])
    with _lock:
        known = _roles.get((who.account, name))
    if known is None:
        known = _looked_up(name.rpartition("/")[2], who, is_said=role is not None, region=region, profile=profile)
        with _lock:
            _roles[who.account, name] = known
    return known


def bucket_of(bucket: str | None, who: Caller, region: str) -> str:
    """The bucket that is said, without ``s3://``, else the one that SageMaker's SDK makes."""
    if bucket is None:
        return f"sagemaker-{region}-{who.account}"
    return bucket.removeprefix("s3://").strip("/")


@contextlib.contextmanager
def asking(permission: str, *, region: str | None, profile: str | None) -> Iterator[None]:
    """Let an error of boto3 be what it means to a person; ``permission`` is what the call needs.

    Raises:
        InvalidSpec, Unavailable, Forbidden
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        _explain(answers.read(error, permission), region, profile)


def forget() -> None:
    """Ask anew whom AWS takes us for."""
    with _lock:
        _callers.clear()
        _configured.clear()
        _roles.clear()


@functools.cache
def _regions() -> Mapping[str, str]:
    """The regions in which botocore knows SageMaker, each with what the console calls it."""
    from botocore.loaders import Loader

    found: dict[str, str] = {}
    for partition in Loader().load_data("endpoints")["partitions"]:
        there = partition["services"].get(_SERVICE, {}).get("endpoints", {})
        found.update({name: one["description"] for name, one in partition["regions"].items() if name in there})
    return found


def _no_region(name: str) -> Problem:
    known = _regions()
    called = {words.lower(): region for region, words in known.items()}
    close = near_miss(name, known)
    if close is None:
        words = near_miss(name, called)
        close = called[words] if words is not None else None
    hint = f"Did you mean {close!r}?" if close else "They are called like us-east-1; a newer boto3 may know more."
    return Problem(f"there is no region {name!r}", key="options.region", hint=hint)


def _explain(answer: answers.Answer, region: str | None, profile: str | None) -> NoReturn:
    if answer.code == "ProfileNotFound":
        raise refused(
            [
                Problem(
                    f"the AWS configuration has no profile {profile!r}",
                    key="options.profile",
                    hint="`aws configure list-profiles` names those there are.",
                )
            ]
        ) from None
    if answer.kind is Kind.CREDENTIALS:
        clients.forget(region, profile)  # so that new ones are read
        forget()
        raise Unavailable(_credentials(answer, profile), hint=_remedy(answer, profile)) from None
    if answer.kind is Kind.DENIED:
        who = "Ask whoever looks after the account for it."
        raise Forbidden(_sentence(answer.sentence), hint=who) from None
    if answer.kind in (Kind.UNREACHED, Kind.UNSURE, Kind.THROTTLED):
        raise Unavailable(_sentence(answer.sentence), hint="Is the network there? Try again.") from None
    raise Unavailable(_sentence(answer.sentence)) from None


def _looked_up(name: str, who: Caller, *, is_said: bool, region: str, profile: str | None) -> str:
    """The ARN of a role by its name, which lacks its path. Who may not look gets what it most likely is."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        told = clients.of(region, profile, retries=False).client("iam").get_role(RoleName=name)
        return str(told["Role"]["Arn"])
    except (BotoCoreError, ClientError) as error:
        answer = answers.read(error, "iam:GetRole")
    if answer.kind is Kind.CREDENTIALS:
        _explain(answer, region, profile)
    if answer.code in ("NoSuchEntity", "NoSuchEntityException") and is_said:
        hint = "`aws iam list-roles` names those there are."
        raise refused([Problem(f"the account {who.account} has no role {name!r}", key="options.role", hint=hint)])
    path = "service-role/" if name.startswith(_STUDIO) else ""
    return f"arn:{who.partition}:iam::{who.account}:role/{path}{name}"


def _credentials(answer: answers.Answer, profile: str | None) -> str:
    where = f" of the profile {profile!r}" if profile else ""
    if answer.code == "NoCredentialsError":
        return f"There are no AWS credentials{where} here."
    if "expired" in answer.code.lower() or "expired" in answer.sentence.lower():
        return f"The AWS credentials{where} have expired."
    return _sentence(answer.sentence)


def _remedy(answer: answers.Answer, profile: str | None) -> str:
    with_profile = f" --profile {profile}" if profile else ""
    if answer.code == "NoCredentialsError":
        return f"`aws configure{with_profile}` or `aws sso login{with_profile}` makes some; or set AWS_ACCESS_KEY_ID."
    return f"Renew them, e.g. with `aws sso login{with_profile}`, and submit again."


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
