"""The attempt's folder, as a dispatcher on this machine would have made it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile

from jupyter_training.boot import launching
from jupyter_training.boot.machine import Machine
from jupyter_training.boot.order import Order
from jupyter_training.boot.places import CHANNEL_DATA, Places
from jupyter_training.runtime import startup_hook, state_copies
from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["RUNTIME", "folder", "write"]

_STATE = "jt_state"  # among the checkpoints, none of which has such a name

# Where this package lies: what is put first on the path of the code.
RUNTIME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def folder(places: Places, run: str) -> str:
    """An empty folder for this run of the attempt. What earlier ones in this container left is removed.

    Raises:
        OSError: there is no place for one.
    """
    try:
        shutil.rmtree(places.attempts, ignore_errors=True)
        made = os.path.join(places.attempts, run)
        os.makedirs(made, mode=0o700)
    except OSError:  # an image that lets nobody write there
        made = os.path.join(tempfile.mkdtemp(prefix="jt-"), run)
        os.makedirs(made, mode=0o700)
    return os.path.realpath(made)


def write(
    order: Order,
    machine: Machine,
    places: Places,
    *,
    attempt_folder: str,
    variables: dict[str, str],
    checkpoints: dict[str, Any],
) -> None:
    """Write the order that supervisor and runtime read.

    Raises:
        OSError: it can't be written.
    """
    words = launching.command(order.launcher, machine, sys.executable, RUNTIME, attempt_folder)
    if os.path.isfile(os.path.join(places.code, startup_hook.FILE)):
        words = startup_hook.command(sys.executable, RUNTIME, attempt_folder, words)
    # The container's environment has what gives access to the account: it is handed over as secrets are, in a file
    # that is gone once it is read.
    handle = os.open(os.path.join(attempt_folder, layout.SECRETS), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(variables, file)
    _hand_over_mlflow(attempt_folder, variables)
    devices = variables.get("CUDA_VISIBLE_DEVICES")
    values = places.channel(CHANNEL_DATA)
    layout.write_json(
        os.path.join(attempt_folder, layout.ORDER),
        {
            "version": layout.VERSION,
            "job": order.job,
            "attempt": order.attempt,
            "token": order.token,
            "store": order.store,
            "argv": words,
            "folder": os.path.join(places.code, order.folder) if order.folder else places.code,
            "env": {} if devices is None else {"CUDA_VISIBLE_DEVICES": devices},
            "code": places.code,
            "launcher": order.launcher,
            "entry": order.entry,
            "params": order.params,
            "data": [
                {
                    "name": one["name"],
                    "kind": one["kind"],
                    "path": os.path.join(values, one["file"]),
                }
                for one in order.data
            ],
            "output": places.output_data,
            "grace": order.grace,
            "stop_within": order.stop_within,
            "pause_within": order.pause_within,  # or as long as the service lets us: see ``stopping``
            "checkpoints": checkpoints,
            # The service gives back what is there, and nothing else; of the other hosts it keeps nothing.
            state_copies.ORDERED: os.path.join(checkpoints["folder"], _STATE) if machine.is_first else None,
            "test": order.test,
            "sample_every": order.sample_every,
            "log_cap_bytes": order.log_cap_bytes,
            "log_head_bytes": order.log_head_bytes,
            "hook_within": order.hook_within,
        },
        durable=False,
    )


def _hand_over_mlflow(attempt_folder: str, variables: dict[str, str]) -> None:
    """The job's run can't be had from here; what is logged goes where the person says, or into a file beside us."""
    beside = os.path.dirname(attempt_folder)
    database = os.path.join(beside, "mlflow.db")
    record = {
        "tracking_uri": variables.get("MLFLOW_TRACKING_URI") or f"sqlite:///{database}",
        "run_id": "",
        "artifacts": os.path.join(beside, "mlartifacts"),
        "version": "",
    }
    layout.write_json(os.path.join(attempt_folder, "mlflow.json"), record, durable=False)
