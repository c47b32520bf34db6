"""The dispatcher's life: take the lock and the lease, tick, wait, leave when nobody needs it.

    started with the lock -> lease (waited out while another host holds it)
      -> tick, wait for a wake-up or the next look -> ...
      -> idle for long and no server alive -> let the lock go, look once more, leave

The lease's term is trusted only until shortly before it runs out, measured on
the boot-time clock, which never jumps; when in doubt the dispatcher steps down.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
from types import FrameType
from typing import Literal

from jupyter_training.core.resources import LOCAL
from jupyter_training.dispatch import ensure, wake
from jupyter_training.dispatch.calm_log import Calm
from jupyter_training.dispatch.guarded import Guarded
from jupyter_training.dispatch.holdings import Holdings
from jupyter_training.dispatch.tick import Round, Ticker
from jupyter_training.errors import StaleEpoch, StoreBusy, StoreFull, TrainingError
from jupyter_training.languages.pools import at_start
from jupyter_training.seams import registry
from jupyter_training.seams.backend import Backend
from jupyter_training.seams.clock import Clock, SystemClock
from jupyter_training.settings import Settings
from jupyter_training.spool import identity
from jupyter_training.store import lease, pools, record, removals
from jupyter_training.store.engine import Store
from jupyter_training.tracking.ensure import ensure_mirror

__all__ = ["LEASE_TTL", "Loop", "main"]

log = logging.getLogger("jupyter_training.dispatch")

LEASE_TTL = 15.0  # seconds
_RENEW_EVERY = 4.0
_TRUST_MARGIN = 3.0  # a term is trusted this much shorter than it is
_LOOK = 0.1  # between looks while something runs
_LOOK_SLOW = 0.5  # the same, once nothing has changed for a while
_PEEK = 0.02  # between glances at what running attempts write, which make the next look come sooner
_PEEK_EACH = 0.001  # seconds more for each attempt, so that many do not cost more
_IDLE_WAIT = 2.0
_SETTLED = 300.0  # a dispatcher that has lived so long did not die of its start
_MIRROR_EVERY = 1.0
_OUTAGE = 1.0  # between two tries of a store that has no room


class Loop:
    """One dispatcher of one store on this host. The caller holds the dispatcher lock."""

    def __init__(self, settings: Settings, store: Store, clock: Clock | None = None) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock or SystemClock()
        self._lease: lease.Lease | None = None
        self._trusted_until = 0.0
        self._mirror_checked = float("-inf")
        self._prompt_at = float("-inf")  # from when on a glance may end a wait
        self._leaving = False
        self._is_out = False  # the store can't take anything now
        self._backends = _Backends(settings, self._clock)
        self._ticker = self._new_ticker()

    def run(self, *, once: bool = False) -> None:
        """Tick until there is nothing to do for long; with ``once``, one round.

        Raises:
            StaleEpoch: another dispatcher took the lease over.
        """
        listener = wake.Listener(self._settings, "dispatcher")
        born = idle_since = quiet_since = self._clock.boot()
        try:
            if not self._take_lease(listener, patient=not once):
                log.info("another dispatcher holds the lease; nothing to do here")
                return
            self._follow_machine()
            while not self._leaving:
                try:
                    self._renew()
                    listener.drain()
                    found = self._tick()
                    now = self._clock.boot()
                    self._mirror(now)
                except (StoreFull, StoreBusy) as error:
                    if once:
                        raise
                    self._wait_out(listener, error)
                    continue
                self._is_out = False
                if once:
                    return
                if found.changed:
                    wake.send(self._settings, "server")
                    quiet_since = now
                if found.busy:
                    idle_since = now
                elif now - idle_since > self._settings.dispatcher_idle_exit and not servers_alive(self._settings):
                    return
                if not self._settings.run_folder.is_dir():
                    log.warning("the home is gone; leaving")
                    return
                if now - born > _SETTLED:
                    ensure.forget_starts(self._settings)
                    born = now
                self._wait(listener, found, self._pause(found, now - quiet_since))
        finally:
            listener.close()
            self._backends.close()  # before the lease: who takes it may be this very process
            if self._lease is not None:
                with contextlib.suppress(TrainingError):
                    lease.release(self._store, self._lease)

    def leave(self) -> None:
        """Ask the loop to end after its tick. What runs goes on."""
        self._leaving = True

    @property
    def is_leaving(self) -> bool:
        """Whether it was asked to leave."""
        return self._leaving

    def _new_ticker(self) -> Ticker:
        return Ticker(self._settings, self._store, self._backends, self._clock, self._check_trust)

    def _wait_out(self, listener: wake.Listener, error: TrainingError) -> None:
        """A full disk is waited out, as what runs goes on; what was known of an interrupted round is read anew."""
        if not self._is_out:
            log.warning("%s Until then nothing is started or stopped; what runs goes on.", error)
            self._is_out = True
        self._ticker = self._new_ticker()
        listener.wait(_OUTAGE)

    def _tick(self) -> Round:
        assert self._lease is not None  # taken before the first tick
        return self._ticker.tick(self._lease.epoch)

    def _pause(self, found: Round, quiet: float) -> float:
        if found.active == 0:
            pause = _IDLE_WAIT
        else:
            pause = _LOOK if quiet < 30 else _LOOK_SLOW
        if found.next_wake is not None:
            pause = min(pause, max(0.0, found.next_wake - self._clock.boot()))
        return pause

    def _wait(self, listener: wake.Listener, found: Round, pause: float) -> None:
        """Until somebody calls, the pause is over, or an attempt that was quiet has written something.

        What is written without end is taken in once in ``_LOOK``, not once a glance: each time costs a
        transaction that waits for the disk.
        """
        now = self._clock.boot()
        end = now + pause
        if found.changed:
            self._prompt_at = now + _LOOK
        while found.active and now < end:
            if now >= self._prompt_at and self._ticker.news():
                self._prompt_at = now + _LOOK
                return
            if listener.wait(min(end - now, _PEEK + _PEEK_EACH * found.active)):
                return
            now = self._clock.boot()
        listener.wait(end - now)

    def _take_lease(self, listener: wake.Listener, *, patient: bool) -> bool:
        """Take the lease, waiting out a living holder elsewhere when patient."""
        own = identity.own()
        holder = lease.Holder(socket.gethostname(), own.pid, own.start_time, own.boot_id)
        while not self._leaving:
            asked = self._clock.boot()
            try:
                taken = lease.take(self._store, holder, ttl=LEASE_TTL, boot_now=asked, alive=_is_alive)
            except (StoreFull, StoreBusy) as error:
                if not patient:
                    raise
                self._wait_out(listener, error)
                continue
            if taken is not None:
                self._lease = taken
                self._trusted_until = asked + LEASE_TTL - _TRUST_MARGIN
                log.info("lease taken, epoch %d", taken.epoch)
                return True
            if not patient:
                return False
            listener.wait(1.0)
        return False

    def _follow_machine(self) -> None:
        """Let the pools follow what this machine has now. What can't be had, or is not said well, stays as it was."""
        capacity = self._backends(LOCAL).capacity()
        named, slots = self._settings.pools, self._settings.local_slots
        try:
            pools.change(self._store, lambda known: at_start(known, named, slots, capacity), now=self._clock.now())
        except TrainingError as error:
            log.warning("the pools were left as they are: %s", error)

    def _renew(self) -> None:
        assert self._lease is not None
        asked = self._clock.boot()
        if self._trusted_until - asked > LEASE_TTL - _TRUST_MARGIN - _RENEW_EVERY:
            return
        self._lease = lease.renew(self._store, self._lease, ttl=LEASE_TTL, boot_now=asked)
        self._trusted_until = asked + LEASE_TTL - _TRUST_MARGIN

    def _check_trust(self) -> None:
        """Before each effect: a process that slept past its term must not act.

        Raises:
            StaleEpoch: the term may be over.
        """
        if self._clock.boot() >= self._trusted_until:
            raise StaleEpoch("The dispatcher's lease may have run out; it stands down.")

    def _mirror(self, now: float) -> None:
        """See that the record catches up, when there is something to copy. The dispatcher never imports mlflow."""
        if now - self._mirror_checked < _MIRROR_EVERY:
            return
        self._mirror_checked = now
        if record.pending(self._store, 1) or any(one.run_id is not None for one in removals.pending(self._store)):
            ensure_mirror(self._settings)


class _Backends:
    """Backends by name, made once each, until they are closed."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._made: dict[str, Guarded] = {}

    def __call__(self, name: str) -> Backend:
        if name not in self._made:
            self._made[name] = Guarded(name, lambda: registry.load("backends", name)(self._settings, self._clock))
        return self._made[name]

    def close(self) -> None:
        while self._made:
            self._made.popitem()[1].close()


def servers_alive(settings: Settings) -> bool:
    """Whether a server of this home lives on this host (by its discovery file)."""
    for path in settings.run_folder.glob("server-*.json"):
        try:
            mark = json.loads(path.read_text("utf-8"))
            if identity.is_alive(mark["pid"], mark["start_time"], mark["boot_id"]):
                return True
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return False


def main(settings: Settings, *, lock: int | None = None, once: bool = False) -> int:
    """Be the dispatcher of a home until it is no longer needed. The exit code.

    ``lock`` is an inherited descriptor that holds the dispatcher lock already.
    """
    calm = logging.StreamHandler()
    calm.addFilter(Calm())
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, handlers=[calm])
    lock = ensure.take_lock(settings) if lock is None else lock
    if lock is None:
        log.info("a dispatcher is alive already")
        return 0
    os.set_inheritable(lock, False)
    while True:
        left = _be_dispatcher(settings, lock, once=once)
        if left == "failed":
            return 1
        ensure.forget_starts(settings)
        with contextlib.suppress(OSError):
            os.ftruncate(lock, 0)
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)
        # A wish that came between the last look and the unlocking found the lock held and started nobody.
        if once or left == "asked" or not _work_waits(settings):
            return 0
        lock = ensure.take_lock(settings)
        if lock is None:
            return 0


def _be_dispatcher(settings: Settings, lock: int, *, once: bool) -> Literal["asked", "idle", "failed"]:
    """Hold office, and say how it was left: by a signal, for want of work, or by a fault that the log tells."""
    mark = identity.own()
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(mark._asdict()).encode(), 0)
    try:
        with contextlib.closing(Store.open(settings)) as store:
            loop = Loop(settings, store)

            def leave(_number: int, _frame: FrameType | None) -> None:
                loop.leave()

            signal.signal(signal.SIGTERM, leave)
            signal.signal(signal.SIGINT, leave)
            loop.run(once=once)
            return "asked" if loop.is_leaving else "idle"
    except StaleEpoch as error:
        log.warning("%s", error)
        return "idle"
    except TrainingError as error:
        log.error("%s", error)
        return "failed"


def _work_waits(settings: Settings) -> bool:
    """Whether a dispatcher has something to do. A removal of which only the run is left is the mirror's."""
    with contextlib.closing(Store.open(settings)) as store:
        holdings = Holdings(store)
        holdings.refresh()
        return holdings.is_wanted or any(not one.is_swept for one in removals.pending(store))


def _is_alive(holder: lease.Holder) -> bool:
    return identity.is_alive(holder.pid, holder.start_time, holder.boot_id)
