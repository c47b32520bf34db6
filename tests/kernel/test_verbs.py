"""The verbs of ``%train`` on jobs that wait: what is shown, and what several of them at once come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_training.kernel.meant import NEWEST, pattern_of
from tests.kernel.shells import Cells
from tests.services.stage import Stage

CODE = "lr = 0.1\nprint(lr)\n"


def submit(cells: Cells, *names: str, options: str = "") -> list[str]:
    """Jobs of these names; their ids."""
    found = []
    for name in names:
        cells.run(f"%%train {name} -q -o one {options}\n{CODE}")
        found.append(str(cells.shell.user_ns["one"].id))
    return found


def wishes(cells: Cells) -> dict[str, str]:
    """What is wished of each job. Here nobody makes it so."""
    return {job["name"]: job["desired"] for job in cells.client.jobs()["jobs"]}


def test_alone_it_teaches_the_first_cell(cells: Cells) -> None:
    shown = cells.run("%train")
    assert "No trainings yet. Put this in a cell:" in shown
    assert "%%train first --wait" in shown


@pytest.mark.parametrize("line", ["%train", "%train list"])
def test_where_all_is_archived_no_first_cell_is_taught(cells: Cells, line: str) -> None:
    stage = Stage(cells.server.site)
    ids = [stage.ended() for _ in range(2)]
    cells.client.archive(*ids)
    assert "All 2 jobs are archived; `%train list is:archived` shows them." == cells.run(line).strip()
    assert "No job fits." == cells.run("%train list digits").strip()
    assert 2 == cells.run("%train list is:archived").count(", archived")
    cells.client.delete(ids[0])
    assert "The only job is archived; `%train list is:archived` shows it." == cells.run(line).strip()


def test_alone_it_shows_this_notebook_s_jobs_then_others_and_what_to_type(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/mine.ipynb")
    submit(cells, "mine")
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/other.ipynb")
    submit(cells, "theirs")
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/mine.ipynb")
    (newest,) = submit(cells, "newest")
    lines = cells.run("%train").splitlines()
    assert ["newest", "mine", "theirs"] == [line.split()[2] for line in lines[1:4]]
    assert ["here", "here", "other.ipynb"] == [line.split()[-1] for line in lines[1:4]]
    for verb in ("show", "logs", "cancel", "clone"):
        assert f"%train {verb} {newest[:6]}" in lines[-1]


def test_alone_it_shows_a_notebook_of_the_same_name_in_another_folder_too(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "sub/mine.ipynb")
    submit(cells, "theirs")
    monkeypatch.setenv("JPY_SESSION_NAME", "mine.ipynb")
    submit(cells, "mine")
    assert ["mine", "theirs"] == [line.split()[2] for line in cells.run("%train").splitlines()[1:3]]


def test_alone_it_is_short(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    for notebook in ("mine", "other"):
        monkeypatch.setenv("JPY_SESSION_NAME", f"/home/ada/{notebook}.ipynb")
        submit(cells, *(f"{notebook}-{number}" for number in range(10)))
    assert 1 + 8 + 4 + 1 == len(cells.run("%train").splitlines())


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("rate", {"rate-1", "rate-2"}),
        ("state:queued", {"rate-1", "rate-2", "other"}),
        ("state:queued rate", {"rate-1", "rate-2"}),
        ("'state:queued -rate'", {"other"}),
        ("'-state:queued'", set()),
        ("tag:team=vision", {"rate-1", "rate-2"}),
        ("lr<=0.1", {"other"}),
        ("lr<=0.1 rate-1", set()),
        ("name:rate-* -n 1", {"rate-2"}),
        ("--state canceled rate", set()),
    ],
)
def test_a_list_is_what_the_filter_fits(cells: Cells, line: str, names: set[str]) -> None:
    submit(cells, "rate-1", "rate-2", options="--tag team=vision lr=0.5")
    submit(cells, "other")
    shown = cells.run(f"%train list {line}").splitlines()
    assert names == {row.split()[2] for row in shown if row[0] == "◔"}
    assert names or ["No job fits."] == shown


@pytest.mark.parametrize(
    ("line", "words", "marked"),
    [
        ("state:faild", "there is no state 'faild'", "faild"),
        ("foo state:faild", "there is no state 'faild'", "faild"),
        ("'foo state:faild bar'", "there is no state 'faild'", "faild"),
        ("foo -n 3 loss>>3", "'>3' is not a number", ">3"),
    ],
)
def test_a_mistake_in_a_filter_is_shown_at_its_place(cells: Cells, line: str, words: str, marked: str) -> None:
    shown = cells.run(f"%train list {line}").splitlines()
    assert f"InvalidRequest: Filter: {words}." == shown[0]
    assert shown[2][shown[3].index("^") :].startswith(marked)


def test_several_are_stopped_with_a_line_for_each_and_an_error_at_the_end(cells: Cells) -> None:
    first, second, _ = submit(cells, "a-1", "a-2", "b")
    shown = cells.run(f"%train cancel a-1 nosuch {second} @none").splitlines()
    assert [f"a-1 · {first[:6]} is asked to stop.", f"a-2 · {second[:6]} is asked to stop."] == shown[:2]
    assert shown[2].startswith("nosuch: There is no job 'nosuch'.")
    assert shown[3].startswith("@none: @none: the variable is not defined.")
    assert "Refused: 2 of 4 could not be asked." in shown
    assert cells.result.error_in_exec is not None
    assert {"a-1": "cancel", "a-2": "cancel", "b": "run"} == wishes(cells)


def test_one_refusal_alone_is_raised_as_it_is(cells: Cells) -> None:
    assert cells.run("%train kill nosuch").startswith("UnknownJob: ")


def test_quiet_names_the_refusals_in_the_error(cells: Cells) -> None:
    submit(cells, "a")
    shown = cells.run("%train cancel a 'zz*' nosuch -q").splitlines()
    assert "Refused: 2 of 3 could not be asked." == shown[0]
    assert "  zz*: No unfinished job has a name that fits 'zz*'. See %train list." == shown[1]
    assert {"a": "cancel"} == wishes(cells)


def test_a_pattern_means_unfinished_jobs(cells: Cells) -> None:
    submit(cells, "a-1", "a-2", "b")
    assert 2 == cells.run("%train cancel 'a-*'").count("is asked to stop.")
    assert {"a-1": "cancel", "a-2": "cancel", "b": "run"} == wishes(cells)


@pytest.mark.parametrize("verb", ["wait", "retry"])
def test_where_a_pattern_means_the_newest_of_each_name_the_help_says_so(cells: Cells, verb: str) -> None:
    assert pattern_of("retry").newest and NEWEST.newest  # what ``wait`` looks for
    assert "means the newest job of each name that fits, in this notebook." in cells.run(f"%train help {verb}")


def test_a_pattern_is_no_single_job(cells: Cells) -> None:
    for verb in ("show", "logs", "metrics", "clone"):
        assert "'a-*' is a pattern, and one job is wanted here." in cells.run(f"%train {verb} 'a-*'")


def test_a_variable_without_its_sign_is_guessed(cells: Cells) -> None:
    submit(cells, "digits")
    assert "The variable is meant by @one." in cells.run("%train show one")


def test_clone_puts_the_cell_into_the_next_one(cells: Cells) -> None:
    (job,) = submit(cells, "digits", options="--tag team=vision --priority 3 lr=0.5")
    assert f"The cell of digits · {job[:6]} is in the next cell" in cells.run("%train clone @one")
    text = cells.shell.rl_next_input
    assert text is not None
    line, _, body = text.partition("\n")
    assert CODE == body
    again: dict[str, Any] = cells.planned(f"{line} --dry-run\n{body}")
    assert ("digits", 3, {"team": "vision"}) == (again["name"], again["priority"], again["tags"])
    assert json.dumps({"lr": 0.5}) == json.dumps(again["params"])
