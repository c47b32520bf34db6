"""What an error of AWS means for what we wanted."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from s3transfer.exceptions import RetriesExceededError

from jupyter_training.backends.sagemaker.answers import Kind, Refusal, read

QUOTA = (
    "The account-level service limit 'ml.g5.xlarge for training job usage' is 2 Instances, with current utilization of"
    " 1 Instances and a request delta of 4 Instances. Please use AWS Service Quotas to request an increase for this"
    " quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota."
)

LONGEST = (
    "The account-level service limit 'Longest run time for a training job' is 432000 Seconds, with current utilization"
    " of 0 Seconds and a request delta of 604800 Seconds."
)


def refused(code: str, words: str = "", status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "CreateTrainingJob")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused("ExpiredTokenException"), Kind.CREDENTIALS),
        (refused("UnrecognizedClientException"), Kind.CREDENTIALS),
        (refused("InvalidAccessKeyId", status=403), Kind.CREDENTIALS),
        (exceptions.NoCredentialsError(), Kind.CREDENTIALS),
        (exceptions.ProfileNotFound(profile="x"), Kind.CREDENTIALS),
        (exceptions.UnauthorizedSSOTokenError(), Kind.CREDENTIALS),
        (refused("ThrottlingException"), Kind.THROTTLED),
        (refused("SlowDown", status=503), Kind.THROTTLED),
        (refused("Whatever", status=429), Kind.THROTTLED),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), Kind.UNREACHED),
        (exceptions.ConnectTimeoutError(endpoint_url="https://x"), Kind.UNREACHED),
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), Kind.UNSURE),
        (exceptions.ConnectionClosedError(endpoint_url="https://x"), Kind.UNSURE),
        (exceptions.SSLError(endpoint_url="https://x", error="EOF occurred"), Kind.UNSURE),
        (RetriesExceededError(OSError("reset")), Kind.UNSURE),
        (refused("InternalFailure", status=500), Kind.UNSURE),
        (refused("Whatever", status=502), Kind.UNSURE),
        (refused("ResourceLimitExceeded", QUOTA), Kind.QUOTA),
        (refused("ResourceLimitExceeded", "some limit"), Kind.QUOTA),
        (refused("ResourceLimitExceeded", LONGEST), Kind.REFUSED),
        (refused("ResourceLimitExceeded", "training-job/x is not available in this region"), Kind.REFUSED),
        (refused("ResourceInUse", "Training job names must be unique"), Kind.EXISTS),
        (refused("PreconditionFailed", status=412), Kind.EXISTS),
        (refused("ValidationException", "Requested resource not found."), Kind.MISSING),
        (refused("404", status=404), Kind.MISSING),
        (refused("AccessDenied", status=403), Kind.DENIED),
        (refused("ValidationException", "RoleArn is wrong"), Kind.REFUSED),
        (exceptions.ParamValidationError(report="Unknown parameter"), Kind.REFUSED),
    ],
)
def test_every_error_is_of_one_kind(error: Exception, kind: Kind) -> None:
    answer = read(error, "sagemaker:CreateTrainingJob")
    assert kind is answer.kind
    assert answer.sentence or kind is Kind.EXISTS or kind is Kind.MISSING


def test_what_is_no_error_of_aws_is_raised_again() -> None:
    with pytest.raises(ZeroDivisionError):
        read(ZeroDivisionError(), "s3:PutObject")


def test_a_refusal_for_a_quota_is_read_with_its_numbers() -> None:
    answer = read(refused("ResourceLimitExceeded", QUOTA), "sagemaker:CreateTrainingJob")
    assert Refusal("ml.g5.xlarge for training job usage", limit=2, used=1, asked=4) == answer.refusal


def test_a_refusal_in_other_words_is_one_all_the_same() -> None:
    answer = read(refused("ResourceLimitExceeded", "You have too many."), "sagemaker:CreateTrainingJob")
    assert (Kind.QUOTA, None, "You have too many.") == (answer.kind, answer.refusal, answer.sentence)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "User: ada is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r because no policy",
            "AWS does not allow it: the permission iam:PassRole on arn:aws:iam::1:role/r is missing.",
        ),
        ("Access Denied", "AWS does not allow it: the permission s3:PutObject is missing."),
    ],
)
def test_a_missing_permission_is_named(words: str, expected: str) -> None:
    assert expected == read(refused("AccessDeniedException", words), "s3:PutObject").sentence
