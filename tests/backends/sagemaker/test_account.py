"""Whom AWS takes us for, and as whom jobs run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import account, clients
from jupyter_training.backends.sagemaker.clients import Clients
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
    with pytest.raises(InvalidSpec, match=r"options\.region: AWS has many regions") as no:
        account.region_of(None, None)
    assert "Say --region us-east-1 (region: us-east-1 in a config)" in str(no.value.hint)
    with pytest.raises(InvalidSpec, match="the AWS configuration has no profile 'lab'"):
        account.region_of(None, "lab")
    account.forget()
    with pytest.raises(Unavailable, match="There are no AWS credentials here. `aws configure`"):
        account.caller("eu-north-1", None)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An AWS configuration in files, with a clock at 0."""
    for name in (
        "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_ENDPOINT_URL",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(account.time, "monotonic", lambda: 0.0)
    (tmp_path / "config").write_text("[default]\nregion = eu-north-1\n")
    account.forget()
    clients.forget(None)
    yield tmp_path
    account.forget()
    clients.forget(None)


def test_the_environment_says_the_region_as_it_does_to_newer_sdks(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert "eu-west-1" == account.region_of(None, None)
    assert "eu-west-1" == clients.of(None).region
    assert "us-east-1" == account.region_of("us-east-1", None)


def test_an_empty_variable_says_none(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "")
    assert "eu-north-1" == account.region_of(None, None)


def test_a_default_region_that_was_edited_is_noticed(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "eu-north-1" == account.region_of(None, None)
    (files / "config").write_text("[default]\nregion = eu-south-1\n")
    monkeypatch.setattr(account.time, "monotonic", lambda: 899.0)
    assert "eu-north-1" == account.region_of(None, None)
    monkeypatch.setattr(account.time, "monotonic", lambda: 901.0)
    assert "eu-south-1" == account.region_of(None, None)


@pytest.mark.parametrize("fresh", [False, True])
def test_credentials_that_were_edited_are_read_anew(fresh: bool, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks is asked with them, not with those of a session that was made before."""

    def keys(of: Clients) -> str:
        return str(of.session.get_credentials().access_key)

    def answer(of: Clients) -> Any:
        told = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/{keys(of)}"}
        return SimpleNamespace(get_caller_identity=lambda: told)

    monkeypatch.setattr(Clients, "sts", property(answer))
    (files / "credentials").write_text("[lab]\naws_access_key_id = ada\naws_secret_access_key = x\n")
    assert account.caller("eu-north-1", "lab").arn.endswith("user/ada")
    (files / "credentials").write_text("[lab]\naws_access_key_id = eve\naws_secret_access_key = x\n")
    monkeypatch.setattr(account.time, "monotonic", lambda: 0.0 if fresh else 901.0)
    assert account.caller("eu-north-1", "lab", fresh=fresh).arn.endswith("user/eve")
    clients.forget("eu-north-1", "lab")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("eu-wset-1", "Did you mean 'eu-west-1'?"),
        ("EU-West-1", "Did you mean 'eu-west-1'?"),
        ("EU (Ireland)", "Did you mean 'eu-west-1'?"),
        ("us-gov-wst-1", "Did you mean 'us-gov-west-1'?"),
        ("mars", "They are called like us-east-1"),
    ],
)
def test_a_region_that_there_is_not(said: str, meant: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSpec) as refused:
        account.region_of(said, None)
    assert f"options.region: there is no region {said!r}." in str(refused.value)
    assert meant in str(refused.value.hint)
    monkeypatch.setenv("AWS_REGION", said)
    with pytest.raises(InvalidSpec, match="there is no region"):
        account.region_of(None, None)


def test_who_says_an_endpoint_knows_what_it_calls_its_regions(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "mars" == account.region_of("mars", None)


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
