"""A dry run shows the exact bundle, by way of the server, and leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jupyter_training.kernel.plan import planned
from tests.kernel.shells import Cells


def test_what_would_be_sent_is_resolved_and_not_sent(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "hunter2")
    (tmp_path / "beside.py").write_text("answer = 42\n")
    shown = cells.run(
        "%%train digits lr=0.5 sizes=[8, 4] --priority 7 --memory 4GiB --tag a=b --pass-env API_KEY --timeout 2h"
        " --env OMP_NUM_THREADS=1 --dry-run\n"
        "import beside\nlr = 0.1\nepochs = 3\nprint(lr)\n"
    )
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "dry run digits: nothing is stored, nothing is sent" == lines[0]
    for line in (
        "code 2 files, 57 B",
        "file beside.py · 12 B",
        "file cell.py · 45 B · cell [1]",
        "param lr 0.5",
        "param epochs 3",
        "param sizes [8, 4]",
        f"python {sys.executable}",
        f"folder {tmp_path}",
        "secrets API_KEY (handed over by name, not kept)",
        "pool local, priority 7",
        "needs 1 slot, 4.29 GB of memory",
        "timeout 2 h 0 m",
        "grace 10 s",
        "retries none",
        "checkpoints kept: the newest",
        "pause within 10 min",
        "tag a b",
        "if it exists an equal job that is still active is taken",
    ):
        assert line in lines, shown
    (variables,) = (line for line in lines if line.startswith("variables"))
    assert "OMP_NUM_THREADS" in variables
    assert "hunter2" not in shown
    assert [("POST", "plans")] == [asked[:2] for asked in cells.server.asked]
    assert "No trainings yet" in cells.run("%train list")
    assert not list((tmp_path / "home").rglob("blobs/*/*"))


def test_the_request_has_the_cell_with_its_place(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/my notes/ä b.ipynb")
    sent = cells.planned("%%train digits --dry-run\nprint(1)\n")
    assert ("cell", "cell.py") == (sent["entry"]["kind"], sent["entry"]["path"])
    assert "cell [1] of ä b.ipynb" == sent["entry"]["shown_as"]
    assert "\nprint(1)\n" == sent["files"][0]["text"]
    assert ("/home/ada/my notes/ä b.ipynb", "magic") == (sent["origin"]["notebook"], sent["origin"]["client"])


def test_the_plan_is_a_value_where_a_variable_is_named(cells: Cells) -> None:
    assert "" == cells.run("%%train digits --dry-run -q -o plan\nlr = 0.1\n")
    assert {"lr": 0.1} == cells.shell.user_ns["plan"]["spec"]["params"]


def test_what_a_submit_would_refuse_is_refused_at_its_word(cells: Cells) -> None:
    shown = cells.run("%%train digits --pool gpus --dry-run\nx = 1\n").splitlines()
    assert "UnknownPool: There is no pool 'gpus'; there is: local." == shown[0]
    assert "                          ^^^^" == shown[3]


def test_braces_and_dollars_in_a_cell_are_left_alone(cells: Cells) -> None:
    cells.shell.user_ns["name"] = "replaced"
    sent = cells.planned("%%train digits note='{name} $name' --dry-run\nprint({'name': '$name'})\n")
    assert "{name} $name" == sent["params"]["note"]
    assert "print({'name': '$name'})" in sent["files"][0]["text"]


def test_values_are_shown_with_what_they_are_and_none_is_sent(cells: Cells) -> None:
    cells.run("X = list(range(10))\nscale = 2\ndef doubled(value):\n    return value * scale\n")
    shown = cells.run("%%train digits --take X --dry-run\nprint([doubled(one) for one in X])\n")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "data 1 value, 30 B" in lines, shown
    assert "data X list of 10 · 30 B" in lines
    assert 2 == sum(line.startswith("file ") for line in lines)
    assert [("POST", "plans")] == [asked[:2] for asked in cells.server.asked]


def test_its_html_is_static(cells: Cells) -> None:
    sent = cells.planned("%%train digits note='<b>&' --dry-run -o plan\nnote = ''\n")
    html = planned(cells.shell.user_ns["plan"], sent).html
    assert "&lt;b&gt;&amp;" in html
    assert "<b>" not in html
    assert "<script" not in html


@pytest.mark.parametrize("options", ["--dry-run", ""])
def test_a_magic_that_is_passed_over_is_told(cells: Cells, options: str) -> None:
    shown = cells.run(f"%%train digits {options}\n%matplotlib inline\nprint(1)\n")
    assert cells.result.error_in_exec is None
    assert 1 == shown.count("cell [1], line 2: %matplotlib inline is passed over: a job keeps the figures")
    assert "\n# %matplotlib inline\nprint(1)\n" == cells.server.asked[0][2]["files"][0]["text"]
