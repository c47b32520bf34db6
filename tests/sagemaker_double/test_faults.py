"""The switches: each call can be refused, unheard, unanswered or too many, and what was asked is told."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.sagemaker_double.fixture import Double

pytestmark = pytest.mark.processes


def once(double: Double, service: str, **more: Any) -> Any:
    """A client that asks once, and waits for two seconds at most."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=2)
    session = boto3.session.Session("key", "none", region_name=double.region)
    return session.client(service, endpoint_url=double.endpoint, config=config, **more)


@pytest.fixture
def sagemaker(double: Double) -> Any:
    double.faults(start_up=60)
    client = once(double, "sagemaker")
    yield client
    client.close()


def code(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**asked)
    return error.value.response["Error"]["Code"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("error", "InternalFailure"),
        ("throttle", "ThrottlingException"),
        ("expired", "ExpiredTokenException"),
        ("denied", "AccessDeniedException"),
    ],
)
def test_the_next_calls_of_an_operation_are_refused_and_do_nothing(
    double: Double, sagemaker: Any, fault: str, said: str
) -> None:
    double.fail("CreateTrainingJob", fault, times=2, after=1)
    double.faults(rates={"CreateTrainingJob": 100})
    sagemaker.create_training_job(**double.request("a", ["true"]))
    for name in ("b", "c"):
        assert said == code(sagemaker.create_training_job, **double.request(name, ["true"]))
    sagemaker.create_training_job(**double.request("d", ["true"]))

    rows = sagemaker.list_training_jobs(SortBy="Name", SortOrder="Ascending")["TrainingJobSummaries"]
    assert ["a", "d"] == [row["TrainingJobName"] for row in rows]
    calls = double.calls("CreateTrainingJob")
    assert [("a", "200"), ("b", fault), ("c", fault), ("d", "200")] == [(c["about"], c["outcome"]) for c in calls]


@pytest.mark.parametrize(("fault", "done"), [("lost", True), ("broken", False)])
def test_a_connection_breaks_after_or_before_it_was_done(
    double: Double, sagemaker: Any, fault: str, done: bool
) -> None:
    double.fail("CreateTrainingJob", fault)
    with pytest.raises(ConnectionClosedError):
        sagemaker.create_training_job(**double.request("doubtful", ["true"]))
    assert done == bool(sagemaker.list_training_jobs()["TrainingJobSummaries"])


def test_a_lost_answer_meets_the_name_that_is_in_use(double: Double) -> None:
    """Which is what a client that tries again by itself sees."""
    double.faults(start_up=60)
    double.fail("CreateTrainingJob", "lost")
    assert "ResourceInUse" == code(double.client("sagemaker").create_training_job, **double.request("twice", ["true"]))


def test_a_call_may_hang(double: Double, sagemaker: Any) -> None:
    double.fail("StopTrainingJob", "hang", seconds=30)
    sagemaker.create_training_job(**double.request("hung", ["true"]))
    with pytest.raises(ReadTimeoutError):
        sagemaker.stop_training_job(TrainingJobName="hung")
    assert "InProgress" == double.job("hung")["TrainingJobStatus"]


def test_faults_reach_the_other_services(double: Double) -> None:
    with closing(once(double, "s3")) as s3:
        double.fail("PutObject", "lost", about="precious")
        double.fail("GetObject", "denied")
        s3.put_object(Bucket=double.bucket, Key="other", Body=b"x")
        with pytest.raises(ConnectionClosedError):
            s3.put_object(Bucket=double.bucket, Key="precious", Body=b"x", IfNoneMatch="*")
        assert "PreconditionFailed" == code(
            s3.put_object, Bucket=double.bucket, Key="precious", Body=b"x", IfNoneMatch="*"
        )
        assert "AccessDenied" == code(s3.get_object, Bucket=double.bucket, Key="other")
        assert b"x" == s3.get_object(Bucket=double.bucket, Key="other")["Body"].read()
        double.fail("ListObjectsV2", "throttle")
        assert "SlowDown" == code(s3.list_objects_v2, Bucket=double.bucket)
    with closing(once(double, "logs")) as logs:
        double.fail("GetLogEvents", "throttle")
        assert "ThrottlingException" == code(logs.get_log_events, logGroupName="g", logStreamName="s")


def test_credentials_expire_and_permissions_lack_until_it_is_turned_back(double: Double, sagemaker: Any) -> None:
    double.faults(expired=True)
    with closing(once(double, "sts")) as sts:
        assert "ExpiredToken" == code(sts.get_caller_identity)
        assert "ExpiredTokenException" == code(sagemaker.list_training_jobs)
        double.faults(expired=False, denied=["sagemaker:ListTrainingJobs"])
        sts.get_caller_identity()
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:ListTrainingJobs"):
        sagemaker.list_training_jobs()
    double.clear_faults()
    sagemaker.list_training_jobs()


def test_lists_are_allowed_twice_a_second(double: Double, sagemaker: Any) -> None:
    began, answers = time.monotonic(), []
    while time.monotonic() - began < 1.5:
        try:
            sagemaker.list_training_jobs()
            answers.append("passed")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
    # A full bucket holds three, and two a second come in.
    assert {"passed", "ThrottlingException"} == set(answers)
    assert 4 <= answers.count("passed") <= 3 + 2 * (time.monotonic() - began)


def test_the_log_comes_as_late_as_it_is_told(double: Double) -> None:
    sagemaker = double.client("sagemaker")
    double.faults(log_lag=3600)
    sagemaker.create_training_job(**double.request("never", ["echo", "a line"]))
    double.until("never", "Completed")
    assert [] == double.log("never")
    double.faults(log_lag=1.5)
    began = time.monotonic()
    sagemaker.create_training_job(**double.request("late", ["echo", "a line"]))
    double.log_until("late", lambda lines: lines == ["a line"])
    assert 1.5 <= time.monotonic() - began


def test_an_unknown_switch_or_fault_is_refused(double: Double) -> None:
    with pytest.raises(AssertionError, match="There is no switch qota"):
        double.faults(qota={"ml.m5.large": 1})
    with pytest.raises(AssertionError, match="There is no fault 'explode'"):
        double.fail("CreateTrainingJob", "explode")
