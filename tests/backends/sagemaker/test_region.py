"""How AWS is spoken to: at its rates, and with an ear for what it says of the credentials."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jupyter_training.backends.sagemaker.answers import Kind
from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.backends.sagemaker.region import Failed, Region
from jupyter_training.testing.clock import VirtualClock
from tests.sagemaker_double.fixture import Double


class Aws:
    """Clients whose every call answers the same."""

    def __init__(self) -> None:
        self.answer: Any = {}
        self.forgotten = 0

    @property
    def sagemaker(self) -> Aws:
        return self

    def list_training_jobs(self, **_: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def forget(self, *_: Any) -> None:
        self.forgotten += 1


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def region(aws: Aws, clock: VirtualClock) -> Region:
    return Region(
        "us-east-1",
        "lab",
        pace=Pace(creates=1.0, lists=2.0),
        clock=clock,
        rng=random.Random(1),
        find=lambda *_: aws,
        forget=aws.forget,
    )


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "ListTrainingJobs")


def ask(region: Region) -> Any:
    return region.call("list", "sagemaker", "list_training_jobs", "sagemaker:ListTrainingJobs")


def test_who_asks_first_comes_first_and_each_kind_has_a_rate_of_its_own(region: Region, clock: VirtualClock) -> None:
    assert 0.0 == region.wait("create", "a")
    assert [1.0, 2.0] == [region.wait("create", who) for who in ("b", "c")]
    assert 0.0 == region.wait("list", "b")
    clock.advance(1.0)
    assert [1.0, 0.0] == [region.wait("create", who) for who in ("c", "b")]


def test_those_who_come_late_are_kept_apart(region: Region, clock: VirtualClock) -> None:
    for who in "abcd":
        region.wait("create", who)
    clock.advance(60.0)
    waits = [region.wait("create", who) for who in "bcd"]
    assert [0.0, 0.9, 0.9] == pytest.approx(waits)


def test_who_gives_up_leaves_nothing_behind(region: Region, clock: VirtualClock) -> None:
    region.wait("create", "a")
    region.wait("create", "b")
    region.give_up("b")
    assert region.wait("create", "b") > 1.0


def test_a_throttled_call_slows_its_kind_down(region: Region, aws: Aws, clock: VirtualClock) -> None:
    aws.answer = refused("ThrottlingException")
    with pytest.raises(Failed) as caught:
        ask(region)
    assert Kind.THROTTLED is caught.value.answer.kind
    assert region.wait("list", "a") >= 1.0
    assert 0.0 == region.wait("create", "a")


def test_credentials_are_looked_for_anew_and_named_until_they_are_good(
    region: Region, aws: Aws, clock: VirtualClock
) -> None:
    aws.answer = refused("ExpiredTokenException")
    with pytest.raises(Failed):
        ask(region)
    assert 1 == aws.forgotten
    assert "(profile 'lab'). Renew them; it goes on by itself then." in str(region.no_credentials)
    clock.advance(region.pace.no_credentials)
    aws.answer = refused("InternalFailure")
    with pytest.raises(Failed):
        ask(region)
    assert region.no_credentials is not None, "nobody has looked at them"
    clock.advance(region.pace.no_credentials)
    aws.answer = refused("ValidationException")
    with pytest.raises(Failed):
        ask(region)
    assert region.no_credentials is None, "who refuses the request has taken the credentials"


def test_credentials_of_the_environment_are_not_promised_to_be_found_anew(
    clock: VirtualClock, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they stand in a process's environment, nobody can renew them there."""
    region = Region(
        "us-east-1", None, pace=Pace(), clock=clock, rng=random.Random(1), find=lambda *_: aws, forget=aws.forget
    )
    aws.answer = refused("ExpiredTokenException")
    for variable, words in (
        ("AWS_ACCESS_KEY_ID", f"end it (`kill {os.getpid()}`"),
        ("OTHER", "Renew them; it goes on"),
    ):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
        monkeypatch.setenv(variable, "AKIDOFACALLER0000000")
        clock.advance(region.pace.no_credentials)
        with pytest.raises(Failed):
            ask(region)
        assert words in str(region.no_credentials)


def test_without_credentials_one_looks_for_them_for_all(region: Region, aws: Aws, clock: VirtualClock) -> None:
    """Each look makes a session anew, which takes a processor a while."""
    aws.answer = refused("ExpiredTokenException")
    for _ in range(50):
        with pytest.raises(Failed) as caught:
            ask(region)
        assert Kind.CREDENTIALS is caught.value.answer.kind
    assert 1 == aws.forgotten
    clock.advance(region.pace.no_credentials)
    aws.answer = {}
    assert {} == ask(region)
    assert region.no_credentials is None


def test_a_fault_of_ours_is_no_answer(region: Region, aws: Aws) -> None:
    aws.answer = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        ask(region)


def test_a_part_of_an_upload_is_sent_again_by_itself_and_nothing_else_is(
    double: Double, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An input has thousands of parts: were one failure that of all, it would never be there."""
    for name, value in double.environment.items():
        monkeypatch.setenv(name, value)
    region = Region(double.region, None, pace=Pace(), clock=clock, rng=random.Random(1))
    double.fail("PutObject", "error", times=2)
    region.call(None, "s3", "put_object", "s3:PutObject", Bucket=double.bucket, Key="part", Body=b"content")
    double.fail("ListTrainingJobs", "error")
    with pytest.raises(Failed):
        region.call("list", "sagemaker", "list_training_jobs", "sagemaker:ListTrainingJobs")
    assert (3, 1) == (len(double.calls("PutObject")), len(double.calls("ListTrainingJobs")))
