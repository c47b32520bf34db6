"""Searches in a notebook: what a cell sends and shows, where mistakes are shown, and what the verbs do.

On a home where nothing is started; what a real search shows is in ``test_search_training``.
"""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.client.experiment_handle import ExperimentHandle
from jupyter_training.kernel import search_words
from jupyter_training.services.site import Site
from tests.kernel import builders
from tests.kernel.shells import Cells
from tests.services.searching import Searching
from tests.services.stage import Stage

BODY = "\nlr = 0.1\nbatch = 32\nclasses = 'cat,dog'\nprint(lr, batch)\n"
SEARCH = "--metric loss --mode min --searcher random --max-trials 5"


@pytest.fixture
def search(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Searching:
    """Three trials of the newest search: one ran to its end, one has failed, one runs."""
    one = Searching(Stage(site_of(cells)), name="sweep")
    one.drive()
    for number in range(3):
        one.trial(number)
    one.tell(0, 1, 0.9)
    one.tell(0, 2, 0.25)
    one.tell(2, 1, 0.5)
    one.end(0)
    one.end(1, "failed", "ValueError: no")
    return one


def site_of(cells: Cells) -> Site:
    return cells.server.site


def fault(cells: Cells) -> list[str]:
    error: Any = cells.result.error_in_exec
    assert error is not None
    return list(error._render_traceback_())


# -- a cell ----------------------------------------------------------------------------------------------------------


def test_a_cell_with_a_range_is_a_search_and_gives_its_handle(cells: Cells) -> None:
    shown = cells.run(f"%%train sweep lr=loguniform(1e-4,1e-1) batch=32,64 {SEARCH} -o h{BODY}")
    assert "sweep · " in shown
    assert "0 of 5 trials" in shown
    handle = cells.shell.user_ns["h"]
    assert isinstance(handle, ExperimentHandle)
    assert ["lr", "batch"] == [axis["name"] for axis in handle.view["space"]]
    assert {"classes": "cat,dog"} == handle.view["constants"]


def test_the_same_cell_again_is_the_same_search(cells: Cells) -> None:
    cell = f"%%train sweep lr=uniform(0,1) {SEARCH} -o h{BODY}"
    cells.run(cell)
    first = cells.shell.user_ns["h"].id
    assert "is already queued: the same search. For another one: --if-exists new." in cells.run(cell)
    assert first == cells.shell.user_ns["h"].id


def test_of_a_search_that_has_succeeded_the_ways_to_more_are_named() -> None:
    view = builders.search("succeeded")
    (said,) = search_words.submitted({"experiment": view, "reused": True, "notes": []})
    assert said.endswith("For another one: --if-exists new; for more trials of it: experiment extend.")


def test_that_nobody_names_a_searcher_is_said_once(cells: Cells) -> None:
    words = "Nobody names a searcher"
    unnamed = SEARCH.replace("--searcher random ", "")
    assert 1 == cells.run(f"%%train sweep lr=uniform(0,1) {unnamed}{BODY}").count(words)
    assert words not in cells.run("%train experiment") + cells.run("%train experiment show sweep")


def test_the_time_of_pauses_is_no_time_of_a_search() -> None:
    view = builders.search("succeeded", paused_seconds=30.0)
    assert "42 s" == search_words.ran(view, now=0.0)
    paused = builders.search("paused", paused_since="2026-01-01T00:00:20.000Z", paused_seconds=5.0)
    assert "15 s" == search_words.ran(paused, now=2e9)


def test_a_dry_run_says_what_varies_and_what_ends_it(cells: Cells) -> None:
    shown = cells.run(f"%%train sweep lr=loguniform(1e-4,1e-1) {SEARCH} --workers 4 --dry-run{BODY}")
    for words in ("lowest loss", "loguniform(0.0001, 0.1) · 0.0001 to 0.1", "endless", "4 trials", "once 5 trials"):
        assert words in shown
    assert "No searches yet" in cells.run("%train experiment")


def test_a_config_may_make_a_search_and_the_line_wins(cells: Cells) -> None:
    cells.run(
        "%%train_config conf\nmetric: loss\nmode: min\nsearcher: random\nmax_trials: 7\nstop: {plateau: 5}\n"
        "params:\n  lr: loguniform(1e-4, 1e-1)\n"
    )
    cells.run(f"%%train sweep --config conf --max-trials 3 -o h{BODY}")
    view = cells.shell.user_ns["h"].view
    assert (["lr"], 3) == ([axis["name"] for axis in view["space"]], view["total"])
    assert 5 == view["stop"]["plateau"]["trials"]


@pytest.mark.parametrize(
    ("line", "said", "under", "hint"),
    [
        ("lr=loguniorm(1e-4,1e-1)", "there is no loguniorm(...)", "loguniorm(1e-4,1e-1)", "Did you mean loguniform?"),
        ("lr=uniform(1,0)", "the lower bound 1 is above", "uniform(1,0)", "Write 0, 1."),
        ("lr=choice()", "choice", "choice()", ""),
        ("lr=1,2 --searcher ahsa", "no searcher 'ahsa'", "ahsa", "Did you mean 'asha'?"),
        ("lr=1,2 --workers 0", "workers", "0", ""),
        ("lr=1,2 --stop max_trails=3", "no stop rule 'max_trails'", "max_trails=3", "Did you mean"),
        ("lr=uniform(0,1) --searcher grid", "a grid needs", "lr=uniform(0,1)", "count"),
    ],
)
def test_a_mistake_is_underlined_at_its_place(cells: Cells, line: str, said: str, under: str, hint: str) -> None:
    cells.run(f"%%train sweep {line} --metric loss --mode min{BODY}")
    lines = fault(cells)
    assert said in lines[0]
    caret = next(one for one in lines if set(one.strip()) == {"^"})
    assert lines[lines.index(caret) - 1][caret.index("^") :].startswith(under)
    assert hint in lines[-1]
    assert "No searches yet" in cells.run("%train experiment")


def test_a_mistake_in_a_config_is_shown_there(cells: Cells) -> None:
    cells.run("%%train_config conf\nmetric: loss\nmode: min\nparams:\n  lr: loguniform(0, 1)\n")
    lines = fault(cells)
    assert "lower bound 0 is not allowed for a log scale" in lines[0]
    assert "line 5" in lines[1]


def test_what_a_range_lacks_is_said_as_options(cells: Cells) -> None:
    cells.run(f"%%train sweep lr=uniform(0,1){BODY}")
    assert "Add e.g. --metric val_loss and --mode min." == fault(cells)[-1]
    cells.run(f"%%train sweep lr=uniform(0,1) --metric loss{BODY}")
    assert "Add --mode min?" == fault(cells)[-1]


def test_one_configuration_is_one_training_with_a_notice(cells: Cells) -> None:
    shown = cells.run(f"%%train plain lr=0.2 {SEARCH} -o h{BODY}")
    assert "this is one plain training, and no search" in shown
    assert {"lr": 0.2, "batch": 32, "classes": "cat,dog"} == cells.shell.user_ns["h"].params


# -- verbs -----------------------------------------------------------------------------------------------------------


def test_a_list_and_the_front_have_searches(cells: Cells, search: Searching) -> None:
    for line in ("%train", "%train experiment", "%train experiment list"):
        assert "● running  sweep" in cells.run(line)
        assert "3 of 50 trials  loss ↓ 0.25 in trial 0  random" in cells.run(line)
    assert "No search fits." in cells.run("%train experiment list --state failed")
    assert "No trainings of their own; searches: %train experiment list" in cells.run("%train list")
    assert "No job fits. The trials of a search: %train experiment trials" in cells.run("%train list sweep-1")


def test_show_has_the_card_and_all_of_it(cells: Cells, search: Searching) -> None:
    for line in ("%train experiment show", "%train show sweep"):
        shown = cells.run(line)
        assert "3 of 50 trials · 1 running · 1 completed · 1 failed" in shown
        assert "50 trials started" in shown


def test_the_best_as_a_table_and_as_the_next_cell(cells: Cells, search: Searching) -> None:
    assert "loss ↓ 0.25 in trial 0" in cells.run("%train experiment best")
    asked: list[str] = []
    cells.shell.set_next_input = asked.append  # type: ignore[method-assign]
    assert "is the next cell" in cells.run("%train experiment best sweep --cell")
    assert "lr=0.01" in asked[0]


def test_trials_and_results_are_tables(cells: Cells, search: Searching) -> None:
    lines = cells.run("%train experiment trials --sort -number").splitlines()
    assert ["2", "1", "0"] == [line.split()[0] for line in lines[1:4]]
    assert "✕ failed" in cells.run("%train experiment trials --state failed")
    assert "trial_id" in cells.run("%train experiment results")
    cells.run("%train experiment results sweep -o rows")
    assert [0.9, 0.25, 0.5] == [row["loss"] for row in cells.shell.user_ns["rows"]]


def test_verbs_say_what_becomes_of_a_search(cells: Cells, search: Searching) -> None:
    assert "is asked to pause." in cells.run("%train experiment pause sweep")
    assert "goes on." in cells.run("%train experiment activate last")
    assert "may start 20 trials more." in cells.run("%train experiment extend sweep 20")
    assert 70 == search.view.total
    assert "tries its failed trials again." in cells.run("%train experiment retry-failed sweep")
    cells.run("%train attach sweep -o h -q")
    assert "is asked to stop." in cells.run("%train experiment stop @h")
    assert "stopping" == search.view.phase


def test_attach_needs_no_variable(cells: Cells, search: Searching) -> None:
    assert "sweep" in cells.run("%train attach sweep")
    cells.run("%train attach nope")
    assert "There is no job 'nope'" in fault(cells)[0]
    cells.run("%train attach sweep -q")
    assert "does nothing" in fault(cells)[0]


def test_help_knows_other_words(cells: Cells) -> None:
    cells.run("%train help search")
    assert "Did you mean %train help experiment?" in fault(cells)[-1]


def test_a_clone_is_told_from_what_began_by_itself(cells: Cells, search: Searching) -> None:
    search.trial(3, clone_of=0)
    search.tell(3, 1, 0.1)
    assert "clone of 0" in cells.run("%train experiment trials")
    assert "Trial 3 began from a checkpoint of trial 0" in cells.run("%train experiment best --cell")


def test_job_verbs_act_on_a_search(cells: Cells, search: Searching) -> None:
    assert "is asked to stop" in cells.run("%train cancel sweep")
    assert "stopping" == search.view.phase


def test_a_refusal_is_said(cells: Cells, search: Searching) -> None:
    cells.run("%train experiment archive sweep")
    assert "it is running" in fault(cells)[0]
    cells.run("%train experiment extend sweep many")
    assert "'many' is no number of trials." in fault(cells)[0]
    cells.run("%train experiment show nothere")
    assert "There is no experiment 'nothere'." in fault(cells)[0]


def test_deleting_needs_a_yes(cells: Cells, search: Searching) -> None:
    search.end(2)
    search.finish()
    cells.run("%train experiment delete sweep")
    assert fault(cells)[-1].endswith("%train experiment delete sweep --yes")
    assert "is archived." in cells.run("%train experiment archive sweep")
    assert "All searches are archived: %train experiment list --archived" in cells.run("%train experiment")
    assert "sweep" in cells.run("%train experiment list --archived")
    assert "is deleted." in cells.run("%train experiment delete sweep --yes")
    assert "No searches yet" in cells.run("%train experiment")


def test_space_says_how_a_line_is_understood(cells: Cells) -> None:
    shown = cells.run("%train experiment space lr=loguniform(1e-4,1e-1) batch=32,64 n=3 -n 2")
    assert "0.0001 to 0.1, both included, log scale" in shown
    assert 2 == shown.count("for example")
    cells.run("%train experiment space lr=loguniform(0,1)")
    lines = fault(cells)
    assert "    %train experiment space lr=loguniform(0,1)" == lines[2]
    assert lines[3].index("^") >= lines[2].index("loguniform")


def test_searchers_are_listed_with_what_they_need(cells: Cells) -> None:
    shown = cells.run("%train experiment searchers")
    assert "✓ random" in shown
    assert "→ " in shown


def test_help_has_the_ways_to_write_a_range(cells: Cells) -> None:
    shown = cells.run("%train help experiment")
    assert "loguniform(1e-4,1)" in shown
    assert "%train experiment retry-failed" in shown
