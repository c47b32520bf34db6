"""The driver alone: how fast it asks and records, and what a long search costs it when it is restarted.

No trial runs here: jobs are stored, and what they would report is made up. Asks
are of Syne Tune's random searcher, and those of Optuna's on its own SQLite
storage are the baseline. A restart is what happens between the start of a driver
and its first look, in a process of its own; beside it that of a search of ten trials.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jupyter_training.core.experiment import Experiment, ExperimentSpec, Objective, StopRule
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Origin
from jupyter_training.core.search_jobs import driver_submission
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import driving, experiments, wishes
from jupyter_training.testing.builders import a_spec, a_submission
from jupyter_training.tuning.engine import Search
from jupyter_training.tuning.making import making
from jupyter_training.tuning.record import Ended, Record
from tests.benchmarks.row import Row, in_turn, middle, row, seconds

__all__ = ["measure"]

SPACE = {"lr": "loguniform(1e-4, 1e-1)", "batch": "choice(16, 32, 64)", "layers": "randint(1, 8)"}
LONG = 10_000  # trials of a long search
SHORT = 10
REPORTS = 3  # of each
AT_ONCE = 100  # free places that are filled in one transaction
ROUNDS = 9


def measure() -> list[Row]:
    """Takes about a minute."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        short, long = Path(folder) / "short", Path(folder) / "long"
        rows = _asks(Path(folder) / "asks")
        _fill(short, SHORT)
        rows.append(_filled(long))
        (small, _), (took, memory) = _restart(short), _restart(long)
        _, bare = _restart(short)
    return [
        *rows,
        row(
            f"restart of a driver at {LONG:,} trials, {REPORTS} reports each",
            took,
            "s",
            baseline=small,
            baseline_what=f"at {SHORT} trials",
            budget="< 10",
            ok=took < 10,
        ),
        row(
            f"memory of a driver at {LONG:,} trials",
            memory,
            "MB",
            baseline=bare,
            baseline_what=f"at {SHORT} trials",
            budget="< 500",
            ok=memory < 500,
        ),
    ]


class _Driven:
    """A search in a home, with what a driver has of it."""

    def __init__(self, home: Path, trials: int) -> None:
        self.site = Site.open(Settings(home=home))
        spec = ExperimentSpec(
            name="search",
            template=a_spec("search"),
            space=dict(SPACE),
            objective=Objective(metrics=("loss",), modes=("min",)),
            searcher="random",
            workers=AT_ONCE,
            stop=StopRule(max_trials_started=trials),
        )
        wish = driver_submission(spec, Origin("ada"), key="key-of-the-search")

        def settle(connection: Any, job: Any) -> None:
            experiments.create_row(connection, job, spec, a_submission("search"), self.site.now())

        (stored,) = wishes.submit(self.site.store, [wish], new_id=self.site.new_id, now=self.site.now(), settle=settle)
        self.experiment: Experiment = driving.claim(self.site.store, stored.job.id, 1)
        self.record = Record(self.site, self.experiment, 1)
        self.search = Search(spec, making(self.experiment)())

    def ask(self, count: int) -> None:
        """Fill so many places."""
        events = [event for _ in range(count) if (event := self.search.ask()) is not None]
        if not self.record.answers(events):
            raise RuntimeError("The search is not to go on.")

    def finish(self) -> None:
        """All that were begun report, and end."""
        numbers = [trial.number for trial in self.search.open]
        for k in range(1, REPORTS + 1):
            told = [self.search.report(number, k, k, [1.0 / k + number % 7], 0.0) for number in numbers]
            self.record.told(self.search, told)
            self.record.verdicts(self.search)
        self.record.ends(self.search, [Ended(number, "completed", "", 0) for number in numbers])

    def close(self) -> None:
        self.site.close()


def _asks(home: Path) -> list[Row]:
    driven = _Driven(home, 1_000_000)
    study = _optuna(home / "optuna.db")

    worked: list[float] = []  # trials in a second of CPU, which tells more where others work meanwhile

    def many() -> float:
        before = time.process_time()
        took = seconds(lambda: driven.ask(AT_ONCE))
        worked.append(AT_ONCE / (time.process_time() - before))
        return AT_ONCE / took

    def one() -> float:
        return 10 / seconds(lambda: [driven.ask(1) for _ in range(10)])

    def theirs() -> float:
        return 10 / seconds(lambda: [_asked(study) for _ in range(10)])

    driven.ask(1)
    together, alone, optuna = map(middle, in_turn(ROUNDS, many, one, theirs))
    driven.close()
    their_words = "Optuna's on SQLite, one by one"
    return [
        row(
            f"ask and record, {AT_ONCE} places at once",
            together,
            "trials/s",
            baseline=optuna,
            baseline_what=their_words,
            budget="> 1,000",
            ok=together > 1_000,
        ),
        row(
            f"ask and record, {AT_ONCE} places at once, by the CPU it takes",
            middle(worked),
            "trials/s",
            baseline=together,
            baseline_what="by the clock",
        ),
        row("ask and record, one by one", alone, "trials/s", baseline=optuna, baseline_what=their_words),
    ]


def _filled(home: Path) -> Row:
    took = seconds(lambda: _fill(home, LONG))
    return row(f"{LONG:,} trials asked for, told of and ended, without running", LONG / took, "trials/s")


def _fill(home: Path, trials: int) -> None:
    driven = _Driven(home, trials)
    for begun in range(0, trials, AT_ONCE):
        driven.ask(min(AT_ONCE, trials - begun))
        driven.finish()
    driven.close()


def _restart(home: Path) -> tuple[float, float]:
    """Seconds that leading a search through its record takes, and megabytes that the process then has."""
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", __name__, str(home)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout.splitlines()[-1])
    return found["seconds"], found["megabytes"]


def _optuna(file: Path) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(storage=f"sqlite:///{file}", sampler=optuna.samplers.RandomSampler(seed=1))


def _asked(study: Any) -> None:
    trial = study.ask()
    trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    trial.suggest_categorical("batch", [16, 32, 64])
    trial.suggest_int("layers", 1, 8)


def _main(home: str) -> None:
    """The restart, in a process of its own."""
    import psutil

    from jupyter_training.tuning.driver import Driver

    with Site.open(Settings(home=Path(home))) as site:
        (job,) = _searches(site)
        begun = time.perf_counter()
        Driver(site, job, 2, making)
        took = time.perf_counter() - begun
        megabytes = psutil.Process(os.getpid()).memory_info().rss / 1e6
    print(json.dumps({"seconds": took, "megabytes": megabytes}))


def _searches(site: Site) -> list[JobId]:
    from sqlalchemy import select

    from jupyter_training.store.search_tables import experiments as table

    with site.store.read() as connection:
        return [JobId(row.id) for row in connection.execute(select(table.c.id))]


if __name__ == "__main__":
    _main(sys.argv[1])
