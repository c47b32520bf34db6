"""Why jobs wait: what a plan saw of a pool, and a sentence for one job when somebody looks.

A plan keeps numbers and names once for a pool; no sentence is made for the
hundred thousand jobs that nobody looks at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.policy import words
from jupyter_training.core.policy.aging import aged
from jupyter_training.core.policy.groups import capacity_of, units_of
from jupyter_training.core.policy.nouns import ActiveAttempt, QueuedJob
from jupyter_training.core.policy.room import could_fit
from jupyter_training.core.resources import Need, Pool

__all__ = ["Blocked", "Share", "Wait", "no_pool"]


class Wait(NamedTuple):
    """A job that others wait behind. ``promised``: its room is being made; ``short``: it is not, and can't be."""

    job: QueuedJob
    kind: Literal["promised", "short"]


class Share(NamedTuple):
    """What fair share gives to a group: of how many, and how many of them it holds."""

    share: int
    held: int


def no_pool(name: str) -> str:
    """Why a job waits whose pool was removed."""
    return f"There is no pool {name!r} any more; move it to another one."


@dataclass(frozen=True)
class Blocked:
    """What was left of a pool when its plan was made, who holds it, and who is ahead."""

    pool: Pool
    now: Instant
    free: Need
    holders: tuple[ActiveAttempt | QueuedJob, ...]  # who holds it, those that just start included
    leaving: tuple[str, ...]  # names of those that are being stopped
    waits: tuple[Wait, ...]
    starting: frozenset[JobId]
    capped: Mapping[str, int]  # experiments with a limit, and what they hold of it
    shares: Mapping[str, Share] | None = None  # by group, where the policy is fair share
    _by_job: dict[JobId, Wait] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_job", {wait.job.id: wait for wait in self.waits})

    def sentence(self, job: QueuedJob) -> str:
        """The reason in a person's words. ``job`` is one that waits in this pool and may start."""
        said = self._reason(job)
        waited = self.now - job.waiting_since if job.waiting_since is not None else 0.0
        better = aged(job.priority, waited, self.pool.aging)
        if better != job.priority and self.shares is None:
            said += f" By waiting it counts as priority {better}."
        return said

    def _reason(self, job: QueuedJob) -> str:
        if job.needs_room and not could_fit(self.pool, job.need):
            return self._never(job)
        if not job.needs_room or job.id in self.starting:
            return "about to start."
        wait = self._by_job.get(job.id)
        if wait is not None:
            return self._made(job) if wait.kind == "promised" else self._short(job)
        if job.max_slots is not None and (held := self.capped.get(job.group, 0)) + job.slots > job.max_slots:
            return self._full(job, held)
        if self.shares is not None:
            return self._by_share(job, self.shares)
        return self._behind(job)

    def _never(self, job: QueuedJob) -> str:
        need, pool = job.need, self.pool
        if pool.is_served and need.slots > pool.slots:
            return self._not_yet(job)
        if need.slots and not pool.slots:
            return f"The pool {pool.name!r} has no slots now; it waits until it has some, or move it to another pool."
        if need.slots > pool.slots:
            return f"No slot will ever fit: it asks for {need.slots}, the pool {pool.name!r} has {pool.slots}."
        return (
            f"It will never fit: it asks for {words.need(need)}, the pool {pool.name!r} has"
            f" {words.need(_whole(pool, need))}."
        )

    def _not_yet(self, job: QueuedJob) -> str:
        """What a service does not give now it may give tomorrow, so that the job waits for it."""
        pool = self.pool
        if pool.remark is None and not pool.slots:
            return f"What {pool.name} has now is being looked up."
        asks = f"It asks for {job.need.slots} at once, {pool.name} has {pool.slots} now."
        if pool.remark is None:
            return asks
        return f"{pool.name}: {pool.remark}" if not pool.slots else f"{asks} {pool.remark}"

    def _full(self, job: QueuedJob, held: int) -> str:
        if job.max_slots is not None and job.slots > job.max_slots:
            return f"It never starts: it asks for {words.slots(job.slots)}, max_slots allows {job.max_slots}."
        return f"Its experiment holds {held} of the {words.slots(job.max_slots or 0)} that max_slots allows it."

    def _short(self, job: QueuedJob) -> str:
        """Who holds what it lacks; where it lacks nothing now, what is free is kept for others."""
        need = self._counted(job)
        lacking = words.lacking(need, self.free)
        if not lacking:
            return self._kept(job)
        whole = _whole(self.pool, need)
        parts = []
        for kind in lacking:
            names = tuple(one.name for one in self.holders if getattr(_held(one), kind))
            by = f" by {words.listed(names)}" if names else ""
            parts.append(f"{words.used(kind, self.free, whole)} are used{by}")
        only_slots = lacking == ["slots"]
        asked = str(job.slots) if only_slots else words.need(need, lacking)
        why = f" {self.pool.remark}" if self.pool.remark is not None and "slots" in lacking else ""
        return f"{' and '.join(parts)}; it needs {asked}.{self._stay(job, lacking)}{why}"

    def _stay(self, job: QueuedJob, lacking: Sequence[str]) -> str:
        """Which of those that hold it would have to make room, and can't."""
        if not self.pool.preemption:
            return ""
        behind = [one for one in self.holders if isinstance(one, ActiveAttempt) and one.order > job.order]
        names = [one.name for one in behind if not one.preemptible and any(getattr(_held(one), k) for k in lacking)]
        if not names:
            return ""
        have = "it has" if len(names) == 1 else "they have"
        return f" {words.listed(names)} can't make room: {have} no checkpoint yet, or may never be stopped."

    def _made(self, job: QueuedJob) -> str:
        if not self.leaving:
            return self._short(job)
        verb = "saves and leaves" if len(self.leaving) == 1 else "save and leave"
        return f"Makes room: {words.listed(self.leaving)} {verb}."

    def _kept(self, job: QueuedJob) -> str:
        first = self.waits[0].job if self.waits else None
        ahead = f"; it is kept for {first.name}, which is ahead" if first is not None and first.id != job.id else ""
        need = self._counted(job)
        return f"Needs {words.need(need)}; {words.free(need, self.free)}{ahead}."

    def _behind(self, job: QueuedJob) -> str:
        if not self.waits:
            return "about to start."
        first, need = self.waits[0].job, self._counted(job)
        said = f"Needs {words.need(need)}; {words.free(need, self.free)}. {first.name} is ahead."
        if self.pool.remark is not None and "slots" in words.lacking(need, self.free):
            said += f" {self.pool.remark}"
        if self.pool.preemption and not job.preemptible and not words.lacking(need, self.free):
            said += " It can't fill the gap, since it has no checkpoint to go on from if it has to leave."
        return said

    def _counted(self, job: QueuedJob) -> Need:
        """What it needs of what the pool counts."""
        need, pool = job.need, self.pool
        return need._replace(
            cpus=need.cpus if pool.cpus is not None else 0.0, memory=need.memory if pool.memory is not None else 0
        )

    def _by_share(self, job: QueuedJob, shares: Mapping[str, Share]) -> str:
        own = shares.get(job.group, Share(0, 0))
        units = units_of(job, self.pool)
        total = capacity_of(self.pool)
        unit = "slots" if self.pool.slots else "GPUs"
        whose = "Its experiment's share" if job.experiment is not None else "Its share"
        if own.share == 0 and units == 1:
            return f"{whose} is 0 of {total} {unit} now: those that came first have at least one each."
        if own.held == 0 and own.share < units:
            return f"{whose} is {own.share} of {total} {unit} now, and it needs {units}; others share the rest."
        if own.held + units > own.share:
            used = "all in use" if own.held >= own.share else f"{own.held} in use"
            return f"{whose} is {own.share} of {total} {unit}, {used}."
        return self._made(job) if self.leaving else self._short(job)


def _whole(pool: Pool, need: Need) -> Need:
    """What the pool has of what is asked for."""
    return Need(
        slots=pool.slots if need.slots else 0,
        gpus=len(pool.devices) if need.gpus else 0,
        cpus=pool.cpus or 0.0 if need.cpus else 0.0,
        memory=pool.memory or 0 if need.memory else 0,
    )


def _held(one: ActiveAttempt | QueuedJob) -> Need:
    if isinstance(one, QueuedJob):
        return one.need
    return Need(one.allocation.slots, len(one.allocation.devices), one.cpus, one.memory)
