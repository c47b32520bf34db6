"""Launch an attempt, or adopt one whose supervisor has died.

    lock -> claim -> begun.json -> process.json -> the gate opens -> watch -> exit.json

Killed before the claim: nothing has happened. Killed before the gate opened: the
code has not run, and an adopter says so. Killed later: the code runs on, an
adopter finds it and goes on watching. The lock lets one supervisor at a time do
any of this, the claim lets one ever launch.
"""

from __future__ import annotations

import os
import signal
import time

from jupyter_training.spool import claim, identity, layout
from jupyter_training.spool.identity import Identity
from jupyter_training.supervisor import ending, memory, spawn, tree
from jupyter_training.supervisor import order as orders
from jupyter_training.supervisor.ending import Ended
from jupyter_training.supervisor.journal import Journal
from jupyter_training.supervisor.order import Order
from jupyter_training.supervisor.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["main"]

_PR_SET_CHILD_SUBREAPER = 36
_FULL = "the disk is full."


def main(arguments: list[str]) -> int:
    """Run the supervisor for the attempt folder that is the first argument. 0 also when there was nothing to do."""
    folder = os.path.realpath(arguments[0])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # a logout, or a stop of whoever started us, is not for the training
    lock = claim.lock(folder)
    if lock is None:
        return 0
    _become_subreaper()
    if "--adopt" in arguments[1:]:
        _adopt(folder)
    else:
        _launch(folder)
    os.close(lock)
    return 0


def _launch(folder: str) -> None:
    try:
        order = orders.read(folder)
    except orders.Unreadable as error:
        if claim.take(folder, ""):
            _write_unrun(folder, "wait", launch_error=str(error))
        return
    if not claim.take(folder, order.token):
        return
    journal = Journal(folder)
    try:
        gate, process = _stand_ready(folder, order)
    except spawn.LaunchError as error:
        _write_unrun(folder, "wait", launch_error=str(error))
        return
    try:
        gate.open()
    except spawn.LaunchError as error:
        os.waitpid(gate.pid, 0)
        _write_unrun(folder, "wait", launch_error=str(error))
        return
    journal.state("begun")
    _follow(folder, order, process, is_child=True, journal=journal)


def _stand_ready(folder: str, order: Order) -> tuple[spawn.Gate, Identity]:
    """The process behind its gate, on record.

    Raises:
        LaunchError: it can't be started, or not be recorded. Nothing runs.
    """
    if not layout.reserve(os.path.join(folder, layout.EXIT)):
        raise spawn.LaunchError(_FULL)
    gate: spawn.Gate | None = None
    try:
        variables = orders.environment(order, folder, orders.take_secrets(folder))
        os.makedirs(order.output, mode=0o700, exist_ok=True)
        log = os.path.join(folder, layout.LOG)
        layout.write_json(os.path.join(folder, layout.BEGUN), {"time": time.time()})
        mark = os.path.join(folder, layout.STARTED)
        gate = spawn.start(order.argv, env=variables, folder=order.folder, log=log, mark=mark)
        process = Identity(gate.pid, identity.start_time(gate.pid) or 0, identity.boot_id())
        layout.write_json(os.path.join(folder, layout.PROCESS), _process_record(process), durable=False)
    except (OSError, orders.Unreadable) as error:
        if gate is not None:
            gate.shut()
            os.waitpid(gate.pid, 0)
        words = f"{error.strerror} ({error.filename})." if isinstance(error, OSError) else str(error)
        raise spawn.LaunchError(words) from None
    return gate, process


def _adopt(folder: str) -> None:
    if os.path.exists(os.path.join(folder, layout.EXIT)) or not claim.is_taken(folder) or claim.is_void(folder):
        return
    if not os.path.exists(os.path.join(folder, layout.BEGUN)):
        _write_unrun(folder, "adopted", not_begun=True)
        return
    try:
        order = orders.read(folder)
    except orders.Unreadable:
        order = orders.UNKNOWN
    path = os.path.join(folder, layout.PROCESS)
    record = layout.read_json(path, strict=True)
    process = _found(record) if record is not None else _searched(folder)
    if process is None and not _may_have_run(folder):
        _write_unrun(folder, "adopted", not_begun=True)
        return
    if record is None and process is not None:
        layout.write_json(path, _process_record(process), durable=False)
    _follow(folder, order, process, is_child=False, journal=Journal(folder))


def _follow(folder: str, order: Order, process: Identity | None, *, is_child: bool, journal: Journal) -> None:
    watch = Watch(folder, order, process, is_child=is_child, journal=journal)
    ended = watch.run()
    end = layout.read_json(os.path.join(folder, layout.END))
    journal.state("ended")
    stopping = watch.stopping
    record = ending.exit_record(
        ended,
        end,
        stopped=ending.how_stopped(stopping.request, end, has_acted=stopping.has_acted, is_adopted=not is_child),
        has_acted=stopping.has_acted,
        peak_memory=watch.sampler.peak_memory,
        memory_limit=memory.limit(),
        memory_kills=watch.memory_kills,
    )
    ending.write(folder, record)


def _process_record(process: Identity) -> dict[str, Any]:
    return {**process._asdict(), "pgid": process.pid, "time": time.time()}


def _found(record: dict[str, Any]) -> Identity | None:
    """The recorded process, if it still lives."""
    if not identity.is_alive(record.get("pid"), record.get("start_time"), record.get("boot_id")):
        return None
    return Identity(int(record["pid"]), int(record["start_time"]), str(record["boot_id"]))


def _searched(folder: str) -> Identity | None:
    """A process that carries the attempt in its environment, the oldest: the first that was started."""
    found = tree.members(f"JUPYTER_TRAINING_SPOOL={folder}".encode(), None, os.getpid())
    if not found:
        return None
    oldest = min(found, key=lambda process: process.start_time)
    return Identity(oldest.pid, oldest.start_time, identity.boot_id())


def _may_have_run(folder: str) -> bool:
    """Whether the code may have begun, though no process of it is there any more.

    The mark is not synced to disk, so after a restart of the machine its absence
    says nothing.
    """
    if any(os.path.exists(os.path.join(folder, name)) for name in (layout.STARTED, layout.END)):
        return True
    return (claim.owner(folder) or {}).get("boot_id") != identity.boot_id()


def _write_unrun(folder: str, source: str, **why: object) -> None:
    record = ending.exit_record(
        Ended(None, None, source), None, stopped=None, peak_memory=None, memory_limit=None, memory_kills=0
    )
    ending.write(folder, {**record, **why})


def _become_subreaper() -> None:
    """Inherit the orphans below us, so that none is lost sight of (Linux)."""
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except AttributeError:
        pass
