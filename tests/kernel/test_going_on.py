"""Jobs that are paused, go on, are tried and are made of others, in a real kernel with everything alive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.living import Kernel, emptied, variables
from tests.torture.processes import eventually

pytestmark = pytest.mark.processes

# Counts in its state how many steps it has trained. Stands still in the step `hold` until a stop is on disk.
COUNTS = """
import os, time
from jupyter_training import checkpoint, report, should_stop
steps = 12
hold = 0
stop = os.environ["JUPYTER_TRAINING_SPOOL"] + "/stop.json"
state = dict(count=0)
found = checkpoint.latest()
if found is not None:
    state = found.load()
for step in checkpoint.steps(steps):
    state["count"] += 1
    report(step=step, count=state["count"])
    while step == hold and not os.path.exists(stop):
        time.sleep(0.01)
    if checkpoint.every(5, step):
        checkpoint.save(state, step=step)
    if should_stop():
        break
"""

BAD = """%%train bad --test
import math
limit = -1

def root(value):
    return math.sqrt(value)

print("before it fails")
root(limit)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("going-on")


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    with emptied(folder / "home") as home:
        environment = variables(home, JUPYTER_TRAINING_URL="home", JPY_SESSION_NAME=str(folder / "my book.ipynb"))
        with Kernel(environment, folder=folder) as kernel:
            kernel.run("%load_ext jupyter_training")
            yield kernel


def seen(kernel: Kernel, expression: str, what: str) -> None:
    eventually(lambda: kernel.value(expression), within=40, what=what)


def test_a_paused_job_goes_on_from_its_checkpoint_and_is_extended(kernel: Kernel) -> None:
    card = kernel.run(f"%%train paused -o job hold=7{COUNTS}")
    seen(kernel, "job.view['checkpoint'] and job.view['metrics']['count']['last'] == 7", "it is in step 7")
    assert "is asked to pause after its next checkpoint." in kernel.run("%train pause paused").text
    # It is asked in step 7, and saves at 10: every() fires at its own steps.
    seen(kernel, "job.phase == 'paused'", "it is paused")
    assert "Paused by you at step 10." in kernel.run("%train show paused").shown
    assert "paused" in kernel.run("%train list state:paused").shown
    assert "goes on from step 10." in kernel.run("%train activate paused").text
    ended = kernel.run("%train wait paused")
    assert "succeeded" in ended.shown
    assert [12, 12] == kernel.value("[job.view['metrics']['count'][key] for key in ('last', 'last_step')]")
    assert [[step, float(step)] for step in range(1, 13)] == kernel.value("job.metrics('count')['count']")
    assert "from step 10" in kernel.run("%train show paused").shown
    assert card.error is None
    shown = kernel.run("%train resume paused steps=3 -q")
    assert shown.error is None, shown.shown
    kernel.run("%train wait paused -q")
    assert [13, 3] == kernel.value("[job.view['metrics']['count']['last'], job.params['steps']]")
    assert [[step, float(step)] for step in range(1, 14)] == kernel.value("job.metrics('count')['count']")


def test_waiting_says_that_a_job_is_paused_and_an_interrupt_leaves_it_so(kernel: Kernel) -> None:
    kernel.run(f"%%train rests -o rests hold=7{COUNTS}")
    seen(kernel, "rests.view['checkpoint'] is not None", "it has saved")
    kernel.run("%train pause rests --discard")
    seen(kernel, "rests.phase == 'paused'", "it is paused")
    request = kernel.send("%train wait rests")
    begun = kernel.outputs(request, until="The waiting goes on")
    kernel.interrupt()
    got = kernel.outputs(request, after=begun)
    assert "rests is paused (Paused by you at step 5)" in got.text
    assert "Detached" == got.error_name
    assert "Stopped waiting; rests is paused. To go on: %train activate " in got.shown
    assert "paused" == kernel.value("rests.state")
    kernel.run("%train cancel rests")
    seen(kernel, "rests.state == 'canceled'", "it is canceled")


def test_a_fork_carries_no_weights_and_what_continues_does(kernel: Kernel) -> None:
    kernel.run(f"%%train first -q --wait -o first{COUNTS}")
    kernel.run("%train fork @first steps=2 --name forked --wait -q -o forked")
    kernel.run("%train continue @first steps=2 --name continued --wait -q -o continued")
    assert [2, 12] == kernel.value("[one.view['metrics']['count']['last'] for one in (forked, continued)]")
    about = kernel.run("%train show first").shown
    assert "forked as forked" in about
    assert "continued as continued" in about
    table = kernel.run("%train checkpoints first").shown
    assert "step-000000010.1" in table
    kernel.run("%train delete forked continued --yes")
    assert kernel.run("%train show forked").error_name == "UnknownJob"


def test_delete_asks_where_the_front_end_takes_questions(kernel: Kernel) -> None:
    kernel.run("%%train gone --wait -q\nprint(1)\n")
    request = kernel.client.execute("%train delete gone", allow_stdin=True)
    message = kernel.client.get_stdin_msg(timeout=30)
    assert "Delete this job for good" in message["content"]["prompt"]
    assert "gone · " in message["content"]["prompt"]
    kernel.client.input("yes")
    assert "is deleted." in kernel.outputs(str(request)).text
    kernel.run("%%train stays --wait -q\nprint(1)\n")
    refused = kernel.client.execute("%train delete stays", allow_stdin=False)
    assert "nobody can be asked here" in kernel.outputs(str(refused)).shown


def test_a_test_runs_one_step_goes_on_from_its_checkpoint_and_leaves_nothing(kernel: Kernel) -> None:
    before = kernel.value("len(__import__('jupyter_training').Client().jobs()['jobs'])")
    got = kernel.run(f"%%train tried --test -o tried{COUNTS}", within=120)
    assert got.error is None, got.shown
    (shown,) = got.displays
    lines = shown["text/plain"].splitlines()
    assert lines[0].startswith("tried passed its test. It works: ")
    assert ["import", "train", "report", "checkpoint", "restore"] == [line.split()[1] for line in lines[1:6]]
    assert all(line.startswith("✓") for line in lines[1:6])
    assert "<b>test passed</b>" in shown["text/html"]
    assert kernel.value("tried['ok']") is True
    assert before == kernel.value("len(__import__('jupyter_training').Client().jobs()['jobs'])")


def test_a_test_that_fails_shows_the_person_s_traceback_at_the_cell_and_line(kernel: Kernel) -> None:
    got = kernel.run(BAD, within=120)
    assert "TestFailed" == got.error_name
    assert 1 == len(got.error or [])
    (shown,) = got.displays
    for line, text in ((6, "return math.sqrt(value)"), (9, "root(limit)")):
        assert f"of my book.ipynb&quot;, line {line}, in" in shown["text/html"]
        assert text in shown["text/plain"]
    assert "before it fails" in shown["text/plain"]
    assert "jupyter_training/" not in shown["text/plain"]
    assert 3 == shown["text/plain"].count("not tried")


def test_a_test_that_is_interrupted_is_given_up(kernel: Kernel) -> None:
    request = kernel.send("%%train endless --test\nimport time\nwhile True:\n    time.sleep(0.1)\n")
    begun = kernel.outputs(request, until="is tried for one step")
    kernel.interrupt()
    got = kernel.outputs(request, after=begun)
    assert ["The test is given up; nothing of it is kept."] == got.error
    assert "endless was not tested." == got.displays[0]["text/plain"]

    def again() -> bool:
        return "short passed its test." in kernel.run("%%train short --test\nprint('short')\n", within=120).shown

    eventually(again, within=20, what="another one can be tried")


def test_a_job_is_tried_again_by_itself(kernel: Kernel, folder: Path) -> None:
    marker = folder / "failed-once"
    got = kernel.run(
        "%%train again --wait --retries 2 -o again\n"
        f"from pathlib import Path\nmarker = Path({str(marker)!r})\n"
        "if not marker.exists():\n    marker.touch()\n    raise ValueError('the first time')\n"
    )
    assert got.error is None, got.shown
    assert {"used": 1, "max": 2} == kernel.value("again.view['retries']")
    about = kernel.run("%train show again").shown
    assert "1 of 2 used" in about
    assert "the first time" in about
