"""Starting a dispatcher: exactly one, by whoever needs it, and not for ever when it keeps dying."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.dispatch import ensure
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import removals, views
from tests.dispatch.many import submit_many
from tests.torture.processes import dispatcher, eventually, kill, of_home

pytestmark = pytest.mark.processes


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(home=tmp_path / "home", local_slots=1)
    Site.open(settings).close()
    yield settings
    # What a test leaves is asked to leave, and then has gone.
    for pid in of_home(settings.home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    eventually(lambda: not of_home(settings.home), within=30, what="every process of the home gone")


def started(settings: Settings) -> int:
    """How many dispatchers have taken office in this home."""
    log = settings.logs / "dispatcher.log"
    return log.read_text("utf-8").count("lease taken") if log.exists() else 0


def submit_from_everywhere(settings: Settings, keys: list[str], processes: int = 10) -> list[str]:
    """Submit from several processes with several threads each, all at once; the ids, in the order of keys."""
    share = len(keys) // processes
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.dispatch.many", str(settings.home), *keys[first : first + share]],
            stdout=subprocess.PIPE,
        )
        for first in range(0, len(keys), share)
    ]
    answers = [one.communicate(timeout=60)[0] for one in started]
    return [job for answer in answers for job in json.loads(answer)]


def test_two_hundred_submits_at_once_start_one_dispatcher(settings: Settings) -> None:
    jobs = submit_from_everywhere(settings, [str(number) for number in range(200)])
    assert 200 == len(set(jobs))
    eventually(lambda: started(settings), within=20, what="a dispatcher in office")
    assert 1 == started(settings)


def test_fifty_clients_with_one_key_make_one_job(settings: Settings) -> None:
    jobs = submit_from_everywhere(settings, ["same"] * 50)
    assert 1 == len(set(jobs))
    with Site.open(settings) as site:
        assert 1 == sum(views.counts(site.store).values())


def test_a_dispatcher_that_was_killed_is_succeeded_by_the_next_submit(settings: Settings) -> None:
    (first,) = submit_many(settings, ["a"])
    killed = eventually(lambda: dispatcher(settings.home), within=20, what="a dispatcher")
    kill(killed)
    eventually(lambda: dispatcher(settings.home) is None, within=10, what="its death")
    (second,) = submit_many(settings, ["b"])
    with Site.open(settings) as site:
        for job in (first, second):
            eventually(
                lambda job=job: views.job(site.store, job).state == "succeeded", within=30, what="the job's success"
            )


def test_it_leaves_when_nobody_needs_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", local_slots=1)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.toml").write_text("dispatcher_idle_exit = 0.5\nmirror_idle_exit = 0.5\n")
    submit_many(settings, ["a"])
    eventually(lambda: started(settings), within=20, what="a dispatcher in office")
    eventually(lambda: not of_home(settings.home), within=40, what="it leaves")
    with Site.open(settings) as site:
        assert {"succeeded": 1} == {state.value: count for state, count in views.counts(site.store).items() if count}


def test_a_run_that_waits_to_be_removed_keeps_no_dispatcher(settings: Settings) -> None:
    """The record does not answer: the mirror waits for it, and the dispatcher has nothing to do."""
    lines = 'dispatcher_idle_exit = 0.5\ntracking_uri = "http://127.0.0.1:9"\n'
    (settings.home / "settings.toml").write_text(lines)
    job = JobId("abcdefghij")
    with Site.open(settings) as site:
        with site.store.write() as connection:
            removals.remember(connection, [job], site.now(), runs={job: "run-1"})
        assert ensure.ensure_dispatcher(settings)
        eventually(lambda: any(one.is_swept for one in removals.pending(site.store)), within=20, what="it is swept")
        eventually(lambda: not ensure.is_alive(settings), within=20, what="it leaves")
        assert (1, [job]) == (started(settings), [one.job for one in removals.pending(site.store)])


def test_three_deaths_within_a_minute_stop_the_starting_and_say_so(settings: Settings) -> None:
    for _ in range(3):
        assert ensure.ensure_dispatcher(settings)
        kill(eventually(lambda: dispatcher(settings.home), within=20, what="a dispatcher"))
        eventually(lambda: dispatcher(settings.home) is None, within=10, what="its death")
    began = time.monotonic()
    assert not ensure.ensure_dispatcher(settings)
    assert time.monotonic() - began < 1
    assert "died 3 times within a minute" in str(ensure.why_down(settings))


def test_a_home_nobody_can_write_starts_nobody(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert not ensure.ensure_dispatcher(Settings(home=blocked))
