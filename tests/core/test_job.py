"""A spec's hash is its content's, and stays what it was when specs learn to say more."""

from __future__ import annotations

from jupyter_training.core.job import DataFile, Entry
from jupyter_training.testing.builders import a_spec

# Written down when specs had neither data nor cells.
FIRST_HASH = "28b81fc851054e2ca07de65d6a3417a4e13a5b58a23ba86e16d007913c49cd8a"


def cell(**entry: object) -> Entry:
    return Entry.model_validate({"kind": "cell", "path": "cell.py", **entry})


def test_a_spec_of_the_first_version_has_its_hash_of_then() -> None:
    assert FIRST_HASH == a_spec("digits", params={"lr": 0.1}).hash


def test_what_a_cell_is_called_is_content_but_no_other_work() -> None:
    first = a_spec(entry=cell(shown_as="cell [1] of a.ipynb", cells=("cell [2] of a.ipynb",)))
    later = a_spec(entry=cell(shown_as="cell [7] of a.ipynb", cells=("cell [8] of a.ipynb",)))
    assert first.hash != later.hash
    assert first.work == later.work


def test_other_data_are_other_work() -> None:
    taken = [(DataFile(name="X", kind="npy", sha256=digit * 64, size=1),) for digit in "ab"]
    works = {a_spec(data=one).work for one in taken} | {a_spec().work}
    assert 3 == len(works)
