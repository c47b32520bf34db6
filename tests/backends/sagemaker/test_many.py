"""Two hundred at once: what an account allows is kept, whatever is wished."""

from __future__ import annotations

import dataclasses
import random
import time
from collections import Counter
from typing import Any

import pytest

from jupyter_training.core.ids import new_job_id
from jupyter_training.core.job import Attempt, Origin, Submission
from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.dispatch.tick import Ticker
from jupyter_training.seams.backend import AttemptRef, Observation
from jupyter_training.store import lease, pools, views, wishes
from jupyter_training.store.engine import Store
from tests.backends.sagemaker.stand import INSTANCE, QUICK, Stand
from tests.backends.sagemaker.test_ends import reason
from tests.sagemaker_double.fixture import Double

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(400)]

CODE = "from jupyter_training import report\nreport(step=0, loss=0.5)\n"
LISTS = 2.0  # a second, of an account
BURST = 1  # that is forgiven


def most_within_a_second(calls: list[dict[str, Any]]) -> int:
    times = [call["time"] for call in calls]
    return max(sum(1 for other in times if at <= other < at + 1.0) for at in times)


def observed(stand: Stand, refs: list[AttemptRef], holds: Any, *, seconds: float) -> list[Observation]:
    """All of them, as soon as this is true of each."""
    end = time.monotonic() + seconds
    done: dict[AttemptRef, Observation] = {}
    while len(done) < len(refs):
        left = [ref for ref in refs if ref not in done]
        for seen in stand.backend.observe(left):
            if holds(seen):
                done[seen.ref] = seen
        assert time.monotonic() < end, Counter(seen.stage for seen in stand.backend.observe(left))
        time.sleep(0.1)
    return [done[ref] for ref in refs]


def test_two_hundred_launches_send_the_code_once_and_ask_for_lists_twice_a_second(stand: Stand, double: Double) -> None:
    """None of them gets as far as a container, which would take the machine of the test for minutes."""
    double.faults(rates={"CreateTrainingJob": 12.0}, quota={INSTANCE: 500}, start_up=600.0)
    stand.pace = dataclasses.replace(QUICK, creates=8.0, describes=20.0, stops=20.0)
    stand.succeed()
    order = stand.order(CODE)
    orders = [
        dataclasses.replace(order, ref=AttemptRef(new_job_id(stand.rng), 1, f"token{number}", None))
        for number in range(200)
    ]
    began = time.monotonic()
    refs = [stand.launched(order) for order in orders]
    assert time.monotonic() - began < 20.0, "a launch waits for nobody"
    observed(stand, refs, lambda seen: str(seen.stage).startswith("starting"), seconds=120)
    began = time.monotonic()
    for _ in range(10):
        stand.backend.observe(refs)
    assert (time.monotonic() - began) / 10 < 0.1, "the dispatcher asks ten times a second"
    for ref in refs:
        stand.backend.stop(ref, "cancel", 1.0)
    ended = observed(stand, refs, lambda seen: seen.end is not None, seconds=120)
    assert {EndReason.CANCELED} == {reason(seen.end) for seen in ended}

    made = double.calls("CreateTrainingJob")
    assert Counter({"200": 200}) == Counter(call["outcome"] for call in made)
    assert 200 == len({call["about"] for call in made})
    sent = [call["about"] for call in double.calls("PutObject")]
    assert 1 == sum(1 for about in sent if about.endswith("code.tar.gz"))
    assert 1 == sum(1 for about in sent if about.endswith("job.zip"))
    assert 200 == sum(1 for about in sent if about.endswith("order.json"))
    lists = double.calls("ListTrainingJobs")
    assert most_within_a_second(lists) <= LISTS + BURST
    assert {"200"} == {call["outcome"] for call in lists}
    assert len(lists) / (lists[-1]["time"] - lists[0]["time"]) <= LISTS


class Dispatcher:
    """The real rounds over a real store, with this backend."""

    def __init__(self, stand: Stand) -> None:
        stand.settings.home.mkdir(exist_ok=True)
        self.stand = stand
        self.store = Store.open(stand.settings)
        self.rng = random.Random(3)
        pools.write(self.store, stand.pool(), now=stand.clock.now())
        holder = lease.Holder("many", 1, 0, "boot")
        taken = lease.take(self.store, holder, ttl=600, boot_now=stand.clock.boot(), alive=lambda one: False)
        assert taken is not None
        self.epoch = taken.epoch
        self.ticker = Ticker(stand.settings, self.store, lambda name: stand.backend, stand.clock)

    def submit(self, count: int) -> list[Any]:
        spec = self.stand.order(CODE).spec
        wished = [
            Submission(key=f"key{number}", spec=spec, origin=Origin(user="ada"), pool=INSTANCE)
            for number in range(count)
        ]
        stored = wishes.submit(self.store, wished, new_id=lambda: new_job_id(self.rng), now=self.stand.clock.now())
        return [one.job.id for one in stored]

    def attempts(self, jobs: list[Any]) -> list[Attempt]:
        return [attempt for found in views.attempts(self.store, jobs).values() for attempt in found]

    def until_all_succeed(self, jobs: list[Any], *, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self.ticker.tick(self.epoch)
            states = Counter(views.job(self.store, job).state for job in jobs)
            if states == {JobState.SUCCEEDED: len(jobs)}:
                return
            assert time.monotonic() < end, (states, self.attempts(jobs))
            time.sleep(0.1)


@pytest.mark.parametrize("may_look_up", [True, False])
def test_with_a_quota_no_more_are_tried_than_one_to_find_it_out(
    stand: Stand, double: Double, may_look_up: bool
) -> None:
    denied = [] if may_look_up else ["servicequotas:ListServiceQuotas"]
    double.faults(rates={"CreateTrainingJob": 5.0}, quota={INSTANCE: 3}, denied=denied)
    stand.pace = dataclasses.replace(QUICK, creates=4.0, look_again=300.0)
    stand.succeed()
    dispatcher = Dispatcher(stand)
    jobs = dispatcher.submit(12)
    dispatcher.until_all_succeed(jobs, seconds=240)
    outcomes = Counter(call["outcome"] for call in double.calls("CreateTrainingJob"))
    assert 12 == outcomes.pop("200")
    # Where nobody may ask, one finds it out; none, if the machine is so slow that three never run at once.
    assert sum(outcomes.values()) <= (0 if may_look_up else 1), outcomes
    unplaced = [one for one in dispatcher.attempts(jobs) if one.reason is EndReason.UNPLACED]
    assert not may_look_up or unplaced == []
    dispatcher.store.close()
