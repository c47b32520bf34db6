"""A training that is killed five times ends with just the weights of one that was left alone, bit by bit."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.runtime.attempts import until
from tests.runtime.saving import Job
from tests.supervisor.test_launch import is_gone

EPOCHS = 24

# Each epoch takes one byte from the gate, so that the test decides how far an attempt comes before it is killed.
GATE = """
import os
gate = open(os.environ["GATE"], "rb", buffering=0)
"""

# Softmax regression by hand, which draws from numpy's shared generator, from Python's, and from one of its own.
BY_HAND = f"""{GATE}
import random
import numpy as np
from jupyter_training import checkpoint, output, report

digits = np.load(os.environ["DIGITS"])
x, y = digits["x"] / 16.0, digits["y"]
target = np.eye(10)[y]
np.random.seed(7)
random.seed(7)
state = {{"weights": np.random.normal(scale=0.01, size=(64, 10)), "speed": np.zeros((64, 10))}}
state["own"] = np.random.default_rng(7)
found = checkpoint.latest()
if found:
    found.load(into=state)
weights, speed = state["weights"], state["speed"]
for epoch in checkpoint.steps({EPOCHS}):
    gate.read(1)
    print("epoch", epoch, flush=True)
    for rows in np.array_split(np.random.permutation(len(x)), 200):
        noisy = x[rows] + state["own"].normal(scale=0.05, size=(len(rows), 64))
        likely = np.exp(noisy @ weights)
        likely /= likely.sum(axis=1, keepdims=True)
        speed *= 0.9
        speed -= random.uniform(0.05, 0.15) * noisy.T @ (likely - target[rows]) / len(rows)
        weights += speed
    report(loss=-np.log(likely[target[rows] > 0]).mean(), step=epoch)
    checkpoint.save(state)
print(((x @ weights).argmax(axis=1) == y).mean())
np.save(output("weights.npy"), weights)
"""

# scikit-learn's own: partial_fit shuffles by numpy's shared generator.
BY_SKLEARN = f"""{GATE}
import warnings
import numpy as np
from jupyter_training import checkpoint, output, report
from sklearn.linear_model import SGDClassifier

digits = np.load(os.environ["DIGITS"])
x, y = digits["x"], digits["y"]
np.random.seed(7)
model = SGDClassifier(loss="log_loss", random_state=None)
found = checkpoint.latest()
if found:
    model = found.load()
for epoch in checkpoint.steps({EPOCHS}):
    gate.read(1)
    print("epoch", epoch, flush=True)
    for rows in np.array_split(np.random.permutation(len(x)), 10):
        model.partial_fit(x[rows] / 16.0, y[rows], classes=range(10))
    report(loss=1 - model.score(x / 16.0, y), step=epoch)
    if checkpoint.every(2):
        checkpoint.save(model)
print(model.score(x / 16.0, y))
np.save(output("weights.npy"), np.concatenate([model.coef_.ravel(), model.intercept_]))
"""


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data in a file: most attempts need nothing else of scikit-learn, whose import takes longer than they do."""
    path = tmp_path_factory.mktemp("digits") / "digits.npz"
    x, y = load_digits(return_X_y=True)
    np.savez(path, x=x, y=y)
    return path


def trained(digits: Path, home: Path, code: str, kills: list[int], rng: random.Random) -> tuple[Job, bytes]:
    """The job, and the bytes of its weights; killed at some moment of each of these epochs."""
    home.mkdir()
    os.mkfifo(home / "gate")
    gate = os.open(home / "gate", os.O_RDWR | os.O_NONBLOCK)
    variables = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "GATE": str(home / "gate"), "DIGITS": str(digits)}
    job = Job(home, code, order={"env": variables})
    try:
        for epoch in [*kills, EPOCHS]:
            one = job.attempt()
            done = job.candidates()[0]["step"] if job.candidates() else 0
            os.write(gate, b"g" * (epoch - done))
            one.supervise()
            if len(job.attempts) <= len(kills):
                one.wait_for_line(f"epoch {epoch}")
                wait_until(time.monotonic() + rng.uniform(0, 0.03))
                os.kill(one.pid, signal.SIGKILL)
            assert 0 == one.supervisors[-1].wait(30)
            assert is_gone(one.pid)
            assert (signal.SIGKILL if len(job.attempts) <= len(kills) else None) == one.exit["signal"]
            with contextlib.suppress(BlockingIOError):
                os.read(gate, EPOCHS)  # what it has not come to
    finally:
        os.close(gate)
    assert 0 == job.attempts[-1].exit["exit_code"], job.attempts[-1].log
    return job, (home / "outputs" / "job" / "weights.npy").read_bytes()


def wait_until(moment: float) -> None:
    until(lambda: time.monotonic() >= moment, what="the moment")


@pytest.mark.parametrize("code", [BY_HAND, BY_SKLEARN], ids=["by hand", "by scikit-learn"])
def test_killed_five_times_it_has_the_same_weights(digits: Path, tmp_path: Path, code: str) -> None:
    seed = int(os.environ.get("JUPYTER_TRAINING_TEST_SEED") or random.randrange(10**6))
    print(f"seed {seed}")
    rng = random.Random(seed)
    whole, expected = trained(digits, tmp_path / "left alone", code, [], rng)
    kills = sorted(rng.sample(range(2, EPOCHS), 5))
    job, found = trained(digits, tmp_path / "killed", code, kills, rng)
    assert expected == found
    assert whole.attempts[0].log.splitlines()[-1] == job.attempts[-1].log.splitlines()[-1]
    assert float(whole.attempts[0].log.splitlines()[-1]) > 0.9
    assert whole.losses() == job.losses()
    assert list(range(1, EPOCHS + 1)) == [step for step, _ in job.losses()]
    assert not [name for name in job.names if name.startswith(".tmp")]
