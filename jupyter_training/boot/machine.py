"""What the service says of this container in ``/opt/ml/input/config``, and what it can count itself."""

from __future__ import annotations

import glob
import json
import os
import socket
from typing import NamedTuple

from jupyter_training.boot.places import OURS, Places
from jupyter_training.supervisor import nvml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Machine", "read", "unresolved"]


class Machine(NamedTuple):
    """``hosts`` in everybody's order, the first is the one that speaks for all."""

    host: str
    hosts: list[str]
    instance: str
    group: str
    network: str
    resources: dict[str, Any]  # resourceconfig.json as it is
    inputs: dict[str, Any]  # inputdataconfig.json, less the channels that are ours
    hyperparameters: dict[str, Any]  # decoded
    gpus: int
    cpus: int
    neurons: int

    @property
    def rank(self) -> int:
        return self.hosts.index(self.host)

    @property
    def is_first(self) -> bool:
        return self.host == self.hosts[0]


def read(places: Places) -> Machine:
    """What is known of this machine. A file that is not there, or no record, says what one host alone would."""
    resources = _record(places, "resourceconfig.json")
    host = str(resources.get("current_host") or "algo-1")
    hosts = [str(one) for one in resources.get("hosts") or ()] or [host]
    if host not in hosts:
        hosts.append(host)
    given = _record(places, "hyperparameters.json")
    inputs = _record(places, "inputdataconfig.json")
    return Machine(
        host=host,
        hosts=sorted(hosts, key=_in_order),
        instance=str(resources.get("current_instance_type") or ""),
        group=str(resources.get("current_group_name") or ""),
        network=str(resources.get("network_interface_name") or "eth0"),
        resources=resources,
        inputs={name: about for name, about in inputs.items() if not name.startswith(OURS)},
        hyperparameters={name: _decoded(text) for name, text in given.items()},
        gpus=_gpus(),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        neurons=len(glob.glob("/dev/neuron[0-9]*")),
    )


def unresolved(hosts: list[str]) -> list[str]:
    """Those of the hosts whose name has no address yet."""
    missing = []
    for host in hosts:
        try:
            socket.getaddrinfo(host, None)
        except OSError:
            missing.append(host)
    return missing


def _record(places: Places, name: str) -> dict[str, Any]:
    try:
        with open(os.path.join(places.config, name), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(text: object) -> Any:
    """Each value travels as text: JSON, or from others as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _in_order(host: str) -> tuple[str, int, str]:
    """``algo-2`` comes before ``algo-10``."""
    stem, _, number = host.rpartition("-")
    return (stem, int(number), "") if number.isdigit() else (host, 0, "")


def _gpus() -> int:
    try:
        library = nvml.Library.open()
        if library is None:
            return 0
        found = library.devices()
        library.close()
        return len(found)
    except nvml.NoAnswer:
        return 0
