"""A dispatcher killed at each of its steps: the code ran once, every point is there once, the end is true."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import JobState, Verb
from jupyter_training.dispatch import ensure
from jupyter_training.schema import SubmitRequest
from jupyter_training.services.site import Site
from jupyter_training.services.submit import submit
from jupyter_training.settings import Settings
from jupyter_training.store import points, verbs, views
from tests.dispatch.kill_at import AFTER, BEFORE
from tests.torture.processes import eventually, of_home
from tests.torture.story import WITNESS

pytestmark = pytest.mark.processes

STEPS = 12
STOPS = {"the wish to stop noted", "the stop asked"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("dispatcher_idle_exit = 0.3\nmirror_idle_exit = 0.3\nlocal_slots = 1\n")
    settings = Settings.load(home)
    with Site.open(settings) as site:
        monkeypatch.setattr(site, "ensure_dispatcher", lambda: None)
        yield site
    for pid in of_home(home):
        os.kill(pid, signal.SIGTERM)
    eventually(lambda: not of_home(home), within=40, what="every process of the home gone")


def submit_witness(site: Site, *, pause: float) -> JobId:
    request = SubmitRequest.model_validate(
        {
            "key": "witness-1",
            "entry": {"kind": "cell", "path": "witness.py"},
            "files": [{"path": "witness.py", "text": WITNESS.read_text("utf-8")}],
            "params": {
                "witness": str(site.settings.home / "witness"),
                "steps": STEPS,
                "pause": pause,
                "exit_code": 0,
            },
        }
    )
    return submit(site, request, user="ada").job.id


def run_doomed(site: Site, point: str) -> None:
    """Run a dispatcher that dies at the point, and see that it did."""
    log = open(site.settings.logs / "doomed.log", "wb")  # noqa: SIM115
    with log:
        doomed = subprocess.run(
            [sys.executable, "-m", "tests.dispatch.kill_at", str(site.settings.home), point],
            timeout=60,
            stdout=log,
            stderr=log,
            check=False,
        )
    assert -signal.SIGKILL == doomed.returncode, (site.settings.logs / "doomed.log").read_text()


def ended(site: Site, job: JobId) -> JobState | None:
    state = views.job(site.store, job).state
    return state if state in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED) else None


@pytest.mark.parametrize("point", [*(point for point in AFTER if point not in STOPS), *BEFORE])
def test_killed_there_the_code_ran_once_and_nothing_is_lost(site: Site, point: str) -> None:
    job = submit_witness(site, pause=0.02)
    run_doomed(site, point)
    ensure.ensure_dispatcher(site.settings)
    state = eventually(lambda: ended(site, job), within=60, what="the job's end")
    lines = (site.settings.home / "witness").read_text().splitlines()
    assert JobState.SUCCEEDED is state, views.job(site.store, job).detail
    assert (1, 1) == (lines.count("began"), lines.count("done"))
    expected = {
        (name, int(step), float(value)) for name, step, value in (line.split() for line in lines if " " in line)
    }
    found = [
        (series.name, step, value)
        for series in points.series(site.store, job, None, budget=1_000, sources=frozenset({"report"}))
        for step, _, value in series.points
    ]
    assert sorted(expected) == sorted(found)


@pytest.mark.parametrize("point", sorted(STOPS))
def test_killed_while_it_stops_a_job_the_stop_still_arrives(site: Site, point: str) -> None:
    job = submit_witness(site, pause=30)
    ensure.ensure_dispatcher(site.settings)
    witness = site.settings.home / "witness"
    eventually(lambda: witness.exists() and "loss" in witness.read_text(), within=30, what="the training's first step")
    alive = eventually(lambda: of_dispatcher(site), within=5, what="the dispatcher")
    os.kill(alive, signal.SIGTERM)
    eventually(lambda: of_dispatcher(site) is None, within=10, what="the dispatcher has left")
    verbs.wish(site.store, [job], Verb.CANCEL, now=site.now())
    run_doomed(site, point)
    ensure.ensure_dispatcher(site.settings)
    assert JobState.CANCELED is eventually(lambda: ended(site, job), within=60, what="the job's end")


def of_dispatcher(site: Site) -> int | None:
    from tests.torture.processes import dispatcher

    return dispatcher(site.settings.home)
