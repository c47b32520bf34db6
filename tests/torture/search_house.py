"""A home in which a real search runs: an armed dispatcher, what it starts, and an eye on all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_training.core.experiment import Event, Experiment, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.schema import SubmitRequest
from jupyter_training.services import submitting
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.spool import attempt_folder, layout
from jupyter_training.store import experiments, views
from tests.torture import cloning
from tests.torture.processes import eventually, kill, of_home

__all__ = ["TRAINING", "House"]

ARMED = Path(__file__).with_name("armed.py")
TRAINING = Path(__file__).with_name("search_training.py").read_text("utf-8")
_WITHIN = 120.0


class House:
    """One home. ``folder`` is its own; settings as in ``settings.toml``."""

    def __init__(self, folder: Path, **settings: object) -> None:
        cloning.make_known()
        self.folder = folder
        self.home = folder / "home"
        self.faults = folder / "faults"
        for one in (self.home, self.faults):
            one.mkdir(parents=True)
        given = {"local_slots": 2, "dispatcher_idle_exit": 600, "sample_every": 60.0, **settings}
        (self.home / "settings.toml").write_text("".join(f"{name} = {value}\n" for name, value in given.items()))
        self.site = Site.open(Settings.load(self.home))
        self.site.ensure_dispatcher = lambda: None  # type: ignore[method-assign]
        self.id = JobId("")
        self._out = os.open(folder / "out", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._dispatcher: subprocess.Popen[bytes] | None = None

    def search(self, code: str = TRAINING, **wish: Any) -> JobId:
        """Submit a search over ``x``. ``params`` are added to what the usual training takes."""
        params = {"folder": str(self.folder), "steps": 4, "pause": 0, "saves": True, "x": "choice(0, 1, 2, 3, 4, 5)"}
        request = {
            "key": f"search-{wish.get('name', 'search')}",
            "name": "search",
            "entry": {"kind": "cell", "path": "training.py"},
            "files": [{"path": "training.py", "text": code}],
            "metric": "loss",
            "mode": "min",
            "searcher": "grid",
            "grace": 1.0,
            "pause_within": 0.3,
            **wish,
            "params": {**params, **wish.get("params", {})},
        }
        result = submitting.submit(self.site, "ada", SubmitRequest.model_validate(request))
        assert result.experiment is not None, result
        self.id = JobId(result.experiment.id)
        return self.id

    def keep(self) -> None:
        """See that a dispatcher acts."""
        if self._dispatcher is None or self._dispatcher.poll() is not None:
            environment = {**os.environ, "JUPYTER_TRAINING_HOME": str(self.home), "TORTURE_UNRECORDED": "1"}
            words = [sys.executable, str(ARMED), "dispatcher", str(self.faults), str(self.home)]
            self._dispatcher = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._out, env=environment,
                start_new_session=True,
            )  # fmt: skip

    def until(self, so: Callable[[], Any], what: str, *, within: float = _WITHIN) -> Any:
        """What ``so`` gives once it is true; meanwhile a dispatcher is kept alive."""
        deadline = time.monotonic() + within
        while True:
            self.keep()
            found = so()
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {within:g} s: {what}\n{self.story()}")
            time.sleep(0.05)

    def ended(self, experiment: JobId | None = None, *, within: float = _WITHIN) -> Experiment:
        """The search once it has ended, and its jobs with it."""
        one = experiment or self.id
        self.until(
            lambda: self.experiment(one).state.is_final and all(job.state in TERMINAL for job in self.jobs(one)),
            f"the search {one} has ended",
            within=within,
        )
        return self.experiment(one)

    def experiment(self, one: JobId | None = None) -> Experiment:
        return experiments.one(self.site.store, one or self.id)

    def trials(self, one: JobId | None = None) -> list[Trial]:
        return experiments.trials_of(self.site.store, one or self.id)

    def events(self, one: JobId | None = None) -> list[Event]:
        return experiments.events(self.site.store, one or self.id)

    def driver(self, one: JobId | None = None) -> Job:
        return views.job(self.site.store, one or self.id)

    def jobs(self, one: JobId | None = None) -> list[Job]:
        """The driver's and the trials' that are there."""
        return views.jobs(self.site.store, [one or self.id, *(trial.job for trial in self.trials(one))])

    def log(self, job: JobId) -> str:
        """Of all attempts of a job."""
        root = self.site.settings.spool_root
        count = views.job(self.site.store, job).attempt
        files = [layout.log_file(attempt_folder(root, job, number)) for number in range(1, count + 1)]
        return "".join(file.read_text("utf-8", "replace") for file in files if file.exists())

    def process(self, job: JobId) -> int | None:
        """The process of a job's latest attempt, if it lives."""
        number = views.job(self.site.store, job).attempt
        found = layout.read_json(layout.process_file(attempt_folder(self.site.settings.spool_root, job, number)))
        if found is None or not os.path.exists(f"/proc/{found['pid']}"):
            return None
        return int(found["pid"])

    @property
    def dispatcher(self) -> int:
        """Its process."""
        assert self._dispatcher is not None
        return self._dispatcher.pid

    def witness(self) -> list[list[str]]:
        """What trials wrote: job, attempt, pid, and what."""
        try:
            return [line.split() for line in (self.folder / "trials.witness").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def story(self) -> str:
        """What a person would look at."""
        if not self.id:
            return "nothing was submitted"
        lines = [str(self.experiment()), *map(str, self.trials()), *map(str, self.events()[-40:])]
        lines += [f"{job.name}: {job.state} {job.detail}" for job in self.jobs()]
        return "\n".join([*lines, self.log(self.id)[-4000:], (self.folder / "out").read_text("utf-8")[-3000:]])

    def close(self) -> None:
        """End the dispatcher, and see that nothing of the home is left."""
        try:
            if self._dispatcher is not None and self._dispatcher.poll() is None:
                self._dispatcher.send_signal(signal.SIGTERM)
                self._dispatcher.wait(30)
            eventually(
                lambda: not of_home(self.home), within=20, what=f"no process of {self.home} left: {of_home(self.home)}"
            )
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End everything of a story that has failed."""
        if self._dispatcher is not None:
            self._dispatcher.kill()
            self._dispatcher.wait()
        for pid in of_home(self.home):
            kill(pid)
        self.site.close()
        os.close(self._out)
