"""What a trial costs that does nothing, through us and through others, on this machine and in this run.

Cost is in worker-seconds (how long it took, times how many trials run at once, by
the number of trials) and in seconds of CPU of all processes that took part. A
search begins with a process that starts; what one more trial costs is told by a
longer search less a shorter one. Everybody's trial is a process that reports one
number once, by the means that the library's documentation gives to a script.

    bare        as many `python -c pass` at once, no search at all
    ours        submitted to a server that runs; the driver starts, the queue starts the trials, which call report()
    Syne Tune   its Tuner with its LocalBackend, as it is, and looking every 0.05 s; its trials call its Reporter
    by hand     the same, but its trials import nothing of it: they print the line that its Reporter would print
    Optuna      its study on SQLite; as many threads, each running the trial's process, which prints the number
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import psutil

from jupyter_training.spool import attempt_folder, layout
from tests.benchmarks.row import Row, row, seconds
from tests.benchmarks.stand import Stand, stand, until

__all__ = ["ended", "measure", "wish"]

WORKERS = 4
SHORT = 24  # trials
LONG = 96
_SET_CHILD_SUBREAPER = 36  # Linux: PR_SET_CHILD_SUBREAPER

SYNE_TUNE = """
import sys, warnings
warnings.simplefilter("ignore")
import logging
logging.disable(logging.CRITICAL)
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.config_space import uniform
from syne_tune.optimizer.baselines import RandomSearch
script, workers, trials, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
more = {} if pause == "default" else {"sleep_time": float(pause)}
Tuner(
    trial_backend=LocalBackend(entry_point=script),
    scheduler=RandomSearch({"x": uniform(0, 1)}, metrics=["loss"]),
    # Its comparison is "greater than".
    stop_criterion=StoppingCriterion(max_num_trials_finished=trials - 1),
    n_workers=workers,
    print_update_interval=1e9,
    save_tuner=False,
    **more,
).run()
"""

SYNE_TUNE_TRIAL = """
from syne_tune import Reporter
report = Reporter()
report(loss=1.0)
"""

# What its Reporter would print, without the import of the library. No script of its documentation does so.
SYNE_TUNE_BY_HAND = """
import json, time
print("[tune-metric]: " + json.dumps({"loss": 1.0, "st_worker_timestamp": time.time(), "st_worker_time": 0.1,
      "st_worker_iter": 0}), flush=True)
"""

OPTUNA = """
import subprocess, sys
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
file, workers, trials = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
study = optuna.create_study(storage=f"sqlite:///{file}", sampler=optuna.samplers.RandomSampler(seed=1))
def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    subprocess.run([sys.executable, "-c", f"print({x})"], check=True, capture_output=True)
    return x
study.optimize(objective, n_trials=trials, n_jobs=workers)
"""

OURS = "from jupyter_training import report\nreport(loss=1.0)\n"


class Cost(NamedTuple):
    """Of one search: how long it took, and the CPU of all that took part."""

    seconds: float
    cpu: float


def measure() -> list[Row]:
    """Takes three to five minutes, most of them Syne Tune's."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        bare = _taken(lambda: _bare(LONG))
        ours = _ours()
        tuned, by_hand = (
            [
                _taken(lambda trials=trials, trial=trial: _syne_tune(folder, trials, "0.05", trial))
                for trials in (SHORT, LONG)
            ]
            for trial in (SYNE_TUNE_TRIAL, SYNE_TUNE_BY_HAND)
        )
        optuna = [_taken(lambda trials=trials: _optuna(folder, trials)) for trials in (SHORT, LONG)]
        default = _taken(lambda: _syne_tune(folder, SHORT, "default", SYNE_TUNE_TRIAL))
    cpu, wall = _one_more(ours)
    their_cpu, their_wall = _one_more(tuned)
    hand_cpu, hand_wall = _one_more(by_hand)
    optuna_cpu, optuna_wall = _one_more(optuna)
    hand = "Syne Tune, sleep_time=0.05, its line printed without importing it"
    more, whole = f"one more empty trial, {WORKERS} at once", f"a search of {SHORT} empty trials, {WORKERS} at once"
    return [
        row(
            f"ours: {more}: CPU",
            1e3 * cpu,
            "ms",
            baseline=1e3 * bare.cpu / LONG,
            baseline_what="`python -c pass`",
            budget="< 2.5 x",
            ok=cpu < 2.5 * bare.cpu / LONG,
        ),
        row(
            f"ours: {more}",
            1e3 * wall,
            "worker-ms",
            baseline=1e3 * their_wall,
            baseline_what="Syne Tune, sleep_time=0.05",
            budget="< 1/5 x",
            ok=wall < their_wall / 5,
        ),
        row(
            f"Syne Tune, sleep_time=0.05: {more}: CPU", 1e3 * their_cpu, "ms", baseline=1e3 * cpu, baseline_what="ours"
        ),
        row(f"{hand}: {more}: CPU", 1e3 * hand_cpu, "ms", baseline=1e3 * cpu, baseline_what="ours"),
        row(f"{hand}: {more}", 1e3 * hand_wall, "worker-ms", baseline=1e3 * wall, baseline_what="ours"),
        row(f"Optuna on SQLite: {more}: CPU", 1e3 * optuna_cpu, "ms", baseline=1e3 * cpu, baseline_what="ours"),
        row(f"Optuna on SQLite: {more}", 1e3 * optuna_wall, "worker-ms", baseline=1e3 * wall, baseline_what="ours"),
        row(f"Syne Tune, as it is: {whole}", default.seconds, "s", baseline=ours[0].seconds, baseline_what="ours"),
        row(f"Syne Tune, 0.05: {whole}", tuned[0].seconds, "s", baseline=ours[0].seconds, baseline_what="ours"),
        row(f"Optuna on SQLite: {whole}", optuna[0].seconds, "s", baseline=ours[0].seconds, baseline_what="ours"),
    ]


def wish(here: Stand, trials: int, workers: int, script: str = OURS) -> str:
    """Submit a search of empty trials; its id."""
    request = here.wish(
        script,
        params={"x": "uniform(0, 1)"},
        metric="loss",
        mode="min",
        searcher="random",
        workers=workers,
        max_trials=trials,
        seed=1,
        name="empty",
    )
    return str(here.client.create_experiment(request)["experiment"]["id"])


def ended(here: Stand, experiment: str, trials: int, *, within: float = 600.0) -> None:
    """Wait for a search's end, and see that all went well.

    The server is asked rarely: its answers would cost as much as the trials do, and no peer is looked at.
    """
    driver = layout.exit_file(attempt_folder(here.settings.spool_root, experiment, 1))
    looks = 0

    def is_over() -> bool:
        nonlocal looks
        looks += 1
        if looks % 100 and not driver.exists():
            return False
        return here.client.experiment(experiment)["state"] not in ("running", "paused")

    until(is_over, within=within, every=0.05)
    view = here.client.experiment(experiment)
    if view["counts"].get("completed") != trials:
        raise RuntimeError(f"{trials} trials were wished for: {view['sentence']}")


def _one_more(costs: Sequence[Cost]) -> tuple[float, float]:
    """CPU and worker-seconds of one more trial, by a short search and a long one."""
    short, long = costs
    return (long.cpu - short.cpu) / (LONG - SHORT), WORKERS * (long.seconds - short.seconds) / (LONG - SHORT)


def _taken(act: Callable[[], object]) -> Cost:
    """Of a process that waits for all of its own."""
    before = _ended_children()
    return Cost(seconds(act), _ended_children() - before)


def _ended_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ours() -> list[Cost]:
    """In a process of its own: server, dispatcher and supervisors outlive who starts them, and are counted there."""
    told = subprocess.run([sys.executable, "-m", __name__], capture_output=True, text=True)
    if told.returncode:
        raise RuntimeError(f"Our search failed: {told.stderr[-500:]}")
    return [Cost(*one) for one in json.loads(told.stdout.splitlines()[-1])]


def _main() -> None:
    """The costs of our short and our long search, as JSON."""
    ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with stand(local_slots=WORKERS) as here:
        ended(here, wish(here, WORKERS, WORKERS), WORKERS)  # the dispatcher runs, and all has been imported once
        costs = []
        for trials in (SHORT, LONG):
            before = _all_descendants()
            took = seconds(lambda trials=trials: ended(here, wish(here, trials, WORKERS), trials))
            costs.append(Cost(took, _all_descendants() - before))
    print(json.dumps(costs))


def _all_descendants() -> float:
    """CPU of all processes that come from this one, also of those that have ended.

    Whoever loses its parent becomes this one's child, and nobody asks after it: it stays as a zombie and can be read.
    """
    used = _ended_children()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:4])
    return float(used)


def _bare(count: int) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda _: subprocess.run([sys.executable, "-c", "pass"], check=True), range(count)))


def _syne_tune(folder: Path, trials: int, pause: str, trial: str) -> None:
    script = folder / f"trial_{pause.replace('.', '_')}_{trials}_{len(trial)}.py"
    script.write_text(trial)
    _run(SYNE_TUNE, str(script), str(WORKERS), str(trials), pause, folder=folder)


def _optuna(folder: Path, trials: int) -> None:
    _run(OPTUNA, str(folder / f"optuna-{trials}.db"), str(WORKERS), str(trials), folder=folder)


def _run(code: str, *words: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *words],
        env={**os.environ, "SYNETUNE_FOLDER": str(folder / "syne-tune")},
        cwd=folder,  # where Syne Tune leaves files of its own
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"A peer failed: {done.stderr[-500:]}")


if __name__ == "__main__":
    _main()
