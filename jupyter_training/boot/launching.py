"""The words that start the code on this host: one process, or torchrun's."""

from __future__ import annotations

from jupyter_training import runtime
from jupyter_training.boot.machine import Machine
from jupyter_training.boot.refusals import Refused
from jupyter_training.boot.variables import MASTER_PORT

__all__ = ["check", "command"]

_TORCHRUN = "torch.distributed.run"


def command(launcher: str, machine: Machine, python: str, runtime_folder: str, attempt_folder: str) -> list[str]:
    """The command line for one host of all."""
    words = runtime.command(python, runtime_folder, attempt_folder)
    if launcher != "torchrun":
        return words
    return [
        *(python, "-m", _TORCHRUN),
        *("--nnodes", str(len(machine.hosts)), "--node_rank", str(machine.rank)),
        *("--master_addr", machine.hosts[0], "--master_port", str(MASTER_PORT)),
        *("--nproc_per_node", str(machine.gpus or 1)),
        *words[1:],
    ]


def check(launcher: str) -> None:
    """See that what the launcher needs is installed.

    Raises:
        Refused: it is not.
    """
    if launcher != "torchrun":
        return
    from importlib.util import find_spec

    try:
        is_there = find_spec(_TORCHRUN) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        raise Refused(f"the launcher is torchrun, and this image's Python has no {_TORCHRUN}; choose one with torch.")
