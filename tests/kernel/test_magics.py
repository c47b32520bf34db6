"""The magics in a real shell, as far as they need no server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

from jupyter_training.kernel import magics
from tests.kernel.shells import Cells, ended


def test_an_unknown_option_is_an_error_with_a_caret_and_the_near_miss(cells: Cells) -> None:
    shown = cells.run("%%train digits --prio 3\nx = 1\n")
    assert [
        "InvalidUsage: %%train has no option --prio.",
        "  cell [1], line 1",
        "    %%train digits --prio 3",
        "                   ^^^^^^",
        "Did you mean --priority?",
    ] == shown.splitlines()
    assert cells.result.error_in_exec is not None


def test_a_syntax_error_is_refused_at_its_line_of_the_cell(cells: Cells) -> None:
    shown = cells.run("%%train digits\nx = 1\ny = (2,\n").splitlines()
    assert "  cell [1], line 3" in shown
    assert "    y = (2," in shown
    assert "        ^" in shown


def test_blank_lines_above_the_magic_count_as_the_notebook_counts_them(cells: Cells) -> None:
    shown = cells.run("\n\n%%train digits\nx = 1\n!ls\n").splitlines()
    assert "  cell [1], line 5" in shown
    assert "    !ls" in shown


def test_a_wrong_value_below_blank_lines_still_points_at_the_magic_line(cells: Cells) -> None:
    shown = cells.run("\n%%train digits lrr=1\nlr = 1\n").splitlines()
    assert "  cell [1], line 2" in shown
    assert "                   ^^^^^" in shown
    assert "Did you mean 'lr' (line 3)?" in shown


def test_the_magic_below_other_lines_says_where_it_belongs(cells: Cells) -> None:
    for magic in ("%%train", "%%train_config"):
        shown = cells.run(f"# my training\n{magic} digits\nx = 1\n")
        assert f"{magic} must be on the first line of its cell." in shown


def test_a_line_magic_is_shown_at_its_line_of_the_cell(cells: Cells) -> None:
    shown = cells.run("x = 1\n\n%train shwo last\n").splitlines()
    assert ["  cell [1], line 3", "    %train shwo last", "           ^^^^", "Did you mean %train show?"] == shown[1:]


def test_a_word_of_another_program_is_understood(cells: Cells) -> None:
    for word, verb in (("stop", "cancel"), ("jobs", "list"), ("status", "show")):
        assert f"Did you mean %train {verb}?" in cells.run(f"%train {word}")


def test_a_submission_as_a_line_says_how_it_is_written(cells: Cells) -> None:
    assert "put %%train on the first line" in cells.run("%train digits lr=0.1")


def test_a_verb_as_a_cell_says_how_it_is_written(cells: Cells) -> None:
    assert "Did you mean the line magic %train" in cells.run("%%train list\n")  # IPython's own words
    assert "%train list with one %" in cells.run("%%train list\nx = 1\n")


def test_no_error_shows_our_own_code(cells: Cells) -> None:
    for cell in ("%%train --nope\nx = 1", "%train nope", "%%train a\n1 +", "%train cancel", "%train show @nothing"):
        shown = cells.run(cell)
        assert shown
        assert "Traceback" not in shown
        assert ".py" not in shown


def test_a_second_assignment_is_warned_of_with_its_line(cells: Cells) -> None:
    shown = cells.run("%%train digits --dry-run\nlr = 0.1\nprint(lr)\nlr = 0.2\n")
    assert "cell [1], line 4: lr is assigned again here" in shown


def test_an_import_that_the_environment_lacks_is_refused_before_the_start(cells: Cells) -> None:
    shown = cells.run("%%train digits --dry-run\nimport no_such_package_anywhere\n")
    assert "no_such_package_anywhere" in shown
    assert "cell [1], line 2" in shown
    assert "pip install" in shown


def test_help_names_every_option_and_verb(cells: Cells) -> None:
    from jupyter_training.kernel.commands import CELL
    from jupyter_training.kernel.line_verbs import VERBS

    shown = cells.run("%train help")
    verbs = [name for name in VERBS if not name.startswith("experiment ")]  # which have a help of their own
    for word in (*CELL.flags, *verbs, "%%train_config NAME"):
        assert word in shown
    of_searches = cells.run("%train help experiment")
    assert all(name in of_searches for name in VERBS if name.startswith("experiment "))
    for name, verb in VERBS.items():
        shown = cells.run(f"%train help {name}")
        assert verb.summary in shown
        assert all(flag in shown for flag in verb.flags)


def test_loading_is_silent_and_twice_is_once(cells: Cells) -> None:
    before = len(cells.shell.Completer.custom_matchers)
    assert "" == cells.run("%load_ext jupyter_training\n%reload_ext jupyter_training")
    assert before == len(cells.shell.Completer.custom_matchers)


def test_loading_hooks_no_cell_and_unloading_leaves_nothing() -> None:
    shell = InteractiveShell()
    hooks = {name: list(found) for name, found in shell.events.callbacks.items()}
    matchers = list(shell.Completer.custom_matchers)
    magics.load(shell)
    assert hooks == shell.events.callbacks
    magics.unload(shell)
    assert matchers == shell.Completer.custom_matchers
    assert {"train", "train_config"}.isdisjoint(shell.magics_manager.magics["cell"])
    assert {"train", "%train", "%train_config"}.isdisjoint(shell.magics_manager.magics["line"])
    ended(shell)


def test_loading_imports_nothing_heavy() -> None:
    """In a process of its own, since this one has imported everything."""
    code = (
        "import sys\nfrom IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell()\n"
        "before = set(sys.modules)\nshell.run_line_magic('load_ext', 'jupyter_training')\n"
        "shell.run_line_magic('train', 'help')\n"
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('jupyter_training')))\n"
        "heavy = 'syne_tune mlflow sagemaker boto3 pandas numpy torch pydantic sqlalchemy yaml alembic'\n"
        "print([name for name in heavy.split() if name in sys.modules])"
    )
    root = Path(magics.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    loaded, heavy = done.stdout.splitlines()[-2:]
    assert "[]" == heavy
    assert len(json.loads(loaded.replace("'", '"'))) < 20, loaded
