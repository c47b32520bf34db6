"""A world of jobs and pools that acts on plans and checks each of them: what must hold for every queue, always.

Pure, and without a backend: what is started is active at once, what is asked to
stop is stopping until the world ends it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen
from jupyter_training.core.policy import ActiveAttempt, Finish, Plan, QueuedJob, QueueView, Start, Stop, plan
from jupyter_training.core.resources import Need, Pool
from tests.core.policy.builders import NOW

__all__ = ["World"]


class World:
    def __init__(self, *pools: Pool) -> None:
        self.pools = {pool.name: pool for pool in pools}
        self.now: Instant = NOW
        self.jobs: dict[JobId, QueuedJob] = {}  # as each was submitted, by what it wishes now
        self.attempts: dict[JobId, ActiveAttempt] = {}
        self.view = QueueView(self.pools)
        self.started = 0
        self.last = Plan(())

    def submit(self, job: QueuedJob) -> None:
        self.jobs[job.id] = replace(job, waiting_since=self.now)
        self.view.put(self.jobs[job.id])

    def change(self, job_id: JobId, **values: object) -> None:
        """A person or the job itself changes something."""
        job = self.jobs[job_id] = replace(self.jobs[job_id], **values)  # type: ignore[arg-type]
        attempt = self.attempts.get(job_id)
        if attempt is not None:
            self._put(
                replace(
                    attempt,
                    priority=job.priority,
                    position=job.position,
                    desired=job.desired,
                    preemptible=job.preemptible,
                )
            )
        else:
            self.view.put(job)

    def see(self, job_id: JobId, seen: Seen) -> None:
        self._put(replace(self.attempts[job_id], seen=seen))

    def set_pool(self, pool: Pool) -> None:
        self.pools = {**self.pools, pool.name: pool}
        self.view.pools = self.pools

    def end(self, job_id: JobId) -> None:
        """An attempt ends: one that made room goes back to the queue, any other one has ended its job."""
        attempt = self.attempts.pop(job_id)
        if attempt.stop_asked == "preempt" and attempt.desired is Desired.RUN:
            self.jobs[job_id] = replace(self.jobs[job_id], waiting_since=self.now)
            self.view.put(self.jobs[job_id])
        else:
            del self.jobs[job_id]
            self.view.drop(job_id)

    def act(self) -> None:
        """Plan, check the plan, act on it, and see that another plan adds nothing."""
        self.last = plan(self.view, self.now)
        self._check(self.last)
        assert self.last == plan(self.rebuilt(), self.now), "the order of arrival does not matter"
        for decision in self.last.decisions:
            if isinstance(decision, Start):
                self._start(decision)
            elif isinstance(decision, Stop):
                attempt = self.attempts[decision.job]
                self._put(replace(attempt, stop_asked=decision.how, state=AttemptState.STOPPING))
            else:
                del self.jobs[decision.job]
                self.view.drop(decision.job)
        again = plan(self.view, self.now)
        assert () == again.decisions, "planning again adds nothing"
        assert self.last.next_wake is None or self.last.next_wake > self.now
        self._check_room()

    def rebuilt(self) -> QueueView:
        """The same view, from members in another order."""
        members: list[QueuedJob | ActiveAttempt] = [*self.waiting(), *self.attempts.values()]
        random.Random(len(members)).shuffle(members)
        view = QueueView(self.pools)
        for one in members:
            view.put(one)
        return view

    def waiting(self) -> list[QueuedJob]:
        return [job for job in self.jobs.values() if job.id not in self.attempts]

    def settle(self, limit: int = 400) -> None:
        """Let everything end: a plan, then the end of all that is asked to stop, or of the oldest attempt."""
        for _ in range(limit):
            self.act()
            if not self.attempts:
                break
            leaving = [one.job for one in self.attempts.values() if one.is_stopping]
            oldest = min(self.attempts.values(), key=lambda one: (one.created, one.order))
            for job_id in leaving or [oldest.job]:
                self.end(job_id)
        left = [job for job in self.waiting() if job.may_start and self._could_run(job)]
        assert not left, f"never started: {left}"

    def _start(self, decision: Start) -> None:
        job = self.jobs[decision.job]
        self.started += 1
        waited = self.now - job.waiting_since if job.waiting_since is not None else 0.0
        self._put(
            ActiveAttempt(
                job=job.id,
                name=job.name,
                number=self.started,
                state=AttemptState.LAUNCHING,
                seen=Seen.LIVE,
                desired=Desired.RUN,
                allocation=decision.allocation,
                stop_asked=None,
                priority=job.priority,
                position=job.position,
                seq=job.seq,
                cpus=job.cpus,
                memory=job.memory,
                preemptible=job.preemptible,
                waited=waited,
                created=self.now + self.started * 1e-6,
                experiment=job.experiment,
                max_slots=job.max_slots,
                weight=job.weight,
                user=job.user,
            )
        )

    def _put(self, attempt: ActiveAttempt) -> None:
        self.attempts[attempt.job] = attempt
        self.view.put(attempt)

    def _could_run(self, job: QueuedJob) -> bool:
        pool = self.pools.get(job.pool)
        if pool is None or (job.max_slots is not None and job.slots > job.max_slots):
            return False
        return not job.needs_room or _holds(pool, [job.need])

    def _check(self, found: Plan) -> None:
        done = {one.job for one in found.decisions if isinstance(one, (Start, Finish))}
        for job in self.waiting():
            if job.id not in done:
                assert found.sentence(job).strip().endswith("."), job
        starts = [one for one in found.decisions if isinstance(one, Start)]
        for name, pool in self.pools.items():
            self._check_backfill(pool, [self.jobs[one.job] for one in starts if one.allocation.pool == name], found)
            victims = [one for one in found.decisions if isinstance(one, Stop) and one.how == "preempt"]
            self._check_victims(pool, [self.attempts[one.job] for one in victims], found)
        for n, one in enumerate(starts):
            self._check_limit(self.jobs[one.job], starts[: n + 1])

    def _check_backfill(self, pool: Pool, starting: Iterable[QueuedJob], found: Plan) -> None:
        """Nobody who could not leave at once passes a job that waits at the head."""
        waits = found.blocked[pool.name].waits
        if pool.policy != "priority" or pool.aging is not None or not waits:
            return
        for job in starting:
            if job.needs_room and job.order > waits[0].job.order:
                assert pool.preemption and job.preemptible, f"{job.name} passed {waits[0].job.name}"

    def _check_victims(self, pool: Pool, victims: Iterable[ActiveAttempt], found: Plan) -> None:
        for attempt in victims:
            if attempt.pool != pool.name:
                continue
            assert pool.preemption and attempt.preemptible and not attempt.is_stopping
            if pool.policy == "priority":
                newcomers = [wait.job for wait in found.blocked[pool.name].waits if wait.kind == "promised"]
                assert any(job.order < attempt.order for job in newcomers), "it stands before all newcomers"

    def _check_limit(self, job: QueuedJob, starts: Iterable[Start]) -> None:
        if job.max_slots is None or job.experiment is None or not job.slots:
            return

        def same(one: QueuedJob | ActiveAttempt) -> bool:
            return one.experiment == job.experiment and one.max_slots is not None

        held = sum(one.allocation.slots for one in self.attempts.values() if same(one))
        held += sum(one.allocation.slots for one in starts if same(self.jobs[one.job]))
        assert held <= job.max_slots

    def _check_room(self) -> None:
        """Nothing is given out twice, and no pool more than it has, but for what it lost while it was held."""
        taken: set[tuple[str, str]] = set()
        for one in self.attempts.values():
            for device in one.allocation.devices:
                key = (self.pools[one.pool].backend, device)
                assert key not in taken, f"{device} is given out twice"
                taken.add(key)
        begun = {one.job for one in self.last.decisions if isinstance(one, Start)}
        for name, pool in self.pools.items():
            holding = [one for one in self.attempts.values() if one.pool == name and one.needs_room]
            for job_id in begun & {one.job for one in holding}:
                need = self.jobs[job_id].need
                held = [
                    Need(one.allocation.slots, len(one.allocation.devices), one.cpus, one.memory) for one in holding
                ]
                assert not need.slots or sum(one.slots for one in held) <= pool.slots
                assert not need.gpus or len(self.attempts[job_id].allocation.devices) == need.gpus
                assert set(self.attempts[job_id].allocation.devices) <= set(pool.devices)
                assert not need.cpus or pool.cpus is None or sum(one.cpus for one in held) <= pool.cpus + 1e-9
                assert not need.memory or pool.memory is None or sum(one.memory for one in held) <= pool.memory


def _holds(pool: Pool, needs: list[Need]) -> bool:
    return (
        sum(one.slots for one in needs) <= pool.slots
        and sum(one.gpus for one in needs) <= len(pool.devices)
        and (pool.cpus is None or sum(one.cpus for one in needs) <= pool.cpus)
        and (pool.memory is None or sum(one.memory for one in needs) <= pool.memory)
    )
