"""Shares in numbers: within the capacity and the demands, and unmoved by what runs within them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.policy.groups import Groups
from jupyter_training.core.policy.shares import fair_shares
from tests.core.policy.builders import a_job, a_pool

sizes = st.lists(st.integers(1, 5), min_size=1, max_size=6)
weights = st.sampled_from([0.5, 1.0, 1.0, 2.0, 7.0]) | st.floats(5e-324, 1e9)  # also such as nobody may set any more
groups = st.lists(st.tuples(sizes, weights), max_size=12)


def built(wishes: list[tuple[list[int], float]]) -> Groups:
    found = Groups(a_pool(64, policy="fair_share"))
    seq = 0
    for n, (jobs, weight) in enumerate(wishes):
        for slots in jobs:
            seq += 1
            found.add_queued(a_job(f"j{seq}", seq=seq, slots=slots, experiment=f"g{n}", weight=weight))
    return found


@given(groups, st.integers(1, 30))
def test_they_stay_within_the_capacity_and_the_demands(wishes: list[tuple[list[int], float]], capacity: int) -> None:
    found = built(wishes)
    shares = fair_shares(found, capacity, {})
    assert sum(shares.values()) <= capacity
    for name, share in shares.items():
        group = found.by_name[name]
        assert share == 0 or group.smallest <= share <= group.demand


@given(groups, st.integers(1, 30))
def test_nothing_is_left_over_that_a_group_without_any_could_use(
    wishes: list[tuple[list[int], float]], capacity: int
) -> None:
    found = built(wishes)
    shares = fair_shares(found, capacity, {})
    rest = capacity - sum(shares.values())
    for name, group in found.by_name.items():
        assert shares.get(name, 0) or group.smallest > rest


@given(groups, st.integers(1, 30), st.data())
def test_what_runs_within_the_shares_does_not_move_them(
    wishes: list[tuple[list[int], float]], capacity: int, data: st.DataObject
) -> None:
    found = built(wishes)
    beyond = {}
    if wishes and data.draw(st.booleans()):
        beyond[f"g{data.draw(st.integers(0, len(wishes) - 1))}"] = data.draw(st.integers(1, capacity))
    shares = fair_shares(found, capacity, beyond)
    floors = {name: data.draw(st.integers(0, share)) for name, share in shares.items()} | beyond
    assert shares == fair_shares(found, capacity, floors)


@pytest.mark.parametrize("weight", [1e-310, 5e-324])
def test_a_weight_next_to_nothing_stops_nobody(weight: float) -> None:
    assert {"g0": 1} == fair_shares(built([([1], weight)]), 8, {})
    assert {"g0": 1, "g1": 6} == fair_shares(built([([1] * 6, weight), ([1] * 6, 1.0)]), 7, {})


@given(st.integers(1, 12), st.integers(1, 40))
def test_equal_groups_differ_by_one_at_most(many: int, capacity: int) -> None:
    shares = fair_shares(built([([1] * 6, 1.0)] * many), capacity, {})
    got = [shares.get(f"g{n}", 0) for n in range(many)]
    assert max(got) - min(got) <= 1
    assert got == sorted(got, reverse=True), "who came first is served first"
    assert sum(got) == min(capacity, 6 * many)
