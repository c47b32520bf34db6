"""One seeded story: a kernel submits a training, something is killed around it, and the truth is compared."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

from jupyter_training.client.client import Client
from jupyter_training.settings import Settings
from tests.torture import processes
from tests.torture.processes import eventually, kill

__all__ = ["VICTIMS", "Stand", "Story", "check", "play"]

WITNESS = Path(__file__).with_name("witness.py")
VICTIMS: tuple[tuple[str, ...], ...] = (
    ("kernel",),
    ("server",),
    ("dispatcher",),
    ("mirror",),
    ("supervisor",),
    ("kernel", "server", "dispatcher", "mirror", "supervisor"),
)


@dataclass(frozen=True)
class Story:
    """What a seed stands for."""

    seed: int
    victims: tuple[str, ...]
    steps: int
    pause: float
    after: int  # witness lines before the kill
    exit_code: int

    @classmethod
    def of(cls, seed: int) -> Story:
        rng = random.Random(seed)
        steps = rng.randint(40, 80)
        return cls(
            seed=seed,
            victims=VICTIMS[seed % len(VICTIMS)],
            steps=steps,
            pause=rng.uniform(0.01, 0.04),
            after=rng.randint(1, steps),
            exit_code=rng.choice([0, 0, 3]),
        )


class Stand:
    """A home with a Jupyter server and a kernel that are started again when a story killed them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = Settings(home=home)
        self._environment = {**os.environ, "JUPYTER_TRAINING_HOME": str(home), "JUPYTER_TRAINING_PLAIN": "1"}
        self._environment.pop("MLFLOW_TRACKING_URI", None)
        self._servers: list[subprocess.Popen[bytes]] = []
        self._kernel: KernelManager | None = None

    def server(self) -> int:
        """The pid of a living server of the home, starting one where there is none.

        A client that finds none starts one too, so it need not be the one started here.
        """
        found = processes.server(self.home)
        if found is not None:
            return found
        self.home.mkdir(parents=True, exist_ok=True)
        with open(self.home / "server.out", "ab") as out:
            self._servers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "jupyter_training", "serve"],
                    env=self._environment,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            )
        return eventually(lambda: processes.server(self.home), within=30, what="a server")

    def client(self) -> Client:
        self.server()
        os.environ["JUPYTER_TRAINING_HOME"] = str(self.home)
        os.environ["JUPYTER_TRAINING_URL"] = "home"
        return Client()

    def run_cell(self, source: str) -> None:
        """Execute a cell in the kernel, starting one where there is none; raises what the cell raised."""
        if self._kernel is None or not self._kernel.is_alive():
            self._drop_kernel()
            environment = {**self._environment, "JUPYTER_TRAINING_URL": "home"}
            self._kernel = KernelManager(kernel_name="python3")
            self._kernel.start_kernel(env=environment, cwd=str(self.home))
            self._execute("%load_ext jupyter_training")
        self._execute(source)

    def kernel_pid(self) -> int | None:
        provisioner = getattr(self._kernel, "provisioner", None)
        return getattr(provisioner, "pid", None)

    def close(self) -> None:
        """Stop what this stand started; the dispatcher and the mirror leave by themselves when asked."""
        self._drop_kernel()
        for find in (processes.server, processes.dispatcher, processes.mirror):
            pid = find(self.home)
            if pid is not None:
                os.kill(pid, signal.SIGTERM)
        for server in self._servers:
            server.wait(30)
        eventually(lambda: not processes.of_home(self.home), within=30, what=f"no process of {self.home} left")

    def _drop_kernel(self) -> None:
        if self._kernel is not None:
            self._kernel.shutdown_kernel(now=True)
            self._kernel.cleanup_resources()
            self._kernel = None

    def _execute(self, source: str) -> None:
        assert self._kernel is not None
        client = self._kernel.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            reply = client.execute_interactive(source, timeout=60, output_hook=lambda message: None)
            content: dict[str, Any] = reply["content"]
            if content["status"] != "ok":
                raise AssertionError("\n".join(content.get("traceback", [])))
        finally:
            client.stop_channels()


def play(stand: Stand, story: Story) -> tuple[str, Path]:
    """Submit from the kernel, kill the victims once the training has written so much, and wait for its end."""
    witness = stand.home / f"witness-{story.seed}"
    name = f"story-{story.seed}"
    stand.server()
    stand.run_cell(
        f"%%train {name} witness={str(witness)!r} steps={story.steps} pause={story.pause} exit_code={story.exit_code}\n"
        + WITNESS.read_text("utf-8")
    )
    job = stand.client().find(name)["id"]
    eventually(lambda: len(_lines(witness)) > story.after, within=60, what="the training's witness")
    if "mirror" in story.victims:
        eventually(lambda: processes.mirror(stand.home), within=30, what="a mirror")
    targets = {
        "kernel": stand.kernel_pid(),
        "server": stand.server(),
        "dispatcher": processes.dispatcher(stand.home),
        "mirror": processes.mirror(stand.home),
        "supervisor": processes.supervisor(stand.home, job),
    }
    for victim in story.victims:
        kill(targets[victim])
    final = stand.client().wait(job, timeout=120)
    assert final["state"] in ("succeeded", "failed"), final["sentence"]
    return job, witness


def check(stand: Stand, story: Story, job: str, witness: Path) -> None:
    """Everything the story promised: the true end, each point once, nothing left, the record complete."""
    client = stand.client()
    view = client.job(job)
    assert ("succeeded" if story.exit_code == 0 else "failed") == view["state"], view["sentence"]
    assert story.exit_code == view["attempts"][-1]["exit_code"]
    assert 1 == len(view["attempts"])
    lines = _lines(witness)
    assert 1 == lines.count("began"), "the code ran once"
    assert 1 == lines.count("done")
    expected = {
        (name, int(step), float(value)) for name, step, value in (line.split() for line in lines if " " in line)
    }
    found = [
        (series["name"], step, value)
        for series in client.metrics(job, points=20_000)["series"]
        for step, _, value in series["points"]
    ]
    assert len(found) == len(set(found)), "a point is there twice"
    assert expected == set(found)
    spool = str(stand.home / "spool" / job)
    eventually(
        lambda: not processes.of_home(Path(spool)),
        within=20,
        what="the job's processes gone",
    )
    _check_record(stand, story, job, expected)


def _check_record(stand: Stand, story: Story, job: str, expected: set[tuple[str, int, float]]) -> None:
    import mlflow

    run_id = eventually(lambda: stand.client().job(job)["run_id"], within=60, what="the run's id")
    record = mlflow.MlflowClient(stand.settings.mlflow_uri)
    status = "FINISHED" if story.exit_code == 0 else "FAILED"
    eventually(lambda: record.get_run(run_id).info.status == status, within=60, what=f"the record says {status}")
    found = [
        (metric.key, metric.step, metric.value)
        for name in {name for name, _, _ in expected}
        for metric in record.get_metric_history(run_id, name)
    ]
    assert len(found) == len(set(found)), "the record has a point twice"
    assert expected == set(found), "the record's points"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except OSError:
        return []
