"""What the service refuses in a request beyond the patterns and limits of its model."""

from __future__ import annotations

from typing import Any

from moto.iam.models import iam_backends

from tests.sagemaker_double.faults import Faults

__all__ = ["Refused", "checked", "quota_of", "role_exists"]


class Refused(Exception):
    """The service's answer to a request that it does not take."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


def checked(request: dict[str, Any]) -> None:
    """Refuse what members contradict each other.

    Raises:
        Refused: with the service's code and, as far as it is known, its words.
    """
    for rule in (_algorithm, _stopping, _channels, _resources, _not_modelled):
        sentence = rule(request)
        if sentence is not None:
            raise Refused("ValidationException", sentence)


def quota_of(faults: Faults, kind: str, use: str = "") -> tuple[int, str]:
    """How many instances of this type may be had at once for a use, spot or warm, and the name of that quota."""
    limit = faults.quota.get(f"{use}:{kind}" if use else kind, 0 if use == "warm" else faults.quota_of_others)
    return limit, f"{kind} for {_USES[use]} usage"


_USES = {"": "training job", "spot": "spot training job", "warm": "training warm pool"}


def role_exists(account: str, arn: str) -> bool:
    """Whether IAM has this role."""
    roles = iam_backends[account]["aws"].roles
    return any(role.arn == arn for role in list(roles.values()))


def _algorithm(request: dict[str, Any]) -> str | None:
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        return "AlgorithmSpecification must be present." if "ServerlessJobConfig" not in request else None
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        return (
            "TrainingImage and AlgorithmName: exactly one of them must be specified in AlgorithmSpecification, "
            "never both and never neither."
        )
    if "AlgorithmName" in algorithm:
        return f"Could not find algorithm {algorithm['AlgorithmName']}."
    return None


def _stopping(request: dict[str, Any]) -> str | None:
    condition = request.get("StoppingCondition")
    if condition is None:
        return "StoppingCondition must be present." if "ServerlessJobConfig" not in request else None
    wait, run = condition.get("MaxWaitTimeInSeconds"), condition.get("MaxRuntimeInSeconds", 86400)
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            return "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
        return None
    if wait is None or wait < run:
        return (
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds "
            "when EnableManagedSpotTraining is set to true"
        )
    if request.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds"):
        return "KeepAlivePeriodInSeconds is not supported when EnableManagedSpotTraining is set to true"
    return None


def _channels(request: dict[str, Any]) -> str | None:
    names = [c["ChannelName"] for c in request.get("InputDataConfig", [])]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        return f"Channel names must be unique: {', '.join(twice)}"
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"]
        if len(source) != 1:
            return f"Channel {channel['ChannelName']}: exactly one data source must be specified."
        uri = source.get("S3DataSource", {}).get("S3Uri", "s3://")
        if not uri.startswith("s3://"):
            return f"Channel {channel['ChannelName']}: S3Uri {uri} must start with s3://"
    return None


def _resources(request: dict[str, Any]) -> str | None:
    resources = request.get("ResourceConfig")
    if resources is None:
        return "ResourceConfig must be present." if "ServerlessJobConfig" not in request else None
    groups, kind = resources.get("InstanceGroups"), resources.get("InstanceType")
    if (groups is None) == (kind is None):
        return "Either InstanceType with InstanceCount or InstanceGroups must be specified in ResourceConfig."
    if kind is not None and "InstanceCount" not in resources:
        return "InstanceCount must be specified with InstanceType."
    if "VolumeSizeInGB" not in resources:
        return "VolumeSizeInGB must be specified in ResourceConfig."
    return None


def _not_modelled(request: dict[str, Any]) -> str | None:
    """What the double can't do is refused in its own words, so that no test believes otherwise."""
    modes = (
        {request["AlgorithmSpecification"].get("TrainingInputMode")} if "AlgorithmSpecification" in request else set()
    )
    for channel in request.get("InputDataConfig", []):
        modes.add(channel.get("InputMode"))
        s3 = channel["DataSource"].get("S3DataSource")
        if s3 is None or s3["S3DataType"] not in {"S3Prefix", "ManifestFile"}:
            return (
                f"The double knows only S3Prefix and ManifestFile as data sources (channel {channel['ChannelName']})."
            )
    if "Pipe" in modes:
        return "The double does not know the input mode Pipe."
    if "ServerlessJobConfig" in request:
        return "The double does not know serverless jobs."
    path = request.get("CheckpointConfig", {}).get("LocalPath", "/opt/ml/checkpoints")
    if not path.startswith("/opt/ml/"):
        return f"The double keeps checkpoints under /opt/ml only, not in {path}."
    return None
