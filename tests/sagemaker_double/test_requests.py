"""What the service takes and refuses, and how it lists: the control plane, without looking into containers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sagemaker_double.fixture import Double

pytestmark = pytest.mark.processes


@pytest.fixture
def sagemaker(double: Double) -> Any:
    """A client; nothing starts, and any rate is allowed."""
    double.faults(rates={"CreateTrainingJob": 1000, "ListTrainingJobs": 1000}, start_up=60, quota_of_others=500)
    return double.client("sagemaker")


def create(double: Double, name: str, **more: Any) -> str:
    return double.client("sagemaker").create_training_job(**double.request(name, ["true"], **more))["TrainingJobArn"]


def refusal(call: Any, *args: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(*args, **more)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


SPOT = {"EnableManagedSpotTraining": True}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"TrainingJobName": "bad_name!"},
            "'trainingJobName' failed to satisfy constraint: Member must satisfy regular",
        ),
        ({"TrainingJobName": "x" * 64}, "Member must have length less than or equal to 63"),
        (
            {"HyperParameters": {"a": "x" * 2501}},
            "'hyperParameters.a.member' failed to satisfy constraint: Member must have",
        ),
        ({"HyperParameters": {f"k{n}": "" for n in range(101)}}, "'hyperParameters' failed to satisfy constraint"),
        ({"Environment": {"A": "x" * 513}}, "less than or equal to 512"),
        ({"Environment": {"not-a-name": "x"}}, "[a-zA-Z_][a-zA-Z0-9_]*"),
        ({"AlgorithmSpecification": {"ContainerArguments": ["x" * 257]}}, "less than or equal to 256"),
        (
            {"ResourceConfig": {"InstanceType": "ml.none", "InstanceCount": 1, "VolumeSizeInGB": 1}},
            "enum value set: [ml.",
        ),
        ({"Tags": [{"Key": "a", "Value": "ü $"}]}, "'tags.1.member.value' failed to satisfy"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 5, "MaxWaitTimeInSeconds": 6}},
            "It is only supported when Enable",
        ),
        (
            {**SPOT, "StoppingCondition": {"MaxRuntimeInSeconds": 5, "MaxWaitTimeInSeconds": 4}},
            "greater than or equal to",
        ),
        ({**SPOT, "StoppingCondition": {"MaxRuntimeInSeconds": 5}}, "greater than or equal to MaxRuntimeInSeconds"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "Could not assume role"),
        ({"AlgorithmSpecification": {"AlgorithmName": "x"}}, "exactly one of them"),
        ({"CheckpointConfig": {"S3Uri": "http://x"}}, "'checkpointConfig.s3Uri'"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}}, "The double does not know"),
    ],
)
def test_a_request_is_checked_by_the_service_model_and_its_rules(
    double: Double, sagemaker: Any, change: dict[str, Any], words: str
) -> None:
    name = change.get("TrainingJobName", "checked")
    more = {key: value for key, value in change.items() if key != "TrainingJobName"}

    code, sentence = refusal(create, double, name, **more)

    assert "ValidationException" == code
    assert words in sentence
    assert [] == sagemaker.list_training_jobs()["TrainingJobSummaries"]


def test_a_name_is_used_once(double: Double, sagemaker: Any) -> None:
    arn = create(double, "once")
    code, sentence = refusal(create, double, "once")
    assert "ResourceInUse" == code
    assert arn in sentence

    assert "ResourceInUse" == refusal(sagemaker.delete_training_job, TrainingJobName="once")[0]
    sagemaker.stop_training_job(TrainingJobName="once")
    double.until("once", "Stopped")
    sagemaker.delete_training_job(TrainingJobName="once")
    assert ("ValidationException", "Requested resource not found.") == refusal(
        sagemaker.describe_training_job, TrainingJobName="once"
    )
    create(double, "once")


def test_a_quota_is_named_with_its_limit_use_and_request(double: Double, sagemaker: Any) -> None:
    double.faults(quota={"ml.m5.large": 3, "spot:ml.m5.large": 0, "ml.g5.xlarge": 0})
    two = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    create(double, "first", ResourceConfig=two)

    code, sentence = refusal(create, double, "second", ResourceConfig=two)

    assert "ResourceLimitExceeded" == code
    assert (
        "The account-level service limit 'ml.m5.large for training job usage' is 3 Instances, with current utilization "
        "of 2 Instances and a request delta of 2 Instances." in sentence
    )
    condition = {"MaxRuntimeInSeconds": 5, "MaxWaitTimeInSeconds": 5}
    assert "'ml.m5.large for spot training job usage' is 0" in refusal(
        create, double, "spot", **SPOT, StoppingCondition=condition
    )[1]  # fmt: skip
    sagemaker.stop_training_job(TrainingJobName="first")
    double.until("first", "Stopped")
    create(double, "second", ResourceConfig=two)


def test_a_region_may_lack_an_instance_type(double: Double, sagemaker: Any) -> None:
    double.faults(not_in_region={"us-east-1": ["ml.m5.large"]})
    assert (
        "ResourceLimitExceeded",
        "The requested resource training-job/ml.m5.large is not available in this region",
    ) == refusal(create, double, "elsewhere")


def test_a_list_is_filtered_then_sorted_then_paged(double: Double, sagemaker: Any) -> None:
    for number in range(12):
        create(double, f"{'even' if number % 2 == 0 else 'odd'}-{11 - number:02}")
    sagemaker.stop_training_job(TrainingJobName="even-11")
    double.until("even-11", "Stopped")

    def names(**asked: Any) -> list[str]:
        return [row["TrainingJobName"] for row in sagemaker.list_training_jobs(**asked)["TrainingJobSummaries"]]

    assert 10 == len(names())
    first = sagemaker.list_training_jobs(NameContains="odd", MaxResults=4, SortBy="Name", SortOrder="Descending")
    assert ["odd-10", "odd-08", "odd-06", "odd-04"] == [r["TrainingJobName"] for r in first["TrainingJobSummaries"]]
    create(double, "odd-99")
    second = sagemaker.list_training_jobs(
        NameContains="odd", MaxResults=4, SortBy="Name", SortOrder="Descending", NextToken=first["NextToken"]
    )
    assert ["odd-02", "odd-00"] == [r["TrainingJobName"] for r in second["TrainingJobSummaries"]]
    assert "NextToken" not in second
    assert ["even-11"] == names(StatusEquals="Stopped")
    made = sagemaker.describe_training_job(TrainingJobName="odd-00")["CreationTime"]
    assert ["odd-99"] == names(CreationTimeAfter=made)
    assert "ValidationException" == refusal(sagemaker.list_training_jobs, MaxResults=101)[0]
    assert "ValidationException" == refusal(sagemaker.list_training_jobs, NextToken="nonsense")[0]


def test_a_filter_by_the_last_change_makes_empty_pages(double: Double, sagemaker: Any) -> None:
    for number in range(5):
        create(double, f"page-{number}")
    late = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    page = sagemaker.list_training_jobs(LastModifiedTimeAfter=late, MaxResults=2)
    assert [] == page["TrainingJobSummaries"]
    assert "NextToken" in page


def test_a_list_may_be_late(double: Double, sagemaker: Any) -> None:
    double.faults(list_delay=60)
    create(double, "unseen")
    assert [] == sagemaker.list_training_jobs()["TrainingJobSummaries"]
    assert "InProgress" == sagemaker.describe_training_job(TrainingJobName="unseen")["TrainingJobStatus"]
    double.faults(list_delay=0)
    (row,) = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    assert ("InProgress", "Starting") == (row["TrainingJobStatus"], row["SecondaryStatus"])


def test_tags_are_kept_by_key(double: Double, sagemaker: Any) -> None:
    arn = create(double, "tagged", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "3"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert [{"Key": "b", "Value": "3"}] == sagemaker.list_tags(ResourceArn=arn)["Tags"]
    found = sagemaker.search(
        Resource="TrainingJob",
        SearchExpression={"Filters": [{"Name": "Tags.b", "Operator": "Equals", "Value": "3"}]},
    )["Results"]
    assert ["tagged"] == [row["TrainingJob"]["TrainingJobName"] for row in found]
    assert "ValidationException" == refusal(sagemaker.list_tags, ResourceArn=f"{arn}-not")[0]


def test_what_has_ended_is_neither_stopped_nor_changed(double: Double, sagemaker: Any) -> None:
    create(double, "over")
    sagemaker.update_training_job(TrainingJobName="over", RemoteDebugConfig={"EnableRemoteDebug": True})
    assert sagemaker.describe_training_job(TrainingJobName="over")["RemoteDebugConfig"]["EnableRemoteDebug"]
    sagemaker.stop_training_job(TrainingJobName="over")
    double.until("over", "Stopped")
    assert (
        "ValidationException",
        "The request was rejected because the training job is in status Stopped.",
    ) == refusal(sagemaker.stop_training_job, TrainingJobName="over")
    code, _ = refusal(
        sagemaker.update_training_job, TrainingJobName="over", RemoteDebugConfig={"EnableRemoteDebug": False}
    )
    assert "ValidationException" == code


def test_a_warm_pool_is_kept_only_where_there_is_a_quota_for_it(double: Double, sagemaker: Any) -> None:
    warm = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1, "KeepAlivePeriodInSeconds": 600}

    def pool(name: str) -> Any:
        return sagemaker.describe_training_job(TrainingJobName=name).get("WarmPoolStatus")

    create(double, "cold", ResourceConfig=warm)
    double.faults(quota={"warm:ml.m5.large": 1})
    create(double, "warm", ResourceConfig=warm)
    create(double, "plain")
    assert [{"Status": "InUse"}, {"Status": "InUse"}, None] == [pool(name) for name in ("cold", "warm", "plain")]
    for name in ("cold", "warm"):
        sagemaker.stop_training_job(TrainingJobName=name)
        double.until(name, "Stopped")
    assert ["Terminated", "Available"] == [pool(name)["Status"] for name in ("cold", "warm")]
    rows = sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")["TrainingJobSummaries"]
    assert ["warm"] == [row["TrainingJobName"] for row in rows]


def test_what_was_asked_for_comes_back_in_describe(double: Double, sagemaker: Any) -> None:
    members = {
        "Environment": {"A": "b"},
        "RetryStrategy": {"MaximumRetryAttempts": 3},
        "HyperParameters": {"lr": "0.1"},
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "EnableNetworkIsolation": True,
    }
    create(double, "echo", **members)
    described = sagemaker.describe_training_job(TrainingJobName="echo")
    assert members == {name: described[name] for name in members}


def test_quotas_prices_and_permissions_can_be_asked_for(double: Double, sagemaker: Any) -> None:
    double.faults(quota={"ml.g5.xlarge": 7}, denied=["sagemaker:StopTrainingJob"])
    quotas = double.client("service-quotas")
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    found = {q["QuotaName"]: q for page in pages for q in page["Quotas"]}
    code = found["ml.g5.xlarge for training job usage"]["QuotaCode"]
    assert 7 == quotas.get_service_quota(ServiceCode="sagemaker", QuotaCode=code)["Quota"]["Value"]
    assert 20 < found["ml.m5.large for spot training job usage"]["Value"]

    wanted = {"instanceName": "ml.g5.xlarge", "regionCode": "us-east-1", "component": "Training"}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    (price,) = double.client("pricing").get_products(ServiceCode="AmazonSageMaker", Filters=filters)["PriceList"]
    assert '"USD": "1.5' in price

    asked = ["sagemaker:CreateTrainingJob", "sagemaker:StopTrainingJob"]
    answer = double.client("iam").simulate_principal_policy(PolicySourceArn=double.role_arn, ActionNames=asked)
    decided = {row["EvalActionName"]: row["EvalDecision"] for row in answer["EvaluationResults"]}
    assert dict(zip(asked, ["allowed", "implicitDeny"], strict=True)) == decided
    assert "123456789012" == double.client("sts").get_caller_identity()["Account"]
