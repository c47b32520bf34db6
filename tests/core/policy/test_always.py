"""What holds for every queue, whatever happens to it: stories that Hypothesis tells, each plan checked by the world."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import Desired, Seen
from jupyter_training.core.queue_position import between
from jupyter_training.core.resources import Pool
from tests.core.policy.builders import a_job
from tests.core.policy.world import World

pools = st.builds(
    Pool,
    name=st.just("a"),
    backend=st.just("local"),
    slots=st.integers(0, 8),
    policy=st.sampled_from(["priority", "fair_share"]),
    devices=st.sampled_from([(), ("0",), ("0", "1"), ("0", "1", "2")]),
    cpus=st.sampled_from([None, 4.0, 2.5]),
    memory=st.sampled_from([None, 8, 16]),
    preemption=st.sampled_from([True, True, False]),
    victim=st.sampled_from(["last", "cheapest"]),
    aging=st.sampled_from([None, None, 10.0]),
)
jobs = st.fixed_dictionaries(
    {
        "slots": st.integers(0, 5),
        "gpus": st.sampled_from([0, 0, 0, 1, 2]),
        "cpus": st.sampled_from([0.0, 0.0, 0.1, 1.0, 2.5]),
        "memory": st.sampled_from([0, 0, 3, 8]),
        "priority": st.sampled_from([1, 40, 42, 42, 43, 99]),
        "preemptible": st.booleans(),
        "experiment": st.sampled_from([None, None, "x", "y", "z"]),
        "max_slots": st.sampled_from([None, None, 3]),
        "weight": st.sampled_from([1.0, 1.0, 3.0, 0.5]),
        "user": st.sampled_from(["ada", "bob"]),
        "pool": st.sampled_from(["a", "a", "b"]),
        "held": st.sampled_from([False, False, False, True]),
        "unmet": st.sampled_from([0, 0, 0, 1]),
    }
)


class Stories(RuleBasedStateMachine):
    """Two pools of one backend, which may share devices."""

    @initialize(first=pools, second=pools)
    def pools_are_made(self, first: Pool, second: Pool) -> None:
        self.world = World(first, replace(second, name="b"))
        self.seq = 0

    @rule(many=st.lists(jobs, min_size=1, max_size=5))
    def jobs_are_submitted(self, many: list[dict[str, object]]) -> None:
        for job in many:
            self.seq += 1
            self.world.submit(a_job(f"j{self.seq}", seq=self.seq, **job))  # type: ignore[arg-type]
        self.world.act()

    @precondition(lambda self: self.world.attempts)
    @rule(data=st.data())
    def an_attempt_ends(self, data: st.DataObject) -> None:
        self.world.end(data.draw(st.sampled_from(sorted(self.world.attempts))))
        self.world.act()

    @precondition(lambda self: self.world.attempts)
    @rule(data=st.data(), seen=st.sampled_from(list(Seen)))
    def an_attempt_is_seen(self, data: st.DataObject, seen: Seen) -> None:
        self.world.see(data.draw(st.sampled_from(sorted(self.world.attempts))), seen)
        self.world.act()

    @precondition(lambda self: self.world.jobs)
    @rule(
        data=st.data(),
        change=st.sampled_from(
            [
                {"priority": 1},
                {"priority": 99},
                {"preemptible": True},
                {"preemptible": True},
                {"desired": Desired.CANCEL},
                {"held": False, "unmet": 0},
            ]
        ),
    )
    def a_job_changes(self, data: st.DataObject, change: dict[str, object]) -> None:
        self.world.change(self._any(data), **change)
        self.world.act()

    @precondition(lambda self: len(self.world.jobs) > 1)
    @rule(data=st.data())
    def a_job_is_moved_to_the_top(self, data: st.DataObject) -> None:
        job_id = self._any(data)
        first = min(job.position for job in self.world.jobs.values())
        self.world.change(job_id, position=between("", first))
        self.world.act()

    @rule(seconds=st.sampled_from([1.0, 10.0, 35.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.world.now = Instant(self.world.now + seconds)
        self.world.act()

    @rule(pool=pools, name=st.sampled_from(["a", "b"]))
    def a_pool_changes(self, pool: Pool, name: str) -> None:
        self.world.set_pool(replace(pool, name=name))
        self.world.act()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            for job_id in sorted(self.world.jobs):
                self.world.change(job_id, held=False, unmet=0)
            for job_id in sorted(self.world.attempts):
                self.world.see(job_id, Seen.LIVE)
            self.world.settle()

    def _any(self, data: st.DataObject) -> JobId:
        return data.draw(st.sampled_from(sorted(self.world.jobs)))


Stories.TestCase.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStories = Stories.TestCase
