"""Whether an account is ready: one finding for each thing, with what mends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import account, clients
from jupyter_training.seams.backend_wishes import Finding
from tests.backends.sagemaker.aws import ACCOUNT, ASSUMED, IMAGE, ROLE, TRUST, USER, Aws, House
from tests.sagemaker_double.fixture import Double

KIND = "ml.m5.large"
ASKED: dict[str, Any] = {"instance": KIND, "image": IMAGE}


def found(house: House, **options: Any) -> dict[str, Finding]:
    return {one.name: one for one in house.wishes.examine({**ASKED, **options})}


def stands(house: House, **options: Any) -> dict[str, str]:
    return {name: one.status for name, one in found(house, **options).items()}


def allows(aws: Aws, *denied: str) -> None:
    """Three questions: of the services, of the bucket, of the role."""
    for actions in (["sagemaker:CreateTrainingJob", "logs:GetLogEvents"], ["s3:PutObject"], ["iam:PassRole"]):
        results = [
            {"EvalActionName": one, "EvalDecision": "implicitDeny" if one in denied else "allowed"} for one in actions
        ]
        aws.says("iam", "simulate_principal_policy", {"EvaluationResults": results})


def has_quota(aws: Aws, limit: float, name: str = f"{KIND} for training job usage") -> None:
    """On the second page, as there are hundreds."""
    aws.says("service-quotas", "list_service_quotas", {"Quotas": [{"QuotaName": "other"}], "NextToken": "2"})
    quota = {"QuotaName": name, "QuotaCode": "L-1", "Value": limit}
    aws.says(
        "service-quotas",
        "list_service_quotas",
        {"Quotas": [quota]},
        {"ServiceCode": "sagemaker", "MaxResults": 100, "NextToken": "2"},
    )


def has_price(aws: Aws) -> None:
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": "0.1"}}
    product = {
        "product": {"attributes": {"component": "Training"}},
        "terms": {"OnDemand": {"a": {"priceDimensions": {"b": dimension}}}},
    }
    aws.says("pricing", "get_products", {"PriceList": [json.dumps(product)]})


@pytest.fixture
def ready(aws: Aws) -> Aws:
    """An account that has everything but a bucket and a quota, of which each test says something."""
    aws.is_called_by(ASSUMED)
    aws.has_role()  # by its name
    aws.has_role()  # for whom it trusts
    allows(aws)
    has_price(aws)
    return aws


def test_an_account_that_is_ready(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"}, {"Bucket": f"sagemaker-us-east-1-{ACCOUNT}"})
    has_quota(ready, 4)
    checks = found(house)
    assert ["identity", "role", "permissions", "bucket", "quota", "image", "price"] == list(checks)
    assert {"ok"} == {one.status for one in checks.values()}
    assert {None} == {one.fix for one in checks.values()}
    assert f"You are {ASSUMED} in us-east-1." == checks["identity"].sentence
    assert f"{KIND}: 4 at once ('{KIND} for training job usage')." == checks["quota"].sentence
    assert checks["price"].sentence.startswith(f"{KIND}: 0.10 USD an hour (AWS price list, ")


def test_a_quota_that_is_too_low(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
    has_quota(ready, 0)
    quota = found(house, instances=2)["quota"]
    assert ("fail", f"{KIND}: 0 at once ('{KIND} for training job usage'). Jobs for more wait.") == (
        quota.status,
        quota.sentence,
    )
    assert (
        "aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-1 "
        "--desired-value 2 --region us-east-1"
    ) == quota.fix


def test_spot_has_a_quota_of_its_own(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
    has_quota(ready, 1, f"{KIND} for spot training job usage")
    assert "ok" == found(house, spot=True)["quota"].status


def test_machines_that_are_kept_warm_have_one_too(house: House, ready: Aws) -> None:
    """It is 0 until somebody asks for more, and then nothing says that they are not kept."""
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
    quotas = [
        {"QuotaName": f"{KIND} for training {what} usage", "QuotaCode": "L-2", "Value": value}
        for what, value in (("job", 4), ("warm pool", 0))
    ]
    ready.says("service-quotas", "list_service_quotas", {"Quotas": quotas})
    checks = [one for one in house.wishes.examine({**ASKED, "keep_alive": 600}) if one.name == "quota"]
    assert ["ok", "fail"] == [one.status for one in checks]
    assert f"{KIND}: 0 kept warm ('{KIND} for training warm pool usage'). Above that they are not kept." == (
        checks[1].sentence
    )


def test_a_region_without_the_machine(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
    ready.says("service-quotas", "list_service_quotas", {"Quotas": []})
    quota = found(house)["quota"]
    assert ("warn", True) == (quota.status, "Choose another type or region" in (quota.fix or ""))


def test_quotas_that_may_not_be_asked_for(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
    ready.refuses("service-quotas", "list_service_quotas", "AccessDeniedException", "no")
    quota = found(house)["quota"]
    assert "the permission servicequotas:ListServiceQuotas is missing" in quota.sentence
    assert "warn" == quota.status


@pytest.mark.parametrize(
    ("code", "status", "said", "words", "fix"),
    [
        ("404", 404, "fail", "There is no bucket", "aws s3 mb s3://"),
        ("403", 403, "fail", "You may not look into", "Is it another account's?"),
        ("500", 500, "warn", "could not be looked at: AWS has a fault of its own", "Try again"),
    ],
)
def test_a_bucket(code: str, status: int, said: str, words: str, fix: str, house: House, ready: Aws) -> None:
    ready.refuses("s3", "head_bucket", code, "", status)
    has_quota(ready, 1)
    bucket = found(house)["bucket"]
    assert said == bucket.status
    assert words in bucket.sentence
    assert fix in (bucket.fix or "")


def test_a_bucket_of_another_region(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "eu-west-1"})
    has_quota(ready, 1)
    assert ("fail", "s3://mine is in eu-west-1, and jobs run in us-east-1.") == (
        (bucket := found(house, bucket="mine")["bucket"]).status,
        bucket.sentence,
    )


class TestRole:
    """A role has to be there, and to trust the service."""

    def checks(self, house: House, aws: Aws, **options: Any) -> Finding:
        aws.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
        return found(house, **options)["role"]

    def test_one_that_does_not_trust_sagemaker(self, house: House, aws: Aws) -> None:
        aws.is_called_by(ASSUMED)
        aws.has_role()
        aws.has_role(trust=TRUST.replace("sagemaker", "lambda"))
        role = self.checks(house, aws)
        assert ("fail", f"{ROLE} does not trust SageMaker, which can't run a job as it.") == (
            role.status,
            role.sentence,
        )
        assert "sagemaker.amazonaws.com" in (role.fix or "")

    def test_one_that_is_not_there(self, house: House, aws: Aws) -> None:
        aws.is_called_by(USER)
        aws.refuses("iam", "get_role", "NoSuchEntity", "", 404)
        role = self.checks(house, aws, role=ROLE)
        assert ("fail", f"The account {ACCOUNT} has no role {ROLE}.") == (role.status, role.sentence)

    def test_none(self, house: House, aws: Aws) -> None:
        aws.is_called_by(USER)
        role = self.checks(house, aws)
        assert "fail" == role.status
        assert "none is said" in role.sentence

    def test_one_that_may_not_be_looked_at(self, house: House, aws: Aws) -> None:
        aws.is_called_by(USER)
        aws.refuses("iam", "get_role", "AccessDenied", "", 403)
        role = self.checks(house, aws, role=ROLE)
        assert "ok" == role.status
        assert "could not be looked at" in role.sentence


def test_permissions_that_are_missing_are_named_with_what_they_are_for(house: House, aws: Aws) -> None:
    aws.is_called_by(ASSUMED)
    aws.has_role()
    aws.has_role()
    allows(aws, "logs:GetLogEvents", "iam:PassRole")
    permissions = found(house)["permissions"]
    assert "fail" == permissions.status
    assert (
        "You lack logs:GetLogEvents to read logs and metrics; iam:PassRole to hand the role to SageMaker."
    ) == permissions.sentence


def test_who_may_not_ask_what_is_allowed_is_told_that(house: House, aws: Aws) -> None:
    aws.is_called_by(ASSUMED)
    aws.has_role()
    aws.has_role()
    aws.refuses("iam", "simulate_principal_policy", "AccessDenied", "", 403)
    permissions = found(house)["permissions"]
    assert "ok" == permissions.status
    assert "the permission iam:SimulatePrincipalPolicy is missing" in permissions.sentence


def test_without_a_type_of_machine_there_is_no_quota_to_look_at(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
    checks = list(house.wishes.examine({}))
    assert ("quota", "ok") == (checks[-1].name, checks[-1].status)
    assert "no type of machine is named" in checks[-1].sentence


def test_a_type_of_machine_that_there_is_not(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
    checks = found(house, instance="ml.g5.hugelarge")
    assert ["instance", "identity", "role", "permissions", "bucket"] == list(checks)
    assert ("fail", True) == (
        checks["instance"].status,
        checks["instance"].sentence.startswith("SageMaker trains on no 'ml.g5.hugelarge'"),
    )
    assert (checks["instance"].fix or "").startswith("Did you mean 'ml.g5.")


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_without_an_identity_nothing_else_is_looked_at(code: str, house: House, aws: Aws) -> None:
    aws.refuses("sts", "get_caller_identity", code, "")
    checks = found(house)
    assert ["identity"] == list(checks)
    assert "fail" == checks["identity"].status
    assert "aws sso login" in (checks["identity"].fix or "")


def test_a_mistake_in_the_settings_is_a_finding(tmp_path: Path, aws: Aws) -> None:
    checks = found(House(tmp_path, volume="x"))
    assert ("fail", "options.volume: it must be a whole number.") == (
        checks["options"].status,
        checks["options"].sentence,
    )


def test_an_image_that_is_none(house: House, ready: Aws) -> None:
    ready.says("s3", "head_bucket", {"BucketRegion": "us-east-1"})
    has_quota(ready, 1)
    assert ("fail", True) == (
        (image := found(house, image="what is this")["image"]).status,
        "neither a short name" in image.sentence,
    )


class TestDouble:
    """The same questions over HTTP."""

    @pytest.fixture
    def there(self, double: Double, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
        for name, value in double.environment.items():
            monkeypatch.setenv(name, value)
        clients.forget("us-east-1")
        account.forget()
        return House(tmp_path / "home", bucket=double.bucket, role=double.role_arn, region="us-east-1")

    def test_ready(self, there: House, double: Double) -> None:
        checks = found(there)
        assert dict.fromkeys(["identity", "role", "permissions", "bucket", "quota", "image", "price"], "ok") == {
            name: one.status for name, one in checks.items()
        }, checks
        assert f"{KIND}: 0.10 USD an hour" in checks["price"].sentence

    def test_what_is_missing(self, there: House, double: Double) -> None:
        double.faults(quota={KIND: 0}, denied=["sagemaker:StopTrainingJob"])
        checks = found(there, bucket="there-is-no-such-bucket")
        assert ("fail", "fail", "fail") == tuple(checks[name].status for name in ("permissions", "bucket", "quota"))
        assert "sagemaker:StopTrainingJob to stop jobs" in checks["permissions"].sentence

    def test_a_settled_request_is_one_that_it_takes(self, there: House, double: Double) -> None:
        request = there.request(there.spec())
        double.client("sagemaker").create_training_job(**request)
        double.end_all()
        assert request["TrainingJobName"] == double.job(request["TrainingJobName"])["TrainingJobName"]
