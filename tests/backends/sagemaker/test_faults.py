"""What goes wrong between here and AWS: it goes on by itself, and no job is made twice or forgotten."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from jupyter_training.backends.sagemaker import clients
from jupyter_training.core.lifecycle import EndReason, Seen
from tests.backends.sagemaker.stand import INSTANCE, Stand
from tests.backends.sagemaker.test_ends import REPORTS, WAITS, reason
from tests.sagemaker_double.fixture import Double

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def made(double: Double) -> int:
    return sum(1 for call in double.calls("CreateTrainingJob") if call["outcome"].endswith("200"))


CALLS = [
    *("PutObject", "HeadObject", "CreateTrainingJob", "ListTrainingJobs", "DescribeTrainingJob"),
    *("DescribeLogStreams", "GetLogEvents", "GetObject"),
]


@pytest.mark.parametrize("fault", ["throttle", "error", "broken", "lost"])
def test_whatever_call_fails_it_is_done_once_and_nothing_is_lost(stand: Stand, double: Double, fault: str) -> None:
    for call in CALLS:
        double.fail(call, fault, times=2)
    ref = stand.launch(REPORTS)
    end = stand.ended(ref, seconds=90).end
    assert EndReason.COMPLETED is reason(end), end
    assert 1 == made(double)
    assert [0, 1, 2] == [one[2] for one in stand.events(ref, "p")]
    assert 1 == stand.log(ref).count("the end\n")
    assert "kept" == (stand.outputs(ref) / "table.txt").read_text()


@pytest.mark.parametrize("fault", ["throttle", "error", "lost"])
def test_a_stop_is_driven_to_its_answer(stand: Stand, double: Double, fault: str) -> None:
    ref = stand.launch(WAITS)
    stand.until(ref, lambda _: "ready" in stand.log(ref))
    double.fail("StopTrainingJob", fault, times=3)
    stand.backend.stop(ref, "cancel", 1.0)
    assert EndReason.CANCELED is reason(stand.ended(ref).end)


def test_a_create_without_an_answer_is_looked_up_before_it_is_tried_again(stand: Stand, double: Double) -> None:
    double.fail("CreateTrainingJob", "lost")
    ref = stand.launch(REPORTS)
    assert EndReason.COMPLETED is reason(stand.ended(ref).end)
    asked = [call["operation"] for call in double.calls()]
    assert 1 == asked.count("CreateTrainingJob")
    first = asked.index("CreateTrainingJob")
    assert "DescribeTrainingJob" in asked[first:]
    assert 0 == asked.count("ListTags"), "what describes it proves whose it is"


def test_a_name_that_is_in_use_by_somebody_elses_job_is_a_launch_that_failed(stand: Stand, double: Double) -> None:
    order = stand.order(WAITS)
    name = f"jt-digits-{order.ref.job[:8]}-1"
    double.client("sagemaker").create_training_job(**double.request(name, ["sleep", "1"]))
    end = stand.ended(stand.launched(order)).end
    assert EndReason.LAUNCH_FAILED is reason(end)
    assert f"AWS has a training job {name} already" in str(end and end.detail)


def test_a_stop_while_a_create_has_no_answer_stops_what_was_made(stand: Stand, double: Double) -> None:
    double.fail("CreateTrainingJob", "late", seconds=3.0)
    ref = stand.launch(WAITS)
    stand.until(ref, lambda seen: seen.stage == "asking AWS for it")
    assert not stand.backend.void(ref), "it was sent"
    stand.backend.stop(ref, "cancel", 1.0)
    assert EndReason.CANCELED is reason(stand.ended(ref).end)
    assert 1 == made(double)
    assert "Stopped" == double.job(stand.name(ref))["TrainingJobStatus"]


def test_expired_credentials_stop_nothing_and_good_ones_are_found(
    stand: Stand, double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a file, which boto3 reads once for each session."""
    file = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    clients.forget("us-east-1")
    ref = stand.launch(WAITS)
    seen = stand.until(ref, lambda seen: seen.seen is Seen.UNKNOWN)
    assert "unable to locate credentials" in str(seen.stage)
    standing = stand.backend.standings([stand.pool()])[INSTANCE]
    assert 0 == standing.slots
    assert "Renew them; it goes on by itself then." in str(standing.remark)
    assert [] == double.calls("CreateTrainingJob")
    keys = double.environment
    file.write_text(
        f"[default]\naws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n"
    )
    stand.until(ref, lambda seen: "ready" in stand.log(ref))
    double.faults(expired=True)
    seen = stand.until(ref, lambda seen: seen.seen is Seen.UNKNOWN)
    assert seen.end is None
    assert "expired" in str(seen.stage)
    double.faults(expired=False)
    stand.until(ref, lambda seen: seen.seen is Seen.LIVE)
    stand.backend.stop(ref, "cancel", 1.0)
    assert EndReason.CANCELED is reason(stand.ended(ref).end)
    assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == str(file)


@pytest.mark.parametrize(
    ("permission", "words"),
    [
        ("sagemaker:CreateTrainingJob", "sagemaker:CreateTrainingJob"),
        ("s3:PutObject", "s3:PutObject"),
    ],
)
def test_a_missing_permission_to_begin_is_named_in_the_end(
    stand: Stand, double: Double, permission: str, words: str
) -> None:
    double.faults(denied=[permission])
    end = stand.ended(stand.launch(REPORTS)).end
    assert EndReason.LAUNCH_FAILED is reason(end)
    assert words in str(end and end.detail)


def test_without_the_permission_to_list_each_job_is_looked_at_by_itself(stand: Stand, double: Double) -> None:
    stand.pace = dataclasses.replace(stand.pace, unlisted=1.0)
    stand.succeed()
    double.faults(denied=["sagemaker:ListTrainingJobs"])
    ref = stand.launch(REPORTS)
    assert EndReason.COMPLETED is reason(stand.ended(ref).end)
    assert "the end" in stand.log(ref)


def test_without_the_permission_to_read_logs_the_end_is_known_and_the_stage_says_why(
    stand: Stand, double: Double
) -> None:
    double.faults(denied=["logs:DescribeLogStreams", "logs:GetLogEvents"])
    ref = stand.launch("import time\ntime.sleep(4)\nraise ValueError('no')\n")
    stand.until(ref, lambda seen: "logs:DescribeLogStreams" in str(seen.stage))
    end = stand.ended(ref).end
    assert EndReason.ERROR is reason(end)
    assert "ValueError: no" in str(end and end.detail), "by AWS's own words"


def test_a_bucket_that_is_not_there_is_named(stand: Stand) -> None:
    end = stand.ended(stand.launch(REPORTS, options={"bucket": "no-such-bucket-of-ours"})).end
    assert EndReason.LAUNCH_FAILED is reason(end)
    words = str(end and end.detail)
    assert words.startswith("Could not start: there is no bucket no-such-bucket-of-ours. Make it, e.g. `aws s3 mb")


def test_an_instance_that_the_region_lacks_is_a_sentence(stand: Stand, double: Double) -> None:
    double.faults(not_in_region={"us-east-1": [INSTANCE]})
    end = stand.ended(stand.launch(REPORTS)).end
    assert EndReason.LAUNCH_FAILED is reason(end)
    assert INSTANCE in str(end and end.detail)


def test_a_job_that_lists_do_not_have_yet_is_no_lost_one(stand: Stand, double: Double) -> None:
    double.faults(list_delay=3.0)
    ref = stand.launch(REPORTS)
    assert EndReason.COMPLETED is reason(stand.ended(ref).end)
    assert 1 == made(double)


def test_without_a_quota_it_waits_and_goes_on_when_there_is_one(stand: Stand, double: Double) -> None:
    double.faults(quota={INSTANCE: 0})
    pool = stand.pool()
    standing = stand.until_standing(lambda one: "AWS allows 0" in str(one.remark))
    assert 0 == standing.slots
    assert f"'{INSTANCE} for training job usage'" in str(standing.remark)
    assert EndReason.UNPLACED is reason(stand.ended(stand.launch(WAITS)).end)
    assert [] == double.calls("CreateTrainingJob"), "it is known, so nobody asks"
    double.faults(quota={INSTANCE: 2})
    assert 2 == stand.until_standing(lambda one: one.slots > 0).slots
    ref = stand.launch(REPORTS)
    assert EndReason.COMPLETED is reason(stand.ended(ref).end)
    assert pool.name in stand.backend.standings([pool])


def test_a_quota_that_nobody_may_look_up_is_found_out_by_one_job(stand: Stand, double: Double) -> None:
    double.faults(denied=["servicequotas:ListServiceQuotas"], quota={INSTANCE: 1})
    stand.until_standing(lambda one: one.slots > 1)
    refs = [stand.launch(WAITS) for _ in range(4)]
    found = {ref: seen.end for ref, seen in stand.until_ended(refs, 3).items()}
    (running,) = [ref for ref, end in found.items() if end is None]
    ends = [end for end in found.values() if end is not None]
    assert [EndReason.UNPLACED] * 3 == [reason(end) for end in ends]
    assert f"quota '{INSTANCE} for training job usage'" in str(ends[0] and ends[0].detail)
    outcomes = [call["outcome"] for call in double.calls("CreateTrainingJob")]
    assert ["200", "ResourceLimitExceeded"] == outcomes
    assert 1 == stand.backend.standings([stand.pool()])[INSTANCE].slots
    double.faults(quota={INSTANCE: 3})
    assert 2 == stand.until_standing(lambda one: one.slots > 1).slots, "one may find out"
    more = stand.launch(WAITS)
    stand.until(more, lambda seen: "training" in str(seen.stage))
    for ref in (running, more):
        stand.backend.stop(ref, "kill", 0.0)
        stand.ended(ref)
