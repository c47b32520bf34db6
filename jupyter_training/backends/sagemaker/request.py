"""The arguments of CreateTrainingJob for a settled spec. Pure: nothing is looked up here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pydantic import JsonValue

from jupyter_training.backends.sagemaker.options import Input, Settled, is_s3
from jupyter_training.backends.sagemaker.places import CHECKPOINTS, Places
from jupyter_training.core.job import JobSpec

__all__ = ["BOOT", "NAMES_THE_ATTEMPT", "build", "merged", "variables"]

BOOT = "/opt/ml/input/data/jt_boot/boot.py"
NAMES_THE_ATTEMPT = ("JUPYTER_TRAINING_JOB", "JUPYTER_TRAINING_ATTEMPT")

# What is true of this machine and of no container: the kernel sends it along for jobs that run here.
_OF_THIS_MACHINE = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TMPDIR", "XDG_CACHE_HOME"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"),
    *("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDA_VISIBLE_DEVICES", "NVIDIA_*", "HIP_*", "ROCR_*"),
    *("HF_HOME", "TORCH_HOME"),
)
_OURS = "JUPYTER_TRAINING_"
_VOLUME = 30  # GB, as the SDK has it
_LONGEST = 512  # of a variable's value in a request; ours may be longer, and are in the order too


def build(
    spec: JobSpec,
    *,
    name: str,
    uploads: Places,
    tags: Mapping[str, str],
    params: Mapping[str, JsonValue] | None = None,
    environment: Mapping[str, str] | None = None,
    spent: float = 0.0,
) -> dict[str, Any]:
    """What ``create_training_job`` is called with.

    ``tags`` are those that name the attempt; the person's come after them. ``params``: the order's, where a resume
    has changed some. ``environment``: what names the attempt to the code (``JUPYTER_TRAINING_JOB`` ...).
    ``spent``: seconds that earlier attempts have run, which count towards what the job may cost.
    """
    chosen = Settled.of(spec.options)
    toolkit = chosen.launcher == "toolkit"
    values = spec.params if params is None else params
    request: dict[str, Any] = {
        "TrainingJobName": name,
        "RoleArn": chosen.role_arn,
        "AlgorithmSpecification": _algorithm(spec, chosen),
        "HyperParameters": {key: _hyperparameter(value, chosen.hyperparameters) for key, value in values.items()},
        "Environment": {
            **{key: one for key, one in variables(spec).items() if not key.startswith(_OURS) or len(one) <= _LONGEST},
            **(environment or {}),
        },
        "InputDataConfig": _channels(chosen, uploads),
        "OutputDataConfig": _present(S3OutputPath=uploads.output, KmsKeyId=chosen.output_kms_key),
        "CheckpointConfig": {"S3Uri": uploads.checkpoints, "LocalPath": CHECKPOINTS},
        "ResourceConfig": _present(
            InstanceType=chosen.instance,
            InstanceCount=chosen.instances,
            VolumeSizeInGB=chosen.volume or _VOLUME,
            VolumeKmsKeyId=chosen.volume_kms_key,
            KeepAlivePeriodInSeconds=chosen.keep_alive,
        ),
        "StoppingCondition": _present(MaxRuntimeInSeconds=chosen.max_run, MaxWaitTimeInSeconds=chosen.max_wait),
        "Tags": [{"Key": key, "Value": value} for key, value in {**spec.tags, **chosen.tags, **tags}.items()],
    }
    if toolkit:
        request["HyperParameters"] |= {
            "sagemaker_program": json.dumps(spec.entry.path),
            "sagemaker_submit_directory": json.dumps(uploads.code),
            "sagemaker_job_name": json.dumps(name),
            "sagemaker_region": json.dumps(chosen.region),
        }
    if chosen.spot:
        request["EnableManagedSpotTraining"] = True
    if chosen.isolated:
        request["EnableNetworkIsolation"] = True
    if chosen.encrypted_traffic:
        request["EnableInterContainerTrafficEncryption"] = True
    if chosen.subnets and chosen.security_groups:
        request["VpcConfig"] = {"Subnets": list(chosen.subnets), "SecurityGroupIds": list(chosen.security_groups)}
    result: dict[str, Any] = merged(request, chosen.request)
    if "InstanceGroups" in result["ResourceConfig"]:  # they say for themselves of what type and how many they are
        for one in ("InstanceType", "InstanceCount"):
            result["ResourceConfig"].pop(one, None)
    if chosen.cost_limit is not None:  # over what the person says of the run time: both are said, and less is meant
        limits = result["StoppingCondition"]
        left = max(1, math.floor(chosen.cost_limit - spent))
        limits["MaxRuntimeInSeconds"] = min(limits["MaxRuntimeInSeconds"], left)
    if not result["InputDataConfig"]:
        del result["InputDataConfig"]
    return result


def variables(spec: JobSpec) -> dict[str, str]:
    """The spec's variables, without those that are true of the machine only from which it was submitted."""
    return {
        name: value
        for name, value in spec.environment.variables.items()
        if not any(fnmatchcase(name, pattern) for pattern in _OF_THIS_MACHINE)
    }


def merged(below: Any, above: Any, *, key: str = "") -> Any:
    """Two JSON values in one: mappings key by key, channels by their name, all else as ``above`` has it whole."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        found = dict(below)
        for name, value in above.items():
            found[name] = merged(below[name], value, key=name) if name in below else value
        return found
    if key == "InputDataConfig" and isinstance(above, list):
        named = {one.get("ChannelName"): one for one in above if isinstance(one, Mapping)}
        kept = [merged(one, named.pop(one["ChannelName"], {})) for one in below]
        return [*kept, *named.values()]
    return above


def _algorithm(spec: JobSpec, chosen: Settled) -> dict[str, Any]:
    found: dict[str, Any] = {"TrainingImage": chosen.image, "TrainingInputMode": "File"}
    if chosen.launcher != "toolkit":
        found["ContainerEntrypoint"] = [chosen.python, BOOT]
    if isinstance(spec.metrics, dict) and spec.metrics:
        found["MetricDefinitions"] = [{"Name": name, "Regex": regex} for name, regex in spec.metrics.items()]
    return found


def _hyperparameter(value: JsonValue, how: str) -> str:
    """JSON, so that ``"1"`` stays a text and ``true`` a boolean; or as Python prints it, for images that parse that."""
    return str(value) if how == "text" else json.dumps(value)


def _channels(chosen: Settled, uploads: Places) -> list[dict[str, Any]]:
    """Ours in front: what starts the code, the code, the order; then what the person named."""
    ours = []
    if chosen.launcher != "toolkit":  # that one loads the code itself, and has no place for an order
        ours = [("jt_boot", uploads.boot), ("jt_code", _folder(uploads.code)), ("jt_order", _folder(uploads.order))]
    ours += [(name, url) for name, url in (("jt_data", uploads.data), ("jt_start", uploads.start)) if url]
    # With the slash, since the service takes every key that begins so: attempt 1 would get the order of 10, too.
    found = [_channel(name, Input(uri=f"{url}/")) for name, url in ours]
    for name, one in chosen.inputs.items():
        # With the slash for the same reason: beside the folder is what says that all of it is there.
        uri = one.uri if is_s3(one.uri) else f"{uploads.inputs[name]}/"
        found.append(_channel(name, one.model_copy(update={"uri": uri})))
    return found


def _channel(name: str, one: Input) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": one.uri, "S3DataDistributionType": one.distribution}
    return _present(
        ChannelName=name, DataSource={"S3DataSource": source}, InputMode=one.mode, ContentType=one.content_type
    )


def _folder(url: str) -> str:
    return url.rpartition("/")[0]


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
