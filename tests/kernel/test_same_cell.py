"""The same cell again: one job while it is active, none after ``--once``, a second one when it has changed."""

from __future__ import annotations

import pytest

from tests.kernel.shells import Cells

CELL = "%%train digits lr=0.5\nlr = 0.1\nprint(lr)\n"


def jobs(cells: Cells) -> list[str]:
    return [job["id"] for job in cells.client.jobs()["jobs"]]


def test_run_all_twice_makes_one_job(cells: Cells) -> None:
    assert "already" not in cells.run(CELL)
    shown = cells.run(CELL)
    (job,) = jobs(cells)
    assert f"digits · {job[:6]} is already queued: the same job. For another one: --if-exists new." in shown


def test_another_one_is_had_by_asking(cells: Cells) -> None:
    cells.run(CELL)
    assert "already" not in cells.run(CELL.replace("lr=0.5", "lr=0.5 --if-exists new"))
    assert 2 == len(jobs(cells))


def test_an_error_is_had_by_asking(cells: Cells) -> None:
    cells.run(CELL)
    shown = cells.run(CELL.replace("lr=0.5", "lr=0.5 --if-exists error"))
    (job,) = jobs(cells)
    assert cells.result.error_in_exec is not None
    assert job in shown
    assert "To get that job: --if-exists reuse, for another: --if-exists new (in a config if_exists: reuse" in shown


@pytest.mark.parametrize("changed", [CELL.replace("print(lr)", "print(2 * lr)"), CELL.replace("0.5", "0.7")])
def test_a_changed_cell_is_a_second_job_and_says_that_the_first_goes_on(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/a.ipynb")
    cells.run(CELL)
    (first,) = jobs(cells)
    shown = cells.run(changed)
    assert 2 == len(jobs(cells))
    assert f"digits {first[:6]} still" in shown
    assert "this is a new job" in shown


def test_plain_outputs_are_the_same_each_time(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_PLAIN", "1")
    cells.run(CELL)
    assert (
        "digits is already active: the same job. For another one: --if-exists new.\n"
        == cells.run(CELL).split("digits submitted")[0]
    )


def test_a_dry_run_says_that_a_job_is_there_already(cells: Cells) -> None:
    cells.run(CELL)
    (job,) = jobs(cells)
    shown = cells.run(CELL.replace("lr=0.5", "lr=0.5 --dry-run"))
    assert f"digits {job[:6]} does the same and has not ended: a submit gives that job, not a new one." in shown
    assert "does the same" not in cells.run(CELL.replace("lr=0.5", "lr=0.7 --dry-run"))
    assert job in cells.run(CELL.replace("lr=0.5", "lr=0.5 --dry-run --if-exists error"))
    assert cells.result.error_in_exec is not None
