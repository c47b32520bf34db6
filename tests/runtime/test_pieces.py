"""Definitions from cells run under their own cell's name and lines, and values come by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_training.runtime import pieces
from tests.runtime.attempts import Attempt, attempt_in

CELLS = ["cell [3] of a.ipynb", "cell [7] of a.ipynb"]

DEFINITIONS = """\
# pieces: [[5, 2, 1, 9, 0], [8, 4, 0, 2, 0]]
import math
LIMIT = 2

def inner(x):
    return math.sqrt(LIMIT - x)

def _make_outer(more):
    def outer(x):
        return inner(x + more)
    return outer
outer = _make_outer(more=3)
"""


def ran(home: Path, code: str, **options: Any) -> tuple[Attempt, Any]:
    entry = {"kind": "cell", "name": "cell.py", "shown_as": "cell [8] of a.ipynb", **options}
    attempt = attempt_in(home, code, **entry)
    attempt.order["entry"]["cells"] = CELLS
    (attempt.folder / "order.json").write_text(json.dumps(attempt.order))
    return attempt, attempt.run()


def test_a_traceback_names_the_cells_and_shows_their_lines(tmp_path: Path) -> None:
    attempt, answer = ran(tmp_path, "\nprint(outer(-4))\nouter(1)\n", files={pieces.FILE: DEFINITIONS})
    assert "1.7320508075688772\n" == answer.stdout
    frames = [(one["file"], one["line"], one["name"], one["own"]) for one in attempt.end["error"]["frames"]]
    assert [
        ("cell [8] of a.ipynb", 3, "<module>", True),
        ("cell [3] of a.ipynb", 4, "outer", True),
        ("cell [7] of a.ipynb", 10, "inner", True),
    ] == frames
    assert "return inner(x + more)" in answer.stderr
    assert "return math.sqrt(LIMIT - x)" in answer.stderr


def test_the_source_of_a_piece_is_found(tmp_path: Path) -> None:
    code = "\nimport inspect\nprint(inspect.getsourcelines(inner))\n"
    _, answer = ran(tmp_path, code, files={pieces.FILE: DEFINITIONS})
    assert "(['def inner(x):\\n', '    return math.sqrt(LIMIT - x)\\n'], 9)\n" == answer.stdout


def test_an_import_that_fails_points_at_the_file_of_definitions(tmp_path: Path) -> None:
    broken = DEFINITIONS.replace("import math", "import no_such_module_here")
    attempt, _ = ran(tmp_path, "print(1)\n", files={pieces.FILE: broken})
    assert [(pieces.FILE, 2)] == [(one["file"], one["line"]) for one in attempt.end["error"]["frames"][:1]]


def test_a_child_that_is_spawned_has_definitions_and_values(tmp_path: Path) -> None:
    path = tmp_path / "values.npy"
    np.save(path, np.arange(3))
    code = (
        "\nimport multiprocessing\ndef use(x):\n    return round(inner(x)), int(values.sum())\n"
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n    print(pool.map(use, [1, -2]))\n"
    )
    data = [{"name": "values", "kind": "npy", "path": str(path)}]
    _, answer = ran(tmp_path, code, files={pieces.FILE: DEFINITIONS}, data=data)
    assert "[(1, 3), (2, 3)]\n" == answer.stdout, answer.stderr


def test_a_function_s_file_may_be_one_of_pieces(tmp_path: Path) -> None:
    attempt, answer = ran(
        tmp_path,
        DEFINITIONS.replace("outer = _make", "train = _make"),
        kind="function",
        name="train.py",
        function="train",
        params={"x": 0},
    )
    assert 1 == attempt.end["exit_code"]
    assert 'File "cell [7] of a.ipynb", line 10, in inner' in answer.stderr


@pytest.mark.parametrize("kind", ["cell", "function"])
def test_values_are_there_under_their_names(tmp_path: Path, kind: str) -> None:
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "frame")
    pd.Series([1.5]).to_frame("jupyter_training.series:null").to_parquet(tmp_path / "series")
    np.save(tmp_path / "array.npy", np.zeros((2, 2)))
    (tmp_path / "words").write_text('{"a": [1, "ü"]}', "utf-8")
    files = {"frame": "parquet", "series": "parquet", "array": "npy", "words": "json"}
    data = [
        {"name": name, "kind": kind, "path": str(tmp_path / ("array.npy" if name == "array" else name))}
        for name, kind in files.items()
    ]
    shown = "print(list(frame.a), series.name, type(series).__name__, array.shape, array.flags.writeable, words)\n"
    code, options = (shown, {}) if kind == "cell" else (f"def go():\n    {shown}", {"function": "go", "name": "go.py"})
    _, answer = ran(tmp_path, code, kind=kind, data=data, **options)
    assert "[1, 2] None Series (2, 2) False {'a': [1, 'ü']}\n" == answer.stdout, answer.stderr


def test_nothing_is_imported_for_values_where_there_are_none(tmp_path: Path) -> None:
    _, answer = ran(tmp_path, "import sys\nprint('numpy' in sys.modules, 'linecache' in sys.modules)\n")
    assert "False False\n" == answer.stdout
