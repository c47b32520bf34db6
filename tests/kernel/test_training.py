"""Cells that train, in a real kernel with a server, a dispatcher and jobs of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from jupyter_training.kernel.card import LIVE
from tests.kernel.living import Kernel, emptied, variables

pytestmark = pytest.mark.processes

STEPS = """
import time
from jupyter_training import report
steps = 3
pause = 0.0
for step in range(steps):
    report(step=step, loss=1 / (step + 1), val_accuracy=step / steps)
    print("step", step)
    time.sleep(pause)
"""

FAILING = """%%train wrong --wait
import math
limit = -1

def root(value):
    return math.sqrt(value)

print("before it fails")
root(limit)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("training")
    with emptied(folder / "home") as home:
        environment = variables(home, JUPYTER_TRAINING_URL="home", JPY_SESSION_NAME=str(folder / "my book.ipynb"))
        with Kernel(environment, folder=folder) as kernel:
            kernel.run("%load_ext jupyter_training")
            yield kernel


def test_a_cell_returns_at_once_with_a_card_that_says_what_to_type(kernel: Kernel) -> None:
    kernel.run("%%train before --wait\nprint(1)\n")  # the first job starts the server and the dispatcher
    began = time.perf_counter()
    got = kernel.run(f"%%train quick{STEPS}")
    assert time.perf_counter() - began < 1.0
    (shown,) = got.displays
    assert "%train cancel" in shown["text/plain"]
    assert {"store", "job"} == set(shown[LIVE])
    assert got.error is None
    assert "succeeded" in kernel.run("%train wait quick").shown


@pytest.mark.parametrize(
    ("line", "top", "values"),
    [("\u03b1=0.7", "\u03b1 = 0.1", {"\u03b1": 0.7}), ("\u00b5=0.5", "\u00b5 = 0.1", {"\u03bc": 0.5})],
)
def test_a_parameter_may_have_any_letters(kernel: Kernel, line: str, top: str, values: dict[str, float]) -> None:
    name = top.partition(" ")[0]
    got = kernel.run(f"%%train letters --wait -o letters {line}\n{top}\nprint('it is', {name})\n")
    assert got.error is None, got.shown
    assert [f"it is {next(iter(values.values()))}\n", values] == kernel.value("[letters.logs(), letters.params]")


def test_waiting_draws_one_output_again_and_ends_with_its_last_state(kernel: Kernel) -> None:
    got = kernel.run(f"%%train slow --wait pause=0.4 steps=4{STEPS}")
    assert got.error is None, got.shown
    (shown,) = got.displays
    assert 2 <= got.updates <= 12
    assert "slow" in shown["text/plain"]
    assert "succeeded" in shown["text/plain"]
    assert "data:image/svg+xml" in shown["text/html"]
    assert "best 0.75" in shown["text/html"]


def test_a_failure_is_raised_with_the_person_s_own_traceback(kernel: Kernel) -> None:
    got = kernel.run(FAILING)
    assert "JobFailed" == got.error_name
    shown = "\n".join(got.error or [])
    assert "ValueError: math domain error" in shown
    assert "of my book.ipynb" in shown
    for line, text in ((6, "return math.sqrt(value)"), (9, "root(limit)")):
        assert f"line {line}, in" in shown
        assert text in shown
    assert "before it fails" in shown
    assert "exit code 1" in shown
    assert "jupyter_training/" not in shown
    assert "failed" in got.displays[-1]["text/plain"]


def test_the_handle_has_what_the_job_left(kernel: Kernel) -> None:
    kernel.run(
        "%%train handed --wait -o job -q\n"
        "from jupyter_training import output\nrate = 0.5\nopen(output('kept.txt'), 'w').write(str(rate))\n"
    )
    assert ["succeeded", {"rate": 0.5}, ["kept.txt"]] == kernel.value("[job.state, job.params, job.artifacts]")
    assert "0.5" == kernel.value('job.load("kept.txt")')


def test_tuples_stay_tuples_on_their_way_through_the_parameters(kernel: Kernel) -> None:
    kernel.run(
        "%%train tuples --wait -q -o job sizes=[8,4]\n"
        "from jupyter_training import output\nsizes = (64, 32)\nbetas = (0.9, (0.99, [1]))\n"
        "open(output('seen.txt'), 'w').write(repr((sizes, betas)))\n"
    )
    assert "((8, 4), (0.9, (0.99, [1])))" == kernel.value('job.load("seen.txt")')
    assert {"sizes": [8, 4], "betas": [0.9, [0.99, [1]]]} == kernel.value("job.params")


def test_a_cell_may_await_and_a_function_is_found_by_its_children(kernel: Kernel) -> None:
    got = kernel.run(
        "%%train together --wait -q\n"
        "import asyncio, multiprocessing\ndef double(x):\n    return 2 * x\n"
        "await asyncio.sleep(0)\n"
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "    assert [0, 2, 4] == pool.map(double, range(3))\n"
    )
    assert got.error is None, got.shown


def test_attach_gives_a_handle_back(kernel: Kernel) -> None:
    kernel.run(f"%%train again --wait -q{STEPS}")
    kernel.run("%train attach again -o back -q")
    assert "succeeded" == kernel.value("back.state")
    assert "again" in kernel.run("%train show @back").shown


def test_quiet_shows_nothing(kernel: Kernel) -> None:
    got = kernel.run(f"%%train hush --wait -q{STEPS}")
    assert ("", []) == (got.text, got.displays)


def test_an_interrupt_stops_the_waiting_and_not_the_job(kernel: Kernel) -> None:
    request = kernel.send(f"%%train long --wait pause=0.3 steps=1000{STEPS}")
    begun = kernel.outputs(request, until="loss")
    kernel.interrupt()
    got = kernel.outputs(request, after=begun)
    assert "Detached" == got.error_name
    assert "long goes on" in got.shown
    kernel.run("%train attach long -o long -q")
    assert "running" == kernel.value("long.state")
    assert "long" in kernel.run("%train cancel long").text
    assert "canceled" == kernel.value("long.wait().state")
    got = kernel.run("%train wait long")
    assert "JobFailed: long did not finish: Stopped by you" in got.shown


def test_the_log_the_metrics_and_all_about_a_job(kernel: Kernel) -> None:
    kernel.run(f"%%train told --wait -q --tag team=vision steps=4{STEPS}")
    assert ["step 2", "step 3"] == kernel.run("%train logs told -n 2").text.splitlines()[-2:]
    followed = kernel.run("%train logs told -f").text
    assert [f"step {number}" for number in range(4)] == followed.splitlines()
    shown = kernel.run("%train metrics told loss").displays[0]
    assert "loss" in shown["text/plain"]
    assert "data:image/svg+xml" in shown["text/html"]
    about = kernel.run("%train show told").shown
    assert "param steps" in about
    assert "vision" in about
    assert "told" in kernel.run("%train").shown


def test_a_pattern_stops_every_job_that_fits(kernel: Kernel) -> None:
    for number in range(2):
        kernel.run(f"%%train many-{number} pause=0.3 steps=1000{STEPS}")
    assert 2 == kernel.run("%train kill 'many-*'").text.count("is being killed")
    for number in range(2):
        kernel.run(f"%train attach many-{number} -o one -q")
        assert "canceled" == kernel.value("one.wait().state")


def test_a_pattern_waits_for_the_newest_job_of_each_name_and_tells_of_its_failure(kernel: Kernel) -> None:
    kernel.run("%%train both-1 --wait -q\n1/0\n")
    kernel.run(f"%%train both-1 -q{STEPS}")
    kernel.run(f"%%train both-2 -q{STEPS}")
    got = kernel.run("%train wait 'both-*'")
    assert got.error is None, got.shown
    assert ["succeeded", "succeeded"] == [one["text/plain"].split()[3] for one in got.displays]
    kernel.run("%%train both-3 --wait -q\n1/0\n")
    assert "JobFailed: both-3 failed" in kernel.run("%train wait 'both-*'").shown


def test_what_has_ended_refuses_and_the_others_are_stopped(kernel: Kernel) -> None:
    kernel.run(f"%%train over --wait -q{STEPS}")
    kernel.run(f"%%train going -q pause=0.3 steps=1000{STEPS}")
    assert "IllegalVerb: " in kernel.run("%train cancel over").shown
    got = kernel.run("%train cancel over going")
    assert "Refused: 1 of 2 could not be asked." in got.shown
    assert "can't be canceled: it has succeeded" in got.text
    kernel.run("%train attach going -o one -q")
    assert "canceled" == kernel.value("one.wait().state")


def test_once_takes_what_has_succeeded(kernel: Kernel) -> None:
    cell = f"%%train only --once --wait -o only{STEPS}"
    kernel.run(cell)
    first = kernel.value("only.id")
    got = kernel.run(cell)
    assert "has succeeded" in got.text
    assert "nothing has changed: no new job." in got.text
    assert "succeeded" in got.displays[0]["text/plain"]
    assert first == kernel.value("only.id")
    assert "no new job" not in kernel.run(cell.replace("--once", "")).text
    assert first != kernel.value("only.id")


def test_clone_offers_the_cell_as_the_next_input(kernel: Kernel) -> None:
    kernel.run(f"%%train copied --wait -q --tag team=vision steps=2{STEPS}")
    request = kernel.send("%train clone copied")
    replies = iter(lambda: kernel.client.get_shell_msg(timeout=20), None)  # those of earlier cells wait there too
    reply = next(one for one in replies if one["parent_header"].get("msg_id") == request)
    (payload,) = reply["content"]["payload"]
    assert ("set_next_input", False) == (payload["source"], payload["replace"])
    assert f"%%train copied --tag team=vision steps=2\n{STEPS.lstrip()}" == payload["text"]
    kernel.outputs(request)


@pytest.mark.parametrize(
    ("cell", "words", "marked"),
    [
        ("%%train bad --pool gpus\nx = 1\n", "There is no pool 'gpus'", "gpus"),
        ("%%train bad --priority 0\nx = 1\n", "1 (first) to 99", "0"),
        ("%%train bad --slots 1000\nx = 1\n", "the pool 'local' has", "1000"),
        ("%%train bad --cpus -1\nx = 1\n", "greater than 0", "-1"),
        ("%%train bad --timeout soon\nx = 1\n", "not a duration", "soon"),
        ("%%train b@d\nx = 1\n", "not a name", "b@d"),
        ("%train show quack", "quack", None),
        ("%train metrics told losss", "Did you mean 'loss'?", None),
    ],
)
def test_what_the_server_refuses_is_shown_at_its_word(
    kernel: Kernel, cell: str, words: str, marked: str | None
) -> None:
    got = kernel.run(cell)
    assert got.error is not None
    assert words in got.shown
    assert "Traceback" not in got.shown
    if marked is not None:
        caret = next(number for number, line in enumerate(got.error) if set(line.strip()) == {"^"})
        line, under = got.error[caret - 1], got.error[caret]
        assert marked == line[under.index("^") : under.rindex("^") + 1]


def test_jobs_are_completed_once_a_server_is_known(kernel: Kernel) -> None:
    kernel.run("%train list")
    for _ in range(20):  # the first answer may come after the first keystroke
        reply = kernel.client.complete("%train show tol", 15, reply=True, timeout=10)
        if "told" in reply["content"]["matches"]:
            return
    raise AssertionError("The job's name was never offered.")
