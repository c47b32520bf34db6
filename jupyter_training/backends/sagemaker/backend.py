"""Launch, observe and stop training jobs at SageMaker. Every answer comes from memory or this machine's disk.

    dispatcher -> launch: the intent on disk, and a task that carries it out
               -> observe, standings: what the tasks have found
               -> stop, void: written into the attempt's folder, which the tasks read

Nothing that counts is in memory alone: a new backend takes each attempt up from
its folder when it is asked for it.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_training import spool
from jupyter_training._version import __version__
from jupyter_training.backends.sagemaker import clients, names, view
from jupyter_training.backends.sagemaker.driving import Driving
from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.backends.sagemaker.poller import Listed, Poller
from jupyter_training.backends.sagemaker.quotas import Quotas, quota_name
from jupyter_training.backends.sagemaker.region import Find, Region
from jupyter_training.backends.sagemaker.remote import ANSWER, INTENT, Intent, Remote, read_end, stop_asked
from jupyter_training.backends.sagemaker.room import Room
from jupyter_training.backends.sagemaker.streams import Reading
from jupyter_training.backends.sagemaker.uploads import SENDERS, Uploads
from jupyter_training.backends.sagemaker.work import Ticket, Work
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import STRENGTH, AttemptState, EndReason, Seen, StopHow
from jupyter_training.core.resources import Pool
from jupyter_training.errors import LaunchFailed, StoreBusy
from jupyter_training.seams.backend import AttemptRef, End, LaunchOrder, Observation, Standing
from jupyter_training.seams.clock import Clock
from jupyter_training.settings import Settings
from jupyter_training.spool import claim, layout

__all__ = ["SagemakerBackend"]

log = logging.getLogger(__name__)

_ANOTHERS = (
    "Lost: its folder is held by another attempt of the same number, of which this store knows nothing."
    " Was the store put back from a copy?"
)
_RUNS_ON = " That one's training job {} in {} may run on at AWS, where it costs money: look at it there, and stop it."
_UNREADABLE = "what it was launched with can't be read by this version; a newer one may have written it"
_Key = tuple[JobId, int]
# Who uploads or fetches for hours, or reads a log that does not answer, leaves threads to those who stop and look.
_LANES = {"send": SENDERS + 2, "fetch": 2, "read": 4, "drive": 4, "look": 2}


@dataclass
class _Desk:
    """All that belongs to one region and profile."""

    region: Region
    poller: Poller
    quotas: Quotas
    driving: Driving


class SagemakerBackend:
    """``threads`` 0: nothing is done but in ``work.run_due``. ``find`` and ``forget``: in place of ``clients.of``."""

    name = "sagemaker"

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        pace: Pace | None = None,
        threads: int = sum(_LANES.values()),
        rng: random.Random | None = None,
        find: Find | None = None,
        forget: Callable[[str | None, str | None], None] = clients.forget,
    ) -> None:
        self.pace = pace or Pace.of(settings.sagemaker)
        self.work = Work(clock, threads=threads, lanes=_LANES)
        self._settings = settings
        self._clock = clock
        self._rng = rng or random.Random()
        self._find = find
        self._forget = forget
        self._lock = threading.RLock()
        self._desks: dict[tuple[str | None, str | None], _Desk] = {}
        self._remotes: dict[_Key, Remote] = {}
        self._tickets: dict[_Key, tuple[Ticket, Ticket]] = {}
        self._rooms: dict[str, Room] = {}
        self._found: set[str] = set()  # pools that follow what their rooms say

    def capacity(self) -> None:
        return None

    def standings(self, pools: Sequence[Pool]) -> Mapping[str, Standing]:
        return {pool.name: self._standing(pool) for pool in pools}

    def launch(self, order: LaunchOrder) -> str:
        folder = self._folder(order.ref)
        intent = Intent.read(folder)
        if intent is None:
            try:
                intent = Intent.of(order, self._clock.now())
                intent.write(folder)
            except ValueError:  # pydantic's, where nobody has settled the options
                raise LaunchFailed(
                    "it was not made for SageMaker: its options say no role, region, image and instance.",
                    hint="Submit it again with `--backend sagemaker --instance ...`.",
                ) from None
            except OSError as error:
                raise LaunchFailed(f"its folder could not be made: {error.strerror} ({error.filename}).") from None
        if intent.token == order.ref.token:
            self._take_up(intent, folder, is_new=True)
        return names.handle(intent.region, intent.name)

    def observe(self, refs: Sequence[AttemptRef]) -> list[Observation]:
        return [self._observe(ref) for ref in refs]

    def stop(self, ref: AttemptRef, how: StopHow, grace: float) -> None:
        folder = self._folder(ref)
        before = stop_asked(folder)
        if before is None or STRENGTH[before] < STRENGTH[how]:
            with _waited_out(folder):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                record = {"how": how, "grace": grace, "time": self._clock.now()}
                layout.write_json(layout.stop_file(folder), record, durable=False)
        with self._lock:
            tickets = self._tickets.get((ref.job, ref.number))
        if tickets is not None:
            self.work.hasten(tickets[0])

    def void(self, ref: AttemptRef) -> bool:
        folder = self._folder(ref)
        with _waited_out(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return claim.void(folder, ref.token)

    def close(self) -> None:
        self.work.close()

    # --- what is known ------------------------------------------------------------------------------------------

    def _observe(self, ref: AttemptRef) -> Observation:
        with self._lock:
            one = self._remotes.get((ref.job, ref.number))
        if one is None or one.intent.token != ref.token:
            found = self._found_on_disk(ref)
            if isinstance(found, Observation):
                return found
            one = found
        one.asked_at = self._clock.boot()
        desk = self._desk(one.intent.region, one.intent.profile)
        seen = view.of(ref, one, desk.region, heard=desk.poller.heard, now=self._clock.boot())
        if seen.end is not None:
            self._forget_attempt((ref.job, ref.number))
        return seen

    def _found_on_disk(self, ref: AttemptRef) -> Remote | Observation:
        """Take up an attempt that an earlier dispatcher launched."""
        folder = self._folder(ref)
        end, intent = read_end(folder), Intent.read(folder)
        if intent is not None and intent.token != ref.token:
            at_aws = claim.is_taken(folder) and not claim.is_void(folder) and end is None
            words = _ANOTHERS + (_RUNS_ON.format(intent.name, intent.region) if at_aws else "")
            return Observation(ref, Seen.GONE, AttemptState.ENDED, None, End(EndReason.LOST, words))
        if end is not None:
            started = None if end[1] is None else Instant(end[1])
            return Observation(ref, Seen.GONE, AttemptState.ENDED, started, end[0])
        if intent is None:
            # It was never written, or did not survive: nothing was sent without one.
            gone = claim.is_void(folder) or (ref.handle is not None and self.void(ref))
            seen = Seen.GONE if gone else Seen.UNKNOWN
            state = AttemptState.ENDED if gone else AttemptState.LAUNCHING
            why = _UNREADABLE if not gone and (folder / INTENT).exists() else None
            return Observation(ref, seen, state, end=End(EndReason.VOID) if gone else None, stage=why)
        return self._take_up(intent, folder)

    def _standing(self, pool: Pool) -> Standing:
        options = pool.options
        desk = self._desk(options.get("region"), options.get("profile"))
        instance = str(options.get("instance") or pool.name)
        quota = quota_name(instance, spot=bool(options.get("spot")))
        with self._lock:
            self._found.add(pool.name)
            there = self._room(pool.name, instance)
            used, _ = self._machines(pool.name)
        desk.quotas.want(quota)
        if desk.region.no_credentials is not None:
            return Standing(used, desk.region.no_credentials)
        limit = desk.quotas.limits.get(quota)
        if limit is not None:
            there.told(quota, limit)
        elif desk.quotas.may_come(quota):
            return Standing(used, "AWS is being asked how many machines there may be.")
        return there.standing(used, self._clock.boot())

    def _machines(self, pool: str, but: Remote | None = None) -> tuple[int, int]:
        """The machines of a pool's jobs: those that AWS has given, and those of which it has not said yet."""
        used = asking = 0
        with self._lock:
            for one in self._remotes.values():
                if one is but or one.intent.pool != pool or one.is_over:
                    continue
                if one.arn is not None:
                    used += one.intent.machines
                elif one.is_asking or one.is_lost:
                    asking += one.intent.machines
        return used, asking

    # --- what is worked on --------------------------------------------------------------------------------------

    def _take_up(self, intent: Intent, folder: Path, *, is_new: bool = False) -> Remote:
        """Go on with an attempt where its folder says that it is."""
        key = (intent.job, intent.number)
        with self._lock:
            known = self._remotes.get(key)
            if known is not None:
                return known
            end = read_end(folder)
            one = Remote(intent, folder, end=None if end is None else end[0])
            answer = layout.read_json(folder / ANSWER)
            one.arn = None if answer is None else str(answer["arn"])
            one.is_sent = claim.is_taken(folder) and not claim.is_void(folder)
            one.is_unsure = one.is_lost = one.is_sent and one.arn is None
            one.looked = one.taken_up = self._clock.boot()
            one.is_new = is_new and not one.is_sent
            self._remotes[key] = one
            desk = self._desk(intent.region, intent.profile)
            reading = Reading(desk.region, one, self._settings, self._clock)
            self._tickets[key] = (
                self.work.add(
                    lambda: self._drive(desk, one),
                    f"{intent.name}: driving",
                    lane=lambda: "drive" if not one.carries else "send" if one.arn is None else "fetch",
                ),
                self.work.add(reading.turn, f"{intent.name}: reading", lane=lambda: "read"),
            )
        return one

    def _drive(self, desk: _Desk, one: Remote) -> float | None:
        wait = desk.driving.turn(one)
        if wait is None and not one.is_sent:  # it never was: nobody may ask for it again
            self._forget_attempt((one.intent.job, one.intent.number))
        return wait

    def _forget_attempt(self, key: _Key) -> None:
        """It has ended, and its folder says how."""
        with self._lock:
            self._remotes.pop(key, None)
            self._tickets.pop(key, None)

    def _desk(self, region: str | None, profile: str | None) -> _Desk:
        with self._lock:
            desk = self._desks.get((region, profile))
            if desk is None:
                desk = self._desks[region, profile] = self._new_desk(region, profile)
            return desk

    def _new_desk(self, name: str | None, profile: str | None) -> _Desk:
        region = Region(
            name,
            profile,
            pace=self.pace,
            clock=self._clock,
            rng=random.Random(self._rng.random()),
            find=self._find,
            forget=self._forget,
        )
        poller = Poller(region, self._clock, lambda: self._wanted(name, profile))
        quotas = Quotas(region, self._clock)
        driving = Driving(
            region,
            Uploads(region, self._settings, self._clock),
            self._settings,
            self._clock,
            version=__version__,
            rooms=lambda one: self._room(one.intent.pool, one.intent.chosen.instance),
            used=lambda one: self._machines(one.intent.pool, one),
            is_found=lambda pool: pool in self._found,
            changed=self._read_on,
        )
        where = f"{name or 'the usual region'}{f', {profile}' if profile else ''}"
        self.work.add(lambda: poller.turn(self._listed), f"{where}: list", lane=lambda: "look")
        self.work.add(quotas.turn, f"{where}: quotas", lane=lambda: "look")
        return _Desk(region, poller, quotas, driving)

    def _read_on(self, one: Remote) -> None:
        """Have its streams looked at now."""
        with self._lock:
            tickets = self._tickets.get((one.intent.job, one.intent.number))
        if tickets is not None:
            self.work.hasten(tickets[1])

    def _room(self, pool: str, instance: str) -> Room:
        with self._lock:
            return self._rooms.setdefault(pool, Room(instance, self.pace))

    def _wanted(self, region: str | None, profile: str | None) -> dict[str, float]:
        """The training jobs of a region that go on, each with the time at which it was begun."""
        with self._lock:
            return {
                one.intent.name: one.intent.begun
                for one in self._remotes.values()
                if one.arn is not None
                and not one.is_over
                and (one.intent.region, one.intent.profile) == (region, profile)
            }

    def _listed(self, found: Mapping[str, Listed]) -> None:
        """A list has come: have those looked at that have changed."""
        now = self._clock.boot()
        with self._lock:
            for key, one in self._remotes.items():
                line = found.get(one.intent.name)
                if line is None:
                    continue
                one.listed, one.listed_at = line, now
                if line != one.seen_as:
                    for ticket in self._tickets[key]:
                        self.work.hasten(ticket)

    def _folder(self, ref: AttemptRef) -> Path:
        return spool.attempt_folder(self._settings.spool_root, ref.job, ref.number)


@contextlib.contextmanager
def _waited_out(path: Path) -> Iterator[None]:
    """What the disk can't take now is tried again.

    Raises:
        StoreBusy
    """
    try:
        yield
    except OSError as error:
        raise StoreBusy(
            f"{path} can't be written: {error.strerror}.", hint="It is tried again until it can be."
        ) from error
