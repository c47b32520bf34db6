"""What can be wished of jobs by the client, with all of it alive: dispatcher, supervisors, runtime, servers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client import submission
from jupyter_training.client.client import Client
from jupyter_training.client.handle import Handle
from jupyter_training.errors import IllegalVerb, NoCheckpoint, TrainingError, UnknownJob
from tests.client.places import WAYS, fresh_home, ways
from tests.torture.processes import eventually

pytestmark = pytest.mark.processes

_number = itertools.count()

# Counts its steps in a file and in its state; steps take as long as the file `go` says.
COUNTS = """
import sys, time
from pathlib import Path
from jupyter_training import checkpoint, output, report, should_stop
go = Path(sys.argv[sys.argv.index("--go") + 1])
state = {"count": 0}
found = checkpoint.latest()
if found:
    state = found.load()
for epoch in checkpoint.steps(12):
    while not (go / str(epoch)).exists() and not (go / "all").exists():
        time.sleep(0.01)
    state["count"] += 1
    report(step=epoch, count=state["count"])
    if checkpoint.every(5, epoch):
        checkpoint.save(state)
    if should_stop():
        break
else:
    checkpoint.save(state, step=epoch)
"""
PLAIN = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Client]]:
    folder = tmp_path_factory.mktemp("verbs")
    with fresh_home() as home, ways(home, folder=folder) as found:
        found["local"].set_pool("local", slots=4)
        yield found


@pytest.fixture
def client(clients: dict[str, Client]) -> Client:
    return clients["tcp"]


Counting = Callable[..., tuple[Handle, Path]]


@pytest.fixture
def counting(client: Client, tmp_path: Path) -> Counting:
    """A job that counts, and the folder by which its steps are let go."""
    script = tmp_path / "counts.py"
    script.write_text(COUNTS)

    def submitted(**more: Any) -> tuple[Handle, Path]:
        go = tmp_path / f"go-{next(_number)}"
        go.mkdir()
        return client.submit(script, name=f"counts-{next(_number)}", go=str(go), **more), go

    return submitted


def let(go: Path, *steps: int) -> None:
    for step in steps:
        (go / str(step)).touch()


def reached(handle: Handle, step: int) -> None:
    def there() -> bool | None:
        metric = handle.view["metrics"].get("count")
        return True if metric is not None and metric["last_step"] >= step else None

    eventually(there, within=60, what=f"step {step} is reported")


def is_in(handle: Handle, phase: str) -> None:
    eventually(lambda: handle.phase == phase or None, within=60, what=f"it is {phase}")


def test_a_pause_waits_for_the_checkpoint_and_activate_goes_on_from_it(client: Client, counting: Counting) -> None:
    handle, go = counting()
    let(go, *range(1, 8))
    reached(handle, 7)
    handle.pause()
    assert "Pausing, after its next checkpoint." == handle.sentence
    asked = client.settings.spool_root / handle.id / "1" / "stop.json"
    eventually(lambda: asked.exists() or None, within=60, what="its attempt is asked")
    let(go, 8, 9, 10)
    is_in(handle, "paused")
    assert "Paused by you at step 10." == handle.sentence
    assert ["step-000000010.1", "step-000000005.1"] == [one["name"] for one in handle.checkpoints]
    (go / "all").touch()
    handle.activate().wait(60, check=True)
    assert [(step, float(step)) for step in range(1, 13)] == handle.metrics("count")["count"]
    assert [None, 10] == [one["start_step"] for one in handle.view["attempts"]]


def test_resume_extends_and_continue_begins_with_the_same_weights_and_fork_with_none(
    client: Client, counting: Counting
) -> None:
    handle, go = counting()
    (go / "all").touch()
    handle.wait(60, check=True)
    more = handle.continue_from(12)
    more.wait(60, check=True)
    handle.resume().wait(60, check=True)
    assert (24, 24.0) == handle.metrics("count")["count"][-1], "12 steps more, and no count was lost"
    assert [(13, 13.0), (24, 24.0)] == [more.metrics("count")["count"][place] for place in (0, -1)]
    fork = handle.fork()
    fork.wait(60, check=True)
    assert [(1, 1.0), (12, 12.0)] == [fork.metrics("count")["count"][place] for place in (0, -1)]
    assert [("continue", more.id, 12), ("fork", fork.id, None)] == [
        (one["relation"], one["job"], one["step"]) for one in client.job(handle.id)["children"]
    ]


def test_a_retry_goes_on_from_the_last_checkpoint(counting: Counting) -> None:
    handle, go = counting()
    let(go, *range(1, 7))
    reached(handle, 6)
    handle.kill().wait(60)
    (go / "all").touch()
    handle.retry().wait(60, check=True)
    assert [(step, float(step)) for step in range(1, 13)] == handle.metrics("count")["count"]
    assert 5 == handle.view["attempts"][1]["start_step"]


def test_what_saves_nothing_is_paused_by_discard_only(client: Client, tmp_path: Path) -> None:
    script = tmp_path / "plain.py"
    script.write_text(PLAIN)
    handle = client.submit(script)
    eventually(lambda: "begun" in handle.logs() or None, within=60, what="it prints")
    eventually(lambda: handle.phase == "running" or None, within=60, what="the dispatcher knows that it runs")
    with pytest.raises(NoCheckpoint, match="has written no checkpoint"):
        handle.pause()
    handle.pause(discard=True)
    is_in(handle, "paused")
    with pytest.raises(IllegalVerb, match="it is paused"):
        handle.delete()
    handle.cancel()
    is_in(handle, "canceled")


def test_an_archived_job_is_out_of_lists_and_a_deleted_one_is_gone(
    client: Client, clients: dict[str, Client], counting: Counting
) -> None:
    handle, go = counting()
    (go / "all").touch()
    handle.wait(60, check=True)
    handle.archive()
    assert [] == client.jobs(name=handle.name)["jobs"]
    assert [handle.id] == [one["id"] for one in client.jobs(name=handle.name, archived=True)["jobs"]]
    kept = client.settings.checkpoints / handle.id
    handle.unarchive().delete()
    with pytest.raises(UnknownJob):
        client.job(handle.id)
    eventually(lambda: not kept.exists() or None, within=60, what="its checkpoints are gone")


def test_a_retry_takes_the_values_of_pass_env_from_here(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "secret.py"
    script.write_text(
        "import os, sys\nprint('token', os.environ['MY_TOKEN'])\nsys.exit(os.environ['MY_TOKEN'] == 'a')\n"
    )
    monkeypatch.setenv("MY_TOKEN", "a")
    handle = client.submit(script, pass_env="MY_TOKEN")
    handle.wait(60)
    monkeypatch.setenv("MY_TOKEN", "b")
    handle.retry().wait(60, check=True)
    assert "token b\n" == handle.logs()
    monkeypatch.delenv("MY_TOKEN")
    with pytest.raises(TrainingError, match="MY_TOKEN"):
        handle.retry(force=True)


@pytest.mark.parametrize("way", WAYS)
def test_code_is_tried_by_every_way_and_nothing_is_stored(clients: dict[str, Client], tmp_path: Path, way: str) -> None:
    script = tmp_path / "counts.py"
    script.write_text(COUNTS)
    (tmp_path / "all").touch()
    wish = submission.request(script, (), {"go": str(tmp_path)}, limit=10_000_000, name=f"tried-{way}")
    found = clients[way].rehearse(wish)
    assert [True] * 3 == [step["ok"] for step in found["steps"][:3]], found
    assert [] == clients[way].jobs(name=f"tried-{way}")["jobs"]
