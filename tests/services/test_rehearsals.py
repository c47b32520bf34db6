"""Code tried for one step: real runs in a throw-away place, of which nothing is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.errors import InvalidSpec, Refused
from jupyter_training.schema import RehearsalView
from jupyter_training.services import jobs, rehearsals, submit
from jupyter_training.services.rehearsals import place
from tests.services.stage import USER, Stage, request
from tests.torture.processes import eventually

pytestmark = pytest.mark.processes

GOOD = """
from jupyter_training import checkpoint, report, should_stop, test_mode
state = {"weight": 0}
found = checkpoint.latest()
if found:
    state = found.load()
assert test_mode
for epoch in checkpoint.steps(20):
    state["weight"] += 1
    report(loss=1 / epoch, step=epoch)
    if checkpoint.due(every=5):
        checkpoint.save(state)
    if should_stop():
        break
"""
FORGETS = (
    GOOD.replace("found = checkpoint.latest()", "found = None")
    .replace("checkpoint.steps(20)", "range(1, 20)")
    .replace("checkpoint.save(state)", "checkpoint.save(state, step=epoch)")
)
BREAKS = GOOD.replace("state = found.load()", "raise RuntimeError('it does not fit')")
SLEEPS = "import subprocess, time\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\ntime.sleep(600)\n"


def rehearsed(stage: Stage, code: str, **changes: Any) -> RehearsalView:
    wish = request(code, entry={"kind": "cell", "path": "train.py"}, **changes)
    return rehearsals.rehearse(stage.site, USER, wish)


@pytest.fixture(autouse=True)
def nothing_is_left(stage: Stage) -> Iterator[None]:
    yield
    root = stage.site.settings.rehearsals
    assert [] == [one for one in root.glob("*") if not one.name.startswith(".lock-")]
    assert () == jobs.page(stage.site, jobs.JobsQuery()).jobs
    for folder in ("spool", "outputs", "checkpoints", "blobs"):
        assert [] == list((stage.site.settings.home / folder).glob("*")), folder


def test_code_that_is_right_passes_all_five(stage: Stage) -> None:
    found = rehearsed(stage, GOOD)
    assert [("import", True), ("train", True), ("report", True), ("checkpoint", True), ("restore", True)] == [
        (step.name, step.ok) for step in found.steps
    ], found
    assert found.ok
    assert "It reported loss at step 1." == found.steps[2].sentence
    assert "It went on from step 1." == found.steps[4].sentence


def test_the_url_of_its_checkpoints_is_left_alone_and_that_is_said(stage: Stage) -> None:
    found = rehearsed(stage, GOOD, checkpoints={"to": "s3://nobucket/x"})
    assert found.ok
    assert found.sentence.endswith("it goes on from its checkpoint; s3://nobucket/x was not tried."), found
    assert found.steps[3].sentence.endswith("; s3://nobucket/x was not tried."), found


def test_what_never_asks_for_its_checkpoint_is_told_so(stage: Stage) -> None:
    found = rehearsed(stage, FORGETS)
    assert (False, "restore", False) == (found.ok, found.steps[4].name, found.steps[4].ok)
    assert "checkpoint.latest()" in found.sentence


def test_what_fails_on_its_own_checkpoint_shows_that_error(stage: Stage) -> None:
    found = rehearsed(stage, BREAKS)
    assert [True, True, True, True, False] == [step.ok for step in found.steps], found
    assert "RuntimeError: it does not fit" in found.sentence
    assert "raise RuntimeError" in str(found.error)


@pytest.mark.parametrize(
    ("code", "step", "words"),
    [
        ("import nonesuch\n", "import", "No module named 'nonesuch'"),
        ("1 / 0\n", "train", "ZeroDivisionError"),
    ],
)
def test_a_failure_is_told_at_the_step_where_it_was(stage: Stage, code: str, step: str, words: str) -> None:
    found = rehearsed(stage, code)
    assert not found.ok
    assert [step] == [one.name for one in found.steps if one.ok is False]
    assert words in found.sentence
    assert words in str(found.error)


def test_what_reports_and_saves_nothing_still_runs(stage: Stage) -> None:
    found = rehearsed(stage, "print('hello')\n")
    assert [True, True, None, None, None] == [step.ok for step in found.steps]
    assert (True, "hello\n") == (found.ok, found.log)


def test_what_takes_too_long_is_ended_with_all_it_started(stage: Stage) -> None:
    found = rehearsed(stage, SLEEPS, timeout=1)
    assert not found.ok
    assert found.sentence.startswith("It had not finished one step after 1.0 s, and was stopped.")
    assert [] == children_in(stage.site.settings.rehearsals)


def test_it_ends_when_whoever_asked_is_gone(stage: Stage) -> None:
    left = threading.Event()
    wish = request(SLEEPS, entry={"kind": "cell", "path": "train.py"})
    with ThreadPoolExecutor(1) as threads:
        begun = time.monotonic()
        asked = threads.submit(rehearsals.rehearse, stage.site, USER, wish, is_unwanted=left.is_set)
        runs = "*/spool/*/1/started"
        eventually(lambda: list(stage.site.settings.rehearsals.glob(runs)) or None, within=30, what="the run begins")
        with pytest.raises(Refused, match="one runs at a time"):
            rehearsed(stage, GOOD)
        left.set()
        with pytest.raises(Refused, match="given up"):
            asked.result(30)
        assert time.monotonic() - begun < 30


def test_a_mistake_in_the_request_is_said_as_a_submit_says_it(stage: Stage) -> None:
    with pytest.raises(InvalidSpec, match="SyntaxError|invalid syntax|line 1"):
        rehearsed(stage, "def\n")


def test_what_a_dead_server_left_is_removed_by_the_next(stage: Stage) -> None:
    old = stage.site.settings.rehearsals / "old"
    (old / "spool" / "aaaaaaaaaa" / "1").mkdir(parents=True)
    (old / ".owner").touch()
    assert (1, False) == (rehearsals.sweep(stage.site), old.exists())


KILLED = """
import sys
from pathlib import Path
from jupyter_training.services import rehearsals
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from tests.services.stage import request
with Site.open(Settings(home=Path(sys.argv[1]))) as site:
    rehearsals.rehearse(site, "ada", request(sys.argv[2], entry={"kind": "cell", "path": "train.py"}))
"""


def test_a_killed_server_s_test_is_ended_by_the_next_with_all_it_started(stage: Stage) -> None:
    """A real process and a real kill: the run has a session of its own and does not die with who asked."""
    root = stage.site.settings.rehearsals
    server = subprocess.Popen([sys.executable, "-c", KILLED, str(stage.site.settings.home), SLEEPS])
    try:
        eventually(lambda: list(root.glob("*/spool/*/1/started")) or None, within=60, what="the run begins")
    finally:
        server.kill()
        server.wait(20)
    assert children_in(root)
    assert 1 == rehearsals.sweep(stage.site)
    eventually(lambda: not children_in(root) or None, within=20, what="all of it is gone")


def test_one_that_is_under_way_is_left_alone(stage: Stage) -> None:
    with place.opened(
        stage.site, USER, submit.spec_of(request(GOOD), ()), {"train.py": b""}, {}, is_unwanted=lambda: False
    ):
        assert 0 == rehearsals.sweep(stage.site)


def children_in(folder: Path) -> list[str]:
    """Processes that carry a place of tests in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(folder) in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
