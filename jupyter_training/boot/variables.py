"""The environment of the code: what scripts for the service's own toolkits look for, by either of their spellings.

There are two such toolkits. One names the arguments of a script, its module and
its framework; the other the rank of the host and where the first one listens.
Hyperparameters have dashes in one and underscores in the other. Here is all of it.
"""

from __future__ import annotations

import json
import os

from jupyter_training.boot.machine import Machine
from jupyter_training.boot.order import Order
from jupyter_training.boot.places import Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["MASTER_PORT", "environment", "hyperparameters"]

MASTER_PORT = 7777
_TOOLKITS_OWN = "sagemaker_"


def environment(order: Order, machine: Machine, places: Places, given: dict[str, str]) -> dict[str, str]:
    """All variables, the order's own last. ``given``: those of the container."""
    return {**given, **_described(order, machine, places), **_network(machine), **order.variables}


def hyperparameters(order: Order, machine: Machine) -> dict[str, Any]:
    """The job's parameters, with what the service was given beside them."""
    theirs = {name: value for name, value in machine.hyperparameters.items() if not name.startswith(_TOOLKITS_OWN)}
    return {**order.params, **theirs}


def _described(order: Order, machine: Machine, places: Places) -> dict[str, str]:
    values = hyperparameters(order, machine)
    script = str(order.entry.get("path") or "")
    channels = {name: places.channel(name) for name in sorted(machine.inputs)}
    arguments = _arguments(values)
    said: dict[str, Any] = {
        "HOSTS": machine.hosts,
        "CURRENT_HOST": machine.host,
        "CURRENT_HOST_RANK": machine.rank,
        "HOST_COUNT": len(machine.hosts),
        "CURRENT_INSTANCE_TYPE": machine.instance,
        "CURRENT_INSTANCE_GROUP": machine.group,
        "CURRENT_INSTANCE_GROUP_HOSTS": _group_hosts(machine),
        "INSTANCE_GROUPS": [str(one.get("instance_group_name")) for one in _groups(machine)],
        "INSTANCE_GROUPS_DICT": {str(one.get("instance_group_name")): one for one in _groups(machine)},
        "DISTRIBUTION_INSTANCE_GROUPS": [],
        "IS_HETERO": len(_groups(machine)) > 1,
        "NETWORK_INTERFACE_NAME": machine.network,
        "NUM_GPUS": machine.gpus,
        "NUM_CPUS": machine.cpus,
        "NUM_NEURONS": machine.neurons,
        "MODEL_DIR": places.model,
        "OUTPUT_DIR": places.output,
        "OUTPUT_DATA_DIR": places.output_data,
        "OUTPUT_INTERMEDIATE_DIR": places.intermediate,
        "INPUT_DIR": places.input,
        "INPUT_DATA_DIR": places.data,
        "INPUT_CONFIG_DIR": places.config,
        "INPUT_DATA_CONFIG": machine.inputs,
        "RESOURCE_CONFIG": machine.resources,
        "CHANNELS": list(channels),
        "HPS": values,
        "USER_ARGS": arguments,
        "USER_ENTRY_POINT": script,
        "ENTRY_SCRIPT": script,
        "MODULE_NAME": os.path.splitext(os.path.basename(script))[0],
        "MODULE_DIR": places.code,
        "SOURCE_DIR": places.code,
        "FRAMEWORK_MODULE": "",
        "FRAMEWORK_PARAMS": {},
        "LOG_LEVEL": 20,
        "MASTER_ADDR": machine.hosts[0],
        "MASTER_PORT": MASTER_PORT,
        "TRAINING_ENV": _summed_up(machine, places, values, channels, script),
    }
    found = {f"SM_{name}": _word(value) for name, value in said.items()}
    for name, value in values.items():
        for spelling in (name.upper(), name.upper().replace("-", "_")):
            found[f"SM_HP_{spelling}"] = _word(value)
    for name, folder in channels.items():
        for spelling in (name.upper(), name.upper().replace("-", "_").replace(".", "_")):
            found[f"SM_CHANNEL_{spelling}"] = folder
    return found


def _network(machine: Machine) -> dict[str, str]:
    """What libraries that find each other by the environment look for; a host alone needs none of it."""
    if len(machine.hosts) < 2:
        return {}
    return {"MASTER_ADDR": machine.hosts[0], "MASTER_PORT": str(MASTER_PORT), "NODE_RANK": str(machine.rank)}


def _summed_up(
    machine: Machine, places: Places, values: dict[str, Any], channels: dict[str, str], script: str
) -> dict[str, Any]:
    return {
        "channel_input_dirs": channels,
        "current_host": machine.host,
        "current_instance_type": machine.instance,
        "hosts": machine.hosts,
        "hyperparameters": values,
        "input_config_dir": places.config,
        "input_data_config": machine.inputs,
        "input_dir": places.input,
        "is_master": machine.is_first,
        "job_name": os.environ.get("TRAINING_JOB_NAME", ""),
        "master_hostname": machine.hosts[0],
        "model_dir": places.model,
        "module_dir": places.code,
        "module_name": os.path.splitext(os.path.basename(script))[0],
        "network_interface_name": machine.network,
        "num_cpus": machine.cpus,
        "num_gpus": machine.gpus,
        "num_neurons": machine.neurons,
        "output_data_dir": places.output_data,
        "output_dir": places.output,
        "output_intermediate_dir": places.intermediate,
        "resource_config": machine.resources,
        "user_entry_point": script,
    }


def _groups(machine: Machine) -> list[dict[str, Any]]:
    return [one for one in machine.resources.get("instance_groups") or () if isinstance(one, dict)]


def _group_hosts(machine: Machine) -> list[str]:
    for one in _groups(machine):
        if one.get("instance_group_name") == machine.group:
            return [str(host) for host in one.get("hosts") or ()]
    return list(machine.hosts)


def _arguments(values: dict[str, Any]) -> list[str]:
    """The words that the toolkit would give a script."""
    words: list[str] = []
    for name in sorted(values):
        value = values[name]
        if isinstance(value, dict):
            text = ",".join(f"{key}={one}" for key, one in value.items())
        else:
            text = "" if value is None else str(value)
        words += [f"-{name}" if len(name) == 1 else f"--{name}", text]
    return words


def _word(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
