"""What can be saved comes back as it was, into what it came from, and the random generators with it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.runtime.saving import Job

TORCH = "torch"
needs_torch = pytest.mark.skipif(importlib.util.find_spec(TORCH) is None, reason="torch is not installed here")


def printed(tmp_path: Path, code: str, **checkpoints: object) -> list[str]:
    """The lines of code that saves and loads in one attempt."""
    job = Job(tmp_path, "from jupyter_training import checkpoint\n" + code, checkpoints=checkpoints)
    answer = job.attempt().run()
    assert (0, "") == (answer.returncode, answer.stderr)
    return answer.stdout.splitlines()


def test_plain_values_keep_their_kinds(tmp_path: Path) -> None:
    code = """
value = {"a": [1, 2.5, None, True, "x"], "t": (1, (2,)), 3: b"\\0\\xff", "$": "mark", "n": float("inf"), (1, 2): {}}
checkpoint.save(value, step=1)
print(checkpoint.latest().load() == value)
checkpoint.save(b"just bytes", step=2)
print(checkpoint.latest().load())
checkpoint.save([], step=3)
print(checkpoint.latest().load())
"""
    assert ["True", "b'just bytes'", "[]"] == printed(tmp_path, code)


def test_arrays_keep_their_types_and_every_bit(tmp_path: Path) -> None:
    code = """
import numpy as np
value = {"w": np.random.rand(3, 2), "b": [np.arange(3, dtype=np.int8), np.float32(0.1)], "s": np.array("text"),
         "empty": np.zeros((0, 4)), "nan": np.array([np.nan, -0.0])}
checkpoint.save(value, step=1)
found = checkpoint.latest().load()
same = lambda a, b: a.tobytes() == b.tobytes() and a.dtype == b.dtype
print(all(same(found[name], value[name]) for name in "w s empty nan".split()))
print(found["b"], type(found["b"][1]).__name__)
try:
    checkpoint.save({"o": np.array([object()])}, step=2)
except TypeError as error:
    print(error)
"""
    assert [
        "True",
        "[array([0, 1, 2], dtype=int8), np.float32(0.1)] float32",
        "state['o'] is an array of objects, which only pickle could keep",
    ] == printed(tmp_path, code)


def test_it_is_put_into_what_it_came_from(tmp_path: Path) -> None:
    code = """
import numpy as np
weights = np.ones(3)
state = {"model": {"w": weights}, "epoch": 4, "list": [weights]}
checkpoint.save(state, step=1)
weights[:] = 0
state["epoch"] = 0
print(checkpoint.latest().load(into=state) is state, weights, state["epoch"], state["list"][0] is weights)
for wrong in ([], {"model": {"w": np.ones(4)}, "epoch": 1, "list": []}, {"other": 1}, {"model": 1}):
    try:
        checkpoint.latest().load(into=wrong)
    except checkpoint.NotRestored as error:
        print(error)
"""
    first, *refused = printed(tmp_path, code)
    assert "True [1. 1. 1.] 4 True" == first
    start = "The checkpoint step-000000001.1 does not fit: state"
    assert [
        " is a dict with model, epoch, list, and `into` has a list there.",
        "['model']['w'] is an array of shape (3,), and `into` has a ndarray there.",
        " has no other; it has model, epoch, list.",
        "['model'] is a dict with w, and `into` has a int there.",
    ] == [line.removeprefix(start) for line in refused]


def test_what_has_a_state_dict_gets_it_back(tmp_path: Path) -> None:
    code = """
class Mine:
    def __init__(self): self.state = {"seen": [0]}
    def state_dict(self): return self.state
    def load_state_dict(self, state): self.state = state
mine = Mine()
mine.state = {"seen": [1, 2], 7: "x"}
checkpoint.save({"mine": mine}, step=1)
other = Mine()
checkpoint.latest().load(into={"mine": other})
print(other.state, checkpoint.latest().load())
"""
    assert ["{'seen': [1, 2], 7: 'x'} {'mine': {'seen': [1, 2], 7: 'x'}}"] == printed(tmp_path, code)


def test_random_generators_go_on_where_they_were(tmp_path: Path) -> None:
    code = """
import random, numpy as np
own = {"a": random.Random(1), "b": np.random.default_rng(2)}
own |= {"c": np.random.RandomState(3), "d": np.random.Generator(np.random.MT19937(4))}
def draw():
    values = [random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn()]
    return [*values, own["a"].gauss(0, 1), own["b"].normal(), own["c"].randn(), own["d"].random()]
draw()
checkpoint.save(own, step=1)
first = draw()
checkpoint.latest().load(into=own)
second = draw()
own = checkpoint.latest().load()
print(first == second == draw(), first != draw())
"""
    assert ["True True"] == printed(tmp_path, code)


def test_a_fresh_process_draws_what_the_first_one_would_have_drawn(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        """
        import random, numpy as np
        from jupyter_training import checkpoint
        found = checkpoint.latest()
        if found:
            found.load()
        else:
            checkpoint.save({}, step=1)
        print(random.random(), np.random.rand())
        """,
    )
    assert job.attempt().run().stdout == job.attempt().run().stdout


@pytest.mark.parametrize("kind", ["skops", "joblib"])
def test_estimators(tmp_path: Path, kind: str) -> None:
    code = """
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
rng = np.random.default_rng(0)
x, y = rng.normal(size=(60, 4)), np.arange(60) % 3
model = make_pipeline(StandardScaler(), SGDClassifier(random_state=0)).fit(x, y)
checkpoint.save({"model": model}, step=1)
again = make_pipeline(StandardScaler(), SGDClassifier())
checkpoint.latest().load(into={"model": again})
same = again.decision_function(x) == model.decision_function(x)
print(same.all(), again[-1].coef_.tobytes() == model[-1].coef_.tobytes())
checkpoint.save(model[-1], step=2)
found = checkpoint.latest()
print(type(found.load()).__name__, [p.name for p in found.path.iterdir() if "1." in p.name])
"""
    assert ["True True", f"SGDClassifier ['1.{kind}']"] == printed(tmp_path, code, sklearn=kind)


def test_a_library_that_is_not_there_is_named(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["skops"] = None
from sklearn.linear_model import SGDClassifier
try:
    checkpoint.save(SGDClassifier(), step=1)
except TypeError as error:
    print(error)
"""
    (line,) = printed(tmp_path, code)
    assert line.startswith("a SGDClassifier is saved with skops, which the job's environment lacks (")
    assert "write `checkpoints: {sklearn: joblib}`" in line


TORCH_CODE = """
import torch
from torch import nn

def made():
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=100)
    return {"model": model, "optimizer": optimizer, "schedule": schedule, "step": 0, "extra": torch.zeros(2)}

def train(state, steps):
    for _ in range(steps):
        x = torch.randn(16, 4)
        loss = state["model"](x).pow(2).mean()
        state["optimizer"].zero_grad()
        loss.backward()
        state["optimizer"].step()
        state["schedule"].step()
        state["step"] += 1
        state["extra"] += 1

def bits(state):
    tensors = [*state["model"].state_dict().values(), state["extra"]]
    for group in state["optimizer"].state_dict()["state"].values():
        tensors += [one for one in group.values() if torch.is_tensor(one)]
    return [bytes(one.detach().contiguous().view(-1).view(torch.uint8).tolist()) for one in tensors]

torch.manual_seed(0)
one = made()
train(one, 5)
checkpoint.save(one, step=5)
train(one, 5)
torch.manual_seed(9)
other = made()
checkpoint.latest().load(into=other)
train(other, 5)
print(bits(one) == bits(other), other["step"], other["schedule"].last_epoch)
checkpoint.save(one["model"], step=6)
print(list(checkpoint.latest().load())[:2], [p.name for p in checkpoint.latest().path.iterdir() if "pt" in p.name])
try:
    checkpoint.latest().load(into=nn.Linear(1, 1))
except checkpoint.NotRestored as error:
    print(str(error)[:60])

class Odd(nn.Linear):
    def get_extra_state(self): return Odd
    def set_extra_state(self, state): pass
checkpoint.save(Odd(1, 1), step=7)
try:
    checkpoint.latest().load()
except checkpoint.NotRestored as error:
    print(str(error)[:99])

import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a limit on file sizes stands for a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    checkpoint.save(nn.Linear(100, 100), step=8)
except checkpoint.NotSaved as error:
    print(str(error)[:45], "File too large" in str(error))
"""
TORCH_LINES = [
    "True 10 10",
    "['0.weight', '0.bias'] ['state.pt']",
    "The checkpoint step-000000006.1 does not fit: state does not",
    "The checkpoint step-000000007.1 does not fit: its state.pt has more than torch reads without pickle",
    "The checkpoint of step 8 could not be saved i True",
]


@needs_torch
def test_torch_goes_on_bit_by_bit_with_its_optimizer_schedule_and_dropout(tmp_path: Path) -> None:
    assert TORCH_LINES == printed(tmp_path, TORCH_CODE)
