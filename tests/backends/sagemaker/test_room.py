"""How many machines a pool has at AWS, as it comes to be known."""

from __future__ import annotations

import pytest

from jupyter_training.backends.sagemaker.answers import Refusal
from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.backends.sagemaker.room import Room

PACE = Pace(look_again=300.0, capacity=(60.0, 120.0, 300.0, 600.0))
QUOTA = "ml.g5.xlarge for training job usage"
WORDS = "CapacityError: Unable to provision."


def room() -> Room:
    return Room("ml.g5.xlarge", PACE)


def test_a_quota_that_is_told_is_what_there_is() -> None:
    there = room()
    there.told(QUOTA, 4)
    standing = there.standing(1, 0.0)
    assert 4 == standing.slots
    assert f"AWS allows 4 at once (quota '{QUOTA}')" in str(standing.remark)
    assert ("yes", "yes", "no") == tuple(there.may_try(asked, 1, 0, 0.0) for asked in (1, 3, 4))


def test_what_was_asked_for_counts_before_aws_has_said_so() -> None:
    there = room()
    there.told(QUOTA, 4)
    assert "yes" == there.may_try(1, 1, 2, 0.0)
    assert "wait" == there.may_try(1, 1, 3, 0.0)


@pytest.mark.parametrize("quota", [QUOTA, "Number of instances across all training jobs"])
def test_a_refusal_counts_though_service_quotas_goes_on_to_say_more(quota: str) -> None:
    """Of another quota, or of a raise that is on its way: what was refused is refused."""
    there = room()
    there.told(QUOTA, 8)
    there.refused(Refusal(quota, limit=2, used=2, asked=1), asked=1, used=2, now=0.0)
    tries = 0
    for second in range(600):
        there.told(QUOTA, 8)
        if "yes" == there.may_try(1, 2, 0, float(second)):
            tries += 1
            there.refused(Refusal(quota, limit=2, used=2, asked=1), asked=1, used=2, now=float(second))
    assert 1 == tries, "one finds out after five minutes"
    there.told(QUOTA, 16)
    assert "yes" == there.may_try(1, 2, 0, 600.0)


def test_where_nobody_knows_one_asks_and_the_others_wait_for_its_answer() -> None:
    there = room()
    assert there.standing(3, 0.0).slots > 3
    assert "yes" == there.may_try(1, 3, 0, 0.0)
    assert "wait" == there.may_try(1, 3, 1, 0.0)


def test_a_refusal_tells_what_fits_beside_what_others_of_the_account_use() -> None:
    there = room()
    there.refused(Refusal(QUOTA, limit=8, used=7, asked=2), asked=2, used=5, now=0.0)
    assert 6 == there.standing(5, 1.0).slots, "two of the seven are others'"
    assert ("yes", "no") == (there.may_try(1, 5, 0, 1.0), there.may_try(2, 5, 0, 1.0))
    assert 6 == there.standing(2, 1.0).slots, "when ours end, ours may begin"


def test_after_a_while_one_job_finds_out_and_each_refusal_makes_that_longer() -> None:
    there = room()
    none = Refusal(QUOTA, limit=0, used=0, asked=1)
    there.refused(none, asked=1, used=0, now=0.0)
    assert [0, 0, 1] == [there.standing(0, now).slots for now in (0.0, 299.0, 300.0)]
    assert ("yes", "wait") == (there.may_try(1, 0, 0, 300.0), there.may_try(1, 0, 1, 300.0))
    there.refused(none, asked=1, used=0, now=300.0)
    assert [0, 0, 1] == [there.standing(0, now).slots for now in (301.0, 899.0, 900.0)]


def test_as_long_as_jobs_are_taken_there_is_room_for_one_more() -> None:
    there = room()
    there.refused(Refusal(QUOTA, limit=0, used=0, asked=2), asked=2, used=0, now=0.0)
    assert [2, 4, 6] == [there.standing(used, 400.0).slots for used in (0, 2, 4)]


def test_a_quota_that_was_raised_ends_the_wait() -> None:
    there = room()
    there.told(QUOTA, 0)
    there.refused(Refusal(QUOTA, limit=0, used=0, asked=1), asked=1, used=0, now=0.0)
    there.told(QUOTA, 0)
    assert 0 == there.standing(0, 1.0).slots
    there.told(QUOTA, 2)
    assert 2 == there.standing(0, 1.0).slots


def test_without_a_machine_to_spare_it_is_tried_less_and_less_until_one_is_had() -> None:
    there = room()
    there.told(QUOTA, 4)
    now = 0.0
    for wait in (60.0, 120.0, 300.0, 600.0, 600.0):
        there.scarce(1, now, WORDS)
        assert 1 == there.standing(1, now + wait - 1).slots, "what runs stays"
        remark = there.standing(1, now + 1).remark
        assert "no ml.g5.xlarge to spare now; it is tried again after" in str(remark)
        assert remark == there.standing(1, now + 50).remark, "each new one is a change of the pool"
        now += wait
        assert 2 == there.standing(1, now).slots
    there.placed()
    assert 4 == there.standing(1, now).slots
    assert "to spare" not in str(there.standing(1, now).remark)


def test_no_machine_to_spare_gives_no_more_than_the_quota() -> None:
    for limit in (0, 1):
        there = room()
        there.told(QUOTA, limit)
        there.scarce(1, 0.0, WORDS)
        assert limit == there.standing(limit, 1000.0).slots
