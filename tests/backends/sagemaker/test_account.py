"""Whom AWS takes us for, and as whom jobs run."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.backends.sagemaker import account
from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.errors import Forbidden, InvalidSpec, Unavailable
from tests.backends.sagemaker.aws import ACCOUNT, ASSUMED, USER, Aws, House


def test_a_role_by_its_name_is_looked_up(house: House, aws: Aws) -> None:
    aws.is_called_by(USER)
    aws.has_role(f"arn:aws:iam::{ACCOUNT}:role/teams/Training", name="Training")
    found = Settled.of(house.settled(house.spec(options={"role": "Training"})).options)
    assert f"arn:aws:iam::{ACCOUNT}:role/teams/Training" == found.role_arn


def test_who_may_not_look_gets_what_it_most_likely_is(house: House, aws: Aws) -> None:
    aws.is_called_by(f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/AmazonSageMaker-Execution/x")
    aws.refuses("iam", "get_role", "AccessDenied", "no")
    found = Settled.of(house.settled(house.spec()).options)
    assert f"arn:aws-cn:iam::{ACCOUNT}:role/service-role/AmazonSageMaker-Execution" == found.role_arn


def test_a_user_has_to_name_a_role(house: House, aws: Aws) -> None:
    aws.is_called_by(USER)
    with pytest.raises(
        InvalidSpec, match="SageMaker runs each job as a role, and none is said; you are user/ada"
    ) as no:
        house.settled(house.spec())
    assert "options.role" == no.value.errors[0].key
    assert "under [sagemaker] in the settings" in str(no.value)


def test_a_role_that_is_not_there(house: House, aws: Aws) -> None:
    aws.is_called_by(USER)
    aws.refuses("iam", "get_role", "NoSuchEntity", "no", 404)
    with pytest.raises(InvalidSpec, match=r"options\.role: the account 123456789012 has no role 'Gone'"):
        house.settled(house.spec(options={"role": "Gone"}))


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("ExpiredToken", Unavailable, "The AWS credentials have expired. Renew them"),
        ("InvalidClientTokenId", Unavailable, "AWS does not take the credentials"),
        ("AccessDenied", Forbidden, "the permission sts:GetCallerIdentity is missing"),
        ("InternalFailure", Unavailable, r"AWS has a fault of its own .*Is the network there\? Try again"),
    ],
)
def test_answers_that_are_none(code: str, kind: type[Exception], words: str, house: House, aws: Aws) -> None:
    aws.refuses("sts", "get_caller_identity", code, "")
    with pytest.raises(kind, match=words):
        house.settled(house.spec())


def test_the_next_job_asks_again_after_an_error(house: House, aws: Aws) -> None:
    aws.refuses("sts", "get_caller_identity", "ExpiredToken", "")
    aws.is_called_by(ASSUMED)
    aws.has_role()
    with pytest.raises(Unavailable):
        house.settled(house.spec())
    assert house.settled(house.spec()).options


def test_no_credentials_no_profile_no_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(InvalidSpec, match=r"options\.region: AWS has many regions"):
        account.region_of(None, None)
    with pytest.raises(InvalidSpec, match="the AWS configuration has no profile 'lab'"):
        account.region_of(None, "lab")
    account.forget()
    with pytest.raises(Unavailable, match="There are no AWS credentials here. `aws configure`"):
        account.caller("eu-north-1", None)


def test_the_caller_is_asked_for_once_unless_somebody_wants_to_know_it_anew(aws: Aws) -> None:
    for arn in (ASSUMED, USER):
        aws.is_called_by(arn)
    assert [ASSUMED] * 2 == [account.caller("us-east-1", None).arn for _ in range(2)]
    assert USER == account.caller("us-east-1", None, fresh=True).arn
    assert 2 == aws.asked.count("sts")


def test_what_is_known_of_the_caller_becomes_old(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile may come to mean another account while a server lives."""
    now = 0.0
    monkeypatch.setattr(account.time, "monotonic", lambda: now)
    for arn in (ASSUMED, USER):
        aws.is_called_by(arn)
    account.caller("us-east-1", None)
    now = 899.0
    assert ASSUMED == account.caller("us-east-1", None).arn
    now = 901.0
    assert USER == account.caller("us-east-1", None).arn
