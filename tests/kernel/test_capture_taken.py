"""Values that come along with a cell in files of their own, by --take."""

from __future__ import annotations

from typing import Any

from tests.kernel.capturing import along, definitions
from tests.kernel.shells import Cells


def test_a_value_that_is_taken_is_not_written_into_the_code(cells: Cells) -> None:
    cells.run(
        "import numpy as np\nwords = {'a': 1}\narray = np.zeros((2, 3), 'float32')\ndef f():\n    return words, array"
    )
    request = along(cells, "f()", "--take words,array")
    found = [(one["name"], one["kind"], one["words"], one["size"]) for one in request["data"]]
    assert [("words", "json", "dict of 1", 8), ("array", "npy", "array 2 x 3 float32", 152)] == found
    assert "words =" not in definitions(cells, "f()", "--take words,array")


def test_a_value_that_nothing_uses_is_said(cells: Cells) -> None:
    cells.run("words = 'abc'")
    assert "`words` goes along, but the code does not use it." in cells.run(
        "%%train one --dry-run --take words\nprint(1)"
    )


def test_a_dry_run_sends_no_value_and_leaves_no_file(cells: Cells, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    cells.run("words = 'abc'")
    along(cells, "print(words)", "--take words")
    assert [] == [one for one in cells.server.asked if one[0] == "PUT"]
    assert [] == list(tmp_path.glob("jupyter-training-take-*"))


def test_a_value_is_sent_once(cells: Cells) -> None:
    cells.run("words = 'abc'")
    for name in ("first", "second"):
        cells.run(f"%%train {name} -q --take words\nprint(words)")
        assert cells.result.error_in_exec is None
    assert ["PUT"] == [method for method, path, _ in cells.server.asked if method == "PUT" and path.startswith("data/")]
    assert [{"name": "words", "kind": "json", "words": "text of 3", "size": 5}] == cells.client.find("second")["data"]


def test_a_value_goes_along_whatever_letters_its_name_has(cells: Cells) -> None:
    cells.run("\u00b5s = [1, 2, 3]")
    request = along(cells, "print(\u00b5s)", "--take \u00b5s")
    assert ["\u03bcs"] == [one["name"] for one in request["data"]]
