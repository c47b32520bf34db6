"""``%%train_config``: kept under a name, used by ``--config``, wrong at its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.shells import Cells

BIG = """%%train_config big
pool: local
timeout: 2h
priority: 3
tags: {team: vision}
params: {lr: 0.5}
environment: {variables: {SHAPE: round}}
"""


def test_a_config_is_kept_with_one_line_that_says_how_to_use_it(cells: Cells) -> None:
    shown = cells.run(BIG)
    assert (
        "Config big (environment, params, pool, priority, tags, timeout) is kept in this kernel."
        " To use it: %%train --config big\n"
    ) == shown
    assert "kept in this kernel instead of the one before." in cells.run(BIG)
    assert "" == cells.run(BIG.replace("big", "other -q"))


def test_the_line_wins_over_its_config_and_the_rest_is_as_the_config_says(cells: Cells) -> None:
    cells.run(BIG)
    sent = cells.planned("%%train digits --config big --priority 9 --tag more=1 --dry-run\nlr = 0.1\nepochs = 3\n")
    assert ("digits", "local", 9, "2h") == (sent["name"], sent["pool"], sent["priority"], sent["timeout"])
    assert {"lr": 0.5, "epochs": 3} == sent["params"]
    assert {"team": "vision", "more": "1"} == sent["tags"]
    assert "round" == sent["environment"]["variables"]["SHAPE"]
    assert "config" not in sent


def test_keys_of_this_side_work_from_a_config(cells: Cells) -> None:
    cells.run("%%train_config mine -q\nout: handle\nquiet: true\nname: from-config\nif_exists: new\n")
    assert "" == cells.run("%%train --config mine\nprint(1)\n")
    assert "from-config" == cells.shell.user_ns["handle"].name
    assert "new" == cells.server.last["if_exists"]


def test_a_text_is_left_as_it_is(cells: Cells) -> None:
    cells.shell.user_ns["name"] = "replaced"
    cells.run("%%train_config braces -q\nparams: {note: '{name} $name'}\n")
    sent = cells.planned("%%train digits --config braces --dry-run\nnote = ''\n")
    assert {"note": "{name} $name"} == sent["params"]


def test_a_file_is_a_config_too_and_read_each_time(cells: Cells, tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_text("priority: 3\n")
    cell = "%%train digits --config big.yaml --dry-run\nx = 1\n"
    assert 3 == cells.planned(cell)["priority"]
    (tmp_path / "big.yaml").write_text("priority: 4\nprioritty: 4\n")
    assert [
        "InvalidSpec: config big.yaml line 2, column 1: there is no key 'prioritty'.",
        "  cell [2], line 1",
        "    %%train digits --config big.yaml --dry-run",
        "                            ^^^^^^^^",
        "Did you mean 'priority'?",
    ] == cells.run(cell).splitlines()


def test_the_server_is_asked_about_a_file_when_its_text_is_new(cells: Cells, tmp_path: Path) -> None:
    cell = "%%train digits --config big.yaml --dry-run\nx = 1\n"
    for priority in (3, 3, 4):
        (tmp_path / "big.yaml").write_text(f"priority: {priority}\n")
        assert priority == cells.planned(cell)["priority"]
    assert ["configs", "plans", "plans", "configs", "plans"] == [path for _, path, _ in cells.server.asked]


@pytest.mark.parametrize(
    ("text", "words", "line", "under", "hint"),
    [
        ("pool: local\nprioritty: 3\n", "there is no key 'prioritty'", 3, "prioritty: 3", "Did you mean 'priority'?"),
        ("resources:\n  gpu: 1\n", "there is no key 'gpu'", 3, "  gpu: 1", "Did you mean 'gpus'?"),
        ("timeout: soon\n", "'soon' is not a duration", 2, "timeout: soon", "Write seconds"),
        ("\n\nname: [a\n", "this is not valid YAML", 4, "name: [a", None),
        ("# nothing\n", "There is nothing in this config.", None, None, "pool: local"),
    ],
)
def test_a_mistake_is_an_error_at_its_place_in_the_cell(
    cells: Cells, text: str, words: str, line: int | None, under: str | None, hint: str | None
) -> None:
    shown = cells.run(f"%%train_config big\n{text}").splitlines()
    assert cells.result.error_in_exec is not None
    assert words in shown[0]
    if line is not None:
        assert f"  cell [1], line {line}" in shown
        assert f"    {under}" in shown
    if hint is not None:
        assert hint in shown[-1]
    assert "knows no config 'big'" in cells.run("%%train --config big\nx = 1\n")


def test_lines_above_the_magic_count_as_the_notebook_counts_them(cells: Cells) -> None:
    shown = cells.run("\n\n%%train_config big\npol: local\n").splitlines()
    assert "  cell [1], line 4" in shown
    assert "    pol: local" in shown


def test_what_is_wrong_only_together_with_the_cell_points_into_the_config(cells: Cells) -> None:
    cells.run("%%train_config big -q\ntags: {a: b}\ngpus: 4\n")
    assert [
        "InvalidSpec: gpus: it asks for 4; the pool 'local' has none.",
        "  config big, cell [1], line 3",
        "    gpus: 4",
        "    ^",
        "A GPU job is never run on a CPU silently; leave gpus out to run there.",
    ] == cells.run("%%train digits --config big\nx = 1\n").splitlines()


def test_the_same_fault_on_the_line_points_at_the_line(cells: Cells) -> None:
    cells.run("%%train_config big -q\ngpus: 0\n")
    shown = cells.run("%%train digits --config big --gpus 4\nx = 1\n").splitlines()
    assert "    %%train digits --config big --gpus 4" == shown[2]


def test_an_unknown_name_has_its_near_miss_at_its_word(cells: Cells) -> None:
    cells.run(BIG)
    shown = cells.run("%%train digits --config bgi\nx = 1\n").splitlines()
    assert ["    %%train digits --config bgi", "                            ^^^"] == shown[2:4]
    assert "Did you mean 'big'?" == shown[-1]


def test_a_name_that_is_a_verb_is_refused_where_it_stands(cells: Cells) -> None:
    cells.run("%%train_config big -q\npool: local\nname: list\n")
    shown = cells.run("%%train --config big\nx = 1\n").splitlines()
    assert "InvalidUsage: 'list' is a verb of %train and no good name for a job." == shown[0]
    assert ["  config big, cell [1], line 3", "    name: list", "    ^"] == shown[1:4]
    cells.planned("%%train digits --config big --dry-run\nx = 1\n")


def test_a_config_needs_a_name(cells: Cells) -> None:
    assert "%%train_config needs a name for the config." in cells.run("%%train_config\npool: local\n")
