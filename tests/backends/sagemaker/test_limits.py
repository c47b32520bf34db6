"""What the service would refuse is refused here, with the key that the person wrote and the limit."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import limits
from jupyter_training.backends.sagemaker.options import Options
from jupyter_training.core.job import EnvironmentWish
from jupyter_training.errors import InvalidSpec
from tests.backends.sagemaker.aws import ROLE, Aws, House


def params(count: int) -> dict[str, Any]:
    return {f"p{number}": number for number in range(count)}


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "instance": (
        {"options": {"instance": "ml.g5.xlage"}},
        "options.instance",
        "SageMaker trains on no 'ml.g5.xlage', as far as the installed botocore tells. Did you mean 'ml.g5.xlarge'?",
    ),
    "instance without ml.": (
        {"options": {"instance": "g5.2xlarge"}},
        "options.instance",
        "Did you mean 'ml.g5.2xlarge'?",
    ),
    "parameters": ({"params": params(101)}, "params", "it has 101 entries; SageMaker takes at most 100 entries."),
    "parameter": (
        {"params": {"text": "x" * 2600}},
        "params.text",
        "it has 2,602 characters; SageMaker takes at most 2,500 characters.",
    ),
    "parameter's name": ({"params": {"n" * 257: 1}}, f"params.{'n' * 257}", "at most 256 characters"),
    "lines in a parameter": (
        {"params": {"text": "a\nb"}, "options": {"hyperparameters": "text"}},
        "params.text",
        "it must be on one line",
    ),
    "variables": (
        {"environment": EnvironmentWish(variables={f"V{number}": "1" for number in range(101)})},
        "environment.variables",
        "it has 101 entries; SageMaker takes at most 100 entries.",
    ),
    "variable": (
        {"environment": EnvironmentWish(variables={"NOTE": "x" * 513})},
        "environment.variables.NOTE",
        "it has 513 characters; SageMaker takes at most 512 characters.",
    ),
    "variable's name": (
        {"environment": EnvironmentWish(variables={"MY-VAR": "1"})},
        "environment.variables.MY-VAR",
        "begins with no digit",
    ),
    "metrics": (
        {"metrics": {f"m{number}": "x=(.*)" for number in range(41)}},
        "metrics",
        "it has 41 entries; SageMaker takes at most 40 entries.",
    ),
    "metric": (
        {"metrics": {"loss": f"({'x' * 500})"}},
        "metrics.loss",
        "it has 502 characters; SageMaker takes at most 500",
    ),
    "tags": (
        {"options": {"tags": {f"t{number}": "1" for number in range(46)}}},
        "options.tags",
        "it has 51 entries; SageMaker takes at most 50 entries.",
    ),
    "tag's value": ({"tags": {"note": "x" * 257}}, "tags.note", "at most 256 characters"),
    "tag's characters": (
        {"options": {"tags": {"note": "a;b"}}},
        "options.tags.note",
        "SageMaker does not take 'a;b': a tag has letters, digits, spaces and _ . : / = + - @.",
    ),
    "channels": (
        {"options": {"inputs": {f"c{number}": "s3://b/x" for number in range(18)}}},
        "options.inputs",
        "it has 21 entries; SageMaker takes at most 20 entries.",
    ),
    "channel's name": (
        {"options": {"inputs": {"my data": "s3://b/x"}}},
        "options.inputs.my data",
        "a channel is called with a to z, 0 to 9, and . _ -",
    ),
    "role": (
        {"options": {"role": "arn:aws:iam::12:role/X"}},
        "options.role",
        "an ARN of a role is like arn:aws:iam::123456789012:role/Name",
    ),
    "keep_alive": (
        {"options": {"keep_alive": "7h"}},
        "options.keep_alive",
        "25,200 is not allowed; SageMaker takes at most 21,600.",
    ),
    "subnets": (
        {"options": {"subnets": [f"subnet-{number}" for number in range(17)], "security_groups": "sg-1"}},
        "options.subnets",
        "at most 16 entries",
    ),
    "security groups": (
        {"options": {"subnets": "subnet-1", "security_groups": [f"sg-{number}" for number in range(6)]}},
        "options.security_groups",
        "at most 5 entries",
    ),
    "subnet": (
        {"options": {"subnets": "subnet_1", "security_groups": "sg-1"}},
        "options.subnets",
        "a subnet is like subnet-0a1b2c3d",
    ),
    "key": ({"options": {"volume_kms_key": "a key"}}, "options.volume_kms_key", "by its id, its ARN or its alias"),
    "image": (
        {"options": {"image": f"a/{'x' * 255}"}},
        "options.image",
        "it has 257 characters; SageMaker takes at most 255",
    ),
    "interpreter": ({"options": {"python": f"/{'x' * 256}"}}, "options.python", "at most 256 characters"),
    "bucket": ({"options": {"bucket": "b" * 1010}}, "options.bucket", "it has 3 to 63 of a to z"),
    "time limit": ({"timeout": 2_419_201}, "timeout", "which is 28 days"),
    "unknown member": (
        {"options": {"request": {"RetryStategy": {}}}},
        "options.request.RetryStategy",
        "CreateTrainingJob has no member 'RetryStategy'. Did you mean 'RetryStrategy'?",
    ),
    "unknown inner member": (
        {"options": {"request": {"StoppingCondition": {"MaxRuntime": 5}}}},
        "options.request.StoppingCondition.MaxRuntime",
        "StoppingCondition has no member 'MaxRuntime'. Did you mean 'MaxRuntimeInSeconds'?",
    ),
    "missing member": (
        {"options": {"request": {"RetryStrategy": {}}}},
        "options.request.RetryStrategy.MaximumRetryAttempts",
        "it is missing",
    ),
    "raw number": (
        {"options": {"request": {"RetryStrategy": {"MaximumRetryAttempts": 31}}}},
        "options.request.RetryStrategy.MaximumRetryAttempts",
        "31 is not allowed; SageMaker takes at most 30.",
    ),
    "raw type": (
        {"options": {"request": {"RetryStrategy": {"MaximumRetryAttempts": "3"}}}},
        "options.request.RetryStrategy.MaximumRetryAttempts",
        "it must be a whole number, not '3'",
    ),
    "raw boolean": (
        {"options": {"request": {"InfraCheckConfig": {"EnableInfraCheck": 1}}}},
        "options.request.InfraCheckConfig.EnableInfraCheck",
        "it must be true or false, not 1",
    ),
    "raw choice": (
        {"options": {"request": {"OutputDataConfig": {"CompressionType": "GZ"}}}},
        "options.request.OutputDataConfig.CompressionType",
        "'GZ' is none of GZIP, NONE. Did you mean 'GZIP'?",
    ),
    "raw channel": (
        {"options": {"request": {"InputDataConfig": [{"ChannelName": "lake"}]}}},
        "options.request.InputDataConfig.lake",
        "it is missing",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_each_limit_is_kept_before_anybody_is_asked(case: str, house: House, aws: Aws) -> None:
    wish, key, words = BAD[case]
    with pytest.raises(InvalidSpec) as refused:
        house.settled(house.spec(**wish))
    assert key in [one.key for one in refused.value.errors]
    assert any(words in f"{one.detail}. {one.hint or ''}" for one in refused.value.errors if one.key == key)
    assert str(refused.value).startswith(f"{refused.value.errors[0].key}: ")
    assert [] == aws.asked


def test_all_faults_are_told_at_once(house: House, aws: Aws) -> None:
    """Runtool 30."""
    wish: dict[str, Any] = {
        "params": params(101),
        "metrics": {f"m{number}": "x" for number in range(41)},
        "tags": {f"t{number}": "1" for number in range(51)},
    }
    with pytest.raises(InvalidSpec) as refused:
        house.settled(house.spec(**wish))
    assert {"params", "metrics", "tags"} <= {str(one.key) for one in refused.value.errors}
    assert [] == aws.asked


def test_what_is_looked_up_is_held_against_the_limits_too(house: House, aws: Aws) -> None:
    aws.is_called_by("arn:aws:sts::123456789012:assumed-role/Training/ada")
    aws.has_role(f"{ROLE}!", name="Training")
    with pytest.raises(InvalidSpec, match=r"options\.role: SageMaker does not take"):
        house.settled(house.spec())


@pytest.mark.parametrize("value", ["Grüße 2", "a b_c.d:e/f=g+h-i@j", ""])
def test_tags_may_have_letters_of_all_alphabets(value: str) -> None:
    request = {
        "TrainingJobName": "a",
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://b/p"},
        "Tags": [{"Key": "k", "Value": value}],
    }
    assert [] == list(limits.faults(request, Options()))


def test_only_the_shapes_of_this_request_are_kept() -> None:
    found = limits.shapes()
    assert 100 < len(found) < 200
    assert "ml.m5.large" in limits.instance_types()
    assert not any("documentation" in shape for shape in found.values())


def test_asking_what_is_possible_imports_no_boto() -> None:
    """The server and the kernel load wishes when somebody names the backend; boto3 comes when AWS is asked."""
    code = (
        "import sys; from jupyter_training.seams import registry;"
        "registry.load('wishes', 'sagemaker').Options.model_json_schema();"
        "print([one for one in ('boto3', 'botocore', 'sagemaker') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
