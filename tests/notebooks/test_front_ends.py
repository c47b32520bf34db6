"""What each kind of front end is left with: a notebook run by a program, one that knows HTML alone, a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from tests.kernel.living import Kernel, emptied, variables

pytestmark = pytest.mark.processes

LOAD = "%load_ext jupyter_training"
TRAIN = """%%train falling {options}
import time
from jupyter_training import report

for epoch in range(20):
    time.sleep(0.1)
    report(epoch=epoch, val_accuracy=1 - 0.9 / (epoch + 1))
"""
# Goes on until the job has ended and its card has had time to be told; the kernel is busy meanwhile.
LATER = """import time
while job.state not in ("succeeded", "failed"):
    time.sleep(0.1)
time.sleep(4)
"""
LIVE = "application/vnd.jupyter-training.job+json"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with emptied(tmp_path / "home") as home:
        yield home


def executed(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *cells: str) -> list[dict[str, Any]]:
    """The last display of each cell, as the executed notebook has it."""
    for name, value in variables(home, JUPYTER_TRAINING_URL="home").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("JUPYTER_TRAINING_PLAIN", raising=False)
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=code)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=90, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    nbformat.validate(notebook)
    page, _ = HTMLExporter(sanitize_html=True).from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    assert "<b>succeeded</b>" in page
    return [next((one["data"] for one in reversed(cell.outputs) if "data" in one), {}) for cell in notebook.cells]


def says_the_end(shown: dict[str, Any]) -> None:
    assert re.match(r"falling · \w{6} succeeded   in .+; best val_accuracy 0\.955 at step 19\.", shown["text/plain"])
    assert "<b>succeeded</b>" in shown["text/html"]
    assert "best val_accuracy 0.955 at step 19." in shown["text/html"]
    assert '<img alt="val_accuracy: 20 points from 0.1 to 0.955"' in shown["text/html"]
    assert {"store", "job"} == set(shown[LIVE])


def test_a_run_notebook_tells_the_end_of_a_job_that_was_waited_for(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, card = executed(home, tmp_path, monkeypatch, LOAD, TRAIN.format(options="--wait"))
    says_the_end(card)


def test_a_run_notebook_tells_the_end_of_a_job_that_ended_under_a_later_cell(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, card, _ = executed(home, tmp_path, monkeypatch, LOAD, TRAIN.format(options="-o job"), LATER)
    says_the_end(card)


def test_html_alone_is_drawn_twice_a_second_at_most_and_tells_the_end(home: Path, tmp_path: Path) -> None:
    """As in VS Code: no labextension, outputs found by their display id, whatever cell runs meanwhile."""
    with Kernel(variables(home, JUPYTER_TRAINING_URL="home"), folder=tmp_path) as kernel:
        kernel.run(LOAD)
        request = kernel.send(TRAIN.format(options=""))
        first = kernel.outputs(request)
        (display,) = first.places
        seen: list[tuple[float, dict[str, Any]]] = []
        deadline = time.monotonic() + 60
        while not seen or "succeeded" not in seen[-1][1]["text/plain"]:
            message = kernel.client.get_iopub_msg(timeout=deadline - time.monotonic())
            assert message["msg_type"] == "update_display_data", "a cell that is done says nothing more"
            assert message["content"]["transient"]["display_id"] == display
            assert len(json.dumps(message["content"]["data"])) < 16_384
            seen.append((time.monotonic(), message["content"]["data"]))
        assert len(seen) > 2
        # The sender keeps half a second between two; on a busy machine one may come late, and the next sooner after it.
        assert len(seen) <= 2 * (seen[-1][0] - seen[0][0]) + 2
        assert any("<b>running</b>" in shown["text/html"] for _, shown in seen)
        says_the_end(seen[-1][1])
        assert "" == kernel.run("pass").shown


def test_an_interrupted_wait_goes_on_being_drawn(home: Path, tmp_path: Path) -> None:
    with Kernel(variables(home, JUPYTER_TRAINING_URL="home"), folder=tmp_path) as kernel:
        kernel.run(LOAD)
        request = kernel.send(TRAIN.format(options="--wait"))
        shown = kernel.outputs(request, until="running")
        kernel.interrupt()
        shown = kernel.outputs(request, after=shown)
        assert "Detached" == shown.error_name
        last: dict[str, Any] = {"text/plain": ""}
        while "succeeded" not in last["text/plain"]:
            message = kernel.client.get_iopub_msg(timeout=60)
            if message["msg_type"] == "update_display_data":
                last = message["content"]["data"]
        says_the_end(last)


def test_in_plain_mode_nothing_is_drawn_after_its_cell(home: Path, tmp_path: Path) -> None:
    environment = variables(home, JUPYTER_TRAINING_URL="home", JUPYTER_TRAINING_PLAIN="1")
    with Kernel(environment, folder=tmp_path) as kernel:
        kernel.run(LOAD)
        shown = kernel.run(TRAIN.format(options="-o job"))
        assert [{"text/plain": "falling submitted"}] == shown.displays
        assert "succeeded" == kernel.value("job.wait().state")
        assert [] == kernel.value("[one.name for one in __import__('threading').enumerate() if 'cards' in one.name]")
        assert 0 == shown.updates


def test_a_terminal_gets_plain_lines(home: Path, tmp_path: Path) -> None:
    """IPython on a real terminal: no HTML, no line that is drawn over, nothing while the person types."""
    typed = [LOAD, f"get_ipython().run_cell({TRAIN.format(options='-o job')!r});", "job.wait();", "%train wait"]
    shown = on_terminal([*typed, "exit"], variables(home, JUPYTER_TRAINING_URL="home"), tmp_path)
    assert re.search(r"falling · \w{6} queued   Waits: about to start\.   %train cancel \w{6}", shown)
    assert re.search(r"falling · \w{6} succeeded   in .+; best val_accuracy 0\.955 at step 19\.", shown)
    assert 1 == len(re.findall(r"falling · \w{6} succeeded", shown))
    assert "<" not in re.sub(r"<ipython|In \[\d+\]", "", shown.replace(repr(typed[1]), ""))


def on_terminal(lines: list[str], environment: dict[str, str], folder: Path) -> str:
    """What IPython writes on a terminal where these lines are typed, each once the one before is done."""
    leader, follower = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "IPython",
        "--simple-prompt",
        "--no-banner",
        "--colors=NoColor",
        "--no-confirm-exit",
    ]
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment, cwd=folder)
    os.close(follower)
    written, deadline = "", time.monotonic() + 90
    try:
        for number, line in enumerate(lines, start=1):
            while f"In [{number}]: " not in written:
                written += _piece(leader, deadline)
            os.write(leader, f"{line}\n".encode())
        while process.poll() is None:
            written += _piece(leader, deadline)
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    return written.replace("\r\n", "\n")


def _piece(terminal: int, deadline: float) -> str:
    assert time.monotonic() < deadline, "the terminal stands still"
    ready = select.poll()  # and not select(), which knows a thousand files
    ready.register(terminal, select.POLLIN)
    if not ready.poll(500):
        return ""
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:  # its other side is closed
        return ""
