"""Launch, observe and stop attempts on this machine, through their folders alone."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_training import spool
from jupyter_training.backends.local import machine
from jupyter_training.backends.local.prepare import prepare
from jupyter_training.backends.local.supervisors import Supervisors
from jupyter_training.backends.local.verdict import verdict
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import STRENGTH, AttemptState, EndReason, Seen, StopHow
from jupyter_training.core.resources import Capacity, Pool
from jupyter_training.errors import LaunchFailed, StoreBusy, StoreFull
from jupyter_training.runtime import archive
from jupyter_training.seams.backend import AttemptRef, End, LaunchOrder, Observation, Standing
from jupyter_training.seams.clock import Clock
from jupyter_training.settings import Settings
from jupyter_training.spool import claim, identity, layout

__all__ = ["LocalBackend"]

# How long a supervisor may take from its start to its claim before another one is started beside it.
# Two are harmless, as only one gets the claim; so this only trades patience against needless processes.
_CLAIM_WITHIN = 5.0
# Room set aside for stop.json, so that an attempt can be stopped on a full disk, and each time harder.
_STOP_BYTES = 4096
_STOPS = len(set(STRENGTH.values()))
_ANOTHERS = (
    "Lost: its folder is held by another attempt of the same number, of which this store knows nothing."
    " Was the store put back from a copy?"
)


class LocalBackend:
    name = "local"

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._runtime: Path | None = None
        self._supervisors = Supervisors()
        self._started: dict[tuple[str, int], float] = {}  # boot time of the last supervisor start, by attempt

    def capacity(self) -> Capacity:
        return machine.capacity()

    def standings(self, pools: Sequence[Pool]) -> Mapping[str, Standing]:
        return {}  # what a machine has is looked up at each start

    def launch(self, order: LaunchOrder) -> str:
        folder = self._folder(order.ref)
        if not claim.is_taken(folder):
            runtime = self._job_side()
            try:
                prepare(order, folder, runtime, self._settings)
                layout.reserve(layout.stop_file(folder), size=_STOP_BYTES, times=_STOPS)
                self._start_supervisor(order.ref, folder)
            except OSError as error:
                raise LaunchFailed(f"its folder could not be made: {error.strerror} ({error.filename}).") from None
        return f"{order.ref.job}/{order.ref.number}"

    def observe(self, refs: Sequence[AttemptRef]) -> list[Observation]:
        self._supervisors.reap()
        found = []
        for ref in refs:
            with _waited_out(self._folder(ref)):
                found.append(self._observe(ref))
        return found

    def stop(self, ref: AttemptRef, how: StopHow, grace: float) -> None:
        path = layout.stop_file(self._folder(ref))
        before = layout.read_json(path)
        if before is not None and _strength(before) >= STRENGTH[how]:
            return
        with _waited_out(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Asked again by the next dispatcher as long as the attempt has not ended: it need not survive a power cut.
            layout.write_json(path, {"how": how, "grace": grace, "time": self._clock.now()}, durable=False)

    def void(self, ref: AttemptRef) -> bool:
        folder = self._folder(ref)
        with _waited_out(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return claim.void(folder, ref.token)

    def close(self) -> None:
        """There is nothing that goes on here between the calls."""

    def _observe(self, ref: AttemptRef) -> Observation:
        folder = self._folder(ref)
        if not _is_of(ref, folder):
            return Observation(ref, Seen.GONE, AttemptState.ENDED, None, End(EndReason.LOST, _ANOTHERS))
        process = layout.read_json(layout.process_file(folder))
        started = Instant(float(process["time"])) if process is not None else None
        exit_record = layout.read_json(layout.exit_file(folder))
        if exit_record is not None:
            self._started.pop((ref.job, ref.number), None)
            end = verdict(exit_record, layout.read_json(layout.end_file(folder)), restarted=_is_restarted(folder))
            return Observation(ref, Seen.GONE, AttemptState.ENDED, started, end)
        state = AttemptState.RUNNING if started is not None else AttemptState.LAUNCHING
        if not claim.is_taken(folder):
            return Observation(ref, self._unclaimed(ref, folder), state, started)
        if claim.is_void(folder):
            return Observation(ref, Seen.GONE, AttemptState.ENDED, None, End(EndReason.VOID))
        if claim.supervisor_alive(folder):
            return Observation(ref, Seen.LIVE, state, started, age=self._age(process))
        return Observation(ref, self._orphaned(ref, folder, process), state, started, age=self._age(process))

    def _age(self, process: Mapping[str, Any] | None) -> float | None:
        """How long the person's process has run. Its start counts from the boot, so no jump of the clock changes it."""
        if process is None or not sys.platform.startswith("linux") or process.get("boot_id") != identity.boot_id():
            return None
        return max(0.0, self._clock.boot() - float(process["start_time"]) / os.sysconf("SC_CLK_TCK"))

    def _unclaimed(self, ref: AttemptRef, folder: Path) -> Seen:
        """Nobody has begun it. Its supervisor may be on its way, or have died before its claim."""
        if self._is_patient(ref):
            return Seen.LIVE
        if layout.read_json(layout.order_file(folder)) is None:
            self.void(ref)  # its order was lost with a power cut: given up, and launched anew
            return Seen.LIVE
        self._start_supervisor(ref, folder, plainly=True)
        return Seen.LIVE

    def _orphaned(self, ref: AttemptRef, folder: Path, process: dict[str, object] | None) -> Seen:
        """Its supervisor is gone and left no exit record: another one adopts what is left of it."""
        if not self._is_patient(ref):
            self._start_supervisor(ref, folder, adopt=True)
        if process is not None and identity.is_alive(process["pid"], process["start_time"], process["boot_id"]):
            return Seen.LIVE
        return Seen.UNKNOWN

    def _is_patient(self, ref: AttemptRef) -> bool:
        last = self._started.get((ref.job, ref.number))
        return last is not None and self._clock.boot() - last < _CLAIM_WITHIN

    def _start_supervisor(self, ref: AttemptRef, folder: Path, *, adopt: bool = False, plainly: bool = False) -> None:
        self._supervisors.start(self._job_side(), folder, adopt=adopt, plainly=plainly)
        self._started[(ref.job, ref.number)] = self._clock.boot()

    def _job_side(self) -> Path:
        if self._runtime is None or not self._runtime.is_dir():
            self._runtime = archive.install(self._settings.home)
        return self._runtime

    def _folder(self, ref: AttemptRef) -> Path:
        return spool.attempt_folder(self._settings.spool_root, ref.job, ref.number)


@contextlib.contextmanager
def _waited_out(path: Path) -> Iterator[None]:
    """What the disk can't take now is tried again, as what the store can't take is.

    Raises:
        StoreFull: there is no room.
        StoreBusy: it can't be written for another reason.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(
                f"There is no room left on the disk of {path}; it was not written.",
                hint="Free some space, e.g. with `jupyter training db gc`; it is tried again until then.",
            ) from error
        raise StoreBusy(
            f"{path} can't be written: {error.strerror}.", hint="It is tried again until it can be."
        ) from error


def _is_of(ref: AttemptRef, folder: Path) -> bool:
    """Whether the folder is this attempt's: nobody has claimed it, or somebody who was given its token."""
    token = (claim.owner(folder) or {}).get("token")
    return token in (None, "", ref.token)  # "" where there was no readable order to take it from


def _is_restarted(folder: Path) -> bool:
    """Whether who last watched the attempt lived after another start of the machine than who began it."""
    began, watched = claim.owner(folder) or {}, layout.read_json(folder / layout.SUPERVISOR) or {}
    boots = {one.get("boot_id") for one in (began, watched)}
    return len(boots) == 2 and None not in boots


def _strength(stop: Mapping[str, object]) -> int:
    """How strong a stop that was written before is; one that can't be read is none."""
    return next((strength for how, strength in STRENGTH.items() if how == stop.get("how")), 0)
