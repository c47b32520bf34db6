"""What AWS says of a job once is not always so: no job is made twice, and none runs on without somebody who knows."""

from __future__ import annotations

import dataclasses
import shutil
import threading
import time
from typing import Any

import pytest
from s3transfer.exceptions import RetriesExceededError

from jupyter_training.backends.sagemaker.absence import TIMES, Absence
from jupyter_training.core.lifecycle import EndReason, Seen
from jupyter_training.seams.clock import SystemClock
from jupyter_training.spool import layout
from tests.backends.sagemaker.memory import Instead, Memory, Still, conflict, denied, lost, missing, quota
from tests.backends.sagemaker.test_ends import reason


def test_that_there_is_none_is_believed_after_several_answers_over_a_while() -> None:
    absence = Absence()
    for second in range(TIMES):
        assert not absence.is_sure(float(second), 3.0)
        absence.told(float(second))
    assert absence.is_sure(float(TIMES), 3.0)
    assert not absence.is_sure(float(TIMES), 60.0)
    absence.over()
    assert not absence.is_sure(100.0, 3.0)


@pytest.mark.parametrize("later", [quota, denied, missing])
def test_an_attempt_whose_create_may_have_been_received_is_not_given_up_for_a_later_answer(
    still: Still, later: Instead
) -> None:
    """The first answer is lost, and a look a moment later finds nothing yet."""
    still.aws.first("create", lost, later)
    still.aws.first("describe", missing, missing)
    ref = still.launch("print(1)")
    assert still.go(60, lambda: "starting" in str(still.see(ref).stage))
    assert [still.name(ref)] == list(still.aws.jobs)
    assert still.see(ref).end is None


def test_after_a_restart_an_attempt_without_room_is_looked_for_before_it_goes_back_to_the_queue(still: Still) -> None:
    still.aws.first("create", lost)
    ref = still.launch("print(1)")
    assert still.go(60, lambda: still.aws.jobs)
    still.backend = still.new_backend()
    still.backend.standings([still.pool()])
    still.aws.first("describe", missing, missing)
    still.aws.first("create", quota)
    still.see(ref)
    assert still.go(60, lambda: "starting" in str(still.see(ref).stage))


def test_one_that_was_never_made_ends_when_that_is_sure(still: Still) -> None:
    def gone(aws: Memory, request: dict[str, Any]) -> Any:
        try:
            lost(aws, request)
        finally:
            aws.jobs.clear()

    still.aws.first("create", gone, quota)
    ref = still.launch("print(1)")
    began = still.clock.boot()
    assert still.go(60, lambda: still.see(ref).end is not None)
    assert still.clock.boot() - began >= still.pace.missing_for
    end = still.see(ref).end
    assert EndReason.UNPLACED is reason(end)
    assert still.aws.calls["describe"] >= TIMES


def test_a_stop_is_sent_also_by_who_may_not_look(still: Still) -> None:
    ref = still.taken()
    still.aws.runs(still.name(ref))
    still.aws.first("describe", *[denied] * 1_000)
    still.backend.stop(ref, "cancel", 1.0)
    assert still.go(30, lambda: "Stopping" == still.job(ref)["TrainingJobStatus"])


def test_who_may_not_stop_goes_on_looking(still: Still) -> None:
    ref = still.taken()
    still.aws.first("stop", *[denied] * 1_000)
    still.backend.stop(ref, "cancel", 1.0)
    still.go(5)
    still.aws.runs(still.name(ref), "Completed", "Completed")
    assert still.go(60, lambda: still.see(ref).end is not None)
    assert EndReason.COMPLETED is reason(still.see(ref).end)


def test_a_list_that_knows_of_the_end_before_a_look_does_is_believed_in_the_end(still: Still) -> None:
    ref = still.taken()
    name = still.name(ref)
    still.aws.runs(name)
    still.go(5)
    before = dict(still.job(ref))
    still.aws.runs(name, "Completed", "Completed")
    still.aws.first("describe", *[lambda *_: before] * 3)
    assert still.go(120, lambda: still.see(ref).end is not None)


@pytest.mark.parametrize("answer", [missing, conflict])
def test_a_stop_that_was_not_taken_is_asked_for_until_the_job_stops(still: Still, answer: Instead) -> None:
    ref = still.taken()
    still.aws.first("stop", answer, answer)
    still.aws.first("describe", missing)
    still.backend.stop(ref, "cancel", 1.0)
    assert still.go(30, lambda: still.job(ref)["TrainingJobStatus"] == "Stopping")
    assert 3 == still.aws.calls["stop"]
    still.go(30)
    assert 3 == still.aws.calls["stop"], "it is stopping"


def test_a_stop_that_was_taken_and_did_nothing_is_sent_again(still: Still) -> None:
    ref = still.taken()
    still.aws.first("stop", lambda aws, request: {"taken": True})
    still.backend.stop(ref, "cancel", 1.0)
    assert still.go(still.pace.stop_again + 2, lambda: still.job(ref)["TrainingJobStatus"] == "Stopping")


def test_a_job_that_is_not_known_for_a_moment_is_no_lost_one(still: Still) -> None:
    ref = still.taken()
    still.aws.runs(still.name(ref))
    still.aws.first("describe", *[missing] * (TIMES - 2))
    assert still.go(60, lambda: "training" in str(still.see(ref).stage))
    assert still.see(ref).end is None


def test_a_job_that_aws_has_no_more_is_lost_after_a_while(still: Still) -> None:
    ref = still.taken()
    still.aws.jobs.clear()
    assert still.go(120, lambda: still.see(ref).end is not None)
    assert still.aws.calls["describe"] >= TIMES


def test_with_another_accounts_credentials_jobs_wait_for_their_own(still: Still) -> None:
    ref = still.taken()
    at_home, still.aws.jobs, still.aws.account = still.aws.jobs, {}, "999999999999"
    still.backend.stop(ref, "cancel", 1.0)
    assert still.go(60, lambda: still.see(ref).seen is Seen.UNKNOWN)
    still.go(300)
    seen = still.see(ref)
    assert (None, Seen.UNKNOWN) == (seen.end, seen.seen)
    assert "those of the account 999999999999 now, and this job belongs to 123456789012" in str(seen.stage)
    assert 0 < still.aws.renewed <= 300 / still.pace.longest_wait + 2, "whoever has corrected them is noticed"
    still.aws.jobs, still.aws.account = at_home, "123456789012"
    assert still.go(30, lambda: still.job(ref)["TrainingJobStatus"] == "Stopping")
    assert Seen.LIVE is still.see(ref).seen


def test_nothing_is_made_in_another_account(still: Still) -> None:
    still.aws.account = "999999999999"
    ref = still.launch("print(1)")
    still.go(60)
    assert (0, 0) == (still.aws.calls["create"], still.aws.calls["put"])
    assert "this job belongs to 123456789012" in str(still.see(ref).stage)
    still.backend.stop(ref, "cancel", 1.0)
    assert still.go(10, lambda: still.see(ref).end is not None)


def test_who_may_not_list_tags_knows_the_job_by_what_describes_it(still: Still) -> None:
    still.aws.first("create", lost)
    still.aws.first("tags", *[denied] * 100)
    ref = still.launch("print(1)")
    assert still.go(5, lambda: still.aws.jobs)
    still.backend.stop(ref, "cancel", 1.0)
    assert still.go(30, lambda: still.job(ref)["TrainingJobStatus"] == "Stopping")


def test_tags_that_come_later_than_the_job_do_not_make_it_somebody_elses(still: Still) -> None:
    def bare(aws: Memory, request: dict[str, Any]) -> Any:
        return {**next(iter(aws.jobs.values())), "Environment": {}}

    still.aws.first("create", lost)
    still.aws.first("describe", bare, bare)
    still.aws.first("tags", lambda aws, request: {"Tags": []})
    ref = still.launch("print(1)")
    assert still.go(60, lambda: "starting" in str(still.see(ref).stage))


def test_one_that_is_given_up_and_deleted_while_it_uploads_leaves_nothing_behind(still: Still) -> None:
    ref = still.order("print(1)").ref

    def meanwhile(aws: Memory, request: dict[str, Any]) -> Any:
        assert still.backend.void(ref)
        shutil.rmtree(still.folder(ref).parent)

    still.aws.first("put", None, None, meanwhile)
    ref = still.launch("print(1)")
    still.go(300)
    assert still.aws.calls["put"] > 2
    assert 0 == still.aws.calls["create"]
    assert {} == still.backend._remotes
    assert {} == still.backend._tickets


def test_one_that_is_given_up_is_forgotten_although_nobody_asks_for_it_any_more(still: Still) -> None:
    ref = still.launch("print(1)")
    assert still.backend.void(ref)
    still.go(10)
    assert {} == still.backend._remotes
    assert EndReason.VOID is reason(still.see(ref).end)


def test_the_job_of_an_attempt_that_the_store_does_not_know_is_named(still: Still) -> None:
    order = still.order("print(1)")
    ref = still.launched(order)
    assert still.go(60, lambda: still.aws.jobs)
    still.backend = still.new_backend()
    again = dataclasses.replace(order, ref=dataclasses.replace(order.ref, token="f" * 32))
    end = still.see(still.launched(again)).end
    assert EndReason.LOST is reason(end)
    assert f"training job {still.name(ref)} in us-east-1 may run on at AWS" in str(end and end.detail)


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), RetriesExceededError(OSError("reset"))])
def test_results_that_can_not_be_brought_here_keep_no_attempt_from_its_end(still: Still, fault: Exception) -> None:
    def breaks(**request: Any) -> None:
        still.aws.calls["download"] += 1
        raise fault

    still.aws.download_fileobj = breaks  # type: ignore[attr-defined]
    still.aws.first("head", *[lambda aws, request: {"ContentLength": 400_000_000}] * 100)
    ref = still.taken()
    still.aws.runs(still.name(ref), "Completed", "Completed")
    assert still.go(600, lambda: still.see(ref).end is not None)
    assert EndReason.COMPLETED is reason(still.see(ref).end)
    assert 3 < still.aws.calls["download"] < 20


def test_uploads_that_take_long_leave_threads_to_stops(still: Still) -> None:
    """As many as may be of real threads wait for a bucket."""
    ref = still.taken()
    gate, begun = threading.Event(), threading.Semaphore(0)

    def slow(aws: Memory, request: dict[str, Any]) -> Any:
        begun.release()
        assert gate.wait(60)
        return None

    still.clock = SystemClock()  # type: ignore[assignment]
    still.aws.first("put", *[slow] * 1000)
    still.backend = still.new_backend(threads=13)
    for number in range(20):
        still.launch("print(1)", options={"prefix": f"p{number}"})
    try:
        assert all(begun.acquire(timeout=30) for _ in range(3))
        still.see(ref)
        still.backend.stop(ref, "cancel", 1.0)
        end = time.monotonic() + 30
        while still.job(ref)["TrainingJobStatus"] != "Stopping":
            assert time.monotonic() < end, "no thread was free"
            time.sleep(0.02)
    finally:
        gate.set()
        still.backend.work.close()


def test_a_create_that_ends_in_a_fault_of_ours_may_have_been_received(still: Still) -> None:
    def broken(aws: Memory, request: dict[str, Any]) -> Any:
        aws.make(request)
        raise ZeroDivisionError

    still.aws.first("create", broken)
    ref = still.launch("print(1)")
    assert still.go(10, lambda: still.aws.jobs)
    still.backend.stop(ref, "cancel", 1.0)
    assert still.go(60, lambda: still.job(ref)["TrainingJobStatus"] == "Stopping")
    assert 1 == still.aws.calls["create"]


def test_a_claim_that_does_not_say_yet_what_it_is_for_is_waited_for(still: Still) -> None:
    """Giving up makes the claim and says so a moment later; what was sent in between would run on unwatched."""
    ref = still.launch("print(1)")
    made = still.folder(ref) / layout.CLAIM
    made.mkdir()
    assert still.go(3, lambda: still.aws.calls["put"] > 2)
    still.go(2)
    layout.write_json(made / layout.OWNER, {"token": ref.token, "role": "void"})
    still.go(20)
    assert 0 == still.aws.calls["create"]
    assert EndReason.VOID is reason(still.see(ref).end)


def test_a_job_of_the_same_name_that_nothing_proves_is_not_waited_for_for_ever(still: Still) -> None:
    order = still.order("print(1)")
    name = f"jt-digits-{order.ref.job[:8]}-1"
    still.aws.make({"TrainingJobName": name, "Environment": {}, "Tags": []})
    still.aws.first("tags", *[denied] * 1000)
    ref = still.launched(order)
    assert still.go(300, lambda: still.see(ref).end is not None)
    end = still.see(ref).end
    assert EndReason.LAUNCH_FAILED is reason(end)
    assert f"AWS has a training job {name} already" in str(end and end.detail)
