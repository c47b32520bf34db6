"""Tasks, and the threads that call them."""

from __future__ import annotations

import logging
import threading

import pytest

from jupyter_training.backends.sagemaker.work import Work
from jupyter_training.seams.clock import SystemClock
from jupyter_training.testing.clock import VirtualClock


def test_a_task_is_called_when_it_wishes_until_it_is_done() -> None:
    clock = VirtualClock()
    work = Work(clock, threads=0)
    began, called = clock.boot(), []
    waits = iter([2.0, 0.0, 5.0, None])

    def task() -> float | None:
        called.append(clock.boot() - began)
        return next(waits)

    work.add(task, "a")
    for _ in range(12):
        work.run_due()
        clock.advance(1.0)
    assert [0.0, 2.0, 3.0, 8.0] == called, "with a turn of all others between two of its own"
    assert work.next_at() is None


def test_a_task_that_is_hastened_is_called_at_once_and_only_if_it_is_not_done() -> None:
    clock = VirtualClock()
    work = Work(clock, threads=0)
    answers: list[float | None] = [100.0, None, None]
    called = []

    def task() -> float | None:
        called.append(clock.boot())
        return answers[len(called) - 1]

    ticket = work.add(task, "a")
    assert 1 == work.run_due()
    work.hasten(ticket)
    assert 1 == work.run_due()
    work.hasten(ticket)
    assert 0 == work.run_due()
    assert 2 == len(called)


def test_a_task_that_is_hastened_while_it_runs_is_called_again() -> None:
    clock = VirtualClock()
    work = Work(clock, threads=0)
    count = 0

    def task() -> float | None:
        nonlocal count
        count += 1
        if count == 1:
            work.hasten(ticket)
        return 100.0

    ticket = work.add(task, "a")
    assert [1, 1, 0] == [work.run_due() for _ in range(3)]


def test_a_fault_of_ours_is_logged_and_keeps_no_other_task_from_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock()
    work = Work(clock, threads=0)
    count = {"broken": 0, "good": 0}

    def broken() -> float | None:
        count["broken"] += 1
        raise ZeroDivisionError

    def good() -> float | None:
        count["good"] += 1
        return 1.0

    work.add(broken, "job abc")
    work.add(good, "b")
    with caplog.at_level(logging.ERROR):
        for _ in range(40):
            work.run_due()
            clock.advance(1.0)
    assert {"broken": 2, "good": 40} == count
    assert "job abc" in caplog.text


def test_threads_do_it_side_by_side_and_leave_when_they_are_told() -> None:
    work = Work(SystemClock(), threads=3)
    meet = threading.Barrier(3, timeout=20)
    done = threading.Semaphore(0)

    def task() -> float | None:
        meet.wait()
        done.release()
        return None

    for number in range(3):
        work.add(task, str(number))
    assert all(done.acquire(timeout=20) for _ in range(3))
    work.close(20)
    assert [] == [one for one in threading.enumerate() if one.name == "sagemaker"]


def test_a_task_is_never_called_twice_at_once() -> None:
    work = Work(SystemClock(), threads=4)
    inside, worst, count = 0, 0, 0
    lock, done = threading.Lock(), threading.Event()

    def task() -> float | None:
        nonlocal inside, worst, count
        with lock:
            inside += 1
            worst = max(worst, inside)
        work.hasten(ticket)
        with lock:
            inside -= 1
            count += 1
            if count == 300:
                done.set()
                return None
        return 0.0

    with lock:
        ticket = work.add(task, "a")
    assert done.wait(30)
    work.close(20)
    assert 1 == worst


def test_a_lane_that_is_full_leaves_threads_to_the_others() -> None:
    work = Work(SystemClock(), threads=4, lanes={"carry": 2})
    gate, begun, stopped = threading.Event(), threading.Semaphore(0), threading.Event()
    sent: list[int] = []

    def upload(number: int) -> None:
        begun.release()
        assert gate.wait(30)
        sent.append(number)

    for number in range(6):
        work.add(lambda number=number: upload(number), str(number), lane=lambda: "carry")  # type: ignore[misc]
    assert all(begun.acquire(timeout=20) for _ in range(2))
    work.add(stopped.set, "stop")  # type: ignore[arg-type]
    assert stopped.wait(20), "no thread was free"
    assert not begun.acquire(timeout=0.1), "two at once"
    gate.set()
    assert all(begun.acquire(timeout=20) for _ in range(4)), "the others come when there is room"
    work.close(20)
    assert set(range(6)) == set(sent)


def test_a_task_changes_its_lane_between_two_turns() -> None:
    clock = VirtualClock()
    work = Work(clock, threads=0, lanes={"carry": 1})
    lanes = {"a": "carry", "b": "carry"}
    called: list[str] = []

    def task(name: str) -> float | None:
        called.append(name)
        lanes[name] = ""
        return 0.0 if called.count(name) == 1 else None

    for name in ("a", "b"):
        work.add(lambda name=name: task(name), name, lane=lambda name=name: lanes[name])  # type: ignore[misc]
    assert [1, 2, 1] == [work.run_due() for _ in range(3)]
    assert ["a", "b"] == sorted(set(called))
    assert 4 == len(called)
