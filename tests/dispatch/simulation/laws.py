"""What must hold, whatever happens: judged by what really ran and by the store's rows, not by the planner's own words.

Each function looks at a ``Scene`` and raises ``Broken`` with the law and its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import AttemptState, Desired, JobState, Seen
from jupyter_training.core.resources import Allocation, Need, Pool
from tests.dispatch.simulation.backend import Key

__all__ = ["Broken", "Scene", "may_be_stopped", "may_launch", "rests_rightly"]

Order = tuple[int, str, int]

_NO_END = 1 << 62


class Broken(AssertionError):
    """A law does not hold."""


@dataclass(frozen=True)
class Scene:
    """The world at one moment. ``live``: what really runs now, on which backend."""

    now: Instant
    pools: Mapping[str, Pool]
    rows: Mapping[JobId, tuple[Job, Attempt | None]]  # the unfinished
    live: Mapping[Key, tuple[str, Allocation]]
    needs: Mapping[JobId, Need]  # of every job there ever was
    groups: Mapping[JobId, str]  # of every job that belongs to one
    open_after: Mapping[JobId, frozenset[JobId]]  # what a job starts after and has not succeeded
    ended_now: frozenset[JobId] = frozenset()

    def waiting(self, pool: str) -> Iterator[Job]:
        """Jobs that wait for room in this pool and for nothing else."""
        for job, attempt in self.rows.values():
            active = attempt is not None and attempt.state is not AttemptState.ENDED
            if job.pool != pool or active or job.state is not JobState.QUEUED:
                continue
            if job.desired is Desired.RUN and not job.holds and not self.open_after.get(job.id):
                yield job

    def active(self, pool: str) -> Iterator[tuple[Job, Attempt]]:
        for job, attempt in self.rows.values():
            if attempt is not None and attempt.state is not AttemptState.ENDED and attempt.allocation.pool == pool:
                yield job, attempt


def may_launch(scene: Scene, backend: str, key: Key, allocation: Allocation) -> None:
    """An attempt is about to begin."""
    job_id, _ = key
    need = scene.needs[job_id]
    pool = scene.pools[allocation.pool]
    job, _attempt = scene.rows[job_id]
    _hold(all(other != job_id for other, _ in scene.live), "one attempt at a time", f"{job.name} runs already")
    _hold(not scene.open_after.get(job_id), "after", f"{job.name} starts before what it waits for has succeeded")
    _hold(allocation.slots == need.slots, "allocation", f"{job.name} asks for {need.slots}, gets {allocation.slots}")
    _hold(len(allocation.devices) == need.gpus, "allocation", f"{job.name} asks for {need.gpus} GPUs: {allocation}")
    _hold(set(allocation.devices) <= set(pool.devices), "devices", f"{allocation.devices} are not {pool.name}'s")
    taken = {device for where, other in scene.live.values() if where == backend for device in other.devices}
    _hold(not taken & set(allocation.devices), "no device twice", f"{taken & set(allocation.devices)} for {job.name}")
    _fits_in(scene, pool, job, need)
    _within_its_group(scene, job, need)
    _is_its_turn(scene, pool, job, need)


def may_be_stopped(scene: Scene, key: Key) -> None:
    """An attempt is about to be asked to make room."""
    job, attempt = scene.rows[key[0]]
    if attempt is None:
        raise Broken(f"preemption: {job.name} has no attempt")
    pool = scene.pools[attempt.allocation.pool]
    _hold(pool.preemption, "preemption", f"{pool.name} has none, and {job.name} is to leave")
    _hold(_preemptible(job), "preemption", f"{job.name} is {job.spec.preemptible}, checkpoint {job.checkpoint_step}")
    _hold(_uses_something(scene.needs[job.id]), "preemption", f"{job.name} has nothing to give")
    waiting = [other for other in scene.waiting(pool.name) if other.id != job.id]
    if pool.policy == "fair_share":
        mine = scene.groups.get(job.id, job.id)
        others = any(scene.groups.get(other.id, other.id) != mine for other in waiting)
        _hold(others, "fair share", f"{job.name} leaves and no other group waits")
        return
    stands = (_priority_at_start(job, attempt, pool), job.position, job.seq)
    before = [other for other in waiting if _own_order(other) < stands and _uses_something(scene.needs[other.id])]
    _hold(bool(before), "a victim never stood before the newcomer", f"{job.name} at {stands} leaves for nobody")
    _hold(
        _lack_something(scene, pool, before, attempt), "nobody leaves in vain", f"{job.name} leaves and room is there"
    )


def rests_rightly(scene: Scene) -> None:
    """The dispatcher has come to rest."""
    for job, attempt in scene.rows.values():
        active = attempt is not None and attempt.state is not AttemptState.ENDED
        _hold(active is (job.state is JobState.RUNNING), "states", f"{job.name} is {job.state}, attempt {attempt}")
        _hold(job.retries_used <= job.spec.retries.max, "retries", f"{job.name} used {job.retries_used}")
    for job_id, number in scene.live:
        row = scene.rows.get(job_id)
        known = (
            row is not None and row[1] is not None and row[1].number == number and row[1].state != AttemptState.ENDED
        )
        _hold(known, "no orphan", f"{job_id}/{number} runs and the store does not know")
    places = [(job.priority, job.position) for job, _ in scene.rows.values()]
    _hold(len(places) == len(set(places)), "a place for each", f"{sorted(places)}")
    for pool in scene.pools.values():
        _nobody_waits_for_nothing(scene, pool)


def _nobody_waits_for_nothing(scene: Scene, pool: Pool) -> None:
    """The first of a priority pool's line does not fit; an empty pool has nobody waiting who would fit."""
    for job in scene.waiting(pool.name):
        needs = _uses_something(scene.needs[job.id]) or _just_tried(scene, job)
        _hold(needs, "needs none", f"{job.name} waits and needs nothing")
    waiting = list(_in_line(scene, pool))
    if not waiting or any(_just_tried(scene, job) for job in waiting):
        return
    if pool.policy == "priority":
        _does_not_fit(scene, pool, _first(waiting, pool, scene.now), "head of line")
    elif not any(scene.active(pool.name)):
        for job in waiting:
            _does_not_fit(scene, pool, job, "idle pool")


def _does_not_fit(scene: Scene, pool: Pool, job: Job, law: str) -> None:
    """Or its devices are kept for a job of another pool that shares them."""
    gpus = scene.needs[job.id].gpus
    others = [other for other in scene.pools.values() if other.backend == pool.backend and other.name != pool.name]
    kept = any(scene.needs[one.id].gpus for other in others for one in scene.waiting(other.name))
    kept = (gpus > 0 and kept) or _is_kept(scene, job)
    _hold(not _has_room(scene, pool, job) or kept, law, f"{job.name} fits and waits in {pool.name}")


def _in_line(scene: Scene, pool: Pool) -> Iterator[Job]:
    """Those that could start some time, as things stand, and need room for that."""
    for job in scene.waiting(pool.name):
        need = scene.needs[job.id]
        if _uses_something(need) and _ever_fits(pool, need) and not _is_capped(scene, job):
            yield job


def _is_kept(scene: Scene, job: Job) -> bool:
    """Its group's last place is kept for one that waits in another pool, or was given to one that has ended at once."""
    if job.spec.resources.max_slots is None:
        return False
    group = scene.groups.get(job.id, job.id)
    elsewhere = {one.id for name in scene.pools if name != job.pool for one in scene.waiting(name)}
    tried = {one for one, (other, _) in scene.rows.items() if _just_tried(scene, other)}
    return any(scene.groups.get(one) == group for one in (elsewhere | tried | scene.ended_now) - {job.id})


def _first(jobs: Sequence[Job], pool: Pool, now: Instant) -> Job:
    """By priority and place; a priority counts as what its first one has come to by waiting."""
    heads = [
        min((job for job in jobs if job.priority == one), key=_own_order) for one in {job.priority for job in jobs}
    ]
    return min(heads, key=lambda job: (_aged(job, pool, now), job.position, job.seq))


def _fits_in(scene: Scene, pool: Pool, job: Job, need: Need) -> None:
    if not _uses_something(need):
        return
    used = _used(scene, pool)
    for name, has, taken, asked in (
        ("slots", pool.slots, used.slots, need.slots),
        ("cpus", math.inf if pool.cpus is None else pool.cpus, used.cpus, need.cpus),
        ("memory", math.inf if pool.memory is None else pool.memory, used.memory, need.memory),
    ):
        fits = not asked or taken + asked <= has
        _hold(fits, "never over capacity", f"{pool.name} has {has} {name}, {taken} are used, {job.name} takes {asked}")


def _within_its_group(scene: Scene, job: Job, need: Need) -> None:
    most = job.spec.resources.max_slots
    if most is None or not need.slots:
        return
    taken = _of_group(scene, job)
    _hold(
        taken + need.slots <= most, "max_slots", f"{job.name}: its group has {taken} of {most}, it takes {need.slots}"
    )


def _is_its_turn(scene: Scene, pool: Pool, job: Job, need: Need) -> None:
    """Whoever stands before it has started, can't because of its group, or is waited for by a job that gives way."""
    if pool.policy != "priority" or not _uses_something(need) or (pool.preemption and _preemptible(job)):
        return
    for other in _in_line(scene, pool):
        if other.id == job.id or _just_tried(scene, other):
            continue
        aged = pool.aging is not None and other.priority != job.priority
        _hold(
            aged or _is_kept(scene, other) or _own_order(job) < _own_order(other),
            "head of line",
            f"{job.name} starts before {other.name}",
        )


def _used(scene: Scene, pool: Pool) -> Need:
    slots, cpus, memory = 0, 0.0, 0
    for (job_id, _), (_, allocation) in scene.live.items():
        need = scene.needs[job_id]
        if allocation.pool == pool.name and _uses_something(need):
            slots, cpus, memory = slots + allocation.slots, cpus + need.cpus, memory + need.memory
    return Need(slots, 0, cpus, memory)


def _has_room(scene: Scene, pool: Pool, job: Job) -> bool:
    return _covers(_free(scene, pool), scene.needs[job.id])


def _lack_something(scene: Scene, pool: Pool, jobs: Sequence[Job], but: Attempt) -> bool:
    """Whether these jobs, all together, need more than is free and promised by others that leave already."""
    leaving = [
        (job, attempt)
        for job, attempt in scene.active(pool.name)
        if attempt.stop_asked is not None and attempt != but and attempt.seen is Seen.LIVE
    ]
    slots, gpus, cpus, memory = _free(scene, pool, gone=frozenset(job.id for job, _ in leaving))
    needs = [scene.needs[job.id] for job in jobs]
    wanted = Need(
        sum(need.slots for need in needs),
        sum(need.gpus for need in needs),
        sum(need.cpus for need in needs),
        sum(need.memory for need in needs),
    )
    return not _covers(Need(slots, gpus, cpus, memory), wanted)


def _covers(free: Need, need: Need) -> bool:
    return all(not asked or asked <= has for asked, has in zip(need, free, strict=True))


def _free(scene: Scene, pool: Pool, gone: frozenset[JobId] = frozenset()) -> Need:
    """By what the store says is taken, as if those were gone. A device is taken in every pool of its backend."""
    slots, cpus, memory = pool.slots, pool.cpus, pool.memory
    for job, attempt in scene.active(pool.name):
        need = scene.needs[job.id]
        if job.id not in gone and _uses_something(need):
            slots -= attempt.allocation.slots
            cpus = None if cpus is None else cpus - need.cpus
            memory = None if memory is None else memory - need.memory
    held: set[str] = set()
    for name, other in scene.pools.items():
        if other.backend == pool.backend:
            for job, attempt in scene.active(name):
                held.update(() if job.id in gone else attempt.allocation.devices)
    devices = len(set(pool.devices) - held)
    return Need(slots, devices, math.inf if cpus is None else cpus, _NO_END if memory is None else memory)


def _ever_fits(pool: Pool, need: Need) -> bool:
    return (
        need.slots <= pool.slots
        and need.gpus <= len(pool.devices)
        and (pool.cpus is None or need.cpus <= pool.cpus)
        and (pool.memory is None or need.memory <= pool.memory)
    )


def _is_capped(scene: Scene, job: Job) -> bool:
    most = job.spec.resources.max_slots
    return most is not None and _of_group(scene, job) + scene.needs[job.id].slots > most


def _of_group(scene: Scene, job: Job) -> int:
    """The slots that its group holds by the store; a job about to be launched does not count itself."""
    group = scene.groups.get(job.id, job.id)
    return sum(
        attempt.allocation.slots
        for pool in scene.pools
        for other, attempt in scene.active(pool)
        if other.id != job.id and scene.groups.get(other.id, other.id) == group
    )


def _just_tried(scene: Scene, job: Job) -> bool:
    """It was started at this moment and has ended already: it gets its next turn in the next round."""
    attempt = scene.rows[job.id][1]
    return attempt is not None and attempt.created == scene.now


def _preemptible(job: Job) -> bool:
    kind = job.spec.preemptible
    return kind == "restart" or (kind == "auto" and job.checkpoint_step is not None)


def _uses_something(need: Need) -> bool:
    return need.slots > 0 or need.gpus > 0


def _own_order(job: Job) -> Order:
    return (job.priority, job.position, job.seq)


def _priority_at_start(job: Job, attempt: Attempt, pool: Pool) -> int:
    return min(job.priority, _aged(job, pool, attempt.created))


def _aged(job: Job, pool: Pool, moment: Instant) -> int:
    if pool.aging is None or job.waiting_since is None:
        return job.priority
    return max(1, job.priority - max(0, int((moment - job.waiting_since) // pool.aging)))


def _hold(holds: bool, law: str, words: str) -> None:
    if not holds:
        raise Broken(f"{law}: {words}")
