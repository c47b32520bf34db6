"""What people say of pools becomes pools: what is not said stays, what makes no sense is refused in a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jupyter_training.core.resources import Capacity, Pool
from jupyter_training.errors import InvalidSpec
from jupyter_training.languages.pools import at_start, followed, read

GB = 10**9
FOUR_GPUS = Capacity(8.0, 64 * GB, ("0", "1", "2", "3"))
NOBODY_TO_ASK = Capacity(2.0, 8 * GB)
LAB = Pool("lab", "local", 2, devices=("0", "1"))


def lab(before: Pool | None = None, capacity: Capacity | None = NOBODY_TO_ASK, **given: Any) -> Pool:
    return read("lab", given, before=before, capacity=capacity)


# -- a new pool ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "pool"),
    [
        ({}, Pool("lab", "local", 1)),
        ({"slots": 5}, Pool("lab", "local", 5)),
        ({"cpus": 6.5}, Pool("lab", "local", 6, cpus=6.5)),
        ({"cpus": 0.5}, Pool("lab", "local", 1, cpus=0.5)),
        ({"gpus": 2, "cpus": 16}, Pool("lab", "local", 2, devices=("0", "1"), cpus=16)),
        ({"gpus": 2, "slots": 8}, Pool("lab", "local", 8, devices=("0", "1"))),
        ({"devices": "GPU-8f,GPU-41"}, Pool("lab", "local", 2, devices=("GPU-8f", "GPU-41"))),
        ({"devices": [1, "0"]}, Pool("lab", "local", 2, devices=("1", "0"))),
        ({"memory": "64G"}, Pool("lab", "local", 1, memory=64 * GB)),
        ({"policy": "fair-share"}, Pool("lab", "local", 1, policy="fair_share")),
        ({"preemption": "on", "victim": "cheapest"}, Pool("lab", "local", 1, preemption=True, victim="cheapest")),
        ({"aging": "30m"}, Pool("lab", "local", 1, aging=1800)),
        ({"aging": "off", "cpus": 0, "memory": 0}, Pool("lab", "local", 1)),
        ({"default": True}, Pool("lab", "local", 1, is_default=True)),
    ],
)
def test_a_new_pool_has_what_is_said_and_else_one_slot_for_each_gpu_or_cpu(given: dict[str, Any], pool: Pool) -> None:
    assert pool == lab(**given)


def test_a_number_of_gpus_means_the_machines_first_ones() -> None:
    assert ("2", "5") == lab(capacity=Capacity(8.0, None, ("2", "5", "7")), gpus=2).devices
    with pytest.raises(InvalidSpec, match=r"gpus: it says 2, and 1 can be seen here: 3\.") as refused:
        lab(capacity=Capacity(8.0, None, ("3",)), gpus=2)
    assert refused.value.hint == "Name the ones that you mean with devices."
    with pytest.raises(InvalidSpec, match="none can be seen here"):
        lab(capacity=Capacity(8.0, None, ()), gpus=2)


def test_devices_that_a_person_names_are_taken_at_their_word() -> None:
    assert ("6", "7") == lab(capacity=FOUR_GPUS, devices="6,7").devices


# -- changes ---------------------------------------------------------------------------------------------------------


def test_what_is_not_given_stays() -> None:
    before = replace(LAB, policy="fair_share", preemption=True, aging=60.0, cpus=4.0, is_default=True)
    assert replace(before, slots=3) == lab(before, slots=3)
    assert before == lab(before, slots=None)
    assert before == lab(before, gpus=2, devices=["0", "1"], capacity=FOUR_GPUS)


def test_fewer_or_more_gpus_and_the_same_number() -> None:
    before = replace(LAB, devices=("3", "1"))
    assert ("3", "1") == lab(before, gpus=2, capacity=FOUR_GPUS).devices
    assert ("0",) == lab(before, gpus=1, capacity=FOUR_GPUS).devices
    assert () == lab(before, gpus=0, capacity=FOUR_GPUS).devices


def test_a_pool_that_follows_the_machine_does_so_until_its_capacity_is_said() -> None:
    before = Pool("lab", "local", 8, cpus=8.0, devices=("0",), is_found=True)
    assert lab(before, policy="fair-share", preemption=True).is_found
    assert not lab(before, slots=8).is_found
    assert not lab(before, found=False).is_found
    again = lab(lab(before, slots=3), found=True, capacity=FOUR_GPUS)
    assert Pool("lab", "local", 8, cpus=8.0, memory=64 * GB, devices=("0", "1", "2", "3"), is_found=True) == again


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words", "hint"),
    [
        ({"slots": -1}, "slots: it must be a whole number from 0", None),
        ({"slots": 1.5}, "slots: it must be a whole number", None),
        ({"slots": True}, "slots: it must be a whole number", None),
        ({"cpus": "many"}, "cpus: it must be a number", None),
        ({"gpus": 2, "devices": "0"}, "gpus: it says 2, and devices names 1: 0", "Leave gpus out"),
        ({"devices": "0,1,0"}, "devices: '0' is named twice", "Each can be given to one job at a time."),
        ({"devices": "0,-1"}, "devices: '-1' is no device's number", "CUDA_VISIBLE_DEVICES"),
        ({"devices": ["0,1"]}, "devices: '0,1' is no device's number", "CUDA_VISIBLE_DEVICES"),
        ({"memory": "lots"}, "memory: 'lots' is not a size", "16GB"),
        ({"memory": "4611687T"}, "memory: 4611687T is more than any pool has", None),
        ({"policy": "fairshare"}, "policy: there is no 'fairshare'; it is priority or fair-share", "'fair-share'"),
        ({"victim": "cheap"}, "victim: there is no 'cheap'; it is last or cheapest", "'cheapest'"),
        ({"preemption": "maybe"}, "preemption: it must be on or off, not 'maybe'", None),
        ({"aging": "soon"}, "aging: 'soon' is not a duration", "1h30m"),
        ({"aging": 0.5}, "aging: 0.5 is too short", None),
        ({"slot": 2}, "slot: no pool has such a thing", "'slots'"),
        ({"is_fund": 2}, "is_fund: no pool has such a thing", None),
        ({"found": True, "slots": 2}, "slots: it is either said or found, not both", None),
        ({"backend": 3}, "backend: it must be a text", None),
    ],
)
def test_what_no_pool_can_be_is_refused_with_its_key(given: dict[str, Any], words: str, hint: str | None) -> None:
    with pytest.raises(InvalidSpec) as refused:
        lab(**given)
    assert refused.value.detail.startswith(words)
    assert hint is None or hint in (refused.value.hint or "")


def test_names_backends_and_the_only_default_stay() -> None:
    with pytest.raises(InvalidSpec, match="'a pool'"):
        read("a pool", {})
    with pytest.raises(InvalidSpec, match="runs its jobs at 'local'"):
        lab(LAB, backend="sagemaker")
    with pytest.raises(InvalidSpec, match="default: one pool must be"):
        lab(replace(LAB, is_default=True), default=False)
    with pytest.raises(InvalidSpec, match="found: only people can tell"):
        lab(found=True, capacity=None)


# -- at the start of a program ---------------------------------------------------------------------------------------


def test_this_machines_pool_is_made_of_what_it_has() -> None:
    local = Pool(
        *("local", "local", 8),
        devices=("0", "1", "2", "3"),
        cpus=8.0,
        memory=64 * GB,
        is_default=True,
        is_found=True,
    )
    assert [local] == at_start({}, {}, None, FOUR_GPUS)
    assert [] == at_start({"local": local}, {}, None, FOUR_GPUS)
    assert [replace(local, slots=2)] == at_start({}, {}, 2, FOUR_GPUS)
    assert [replace(local, is_default=False)] == at_start({"lab": replace(LAB, is_default=True)}, {}, None, FOUR_GPUS)


def test_it_follows_the_machine_while_nobody_said_what_it_has() -> None:
    found = followed(Pool("local", "local", 1, preemption=True, is_default=True, is_found=True), FOUR_GPUS)
    smaller = Capacity(0.5, 4 * GB, ("1",))
    shrunk = replace(found, slots=1, cpus=0.5, memory=4 * GB, devices=("1",))
    assert [shrunk] == at_start({"local": found}, {}, None, smaller)
    assert [] == at_start({"local": replace(found, is_found=False)}, {}, None, smaller)
    assert [] == at_start({"local": found}, {}, None, None)
    assert [replace(found, slots=3)] == at_start({"local": found}, {}, 3, None)
    other = replace(found, name="other", is_default=False)
    assert [shrunk, replace(shrunk, name="other", is_default=False)] == at_start(
        {"local": found, "other": other}, {}, None, smaller
    )


def test_gpus_that_can_not_be_asked_for_now_are_those_of_before() -> None:
    found = followed(Pool("local", "local", 1, is_found=True), FOUR_GPUS)
    assert found.devices == followed(found, replace(FOUR_GPUS, devices=None, fault="it hangs")).devices
    assert () == followed(found, replace(FOUR_GPUS, devices=None)).devices


def test_pools_of_the_settings_are_made_and_said_anew_at_each_start() -> None:
    (local,) = at_start({}, {}, None, FOUR_GPUS)
    named = {"lab": {"gpus": 2, "preemption": True}}
    (made,) = at_start({"local": local}, named, None, FOUR_GPUS)
    assert replace(LAB, preemption=True) == made
    known = {"local": local, "lab": made}
    assert [] == at_start(known, named, None, FOUR_GPUS)
    assert [] == at_start(known, named, None, None)
    assert [made] == at_start({**known, "lab": replace(made, preemption=False, slots=2)}, named, None, FOUR_GPUS)


def test_settings_for_more_gpus_than_there_are_take_those_that_there_are() -> None:
    assert ("5",) == at_start({}, {"lab": {"gpus": 2}}, None, Capacity(1.0, None, ("5",)))[1].devices


def test_a_setting_of_this_machines_pool_leaves_the_rest_to_follow_it() -> None:
    (local,) = at_start({}, {"local": {"preemption": "on", "cpus": 3}}, None, FOUR_GPUS)
    assert (True, True, 3.0, 4) == (local.preemption, local.is_found, local.cpus, len(local.devices))


def test_a_default_of_the_settings_takes_that_from_the_others_and_two_are_a_mistake() -> None:
    local, made = at_start({}, {"lab": {"default": True}}, None, FOUR_GPUS)
    assert (False, True) == (local.is_default, made.is_default)
    with pytest.raises(InvalidSpec, match="a and b are both the default"):
        at_start({}, {"a": {"default": True}, "b": {"default": True}}, None, FOUR_GPUS)


def test_a_mistake_in_the_settings_is_told_with_its_pool() -> None:
    with pytest.raises(InvalidSpec, match=r"pools\.lab: slots: it must be") as refused:
        at_start({}, {"lab": {"slots": "two"}}, None, FOUR_GPUS)
    assert refused.value.hint is None
