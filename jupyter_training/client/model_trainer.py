"""A configured ``ModelTrainer`` of the SageMaker SDK as the source of a job's options. Nothing of the SDK is imported.

    trainer = ModelTrainer(training_image=..., compute=Compute(instance_type="ml.g5.xlarge"), ...)
    client.submit("train.py", **options_from(trainer))

What the SDK would put into its request becomes options where we have one for it,
else members of the request. How it starts the code stays behind: we start it
ourselves, so that it hears of a stop. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_training.errors import InvalidSpec

__all__ = ["is_trainer", "options_from"]

_COMPUTE = {
    "instance_type": "instance",
    "instance_count": "instances",
    "volume_size_in_gb": "volume",
    "volume_kms_key_id": "volume_kms_key",
    "keep_alive_period_in_seconds": "keep_alive",
    "enable_managed_spot_training": "spot",
}
_NETWORK = {
    "subnets": "subnets",
    "security_group_ids": "security_groups",
    "enable_network_isolation": "isolated",
    "enable_inter_container_traffic_encryption": "encrypted_traffic",
}
# Attributes of the trainer, and the members of the request that they become.
_MEMBERS = {
    "training_image_config": ("AlgorithmSpecification", "TrainingImageConfig"),
    "model_package_config": ("ModelPackageConfig",),
    "_tensorboard_output_config": ("TensorBoardOutputConfig",),
    "_retry_strategy": ("RetryStrategy",),
    "_infra_check_config": ("InfraCheckConfig",),
    "_session_chaining_config": ("SessionChainingConfig",),
    "_remote_debug_config": ("RemoteDebugConfig",),
}
_CHECKPOINTS = "/opt/ml/checkpoints"  # where a job's checkpoints are, and nowhere else
_SPELLED = {"s3": "S3", "gb": "GB", "uri": "Uri"}  # parts of names that the service writes otherwise


def is_trainer(value: object) -> bool:
    """Whether it looks like a ``ModelTrainer``."""
    return any(one.__name__ == "ModelTrainer" for one in type(value).__mro__)


def options_from(trainer: object) -> dict[str, Any]:
    """What a submit has to say to get the job that this trainer describes, but for its code.

    Its keys are those of a submit: ``backend``, ``options``, and ``params``, ``timeout``, ``env``, ``metrics``
    and ``checkpoints`` where the trainer says them. Below the place that it keeps checkpoints at each job has a
    folder with its id, so that none goes on with another's.

    Raises:
        InvalidSpec: it describes a job that we can't run: a built-in algorithm, a recipe, another place to run,
            checkpoints in another folder of the container.
    """
    algorithm = _said(trainer, "algorithm_name")
    if algorithm:
        raise InvalidSpec(
            f"The trainer runs the algorithm {algorithm!r}, and a job here runs code.",
            hint="Give it a training_image, or start it with its own train().",
        )
    compute = _said(trainer, "compute")
    if compute is not None and _said(compute, "cluster_name"):
        raise InvalidSpec("The trainer runs on a HyperPod cluster, and a job here is a training job.")
    options: dict[str, Any] = {}
    request: dict[str, Any] = {}
    _take(options, compute, _COMPUTE)
    _take(options, _said(trainer, "networking"), _NETWORK)
    _take(options, trainer, {"training_image": "image", "role": "role"})
    plan = _said(compute, "training_plan_arn")
    if plan:
        _put(request, ("ResourceConfig", "TrainingPlanArn"), plan)
    groups = _said(compute, "instance_groups")
    if groups:
        _put(request, ("ResourceConfig", "InstanceGroups"), _plain(groups))
    stopping = _said(trainer, "stopping_condition")
    _take(options, stopping, {"max_wait_time_in_seconds": "max_wait"})
    pending = _said(stopping, "max_pending_time_in_seconds")
    if pending:
        _put(request, ("StoppingCondition", "MaxPendingTimeInSeconds"), pending)
    _output(options, request, _said(trainer, "output_data_config"))
    inputs, channels = _inputs(trainer)
    if inputs:
        options["inputs"] = inputs
    if channels:
        request["InputDataConfig"] = channels
    tags = {
        str(_either(one, "key", "Key")): str(_either(one, "value", "Value")) for one in _said(trainer, "tags") or ()
    }
    if tags:
        options["tags"] = tags
    for name, path in _MEMBERS.items():
        value = _said(trainer, name)
        if value is not None:
            _put(request, path, _plain(value))
    if _said(_said(trainer, "source_code"), "requirements"):
        options["requirements"] = _said(_said(trainer, "source_code"), "requirements")
    if any(one.__name__ == "Torchrun" for one in type(_said(trainer, "distributed")).__mro__):
        options["launcher"] = "torchrun"
    if request:
        options["request"] = request
    return {"backend": "sagemaker", "options": options, **_beside(trainer, stopping)}


def _beside(trainer: object, stopping: object) -> dict[str, Any]:
    """What of a trainer is no option of the backend: every job may say it."""
    found: dict[str, Any] = {}
    values = _said(trainer, "hyperparameters")
    if isinstance(values, Mapping) and values:
        found["params"] = dict(values)
    elif values:
        raise InvalidSpec(f"The trainer's hyperparameters are in the file {values!r}; give them as a mapping.")
    variables = _said(trainer, "environment")
    if variables:
        found["env"] = {str(name): str(value) for name, value in variables.items()}
    limit = _said(stopping, "max_runtime_in_seconds")
    if limit:
        found["timeout"] = limit
    metrics = _said(trainer, "_metric_definitions")
    if metrics:
        found["metrics"] = {str(_said(one, "name")): str(_said(one, "regex")) for one in metrics}
    kept = _said(trainer, "checkpoint_config")
    folder = _said(kept, "local_path")
    if folder and str(folder).rstrip("/") != _CHECKPOINTS:
        raise InvalidSpec(
            f"The trainer's checkpoint_config has the local_path {str(folder)!r}, and a job here keeps its "
            f"checkpoints in {_CHECKPOINTS}.",
            hint=f"Leave local_path out, and let the code write to {_CHECKPOINTS}.",
        )
    if _said(kept, "s3_uri"):
        found["checkpoints"] = str(_said(kept, "s3_uri"))
    return found


def _output(options: dict[str, Any], request: dict[str, Any], output: object) -> None:
    where = _said(output, "s3_output_path")
    if where:
        bucket, _, prefix = str(where).removeprefix("s3://").partition("/")
        options["bucket"] = bucket
        if prefix.strip("/"):
            options["prefix"] = prefix.strip("/")
    _take(options, output, {"kms_key_id": "output_kms_key"})
    kind = _said(output, "compression_type")
    if kind:
        _put(request, ("OutputDataConfig", "CompressionType"), kind)


def _inputs(trainer: object) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The channels that are options, and those that only a request can say."""
    inputs: dict[str, Any] = {}
    channels: list[dict[str, Any]] = []
    usual = _said(trainer, "training_input_mode") or "File"
    for one in _said(trainer, "input_data_config") or ():
        source = _said(one, "data_source")
        nested = _said(source, "s3_data_source")
        s3 = source if isinstance(source, str) or nested is None else nested
        uri = s3 if isinstance(s3, str) else _said(s3, "s3_uri")
        plain = isinstance(s3, str) or (uri and _said(s3, "s3_data_type") in (None, "S3Prefix"))
        name = str(_said(one, "channel_name"))
        if uri and plain:
            inputs[name] = _without_none(
                {
                    "uri": str(uri),
                    "mode": _said(one, "input_mode") or usual,
                    "distribution": None if isinstance(s3, str) else _said(s3, "s3_data_distribution_type"),
                    "content_type": _said(one, "content_type"),
                }
            )
        else:
            channels.append(_channel(one, name, source))
    return inputs, channels


def _channel(one: object, name: str, source: object) -> dict[str, Any]:
    told: Any = _plain(source)
    if _said(source, "s3_uri"):
        told = {"S3DataSource": told}
    elif _said(source, "file_system_id"):
        told = {"FileSystemDataSource": told}
    elif _said(source, "dataset_arn"):
        told = {"DatasetSource": told}
    return _without_none({"ChannelName": name, "DataSource": told, "ContentType": _said(one, "content_type")})


def _take(options: dict[str, Any], source: object, names: Mapping[str, str]) -> None:
    for name, option in names.items():
        value = _said(source, name)
        if value not in (None, False, [], ""):
            options[option] = value


def _put(request: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for part in path[:-1]:
        request = request.setdefault(part, {})
    request[path[-1]] = value


def _said(source: object, name: str) -> Any:
    """An attribute, None where there is none or the SDK marks it as not given."""
    value = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
    return None if type(value).__name__ == "Unassigned" else value


def _either(source: object, *names: str) -> Any:
    return next((value for name in names if (value := _said(source, name)) is not None), None)


def _plain(value: Any) -> Any:
    """One of the SDK's records as the service writes it: ``max_run`` is ``MaxRun``."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    fields = getattr(type(value), "model_fields", None)
    if fields is None:
        return value
    members = {_member(name): _plain(_said(value, name)) for name in fields}
    return _without_none(members)


def _member(name: str) -> str:
    return "".join(_SPELLED.get(part, part.capitalize()) for part in name.split("_"))


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
